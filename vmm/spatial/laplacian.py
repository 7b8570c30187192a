"""The Laplacian pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array
from vmm.backend.reference import expand, reduce
from vmm.parts import Grid
from vmm.spatial._gray import check_gray
from vmm.spatial.gaussian import halvings, height


class Laplacian:
    """The Laplacian pyramid: the subbands are the differences between the levels of a Gaussian pyramid, finest first.

    The residual is the coarsest level of the Gaussian pyramid.

    Parameters
    ----------
    shape
        Shape of a frame, which starts with rows and columns.
    dtype
        Floating-point type of the frames.
    xp
        Array module, NumPy or CuPy.
    levels
        Number of subbands, 0 or greater. By default as many as have at least 5 rows and columns.

    Raises
    ------
    ValueError
        If a frame has fewer than 5 rows or columns, and `levels` is not set.

    References
    ----------
    .. [1] Burt, Adelson: The Laplacian pyramid as a compact image code. IEEE Trans. Communications, 1983.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> len(vmm.spatial.Laplacian((544, 960)).grids)
    7
    """

    @checks_arguments
    def __init__(
        self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np, *, levels: int | None = None
    ) -> None:
        check_gray("Laplacian", shape)
        if levels is None and min(shape[:2]) < 5:
            raise ValueError(f"frames of {shape[0]}x{shape[1]} are too small: a Laplacian pyramid needs 5x5 pixels")
        self._sizes = halvings((shape[0], shape[1]), height(min(shape[:2])) if levels is None else levels)

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each level."""
        return [Grid(size, step=(2.0**i, 2.0**i), scale=2.0**i) for i, size in enumerate(self._sizes[:-1])]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Levels of frames (..., H, W), and the coarsest image as the residual."""
        bands = []
        for size in self._sizes[:-1]:
            small = reduce(frames)
            bands.append(expand(small, size, frames, -1.0))
            frames = small
        return bands, frames

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames (..., H, W) from levels and the coarsest image; None means zero."""
        frames = residual
        for i, size in reversed(list(enumerate(self._sizes[:-1]))):
            band = bands[i]
            frames = band if frames is None else expand(frames, size, band)
        return frames
