"""Spatial parts whose chroma moves with the luma."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, Literal, TypeAlias

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.chroma import color_channels, halved_planes, mixed_planes
from vmm.backend.reference import expand, reduce, weigh_channels
from vmm.parts import Grid, LazySequence, Spatial, SpatialPlan
from vmm.spatial._planes import YIQ, luma
from vmm.spatial._stacked import Stacked
from vmm.spatial.laplacian import Laplacian

ChromaSize: TypeAlias = Literal["half", "full"]
"""Size of the chroma that moves, relative to the size of luma."""

TO_RGB = np.linalg.inv(YIQ)
"""Matrix from the luma Y and the chroma I and Q to red, green and blue."""

_MIN_SIDE = 10
"""Smallest side in px of a frame whose chroma can move: that of a Laplacian pyramid of half the size."""


def color_laplacian(chroma: ChromaSize | None = "half") -> SpatialPlan:
    """Make a Laplacian pyramid of color frames, whose levels hold chroma next to luma.

    A level (T, 3, h, w) holds the luma Y and the chroma I and Q, so that a motion that is read from the first plane,
    such as ``vmm.motion.level_displacement``, displaces all three. The levels of luma are those of ``luma(Laplacian)``.

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
    >>> part = vmm.spatial.color_laplacian()((32, 48, 3), np.float64, np)
    >>> bands, _ = part.analyze(np.ones((2, 32, 48, 3)))
    >>> [band.shape for band in bands]
    [(2, 32, 48), (2, 3, 16, 24), (2, 3, 8, 12)]
    """
    _check(chroma)

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        if len(shape) == 2 or chroma is None or min(shape[:2]) < _MIN_SIDE:
            return luma(Laplacian)(shape, dtype, xp)
        return ColorLaplacian(shape, dtype) if chroma == "half" else PlanesYIQ(shape, dtype, is_half=False)

    return plan


def with_chroma(part: SpatialPlan, chroma: ChromaSize | None = "half") -> SpatialPlan:
    """Stack a spatial part on a Laplacian pyramid of luma and chroma, of which the chroma alone is changed.

    A motion that reads the luma, such as ``vmm.motion.level_displacement``, displaces the chroma, while another motion
    magnifies the luma by the first part: ``vmm.motion.per_part`` joins the two.

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
    [(0, 1, (32, 48)), (1, 3, (16, 24)), (1, 3, (8, 12))]
    """
    _check(chroma)

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        own = part(shape, dtype, xp)
        if len(shape) == 2 or chroma is None or min(shape[:2]) < _MIN_SIDE:
            return own
        return Stacked([own, PlanesYIQ(shape, dtype, is_half=chroma == "half", keeps_luma=True)])

    return plan


def _check(chroma: str | None) -> None:
    """Raise if the size of chroma is unknown."""
    if chroma not in ("half", "full", None):
        raise ValueError(f"chroma={chroma!r} must be 'half', 'full', or None to leave the chroma in place")


class PlanesYIQ:
    """Laplacian pyramid of the luma Y and the chroma I and Q: levels (T, 3, h, w).

    Parameters
    ----------
    shape
        Shape of a frame (H, W, 3).
    dtype
        Floating type.
    is_half
        Whether the planes are means over 2x2 pixels.
    keeps_luma
        Whether changes of the luma are dropped. The default is False.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, *, is_half: bool, keeps_luma: bool = False) -> None:
        self._size, self._dtype = (shape[0], shape[1]), dtype
        self._split = halved_planes if is_half else mixed_planes
        self._step = 2 if is_half else 1
        self._pyramid = Laplacian([(n + self._step - 1) // self._step for n in self._size], dtype)
        self._first = 1 if keeps_luma else 0

    @property
    def grids(self) -> Sequence[Grid]:
        """The grids of the pyramid, with three planes."""
        n, corner = self._step, (self._step - 1) / 2
        return [
            replace(grid, origin=(corner, corner), step=(n * grid.step[0], n * grid.step[1]), scale=n * grid.scale, planes=3)
            for grid in self._pyramid.grids
        ]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Levels (T, 3, h, w) of frames (T, H, W, 3) of any type."""
        planes = self._split(frames, YIQ, self._dtype)
        bands, residual = self._pyramid.analyze(planes)
        return bands, (residual, frames, planes)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Color frames (T, H, W, 3)."""
        if residual is None:
            return self._color(self._pyramid.synthesize(bands, None))
        inner, frames, planes = residual
        return frames + self._color(self._pyramid.synthesize(bands, inner) - planes)

    def _color(self, planes: Array) -> Array:
        first = self._first
        return color_channels(planes[:, first:], TO_RGB[:, first:], self._size)


class ColorLaplacian:
    """Laplacian pyramid of luma, with chroma of half the size in all levels but the finest.

    Parameters
    ----------
    shape
        Shape of a frame (H, W, 3).
    dtype
        Floating type.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self._dtype = dtype
        self._grids = Laplacian(shape, dtype).grids
        self._size = self._grids[0].shape
        self._coarse = Laplacian([(n + 1) // 2 for n in self._size], dtype, levels=len(self._grids) - 1)

    @property
    def grids(self) -> Sequence[Grid]:
        """The grids of the pyramid of luma, with three planes from the second on."""
        return [self._grids[0], *(replace(grid, planes=3) for grid in self._grids[1:])]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Levels of frames (T, H, W, 3) of any type: the first (T, H, W), the others (T, 3, h, w)."""
        luma = weigh_channels(frames, YIQ[0], self._dtype)
        half = reduce(luma)
        chroma = halved_planes(frames, YIQ[1:], self._dtype)
        planes = namespace(frames).concatenate([half[:, None], chroma], axis=1)
        bands, residual = self._coarse.analyze(planes)
        return [expand(half, self._size, luma, -1.0), *bands], (residual, frames, luma, chroma)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Color frames (T, H, W, 3)."""
        if residual is None:
            return self._color(*self.planes(bands, None))
        inner, frames, luma, chroma = residual
        new_luma, new_chroma = self.planes(bands, inner)
        return frames + self._color(new_luma - luma, new_chroma - chroma)

    def planes(self, bands: Sequence[Array | None], residual: Any) -> tuple[Array, Array | None]:
        """Luma (T, H, W), and chroma (T, 2, h, w) at half the size, or None if no subband holds any."""
        coarse = self._coarse.synthesize(LazySequence(lambda i: bands[i + 1], len(self._grids) - 1), residual)
        finest = bands[0]
        if coarse is None:
            return finest, None
        return expand(coarse[:, 0], self._size, finest), coarse[:, 1:]

    def _color(self, luma: Array, chroma: Array | None) -> Array:
        if chroma is None:
            return luma[..., None]
        return luma[..., None] + color_channels(chroma, TO_RGB[:, 1:], self._size)
