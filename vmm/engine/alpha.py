"""How much each band is magnified, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, namespace, real_dtype
from vmm.backend.reference import resample
from vmm.engine.protocols import Spatial

Alpha = float | Sequence[Any] | Array | Callable[[Spatial], Sequence[Any]]
"""A number, one number or map for each band, a map, or a function of the spatial part that gives one for each band."""


def check_alpha(alpha: Alpha) -> None:
    """Raise unless every value is finite."""
    for value in alpha if isinstance(alpha, (list, tuple)) else [alpha]:
        if not bool(namespace(value).isfinite(value).all()):
            raise ValueError(f"alpha={alpha!r} must be finite: what is added to the motion, such as 10")


def spread_mask(mask: Any, frame: Array) -> Array:
    """The mask as a map (H, W) beside the frames."""
    size = frame.shape[1:3]
    xp, dtype = namespace(frame), real_dtype(frame.dtype)
    if is_array(mask) and mask.ndim == 2:
        if mask.shape != size:
            raise ValueError(f"mask of shape {mask.shape} must have the shape of a frame, {size}")
        values = xp.asarray(mask, dtype=dtype)
        if not bool(((values >= 0) & (values <= 1)).all()):
            raise ValueError("mask must lie in [0, 1]: 0 leaves a pixel as it is, 1 magnifies in full")
        return values
    try:
        top, left, height, width = (int(edge) for edge in mask)
    except (TypeError, ValueError):
        raise TypeError("mask must be a map (H, W) or a box (top, left, height, width) in pixels") from None
    if top < 0 or left < 0 or height < 1 or width < 1 or top + height > size[0] or left + width > size[1]:
        raise ValueError(
            f"mask={(top, left, height, width)} (top, left, height, width) must lie inside the frame, {size}"
        )
    values = xp.zeros(size, dtype)
    values[top : top + height, left : left + width] = 1
    return values


def spread_alpha(alpha: Alpha, mask: Array | None, plan: Spatial, frame: Array) -> list[Any]:
    """A number or map for each band, on its own grid."""
    xp, dtype, n = namespace(frame), real_dtype(frame.dtype), len(plan.grids)
    if callable(alpha):
        alpha = alpha(plan)
        check_alpha(alpha)
    values = list(alpha) if isinstance(alpha, (list, tuple)) else [alpha] * n
    if len(values) != n:
        raise ValueError(
            f"alpha holds {len(values)} values, but there are {n} bands: give one for each, or a single one"
        )
    out: list[Any] = []
    value: Any
    for value, grid in zip(values, plan.grids, strict=True):
        value = float(value) if np.ndim(value) == 0 else xp.asarray(value, dtype=dtype)
        if np.ndim(value) == 2 and value.shape == frame.shape[1:3]:
            value = resample(value, *grid.positions())
        if mask is not None:
            value = value * resample(mask, *grid.positions())
        out.append(value)
    return out
