"""Checks of frames, and the number of frames that are processed at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from vmm.backend.arrays import Array, is_array, joined, namespace, on_device, real_dtype
from vmm.backend.device import frames_at_once
from vmm.backend.threads import cores

PIXELS_PER_BLOCK = 2**22
"""Pixels that are processed at a time: filter states and gathered motion are read once for all of them."""

PIXELS_PER_BLOCK_CACHED = 2**21
"""The same for transforms with many coefficients for each pixel: intermediate results stay in the cache."""


def check_frames(frames: Any) -> None:
    """Raise if frames are not an array (T, H, W) or (T, H, W, 3) of a supported type."""
    if not is_array(frames):
        raise TypeError(
            f"frames must be a NumPy or CuPy array or an iterator of such chunks, not {type(frames).__name__}"
        )
    if frames.ndim not in (3, 4) or (frames.ndim == 4 and frames.shape[3] != 3):
        raise ValueError(f"frames of shape {frames.shape} must be (T, H, W) or (T, H, W, 3): time first, gray or color")
    if frames.dtype.name not in ("uint8", "uint16", "float16", "float32", "float64"):
        raise TypeError(
            f"frames of type {frames.dtype} must be uint8, uint16, float16, float32 or float64: convert them first"
        )


def checked(chunks: Iterable[Any]) -> Iterator[Array]:
    """The chunks, after a check that each holds frames, all of one size and type."""
    kind = None
    for chunk in chunks:
        check_frames(chunk)
        if kind not in (None, (chunk.shape[1:], chunk.dtype)):
            raise ValueError(f"a chunk of frames {chunk.shape[1:]} {chunk.dtype} came after chunks of {kind}")
        kind = (chunk.shape[1:], chunk.dtype)
        if chunk.dtype.kind == "f" and not bool(namespace(chunk).isfinite(chunk).all()):
            raise ValueError("frames hold NaN or infinite values: replace them first, because one spoils a whole frame")
        yield chunk


def to_float(chunk: Array) -> Array:
    """The chunk in floating point, with the same values."""
    return chunk.astype(real_dtype(chunk.dtype), copy=False)


def cut(frames: Array, pixels: int = PIXELS_PER_BLOCK) -> Iterator[Array]:
    """Views of consecutive frames, with about `pixels` pixels each, but at least one frame for each core."""
    n = _frames_per_block(frames, pixels)
    return (frames[i : i + n] for i in range(0, len(frames), n))


def grouped(chunks: Iterable[Array]) -> Iterator[Array]:
    """The frames of chunks, joined or cut into blocks of about ``PIXELS_PER_BLOCK`` pixels."""
    pending: list[Array] = []
    for chunk in chunks:
        for piece in cut(chunk):
            pending.append(piece)
            if sum(map(len, pending)) >= _frames_per_block(piece, PIXELS_PER_BLOCK):
                yield joined(pending)
                pending = []
    if pending:
        yield joined(pending)


def _frames_per_block(frames: Array, pixels: int) -> int:
    """Number of frames in a block."""
    size = max(1, math.prod(frames.shape[1:3]))
    return frames_at_once(size) if on_device(frames) else max(cores(), pixels // size)
