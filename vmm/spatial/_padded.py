"""Spatial transforms of frames that are extended by reflection beyond their border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import scipy.fft

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array
from vmm.parts import Grid, Spatial, SpatialPlan


@checks_arguments
def padded(part: SpatialPlan, *, border: int = 32, **options: Any) -> SpatialPlan:
    """Apply a spatial part to frames that are extended by reflection, because Fourier pyramids are periodic.

    Parameters
    ----------
    part
        Plan of the spatial part, such as ``SteerablePyramid``.
    border
        Smallest number of px that are added on each side. The total size is rounded up to one whose Fourier transform
        is fast. The default is 32.
    **options
        Options of `part`.

    Returns
    -------
    callable
        Plan of the padded part.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> pyramid = vmm.spatial.padded(vmm.spatial.SteerablePyramid, octave=0.5)((97, 131), np.float64, np)
    >>> x = np.random.default_rng(0).random((1, 97, 131))
    >>> bool(np.allclose(pyramid.synthesize(*pyramid.analyze(x)), x))
    True
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        return _Padded(partial(part, **options), border, shape, dtype, xp)

    return plan


class _Padded:
    """A spatial part for frames that are extended by reflection."""

    def __init__(self, part: SpatialPlan, border: int, shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> None:
        height, width = shape[:2]
        border = min(border, height - 1, width - 1)
        outer = [scipy.fft.next_fast_len(n + 2 * border) for n in (height, width)]
        before = [min((m - n) // 2, n - 1) for m, n in zip(outer, (height, width), strict=True)]
        after = [min(m - n - b, n - 1) for m, n, b in zip(outer, (height, width), before, strict=True)]
        self._edges = list(zip(before, after, strict=True))
        self._inside = tuple(slice(b, b + n) for b, n in zip(before, (height, width), strict=True))
        outer = [b + n + a for b, n, a in zip(before, (height, width), after, strict=True)]
        self._part = part((outer[0], outer[1]), dtype, xp)
        self._xp = xp

    @property
    def grids(self) -> Sequence[Grid]:
        (above, _), (before, _) = self._edges
        return [replace(g, origin=(g.origin[0] - above, g.origin[1] - before)) for g in self._part.grids]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        around = [(0, 0)] * (frames.ndim - 2) + self._edges
        return self._part.analyze(self._xp.pad(frames, around, mode="reflect"))

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        rows, cols = self._inside
        return self._part.synthesize(bands, residual)[..., rows, cols]
