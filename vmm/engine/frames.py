"""Checks of frames; floating point on the way in, the caller's type on the way out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, namespace, real_dtype


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
        yield chunk


def to_float(chunk: Array) -> Array:
    """The chunk in floating point, values as they are; raises on NaN and infinity."""
    values = chunk.astype(real_dtype(chunk.dtype), copy=False)
    if chunk.dtype.kind == "f" and not bool(namespace(chunk).isfinite(values).all()):
        raise ValueError("frames hold NaN or infinite values: replace them first, for one of them spoils a whole frame")
    return values


def from_float(values: Array, dtype: Any) -> Array:
    """Floating values in the caller's type; integers are rounded and clipped to their range."""
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype, copy=False)
    xp = namespace(values)
    limits = np.iinfo(dtype)
    return xp.clip(xp.rint(values), limits.min, limits.max).astype(dtype)


def cut(frames: Array) -> Iterator[Array]:
    """Views of some frames each, about two million pixels."""
    n = max(1, 2**21 // max(1, math.prod(frames.shape[1:3])))
    return (frames[i : i + n] for i in range(0, len(frames), n))
