"""Sums over time of the luma of every pixel."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, to_host


class LumaSums:
    """Sums over time of the luma times the rows of a basis, of the luma, and of its square.

    They are those of the changes from the first frame, so that small changes of bright pixels keep their precision.
    """

    def __init__(self, xp: ModuleType, dtype: Any) -> None:
        self._xp, self._dtype = xp, dtype
        self._first: Any = None
        self._products: Any = 0
        self._total: Any = 0
        self._squares: Any = 0
        self._rows: Any = 0
        self.count = 0

    def add(self, rows: np.ndarray, luma: Array) -> None:
        """Add the luma (n, H, W) of the next frames, with the rows (M, n) of the basis at their times."""
        if self._first is None:
            self._first = luma[0]
        changes = luma - self._first
        self._products = self._products + self._xp.tensordot(self._xp.asarray(rows, self._dtype), changes, 1)
        self._total = self._total + changes.sum(axis=0)
        self._squares = self._squares + (changes**2).sum(axis=0)
        self._rows = self._rows + rows.sum(axis=1)
        self.count += len(luma)

    @property
    def mean(self) -> np.ndarray:
        """Mean (H, W) of the luma."""
        mean: np.ndarray = to_host(self._first).astype(float) + self._mean_change
        return mean

    @property
    def variance(self) -> np.ndarray:
        """Variance (H, W) of the luma over time."""
        variance: np.ndarray = to_host(self._squares).astype(float) / self.count - self._mean_change**2
        return np.maximum(variance, 0)

    @property
    def products(self) -> np.ndarray:
        """Sums (M, H, W) of the rows times the deviations of the luma from its mean."""
        products: np.ndarray = to_host(self._products) - self._rows[:, None, None] * self._mean_change
        return products

    @property
    def _mean_change(self) -> np.ndarray:
        change: np.ndarray = to_host(self._total).astype(float) / self.count
        return change
