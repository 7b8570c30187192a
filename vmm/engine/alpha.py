"""How much each band is magnified, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, namespace, real_dtype
from vmm.backend.reference import resample
from vmm.engine.protocols import Grid, Spatial
from vmm.engine.regions import as_region

Alpha = float | Sequence[Any] | Array
"""A number, a sequence of one number or map for each band, or a map (H, W)."""

Adjust = Callable[[Spatial, list[Any]], list[Any]]
"""Changes the alpha of the bands once the plan of the spatial part is known."""


def check_alpha(alpha: Alpha) -> None:
    """Raise unless every value is a finite number."""
    for value in _listed(alpha) or [alpha]:
        if not (isinstance(value, Real) or (is_array(value) and value.dtype.kind in "uif")):
            raise TypeError(f"alpha={alpha!r} must be a number, one for each band, or a map (H, W)")
        if not bool(namespace(value).isfinite(value).all()):
            came = f"alpha={value:g}" if isinstance(value, Real) else "a map of alpha"
            raise ValueError(f"{came} must be finite: it is what is added to the motion, such as 10")


def _listed(alpha: Any) -> list[Any] | None:
    """The values of a sequence, or None."""
    if isinstance(alpha, (list, tuple)) or (is_array(alpha) and alpha.ndim == 1):
        return list(alpha)
    return None


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
    top, left, height, width = as_region(mask, size, name="mask").box
    values = xp.zeros(size, dtype)
    values[top : top + height, left : left + width] = 1
    return values


def spread_alpha(alpha: Alpha, mask: Array | None, adjust: Adjust | None, plan: Spatial, frame: Array) -> list[Any]:
    """A number or map for each band, on its own grid."""
    grids = plan.grids
    listed = _listed(alpha)
    if listed is not None and len(listed) != len(grids):
        raise ValueError(
            f"alpha holds {len(listed)} values, but there are {len(grids)} bands: give one for each, or a single one"
        )
    values = [_on(grid, v, frame) for v, grid in zip(listed or [alpha] * len(grids), grids, strict=True)]
    if adjust is not None:
        values = adjust(plan, values)
    if mask is not None:
        values = [v * resample(mask, *grid.positions()) for v, grid in zip(values, grids, strict=True)]
    return values


def _on(grid: Grid, value: Any, frame: Array) -> Any:
    """A number, or a map on the grid of a band."""
    if np.ndim(value) == 0:
        return float(value)
    value = namespace(frame).asarray(value, dtype=real_dtype(frame.dtype))
    if value.shape == frame.shape[1:3]:
        return resample(value, *grid.positions())
    if value.shape == grid.shape:
        return value
    raise ValueError(f"a map of alpha of shape {value.shape} must have the shape of a frame, {frame.shape[1:3]}")
