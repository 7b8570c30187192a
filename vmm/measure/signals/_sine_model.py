"""Least squares of sines in signals (T, N) without trend, and the refinement of their frequency.

`positions` (T,) are those of uneven samples, or None. `trend` (T, K) holds orthonormal functions that the signals do
not contain any more, and that are therefore taken off the sines as well; the default is a linear trend.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.optimize

from vmm.measure.signals._sampling import highest_frequency, positions_or_index
from vmm.measure.signals._windows import detrend, without


def refine_frequency(
    flat: np.ndarray,
    start: float,
    level: np.ndarray | None = None,
    positions: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> float:
    """Frequency in cycles per sample, near `start`, of the sine that explains most energy of signals (T, N).

    For white noise this is the maximum-likelihood estimate. `level` (N,) is the noise power of each signal; the default
    is equal noise. The search covers one bin on either side of `start`.
    """
    count = len(flat)
    scaled = flat if level is None else flat / np.sqrt(level)

    def negative_energy(frequency: float) -> float:
        return -explained_energy(scaled, frequency, positions, trend)

    lowest, highest = 0.25 / count, highest_frequency(positions) - 0.25 / count
    grid = np.clip(start + np.arange(-4, 5) / (4 * count), lowest, highest)
    best = float(grid[np.argmin([negative_energy(frequency) for frequency in grid])])
    bounds = max(best - 0.3 / count, lowest), min(best + 0.3 / count, highest)
    result = scipy.optimize.minimize_scalar(
        negative_energy, bounds=bounds, method="bounded", options={"xatol": 1e-7 / count}
    )
    return float(result.x)


def fit_sines(
    flat: np.ndarray,
    frequencies: Sequence[float],
    positions: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Basis (T, 2K) of cosines and sines without trend, and their coefficients (2K, N), by least squares."""
    basis = np.concatenate([_basis(len(flat), frequency, positions, trend) for frequency in frequencies], axis=1)
    return basis, np.linalg.lstsq(basis, flat, rcond=1e-9)[0]


def explained(
    flat: np.ndarray,
    frequencies: Sequence[float],
    positions: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> np.ndarray:
    """The part of signals (T, N) that sines of these frequencies explain together."""
    basis, coefs = fit_sines(flat, frequencies, positions, trend)
    part: np.ndarray = basis @ coefs
    return part


def explained_by_one(
    flat: np.ndarray,
    frequencies: Sequence[float],
    k: int,
    positions: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> np.ndarray:
    """The share of sine `k` in that part."""
    basis, coefs = fit_sines(flat, frequencies, positions, trend)
    part: np.ndarray = basis[:, 2 * k : 2 * k + 2] @ coefs[2 * k : 2 * k + 2]
    return part


def explained_energy(
    flat: np.ndarray, frequency: float, positions: np.ndarray | None = None, trend: np.ndarray | None = None
) -> float:
    """Energy of signals (T, N) that a sine of one frequency explains."""
    basis = _basis(len(flat), frequency, positions, trend)
    projection = basis.T @ flat
    return float(np.sum(projection * np.linalg.solve(basis.T @ basis, projection)))


def _basis(count: int, frequency: float, positions: np.ndarray | None, trend: np.ndarray | None) -> np.ndarray:
    """Cosine and sine (T, 2) without trend."""
    angle = 2 * np.pi * frequency * positions_or_index(positions, count)
    sines = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return detrend(sines, positions) if trend is None else without(sines, trend)
