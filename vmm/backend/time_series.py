"""Signals along time (axis 0): running sums, prediction beyond the ends of a clip, and matrices of low rank."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vmm.backend.arrays import Array, joined, namespace
from vmm.backend.reference import product

_NOISE = 1.0  # variance of white noise, relative to that of the motion in the band
_BELOW = 0.1  # spectral density below the band, relative to that in the band: slow motion is weaker
_TREND = 1e3  # variance of the offset and the slope, large so that they are fitted freely
_MAX_SAMPLES = 1024  # samples that a prediction uses: the solution costs their cube
_STOPBAND = 1e-3  # singular values below this share of the largest are part of the stopband of a filter


def running_sum(x: Array, memory: Array | None) -> tuple[Array, Array]:
    """Running sum of x along time, from the sum so far; and the sum at its end."""
    y = namespace(x).cumsum(x, axis=0, dtype=x.dtype)
    if memory is not None:
        y += memory
    return y, y[-1].copy()


def low_rank(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors (n, r) and (r, m) of the matrix (n, m) of a filter, without the rank that only its stopband needs."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    r = max(1, int((values > _STOPBAND * values[0]).sum()))
    return left[:, :r] * values[:r], right[:r]


def continued(x: Array, band: tuple[float, float], head: int, tail: int, known: int) -> Array:
    """The signal x with `head` samples before it and `tail` samples after it, predicted from the nearest `known` ones.

    The prediction is the likeliest (Gaussian process regression) for a signal that fills the band, in cycles per
    frame, plus an offset, a slope, weak slow motion and noise: a vibration decays, a slope continues.
    """
    parts = [x]
    if head:
        parts.insert(0, _samples_before(x, band, head, known))
    if tail:
        parts.append(_samples_before(x[::-1], band, tail, known)[::-1])
    return joined(parts)


def _samples_before(x: Array, band: tuple[float, float], count: int, known: int) -> Array:
    """The predicted samples before x."""
    indices, weights = predictor(band, min(known, len(x)), count)
    xp = namespace(x)
    return product(xp.take(x, xp.asarray(indices), axis=0), weights)


@lru_cache(maxsize=16)
def predictor(band: tuple[float, float], known: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (n,) of the samples that predict `count` samples before them, and their weights (count, n)."""
    low, high = band
    inside, before = np.arange(known), np.arange(-count, 0)
    if known > _MAX_SAMPLES:  # denser near the end, with unequal steps so that no frequency has an alias
        inside = np.unique(np.rint((known - 1) * np.linspace(0, 1, _MAX_SAMPLES) ** 1.5).astype(int))

    def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        lag = a[:, None] - b
        slow = low * np.sinc(2 * low * lag)
        in_band = (high * np.sinc(2 * high * lag) - (1 - _BELOW) * slow) / (high - low)
        return in_band + _TREND * (1 + np.outer(a / known, b / known))

    gram = covariance(inside, inside) + _NOISE * np.eye(len(inside))
    return inside, np.linalg.solve(gram, covariance(inside, before)).T
