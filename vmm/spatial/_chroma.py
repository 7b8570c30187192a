"""Spatial parts whose chroma moves with the luma."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, Literal, TypeAlias

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace
from vmm.backend.buffers import empty_like
from vmm.backend.chroma import color_channels, halved_planes, mixed_planes
from vmm.backend.reference import reduce, weigh_channels
from vmm.parts import Grid, LazySequence, Spatial, SpatialPlan
from vmm.spatial._planes import YIQ, luma
from vmm.spatial._stacked import Stacked, bands_of_part
from vmm.spatial.laplacian import Laplacian

ChromaSize: TypeAlias = Literal["half", "full"]
"""Size of the chroma that moves, relative to the size of luma."""

CHROMA_TO_RGB = np.linalg.inv(YIQ)[:, 1:]
"""Matrix from the chroma I and Q to red, green and blue; it leaves the luma unchanged."""

_LAST_LEVEL = 1
"""Level of the pyramid whose displacement moves all coarser detail of the chroma, too. A coarser level blurs the
displacement more, so that chroma stays behind at the edges of things; a finer one holds more noise. With level 2, the
chroma of soft edges in noise moves better, and that of all other edges worse."""

_MIN_SIDE = 10
"""Smallest side in px of a frame whose chroma can move: that of a Laplacian pyramid of two levels."""


@checks_arguments
def color_laplacian(chroma: ChromaSize | None = "half") -> SpatialPlan:
    """Make a Laplacian pyramid of color frames, the finer of whose levels hold chroma next to luma.

    A level (T, 3, h, w) holds the luma Y and the chroma I and Q, so that a motion that is read from all three, such as
    ``vmm.motion.level_displacement``, displaces them together. The levels of luma are those of ``luma(Laplacian)``.
    The chroma of level 1 includes all coarser detail.

    Parameters
    ----------
    chroma
        Size of the chroma: ``"half"``, means over 2x2 pixels as in 4:2:0 video, so that the finest level (T, H, W)
        holds luma alone; ``"full"``, the size of the frame; or None, for luma alone. The default is ``"half"``.

    Returns
    -------
    callable
        Plan of a part for frames (T, H, W) or (T, H, W, 3). Gray frames have a plain Laplacian pyramid.

    Raises
    ------
    ValueError
        If `chroma` is unknown.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> part = vmm.spatial.color_laplacian()((64, 96, 3), np.float64, np)
    >>> bands, _ = part.analyze(np.ones((2, 64, 96, 3)))
    >>> [band.shape for band in bands]
    [(2, 64, 96), (2, 3, 32, 48), (2, 16, 24), (2, 8, 12)]
    """
    _check(chroma)

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        if len(shape) == 2 or chroma is None or min(shape[:2]) < _MIN_SIDE:
            return luma(Laplacian)(shape, dtype, xp)
        return ColorLaplacian(shape, dtype, chroma)

    return plan


@checks_arguments
def with_chroma(part: SpatialPlan, chroma: ChromaSize | None = "half") -> SpatialPlan:
    """Stack a spatial part on a Laplacian pyramid of luma and chroma, of which the chroma alone is changed.

    A motion such as ``vmm.motion.level_displacement``, which reads luma and chroma, displaces the chroma, while another
    motion magnifies the luma by the first part: ``vmm.motion.per_part`` joins the two.

    Parameters
    ----------
    part
        Plan of the part that magnifies luma.
    chroma
        Size of the chroma, ``"half"`` or ``"full"`` as in ``color_laplacian``, or None for no second part. The default
        is ``"half"``.

    Returns
    -------
    callable
        Plan of a part for frames (T, H, W) or (T, H, W, 3). Gray frames have no second part.

    Raises
    ------
    ValueError
        If `chroma` is unknown.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> both = vmm.spatial.with_chroma(vmm.spatial.luma(vmm.spatial.Pixels))((32, 48, 3), np.float64, np)
    >>> [(grid.part, grid.planes, grid.shape) for grid in both.grids]
    [(0, 1, (32, 48)), (1, 3, (16, 24))]
    """
    _check(chroma)

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        own = part(shape, dtype, xp)
        if len(shape) == 2 or chroma is None or min(shape[:2]) < _MIN_SIDE:
            return own
        return WithChroma([own, ChromaLevels(shape, dtype, chroma)])

    return plan


def _check(chroma: str | None) -> None:
    """Raise if the size of chroma is unknown."""
    if chroma not in ("half", "full", None):
        raise ValueError(f"chroma={chroma!r} must be 'half', 'full', or None to leave the chroma in place")


class ChromaLevels:
    """Levels (T, 3, h, w) of the luma and of the chroma I and Q, of which the chroma alone is changed.

    The chroma of the last level includes all coarser detail, so that displacement of this level moves it as a whole.

    Parameters
    ----------
    shape
        Shape of a frame (H, W, 3).
    dtype
        Floating type.
    size
        Size of the chroma, ``"half"`` or ``"full"``.

    Attributes
    ----------
    size
        Rows and columns of a frame.
    first
        Index of the first level in a Laplacian pyramid of the frame.
    grids
        One grid for each level.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, size: ChromaSize) -> None:
        self.size: tuple[int, int] = (shape[0], shape[1])
        self._dtype = dtype
        self.first: int = 1 if size == "half" else 0
        grids = Laplacian(shape[:2], dtype).grids[self.first : _LAST_LEVEL + 1]
        self.grids: Sequence[Grid] = [replace(grid, planes=3) for grid in grids]
        self._luma = Laplacian(grids[0].shape, dtype, levels=len(grids))
        self._chroma = Laplacian(grids[0].shape, dtype, levels=len(grids) - 1)

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Levels (T, 3, h, w) of frames (T, H, W, 3) of any type."""
        luma = weigh_channels(frames, YIQ[0], self._dtype)
        levels, _ = self._luma.analyze(reduce(luma) if self.first else luma)
        planes = self.split(frames)
        return self.joined(levels, planes), (frames, planes)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Color frames (T, H, W, 3) from the chroma of the levels; the residual includes the luma."""
        chroma = self.collapsed([None if band is None else band[:, 1:] for band in bands])
        if residual is None:
            return self.color(chroma)
        frames, planes = residual
        return frames + self.color(chroma - planes)

    def split(self, frames: Array) -> Array:
        """The chroma (T, 2, h, w) of frames (T, H, W, 3) of any type."""
        return (halved_planes if self.first else mixed_planes)(frames, YIQ[1:], self._dtype)

    def joined(self, levels: Sequence[Array], chroma: Array) -> list[Array]:
        """Levels (T, 3, h, w) of levels of luma (T, h, w) and of chroma (T, 2, h, w) of the first level's size."""
        bands, rest = self._chroma.analyze(chroma)
        result = []
        for y, planes in zip(levels, [*bands, rest], strict=True):
            level = empty_like(y, (len(y), 3, *y.shape[1:]))
            level[:, 0], level[:, 1:] = y, planes
            result.append(level)
        return result

    def collapsed(self, planes: Sequence[Array | None]) -> Array:
        """The chroma (T, 2, h, w) from that of each level."""
        return self._chroma.synthesize(planes, planes[-1])

    def color(self, chroma: Array) -> Array:
        """Color channels (T, H, W, 3) of chroma (T, 2, h, w)."""
        return color_channels(chroma, CHROMA_TO_RGB, self.size)


