"""Several parts side by side on the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.engine.protocols import Computed, Grid, Spatial, SpatialPlan


def beside(*parts: SpatialPlan) -> SpatialPlan:
    """The bands of several parts one after another, their changes added: such as motion by one and colour by another.

    Parameters
    ----------
    *parts
        Makers of the parts.

    Returns
    -------
    callable
        Maker of all; ``vmm.motion.each`` gives each its own motion.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> both = vmm.spatial.beside(vmm.spatial.Laplacian, vmm.spatial.Pixels)((32, 48), np.float64, np)
    >>> x = np.random.default_rng(0).random((2, 32, 48))
    >>> bool(np.allclose(both.synthesize(*both.analyze(x)), x))
    True
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        return _Beside([part(shape, dtype, xp) for part in parts])

    return plan


class _Beside:
    def __init__(self, parts: list[Spatial]) -> None:
        self._parts = parts
        self.grids: Sequence[Grid] = [replace(grid, part=n) for n, part in enumerate(parts) for grid in part.grids]
        edges = np.cumsum([0, *(len(part.grids) for part in parts)]).tolist()
        self._spans = list(pairwise(edges))

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        found = [part.analyze(frames) for part in self._parts]

        def place(i: int) -> tuple[Sequence[Array], int]:
            n = self.grids[i].part
            return found[n][0], i - self._spans[n][0]

        def band(i: int) -> Array:
            bands, j = place(i)
            return bands[j]

        def source(i: int) -> tuple[Any, ...] | None:
            bands, j = place(i)
            return bands.source(j) if isinstance(bands, Computed) and bands.source is not None else None

        return Computed(band, len(self.grids), source), ([residual for _, residual in found], frames)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        residuals, frames = ([None] * len(self._parts), 0) if residual is None else residual
        total: Any = None
        for part, span, rest in zip(self._parts, self._spans, residuals, strict=True):
            own = _own(bands, *span)
            image = 0 if own is None and rest is None else part.synthesize(own or [None] * (span[1] - span[0]), rest)
            total = image if total is None else total + (image - frames)
        return total


def _own(bands: Sequence[Array | None], start: int, stop: int) -> Sequence[Array | None] | None:
    """The bands of one part, each asked for once; None where every one is None."""
    asked: list[Array | None] = []
    while start + len(asked) < stop and (not asked or asked[-1] is None):
        asked.append(bands[start + len(asked)])
    if all(band is None for band in asked):
        return None
    return Computed(lambda i: asked[i] if i < len(asked) else bands[start + i], stop - start)
