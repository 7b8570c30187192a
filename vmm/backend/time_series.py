"""Signals along time (axis 0): running sums, prediction beyond the ends of a clip, and matrices of low rank."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vmm.backend.arrays import Array, joined, namespace
from vmm.backend.reference import product

_NOISE = 1.0
"""Variance of the white noise, relative to that of the motion in the band. A larger value shortens the prediction."""

_BELOW_BAND = 0.1
"""Spectral density below the band, relative to that in the band: slow motion is assumed to be weaker."""

_TREND = 1e3
"""Variance of the offset and of the linear trend, so large that they are fitted almost without a prior."""

_MAX_SAMPLES = 1024
"""Largest number of samples that a prediction uses; its cost increases with the cube of this number."""

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


def extrapolate(x: Array, band: tuple[float, float], head: int, tail: int, n_fit: int) -> Array:
    """Extend x by `head` samples before it and `tail` samples after it, predicted from the nearest `n_fit` samples.

    The prediction is the most probable one (Gaussian process regression) for the sum of a signal in the band, given in
    cycles per frame, an offset, a linear trend, weak slow motion and white noise. A vibration therefore decays beyond
    the ends, and a linear trend continues.
    """
    parts = [x]
    if head:
        parts.insert(0, _samples_before(x, band, head, n_fit))
    if tail:
        parts.append(_samples_before(x[::-1], band, tail, n_fit)[::-1])
    return joined(parts)


def _samples_before(x: Array, band: tuple[float, float], count: int, n_fit: int) -> Array:
    """The predicted samples before x."""
    indices, weights = predictor(band, min(n_fit, len(x)), count)
    xp = namespace(x)
    return product(xp.take(x, xp.asarray(indices), axis=0), weights)


def predicted_sum(band: tuple[float, float], n: int, n_fit: int, weights: np.ndarray) -> np.ndarray:
    """Weights (n,) of samples that give the sum of the predicted samples before them times `weights` (count,)."""
    inside, gram, cross = _covariances(band, min(n_fit, n), len(weights))
    result = np.zeros(n)
    result[inside] = np.linalg.solve(gram, cross @ weights)
    return result


@lru_cache(maxsize=16)
def predictor(band: tuple[float, float], n_fit: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (n,) among the first `n_fit` samples, and weights (count, n) that predict `count` samples before them."""
    inside, gram, cross = _covariances(band, n_fit, count)
    return inside, np.linalg.solve(gram, cross).T


def _covariances(band: tuple[float, float], n_fit: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices (n,) of samples, their covariance with noise (n, n), and that with the `count` samples before them."""
    low, high = band
    inside, before = np.arange(n_fit), np.arange(-count, 0)
    if n_fit > _MAX_SAMPLES:  # Samples near the end are denser, and steps are unequal so that no frequency is aliased.
        inside = np.unique(np.rint((n_fit - 1) * np.linspace(0, 1, _MAX_SAMPLES) ** 1.5).astype(int))

    def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        lag = a[:, None] - b
        slow = low * np.sinc(2 * low * lag)
        in_band = (high * np.sinc(2 * high * lag) - (1 - _BELOW_BAND) * slow) / (high - low)
        return in_band + _TREND * (1 + np.outer(a / n_fit, b / n_fit))

    gram = covariance(inside, inside) + _NOISE * np.eye(len(inside))
    return inside, gram, covariance(inside, before)
