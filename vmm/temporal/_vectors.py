"""Sizes of motions that have one component, along the direction of a subband, or two, down and right."""

from __future__ import annotations

from vmm.backend.arrays import Array
from vmm.parts import Grid


def squared_length(motion: Array, grid: Grid) -> Array:
    """Square (T, h, w) of a motion (T, h, w), or squared length of a displacement (T, 2, h, w) in px of the frame.

    Displacement with two components is in px of the level of the pyramid, and all others are in their own unit.
    """
    return (motion * motion).sum(axis=1) * grid.scale**2 if motion.ndim == 4 else motion * motion


def scaled(motion: Array, factor: Array) -> Array:
    """A motion (T, h, w) or (T, 2, h, w), multiplied by a factor (T, h, w)."""
    return factor[:, None] * motion if motion.ndim == 4 else factor * motion
