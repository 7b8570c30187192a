"""Colour: brightness alone, or brightness and both colour differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.luma import LUMA_WEIGHTS
from vmm.backend.reference import added, added_planes, apart, brightness, reduce_apart
from vmm.engine.protocols import Computed, Grid, Spatial, SpatialPlan
from vmm.spatial.gaussian import Gaussian, GaussianPyramid

_YIQ = np.array([LUMA_WEIGHTS, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_YIQ[1:] -= _YIQ[1:].mean(axis=1, keepdims=True)  # exactly no colour difference in a grey


def luma(part: SpatialPlan, **options: Any) -> SpatialPlan:
    """The part on the brightness of colour frames; the colour differences go into the residual.

    Parameters
    ----------
    part
        Maker of the part inside, for frames (T, H, W).
    **options
        For the part inside.

    Returns
    -------
    callable
        Maker of the part for frames (T, H, W) or (T, H, W, 3).

    Examples
    --------
    >>> import numpy as np, vmm
    >>> part = vmm.spatial.luma(vmm.spatial.Pixels)((8, 8, 3), np.float64, np)
    >>> bands, colour = part.analyze(np.ones((2, 8, 8, 3)))
    >>> bands[0].shape
    (2, 8, 8)
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        inside = partial(part, **options)(shape[:2], dtype, xp)
        return inside if len(shape) == 2 else _Luma(inside, dtype)

    return plan


def planes(part: SpatialPlan, *, chroma: float = 1.0, **options: Any) -> SpatialPlan:
    """The part on each colour of colour frames, its bands (T, 3, h, w); grey frames pass as they are.

    Parameters
    ----------
    part
        Maker of the part inside, for frames (..., H, W).
    chroma
        Share of a change that both colour differences, I and Q, take; the rest goes into the residual.
    **options
        For the part inside.

    Returns
    -------
    callable
        Maker of the part for frames (T, H, W) or (T, H, W, 3).

    Examples
    --------
    >>> import numpy as np, vmm
    >>> part = vmm.spatial.planes(vmm.spatial.Pixels)((8, 8, 3), np.float64, np)
    >>> bands, _ = part.analyze(np.ones((2, 8, 8, 3)))
    >>> bands[0].shape
    (2, 3, 8, 8)
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        inside = partial(part, **options)(shape[:2], dtype, xp)
        return inside if len(shape) == 2 else _Planes(inside, chroma, dtype, xp)

    return plan


class _Luma:
    def __init__(self, part: Spatial, dtype: np.dtype) -> None:
        self._part, self._dtype = part, dtype

    @property
    def grids(self) -> Sequence[Grid]:
        return self._part.grids

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        light = brightness(frames, _YIQ[0], self._dtype)  # (T, H, W)
        bands, residual = self._part.analyze(light)
        return bands, (residual, frames, light)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        if residual is None:
            return self._part.synthesize(bands, None)[..., None]
        inner, frames, light = residual
        return self._part.synthesize(bands, inner)[..., None] + (frames - light[..., None])


class _Planes:
    def __init__(self, part: Any, chroma: float, dtype: np.dtype, xp: ModuleType) -> None:
        self._part, self._dtype, self._xp = part, dtype, xp
        self._halved = isinstance(part, GaussianPyramid) or (isinstance(part, Gaussian) and part.halved)
        self._mix = np.linalg.inv(_YIQ) @ np.diag([1.0, chroma, chroma]) @ _YIQ

    @property
    def grids(self) -> Sequence[Grid]:
        return [replace(grid, planes=3) for grid in self._part.grids]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        if not self._halved:
            bands, residual = self._part.analyze(apart(frames, self._dtype))
            return bands, (residual, frames)
        small = self._part.smaller(reduce_apart(frames, self._dtype))
        levels = Computed(lambda i: small[i - 1] if i else apart(frames, self._dtype), len(small) + 1)
        return levels if self.finest_is_the_frame else small[-1:], (levels, frames)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        if residual is None:
            return self._mixed(self._part.synthesize(bands, None))
        inner, frames = residual
        return self._mixed(self._part.synthesize(bands, inner) - apart(frames, self._dtype)) + frames

    @property
    def finest_is_the_frame(self) -> bool:
        """Whether the finest band is the frame itself, in planes."""
        return isinstance(self._part, GaussianPyramid)

    def add(self, frames: Array, bands: Sequence[Array | None], finest: Callable[..., Array] | None = None) -> Array:
        """Frames with what bands make added; ``finest(coarse, mix)`` does so where it has the finest band itself."""
        if not self._halved:
            return added(frames, self.synthesize(bands, None))
        coarse = self._part.coarse(bands)
        if finest is not None:
            return finest(coarse, self._mix)
        return added_planes(frames, bands[0] if self.finest_is_the_frame else None, coarse, self._mix)

    def _mixed(self, planes: Array) -> Array:
        """Colours (T, H, W, 3) of planes (T, 3, H, W)."""
        return self._xp.moveaxis(planes, 1, -1) @ self._xp.asarray(self._mix.T, dtype=self._dtype)
