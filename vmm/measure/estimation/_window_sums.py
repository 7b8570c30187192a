"""Sums over the pixels in Gaussian windows."""

from __future__ import annotations

import numpy as np

_TRUNCATION = 2.0
"""Standard deviations at which the Gaussian is cut off: nothing beyond this distance influences a window."""


class WindowSums:
    """Sums over the pixels in Gaussian windows, whose centers have a distance of `spacing` pixels."""

    def __init__(self, size: tuple[int, int], sigma: float, spacing: int) -> None:
        self.spacing, self.positions = spacing, [np.arange(0, n, spacing) for n in size]
        distances = [(np.arange(n) - p[:, None]) / sigma for p, n in zip(self.positions, size, strict=True)]
        self._weights = [np.where(abs(x) <= _TRUNCATION, np.exp(-0.5 * x**2), 0) for x in distances]

    def __call__(self, values: np.ndarray, squared: bool = False) -> np.ndarray:
        """Sums (..., h, w) of values (..., H, W), by the weights or their squares."""
        down, right = (m**2 if squared else m for m in self._weights)
        sums: np.ndarray = down @ values @ right.T
        return sums


def interpolation_matrix(targets: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Weights (targets, places) of linear interpolation at targets, and of the nearest place beyond the ends."""
    return np.stack([np.interp(targets, places, unit) for unit in np.eye(len(places))], axis=1)
