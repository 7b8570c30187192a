"""Checks of frames, and how many of them are worked on at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from vmm.backend.arrays import Array, is_array, joined, namespace, on_device, real_dtype
from vmm.backend.device import frames_at_once
from vmm.backend.threads import cores

MANY = 2**22  # pixels worked on at a time: what is kept of the clip is gone through once for all of them
FEW = 2**21  # where much is made of each: what one step leaves is in the cache for the next


def check_frames(frames: Any) -> None:
    """Raise unless frames are an array (T, H, W) or (T, H, W, 3) of a type that can be magnified."""
    if not is_array(frames):
        raise TypeError(
            f"frames must be a NumPy or CuPy array or an iterator of such chunks, not {type(frames).__name__}"
        )
    if frames.ndim not in (3, 4) or (frames.ndim == 4 and frames.shape[3] != 3):
        raise ValueError(
            f"frames of shape {frames.shape} must be (T, H, W) or (T, H, W, 3): time first, grey or colour"
        )
    if frames.dtype.name not in ("uint8", "uint16", "float16", "float32", "float64"):
        raise TypeError(
            f"frames of type {frames.dtype} must be uint8, uint16, float16, float32 or float64: convert them first"
        )


def checked(chunks: Iterable[Any]) -> Iterator[Array]:
    """The chunks, each checked, all of one size and type."""
    kind = None
    for chunk in chunks:
        check_frames(chunk)
        if kind not in (None, (chunk.shape[1:], chunk.dtype)):
            raise ValueError(f"a chunk of frames {chunk.shape[1:]} {chunk.dtype} came after chunks of {kind}")
        kind = (chunk.shape[1:], chunk.dtype)
        if chunk.dtype.kind == "f" and not bool(namespace(chunk).isfinite(chunk).all()):
            raise ValueError("frames hold NaN or infinite values: replace them first, for one spoils a whole frame")
        yield chunk


def to_float(chunk: Array) -> Array:
    """The chunk in floating point, values as they are."""
    return chunk.astype(real_dtype(chunk.dtype), copy=False)


def cut(frames: Array, pixels: int = MANY) -> Iterator[Array]:
    """Views of some frames each, so many pixels together, but at least a frame for each core."""
    n = _at_once(frames, pixels)
    return (frames[i : i + n] for i in range(0, len(frames), n))


def grouped(chunks: Iterable[Array]) -> Iterator[Array]:
    """The frames of chunks in arrays of many pixels together, be they longer or shorter."""
    held: list[Array] = []
    for chunk in chunks:
        for piece in cut(chunk):
            held.append(piece)
            if sum(map(len, held)) >= _at_once(piece, MANY):
                yield joined(held)
                held = []
    if held:
        yield joined(held)


def _at_once(frames: Array, pixels: int) -> int:
    """How many such frames."""
    size = max(1, math.prod(frames.shape[1:3]))
    return frames_at_once(size) if on_device(frames) else max(cores(), pixels // size)