class ColorLaplacian:
    """Laplacian pyramid of luma, some of whose levels hold the chroma, too.

    Parameters
    ----------
    shape
        Shape of a frame (H, W, 3).
    dtype
        Floating type.
    size
        Size of the chroma, ``"half"`` or ``"full"``.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, size: ChromaSize) -> None:
        self._dtype = dtype
        self._luma = Laplacian(shape[:2], dtype)
        self._chroma = ChromaLevels(shape, dtype, size)
        first = self._chroma.first
        self._with_chroma = range(first, first + len(self._chroma.grids))

    @property
    def grids(self) -> Sequence[Grid]:
        """The grids of the pyramid of luma, with three planes where a level holds chroma."""
        return [replace(g, planes=3 if i in self._with_chroma else 1) for i, g in enumerate(self._luma.grids)]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Levels (T, h, w), or (T, 3, h, w) with chroma, of frames (T, H, W, 3) of any type."""
        luma = weigh_channels(frames, YIQ[0], self._dtype)
        chroma = self._chroma.split(frames)
        levels, residual = self._luma.analyze(luma)
        first, stop = self._with_chroma.start, self._with_chroma.stop
        bands = [*levels[:first], *self._chroma.joined(levels[first:stop], chroma), *levels[stop:]]
        return bands, (residual, frames, luma, chroma)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Color frames (T, H, W, 3)."""
        if residual is None:
            luma, chroma = self.planes(bands, None)
            return luma[..., None] if chroma is None else luma[..., None] + self._chroma.color(chroma)
        inner, frames, old_luma, old_chroma = residual
        luma, chroma = self.planes(bands, inner)
        return frames + (luma - old_luma)[..., None] + self._chroma.color(chroma - old_chroma)

    def planes(self, bands: Sequence[Array | None], residual: Any) -> tuple[Array, Array | None]:
        """Luma (T, H, W) and chroma (T, 2, h, w) from the levels; no chroma if no level holds any."""
        chroma: list[Array | None] = [None] * len(self._with_chroma)

        def luma_of(i: int) -> Array | None:
            band = bands[i]
            if band is None or i not in self._with_chroma:
                return band
            chroma[i - self._with_chroma.start] = band[:, 1:]
            return band[:, 0]

        luma = self._luma.synthesize(LazySequence(luma_of, len(self._luma.grids)), residual)
        return luma, None if all(planes is None for planes in chroma) else self._chroma.collapsed(chroma)


class WithChroma(Stacked):
    """A part for the luma of color frames, stacked on ``ChromaLevels``."""

    def planes(self, bands: Sequence[Array | None], residual: None) -> tuple[Array, Array | None]:
        """Changes of luma (T, H, W) and chroma (T, 2, h, w); no chroma if no level holds any."""
        main, levels = (bands_of_part(bands, *span) for span in self.spans)
        luma = None if main is None else self.parts[0].synthesize(main, None)[..., 0]
        chroma = None if levels is None else self.parts[1].collapsed([b if b is None else b[:, 1:] for b in levels])
        if luma is None:
            assert chroma is not None
            luma = namespace(chroma).zeros((len(chroma), *self.parts[1].size), chroma.dtype)
        return luma, chroma
