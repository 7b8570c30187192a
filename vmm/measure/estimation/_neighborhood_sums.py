"""Sums over the samples of subbands in Gaussian neighborhoods of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.parts import Grid

_TRUNCATION = 3.0
"""Standard deviations at which the Gaussian is cut off."""

_MAX_GRID_STEP = 1.6
"""Largest sample spacing of a subband in standard deviations. A coarser grid would leave gaps between samples."""


class NeighborhoodSums:
    """Sums over the samples of subbands around some pixels, with the weights of a Gaussian.

    Parameters
    ----------
    targets
        Rows and columns of the pixels.
    grids
        Positions of the samples of each subband.
    sigma
        Standard deviation of the Gaussian in pixels.
    xp, dtype
        Array module and floating type.
    """

    def __init__(
        self, targets: Sequence[np.ndarray], grids: Sequence[Grid], sigma: float, xp: ModuleType, dtype: Any
    ) -> None:
        self._matrices: list[list[Array]] = []
        for grid in grids:
            widths = [max(sigma, spacing / _MAX_GRID_STEP) for spacing in grid.step]
            axes = zip(targets, grid.positions(), widths, strict=True)
            self._matrices.append([xp.asarray(_gaussian_matrix(*axis), dtype) for axis in axes])

    def __call__(self, i: int, values: Array, squared: bool = False) -> Array:
        """Sums (..., h, w) of values of subband i around each pixel, by the weights or their squares."""
        down, right = (matrix**2 if squared else matrix for matrix in self._matrices[i])
        return down @ values @ right.T

    def nearest(self, i: int) -> list[Array]:
        """Indices of the row and of the column of pixels that weigh most for each row and column of subband i."""
        return [matrix.argmax(axis=0) for matrix in self._matrices[i]]


def _gaussian_matrix(targets: np.ndarray, samples: np.ndarray, width: float) -> np.ndarray:
    """Weights (targets, samples) of a truncated Gaussian of standard deviation `width`."""
    distance = (targets[:, None] - samples) / width
    return np.where(abs(distance) < _TRUNCATION, np.exp(-0.5 * distance**2), 0) / (width * np.sqrt(2 * np.pi))
