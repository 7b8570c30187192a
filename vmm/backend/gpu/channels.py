"""Kernels for frames on the device: split and mix their color channels, and add a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.gpu.launching import contiguous, on_device, row, start, tile


def weigh_channels(frames: Array, weights: Sequence[float], dtype: Any) -> Array:
    """Weighted sum of the color channels of frames."""
    import cupy

    out, kind = cupy.empty(frames.shape[:3], np.float32), frames.dtype.char
    arguments = contiguous(frames, kind), on_device(weights), out, np.int64(out.size)
    start("weigh_channels", row(out.size), *arguments, kind=kind)
    return out


def split_channels(frames: Array, dtype: Any) -> Array:
    """The color channels of frames as planes."""
    import cupy

    (n, h, w), kind = frames.shape[:3], frames.dtype.char
    out = cupy.empty((n, 3, h, w), np.float32)
    start("split_channels", row(h * w, n), contiguous(frames, kind), out, n, np.int64(h * w), kind=kind)
    return out


def split_and_reduce(frames: Array, dtype: Any) -> Array:
    """The color channels of frames as planes of half the size."""
    import cupy

    (n, h, w), kind = frames.shape[:3], frames.dtype.char
    out = cupy.empty((n, 3, (h + 1) // 2, (w + 1) // 2), np.float32)
    start("split_and_reduce", tile(n, *out.shape[2:]), contiguous(frames, kind), out, n, h, w, kind=kind)
    return out


def add_clipped(frames: Array, change: Array) -> Array:
    """Frames with a change added."""
    import cupy

    out, kind = cupy.empty(frames.shape, frames.dtype), frames.dtype.char
    arguments = contiguous(frames, kind), contiguous(change), largest_value(frames), out
    start("add_clipped", row(change.size), *arguments, frames.size // change.size, np.int64(change.size), kind=kind)
    return out


def add_planes(frames: Array, planes: Array | None, coarse: Array, matrix: np.ndarray) -> Array:
    """Frames with planes and the coarser planes added, mixed by a matrix."""
    import cupy

    (n, h, w), kind = frames.shape[:3], frames.dtype.char
    out, coarse = cupy.empty(frames.shape, frames.dtype), contiguous(coarse)
    fine = coarse if planes is None else contiguous(planes)
    arguments = (
        contiguous(frames, kind),
        fine,
        int(planes is not None),
        coarse,
        on_device(matrix),
        largest_value(frames),
        out,
    )
    start("add_planes", tile(n, h, w), *arguments, n, h, w, *coarse.shape[2:], kind=kind)
    return out


def largest_value(frames: Array) -> float:
    """Largest value of the frames' type, or 0 for floating point."""
    return float(np.iinfo(frames.dtype).max) if frames.dtype.kind == "u" else 0.0
