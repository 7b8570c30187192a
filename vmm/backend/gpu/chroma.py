"""Chroma of full or half the size of the frames, for CuPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.gpu.channels import largest_value
from vmm.backend.gpu.launching import contiguous, on_device, start, tile


def mixed_planes(frames: Array, matrix: np.ndarray, dtype: Any) -> Array:
    """A matrix (n, 3) times the color channels of frames, as planes."""
    return _planes(frames, matrix, 1)


def halved_planes(frames: Array, matrix: np.ndarray, dtype: Any) -> Array:
    """The same in means over 2x2 pixels."""
    return _planes(frames, matrix, 2)


def _planes(frames: Array, matrix: np.ndarray, step: int) -> Array:
    import cupy

    (n, h, w), kind = frames.shape[:3], frames.dtype.char
    out = cupy.empty((n, len(matrix), -(-h // step), -(-w // step)), np.float32)
    arguments = contiguous(frames, kind), on_device(matrix), step, out, len(matrix), n, h, w
    start("chroma_planes", tile(n, *out.shape[2:]), *arguments, kind=kind)
    return out


def add_luma_and_chroma(frames: Array, luma: Array, chroma: Array, matrix: np.ndarray) -> Array:
    """Frames with a change of luma and one of chroma added."""
    import cupy

    (n, h, w), kind = frames.shape[:3], frames.dtype.char
    out = cupy.empty(frames.shape, frames.dtype)
    changes = contiguous(luma), contiguous(chroma), on_device(matrix)
    arguments = contiguous(frames, kind), *changes, largest_value(frames), out, n, h, w, *chroma.shape[2:]
    start("add_luma_and_chroma", tile(n, h, w), *arguments, kind=kind)
    return out
