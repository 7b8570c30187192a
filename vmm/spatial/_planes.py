"""Spatial parts for color frames: on luma alone, or on all three channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array
from vmm.backend.reference import split_channels, weigh_channels
from vmm.parts import Grid, Spatial, SpatialPlan

YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
YIQ[1:] -= YIQ[1:].mean(axis=1, keepdims=True)  # The chroma of gray is exactly 0.
"""Matrix from red, green and blue to the luma Y and the chroma I and Q."""


@checks_arguments
def luma(part: SpatialPlan, **options: Any) -> SpatialPlan:
    """Apply a spatial part to the luma of color frames; the chroma belongs to the residual.

    Parameters
    ----------
    part
        Plan of a part for frames (T, H, W).
    **options
        Options of that part.

    Returns
    -------
    callable
        Plan of a part for frames (T, H, W) or (T, H, W, 3).

    Examples
    --------
    >>> import numpy as np, vmm
    >>> part = vmm.spatial.luma(vmm.spatial.Pixels)((8, 8, 3), np.float64, np)
    >>> bands, residual = part.analyze(np.ones((2, 8, 8, 3)))
    >>> bands[0].shape
    (2, 8, 8)
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        inside = partial(part, **options)(shape[:2], dtype, xp)
        return inside if len(shape) == 2 else Luma(inside, dtype)

    return plan


@checks_arguments
def planes(part: SpatialPlan, *, chroma: float = 1.0, **options: Any) -> SpatialPlan:
    """Apply a spatial part to each channel of color frames: subbands (T, 3, h, w). Gray frames have one channel.

    Parameters
    ----------
    part
        Plan of a part for frames (..., H, W).
    chroma
        Factor in [0, 1] by which changes of the chroma I and Q are multiplied. The default is 1.
    **options
        Options of that part.

    Returns
    -------
    callable
        Plan of a part for frames (T, H, W) or (T, H, W, 3).

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
        return inside if len(shape) == 2 else Planes(inside, chroma, dtype, xp)

    return plan


class Luma:
    """A spatial part on the luma of color frames.

    Parameters
    ----------
    part
        The part for frames (T, H, W).
    dtype
        Floating type.
    """

    def __init__(self, part: Spatial, dtype: np.dtype) -> None:
        self._part, self._dtype = part, dtype

    @property
    def grids(self) -> Sequence[Grid]:
        """The grids of the part."""
        return self._part.grids

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Subbands of the luma of frames (T, H, W, 3); integer frames give the same result."""
        luma = weigh_channels(frames, YIQ[0], self._dtype)  # (T, H, W)
        bands, residual = self._part.analyze(luma)
        return bands, (residual, frames, luma)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Color frames, or their gray change (T, H, W, 1) without a residual."""
        if residual is None:
            return self._part.synthesize(bands, None)[..., None]
        inner, frames, luma = residual
        return self._part.synthesize(bands, inner)[..., None] + (frames - luma[..., None])


class Planes:
    """A spatial part on each channel of color frames.

    Parameters
    ----------
    part
        The part for frames (..., H, W).
    chroma
        Factor by which changes of the chroma are multiplied.
    dtype
        Floating type.
    xp
        Array module.

    Attributes
    ----------
    part
        The part for frames (..., H, W).
    mix
        Matrix (3, 3) that multiplies the chroma of RGB values by `chroma`.
    """

    def __init__(self, part: Any, chroma: float, dtype: np.dtype, xp: ModuleType) -> None:
        self.part, self.dtype, self._xp = part, dtype, xp
        self.mix = np.linalg.inv(YIQ) @ np.diag([1.0, chroma, chroma]) @ YIQ

    @property
    def grids(self) -> Sequence[Grid]:
        """The grids of the part, with three planes."""
        return [replace(grid, planes=3) for grid in self.part.grids]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Subbands (T, 3, h, w) of frames (T, H, W, 3); integer frames give the same result."""
        bands, residual = self.part.analyze(split_channels(frames, self.dtype))
        return bands, (residual, frames)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Color frames (T, H, W, 3)."""
        if residual is None:
            return self._mixed(self.part.synthesize(bands, None))
        inner, frames = residual
        return self._mixed(self.part.synthesize(bands, inner) - split_channels(frames, self.dtype)) + frames

    def _mixed(self, planes: Array) -> Array:
        """RGB values (T, H, W, 3) of planes (T, 3, H, W), with their chroma scaled."""
        return self._xp.moveaxis(planes, 1, -1) @ self._xp.asarray(self.mix.T, dtype=self.dtype)
