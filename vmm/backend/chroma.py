"""Reference kernels of chroma at half the size of luma, as 4:2:0 video stores it."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.dispatch import fast_on_frames
from vmm.backend.levels import full_size, halved
from vmm.backend.reference import add_clipped, split_channels


@fast_on_frames
def mixed_planes(frames: Array, matrix: np.ndarray, dtype: Any) -> Array:
    """A matrix (n, 3) times the color channels of frames (T, H, W, 3) of any type, as planes (T, n, H, W)."""
    return _mixed(split_channels(frames, dtype), matrix)


@fast_on_frames
def halved_planes(frames: Array, matrix: np.ndarray, dtype: Any) -> Array:
    """Means over 2x2 pixels of ``mixed_planes``: planes (T, n, h, w). An odd last row or column is repeated."""
    return _mixed(halved(split_channels(frames, dtype)), matrix)


@fast_on_frames
def add_luma_and_chroma(frames: Array, luma: Array, chroma: Array, matrix: np.ndarray) -> Array:
    """Frames (T, H, W, 3) plus a change of luma (T, H, W) and one of chroma (T, 2, h, w).

    Chroma of half the size is interpolated linearly. The matrix (3, 2) converts it to color channels.
    """
    return add_clipped(frames, luma[..., None] + color_channels(chroma, matrix, luma.shape[1:]))


def color_channels(planes: Array, matrix: np.ndarray, size: tuple[int, int]) -> Array:
    """A matrix (3, n) times planes (T, n, h, w), as color channels (T, H, W, 3).

    Planes of half the size are interpolated linearly.
    """
    if planes.shape[-2:] != size:
        planes = full_size(planes, size)
    return namespace(planes).moveaxis(_mixed(planes, matrix), 1, -1)


def _mixed(planes: Array, matrix: np.ndarray) -> Array:
    """A matrix times planes (T, n, h, w)."""
    xp = namespace(planes)
    mixed = xp.moveaxis(planes, 1, -1) @ xp.asarray(matrix.T, dtype=planes.dtype)
    return xp.ascontiguousarray(xp.moveaxis(mixed, -1, 1))
