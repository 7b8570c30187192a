"""Motion of single pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_DISAGREEMENT, DEVIATIONS = 0.3, 4.0
"""Difference between two motions, as a fraction of the larger one and in standard errors, above which they disagree."""


@dataclass(eq=False)
class PixelMotion:
    """Motion of N pixels in M components.

    Attributes
    ----------
    values, variance
        (M, N, 2) displacement, down and right, and its variance.
    is_known
        (N, 2) bool: whether a direction is known.
    """

    values: np.ndarray
    variance: np.ndarray
    is_known: np.ndarray

    @classmethod
    def unknown(cls, components: int, pixels: int) -> PixelMotion:
        """The motion of pixels of which nothing is known."""
        values, variance = np.zeros((2, components, pixels, 2))
        return cls(values, variance, np.zeros((pixels, 2), bool))

    def __getitem__(self, which: np.ndarray) -> PixelMotion:
        return PixelMotion(self.values[:, which], self.variance[:, which], self.is_known[which])

    def replace(self, which: np.ndarray, other: PixelMotion) -> None:
        """Replace the motion of some pixels, chosen by bools (N,) or indices, by that of as many others."""
        self.values[:, which], self.variance[:, which] = other.values, other.variance
        self.is_known[which] = other.is_known

    def disagrees(self, other: PixelMotion) -> np.ndarray:
        """Bool (N,): whether the motions of the pixels differ, in the directions that both know."""
        both = self.is_known & other.is_known
        first, second = (np.square(x.values).sum(axis=0) for x in (self, other))
        difference = np.square(self.values - other.values).sum(axis=0)
        noise = (self.variance + other.variance).sum(axis=0)
        limit = MAX_DISAGREEMENT**2 * np.maximum(first, second) + DEVIATIONS**2 * noise
        result: np.ndarray = (both * difference).sum(axis=1) > (both * limit).sum(axis=1)
        return result
