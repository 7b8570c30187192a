"""Several spatial parts on the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array
from vmm.parts import Grid, LazySequence, Spatial, SpatialPlan


@checks_arguments
def stacked(*parts: SpatialPlan) -> SpatialPlan:
    """Use several spatial parts together: their subbands are concatenated, their changes are added.

    For example motion is magnified by the subbands of one part, and color by those of another.

    Parameters
    ----------
    *parts
        Plans of the parts.

    Returns
    -------
    callable
        The plan of all parts; ``vmm.motion.per_part`` gives each part a motion of its own.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> both = vmm.spatial.stacked(vmm.spatial.Laplacian, vmm.spatial.Pixels)((32, 48), np.float64, np)
    >>> x = np.random.default_rng(0).random((2, 32, 48))
    >>> bool(np.allclose(both.synthesize(*both.analyze(x)), x))
    True
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        return Stacked([part(shape, dtype, xp) for part in parts])

    return plan


class Stacked:
    """Spatial parts on the same frames.

    Parameters
    ----------
    parts
        The parts.

    Attributes
    ----------
    grids
        The grids of all parts, one part after another.
    spans
        First and last index of the subbands of each part.
    """

    def __init__(self, parts: list[Any]) -> None:
        self.parts = parts
        self.grids: Sequence[Grid] = [replace(grid, part=n) for n, part in enumerate(parts) for grid in part.grids]
        edges = np.cumsum([0, *(len(part.grids) for part in parts)]).tolist()
        self.spans: list[tuple[int, int]] = list(pairwise(edges))

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Subbands of all parts one after another."""
        return self.joined([part.analyze(frames) for part in self.parts], frames)

    def joined(self, analyzed: Sequence[tuple[Sequence[Array], Any]], frames: Array) -> tuple[Sequence[Array], Any]:
        """Subbands and residual of all parts from those of each."""
        bands = StackedBands([bands for bands, _ in analyzed], self.spans)
        return bands, ([residual for _, residual in analyzed], frames)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """The frames plus the changes that the subbands of all parts make."""
        residuals, frames = ([None] * len(self.parts), 0) if residual is None else residual
        total: Any = None
        for part, span, rest in zip(self.parts, self.spans, residuals, strict=True):
            own = bands_of_part(bands, *span)
            image = 0 if own is None and rest is None else part.synthesize(own or [None] * (span[1] - span[0]), rest)
            total = image if total is None else total + (image - frames)
        return total


class StackedBands(LazySequence):
    """The subbands of several parts one after another.

    Parameters
    ----------
    bands
        Subbands of each part.
    spans
        First and last index of each part's subbands.
    """

    def __init__(self, bands: Sequence[Sequence[Array]], spans: Sequence[tuple[int, int]]) -> None:
        def locate(i: int) -> tuple[Sequence[Array], int]:
            part = next(n for n, (_, stop) in enumerate(spans) if i < stop)
            return bands[part], i - spans[part][0]

        def band(i: int) -> Array:
            of_part, j = locate(i)
            return of_part[j]

        # A method of this object as the function would be a cycle of references, and the frames would stay in memory.
        super().__init__(band, spans[-1][1])
        self._locate = locate

    def locate(self, i: int) -> tuple[Sequence[Array], int]:
        """The subbands of the part that makes subband i, and its index among them."""
        return self._locate(i)


def bands_of_part(bands: Sequence[Array | None], start: int, stop: int) -> Sequence[Array | None] | None:
    """The subbands of one part, each of which is requested once; None if all of them are None."""
    first: list[Array | None] = []
    while start + len(first) < stop and (not first or first[-1] is None):
        first.append(bands[start + len(first)])
    if all(band is None for band in first):
        return None
    return LazySequence(lambda i: first[i] if i < len(first) else bands[start + i], stop - start)
