"""The identity: frames as their own subband."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.parts import Grid
from vmm.spatial._gray import check_gray


class Pixels:
    """The identity: the only subband is the frames themselves, without residual.

    Parameters
    ----------
    shape
        Shape of a frame, which starts with rows and columns.
    dtype
        Floating-point type of the frames.
    xp
        Array module, NumPy or CuPy.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> bands, residual = vmm.spatial.Pixels((8, 8)).analyze(np.ones((2, 8, 8)))
    >>> bands[0].shape
    (2, 8, 8)
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np) -> None:
        check_gray("Pixels", shape)
        self._shape = shape[0], shape[1]

    @property
    def grids(self) -> Sequence[Grid]:
        """The grid of the pixels."""
        return [Grid(self._shape)]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """The frames (..., H, W) as the only subband, and None as the residual."""
        return [frames], None

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """The subband as frames (..., H, W)."""
        (band,) = bands
        return band
