"""Taps and positions of filters that the compiled kernels of all backends share."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=64)
def one_sided(sigma: float) -> np.ndarray:
    """Half of a Gaussian's taps, from the center on; the whole, symmetric filter sums to 1."""
    t = np.arange(int(3.0 * sigma + 0.5) + 1)
    taps = np.exp(-0.5 * (t / sigma) ** 2) if sigma > 0 else np.ones(1)
    return taps / (2 * taps.sum() - taps[0])


@lru_cache(maxsize=256)
def paired_taps(sigma: float) -> np.ndarray:
    """Taps of one side of a Gaussian in single precision, with zeros until a multiple of 3 follows the center."""
    taps = one_sided(sigma)
    return np.pad(taps, (0, (1 - len(taps)) % 3)).astype(np.float32)


def spline_prefilter(reach: int = 10) -> np.ndarray:
    """Half of the taps, from the center on, that make the coefficients of a cubic spline from its samples.

    The taps decay by the factor ``2 - sqrt(3)``; those beyond the reach of 10 are below 2e-6.
    """
    taps = (math.sqrt(3) - 2) ** np.arange(reach + 1)
    return taps / (2 * taps.sum() - taps[0])


def linear_positions(positions: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole and fractional parts of positions among n samples, for linear interpolation; the edges are repeated."""
    positions = np.clip(positions, 0, n - 1)
    whole = np.minimum(positions.astype(int), max(n - 2, 0))
    return whole, positions - whole
