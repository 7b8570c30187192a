"""Signals along time (axis 0): running sums, and matrices of low rank."""

from __future__ import annotations

import numpy as np

from vmm.backend.arrays import Array, namespace

STOPBAND = 1e-3
"""Singular values below this fraction of the largest are attributed to the stopband of a filter."""


def running_sum(x: Array, memory: Array | None) -> tuple[Array, Array]:
    """Running sum of x along time, from the sum so far; and the sum at its end."""
    y = namespace(x).cumsum(x, axis=0, dtype=x.dtype)
    if memory is not None:
        y += memory
    return y, y[-1].copy()


def low_rank(matrix: np.ndarray, stopband: float = STOPBAND) -> tuple[np.ndarray, np.ndarray]:
    """Factors (n, r) and (r, m) of the matrix (n, m) of a filter.

    Singular values below `stopband` times the largest are dropped.
    """
    u, s, vh = np.linalg.svd(matrix, full_matrices=False)
    r = max(1, int((s > stopband * s[0]).sum()))
    return u[:, :r] * s[:r], vh[:r]


def orthonormal(synthesis: np.ndarray, analysis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors (n, r) and (r, m) of the same product, of which the first has orthonormal columns."""
    synthesis, upper = np.linalg.qr(synthesis)
    return synthesis, upper @ analysis


def power_of_white_noise(analysis: np.ndarray) -> float:
    """Power of the products of a matrix (r, m) with the differences between frames of white noise of variance 1."""
    of_positions = analysis - np.pad(analysis[:, 1:], [(0, 0), (0, 1)])
    return float((of_positions**2).sum())
