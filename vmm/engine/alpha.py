"""How much each subband is magnified, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vmm.backend.arrays import Array, DeviceArray, is_array, namespace, real_dtype
from vmm.backend.checks import MAX_GAIN, Range, check_number, short_text
from vmm.backend.reference import blur, resample
from vmm.engine.regions import as_region, is_binary
from vmm.parts import Grid

Gain: TypeAlias = float | NDArray[Any] | DeviceArray
"""A number or a map (H, W)."""

Alpha: TypeAlias = Gain | Sequence[float]
"""A number; a map (H, W); or, for a method that takes several bands, one number for each band."""

LevelGains: TypeAlias = Sequence[Any] | Callable[[list[Any], Sequence[Grid]], list[Any]]
"""A gain for each subband, or a function ``(alphas, grids) -> alphas`` of the alpha of each subband."""


_GAINS = Range(-MAX_GAIN, MAX_GAIN)


_SOFT = 0.1
"""Value of a mask below which its edge is soft."""

_EDGE = 3.0
"""Standard deviation in px of the blur that finds the zeros around a pixel."""


def check_alpha(alpha: Any) -> None:
    """Raise if alpha is not a finite number or a map of finite numbers."""
    if isinstance(alpha, (list, tuple)) or (is_array(alpha) and alpha.ndim == 1):
        raise ValueError(f"alpha holds {len(alpha)} values, but it must be a number or a map (H, W)")
    if isinstance(alpha, Real):
        check_number("alpha", alpha, _GAINS)
        return
    if not (is_array(alpha) and alpha.dtype.kind in "uif"):
        raise TypeError(f"alpha={short_text(alpha)} must be a number or a map (H, W)")
    if isinstance(alpha, np.ma.MaskedArray):
        raise TypeError("alpha is a masked array: fill its masked values first, with alpha.filled(value)")
    if not bool((abs(namespace(alpha).asarray(alpha, dtype=np.float64)) <= MAX_GAIN).all()):
        raise ValueError(f"alpha is a map whose values must be finite and {_GAINS}")


def spread_mask(mask: Any, frame: Array) -> Array:
    """The mask as a map (H, W) in the floating-point type of the frames."""
    size = frame.shape[1:3]
    xp, dtype = namespace(frame), real_dtype(frame.dtype)
    if is_array(mask) and mask.ndim == 2:
        if mask.shape != size:
            raise ValueError(f"mask of shape {mask.shape} must have the shape of a frame, {size}")
        if isinstance(mask, np.ma.MaskedArray):
            raise TypeError("mask is a masked array: fill its masked values first, with mask.filled(value)")
        if mask.dtype.kind not in "buif":
            raise TypeError(f"mask of type {mask.dtype} must hold real numbers in [0, 1] or bool")
        values = xp.asarray(mask > 0 if is_binary(mask) else mask, dtype=dtype)
        if not bool(((values >= 0) & (values <= 1)).all()):
            raise ValueError(
                "mask must lie in [0, 1], where 0 leaves a pixel unchanged and 1 magnifies in full; "
                f"its range is [{float(values.min()):g}, {float(values.max()):g}]: divide it by its maximum"
            )
        return values
    values = xp.zeros(size, dtype)
    values[as_region(mask, size, name="mask").slices] = 1
    return values


def edge_factor(where: Array | None, weight: Array | None) -> Array | None:
    """Factor (H, W) of the change of each pixel, from the map of bool of pixels that may change; None for 1 everywhere.

    Coarse subbands also change pixels where the mask is almost 0, so that a soft edge of the mask would end in a step.
    There the change fades out: in proportion to a small mask, within a few pixels of its zeros.
    """
    if where is None or weight is None:
        return where
    xp = namespace(weight)
    far = xp.clip(2 * blur((weight > 0).astype(weight.dtype), (_EDGE, _EDGE)) - 1, 0, 1)
    return where * xp.clip(xp.maximum(far, weight / _SOFT), 0, 1)


def spread_alpha(
    alpha: Any, mask: Array | None, level_gains: LevelGains | None, grids: Sequence[Grid], frame: Array
) -> list[Any]:
    """A number or a map for each subband, on its own grid."""
    values = [_on_grid("alpha", grid, alpha, frame) for grid in grids]
    if callable(level_gains):
        values = level_gains(values, grids)
    elif level_gains is not None:
        if not hasattr(level_gains, "__len__") or getattr(level_gains, "shape", None) == ():
            raise TypeError(
                f"level_gains={short_text(level_gains)} must be a list of one number or map for each subband"
            )
        if len(level_gains) != len(grids):
            raise ValueError(
                f"level_gains holds {len(level_gains)} values, but there are {len(grids)} subbands: give one for each"
            )
        pairs = zip(level_gains, values, grids, strict=True)
        values = [value * _on_grid("level_gains", grid, gain, frame) for gain, value, grid in pairs]
    if mask is not None:
        values = [v * resample(mask, *grid.positions()) for v, grid in zip(values, grids, strict=True)]
    return values


def _on_grid(name: str, grid: Grid, value: Any, frame: Array) -> Any:
    """A number, or a map on the grid of a subband."""
    if np.ndim(value) == 0:
        return check_number(name, value)
    value = namespace(frame).asarray(value, dtype=real_dtype(frame.dtype))
    if value.shape == frame.shape[1:3]:
        return resample(value, *grid.positions())
    if value.shape == grid.shape and name == "level_gains":
        return value
    raise ValueError(
        f"{name} is a map of shape {value.shape}, but it must have the shape of a frame, {frame.shape[1:3]}"
    )
