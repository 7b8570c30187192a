"""The frames themselves as their only band."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.parts import Grid


class Pixels:
    """The frames as their only subband; there is no residual.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    dtype
        Floating-point type of the coefficients.
    xp
        Array module, ``numpy`` or ``cupy``.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> bands, residual = vmm.spatial.Pixels((8, 8)).analyze(np.ones((2, 8, 8)))
    >>> bands[0].shape
    (2, 8, 8)
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np) -> None:
        self._shape = shape[0], shape[1]

    @property
    def grids(self) -> Sequence[Grid]:
        """The one grid of the frame."""
        return [Grid(self._shape)]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """The frames (..., H, W) as a band."""
        return [frames], None

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """The band as frames."""
        (band,) = bands
        return band
