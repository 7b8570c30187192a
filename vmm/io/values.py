"""Range of the values of a clip: which value is shown white, and how values fill the range of a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

DEPTHS = (8, 10, 12, 14, 16)
"""Bit depths of cameras. The significant bits that the values show are rounded up to one of them."""

_OVERSHOOT = 2.0
"""Largest value of floating-point frames, relative to white: magnification makes edges brighter than the original."""

_MAX_SHARE = 0.01
"""Share of the pixels of a chunk that may be brighter than the white that earlier chunks show. These are clipped."""


def white_of(maximum: float, dtype: Any) -> float:
    """The value that is shown white in frames of this largest value.

    Integers have 8, 10, 12, 14 or 16 significant bits, and white is the largest value of the least such depth. White
    of floating-point frames is 1 if no value is above 2, and 255 if none is above 510.

    Raises
    ------
    ValueError
        If floating-point frames have larger values.
    """
    if np.dtype(dtype).kind != "f":
        return float(2 ** next(bits for bits in DEPTHS if maximum < 2**bits) - 1)
    for white in (1.0, 255.0):
        if maximum <= _OVERSHOOT * white:
            return white
    raise ValueError(
        f"floating-point frames with values up to {maximum:.6g} have neither the range 0 to 1 nor 0 to 255: give the "
        "value that is to be shown white (white=...)"
    )


def white_of_source(maximum: float, dtype: Any, least_bits: int) -> float:
    """The value that is shown white in unprocessed frames; floating-point values above 510 are counts of a camera.

    Frames of integers have at least `least_bits` significant bits.
    """
    if np.dtype(dtype).kind == "f" and _OVERSHOOT * 255 < maximum < 2**16:
        return white_of(maximum, np.uint16)
    return white_of(max(maximum, 0.0 if np.dtype(dtype).kind == "f" else 2.0**least_bits - 1), dtype)


def maximum_of(chunks: Iterable[Any]) -> float:
    """The largest value of all chunks."""
    return max((float(chunk.max()) for chunk in chunks if chunk.size), default=0.0)


def full_range(chunks: Iterable[np.ndarray], white: float | None) -> Iterator[np.ndarray]:
    """Yield the chunks with values that fill the range of their integer type; floating-point frames become uint8.

    Values above `white` are clipped. By default the first chunk that is not black shows it, by the rule of
    ``white_of``.
    """
    is_guess = white is None
    for chunk in chunks:
        if chunk.dtype == np.uint8 and white in (None, 255):
            yield chunk
            continue
        maximum = maximum_of([chunk])
        if white is None and maximum > 0:
            white = white_of(maximum, chunk.dtype)
        if is_guess and white is not None:
            _check_brightness(chunk, maximum, white)
        yield _stretched(chunk, white or 1.0)


def _check_brightness(chunk: np.ndarray, maximum: float, white: float) -> None:
    """Raise if a chunk is brighter than the chunks before, which showed what is white."""
    limit = white * (_OVERSHOOT if chunk.dtype.kind == "f" else 1.0)
    if maximum > limit and (chunk > limit).mean() > _MAX_SHARE:
        raise ValueError(
            f"frames hold values up to {maximum:.6g}, although the frames before them show that {white:.6g} is white: "
            "give the value that is to be shown white (white=...)"
        )


def _stretched(chunk: np.ndarray, white: float) -> np.ndarray:
    """Integers from black to the largest value of their type, in place of values from 0 to `white`."""
    if chunk.dtype.kind == "f":
        return np.clip(np.rint(chunk * (255 / white)), 0, 255).astype(np.uint8)
    size = 2 ** (8 * chunk.dtype.itemsize)
    return chunk if white == size - 1 else _table(size, white)[chunk]


_MAX_WHITE = 2**40
"""Value of white above which integers of 16 bits are all black, and products in 64 bits do not overflow."""


@lru_cache(maxsize=4)
def _table(size: int, white: float) -> np.ndarray:
    """Stretched value of each integer below `size`."""
    top = int(min(white, _MAX_WHITE))
    values = np.minimum(np.arange(size), top)
    return (values * size // (top + 1)).astype(np.uint8 if size == 256 else np.uint16)
