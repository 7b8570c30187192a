"""How motion is continued beyond the ends of a clip, for filters that look ahead."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vmm.backend.arrays import Array, joined, namespace
from vmm.backend.reference import product

_NOISE = 1.0  # variance of white noise, that of the motion inside the band being 1
_BELOW = 0.1  # spectral density below the band, that inside being 1
_TREND = 1e3  # variance of an offset and a ramp
_MOST = 1024  # samples that a prediction is made from


def continued(x: Array, band: tuple[float, float], head: int, tail: int, seen: int) -> Array:
    """X with `head` samples before it and `tail` samples after it, predicted from the nearest `seen` samples.

    The prediction is the likeliest one (Gaussian process regression) for a motion that fills the band, in cycles per
    frame, beside an offset, a ramp, weak slow motion and noise: a vibration goes on and dies out, a ramp goes on.
    """
    parts = [x]
    if head:
        parts.insert(0, _predicted(x, band, head, seen))
    if tail:
        parts.append(_predicted(x[::-1], band, tail, seen)[::-1])
    return joined(parts)


def _predicted(x: Array, band: tuple[float, float], beyond: int, seen: int) -> Array:
    """The samples before x."""
    near, weights = predictor(band, min(seen, len(x)), beyond)
    xp = namespace(x)
    return product(xp.take(x, xp.asarray(near), axis=0), weights)


@lru_cache(maxsize=16)
def predictor(band: tuple[float, float], seen: int, beyond: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the samples seen tell of those before them, and their weights (beyond, n)."""
    low, high = band
    inside, before = np.arange(seen), np.arange(-beyond, 0)
    if seen > _MOST:  # denser near the end, unevenly so that no other frequency looks the same
        inside = np.unique(np.rint((seen - 1) * np.linspace(0, 1, _MOST) ** 1.5).astype(int))

    def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        lag = a[:, None] - b
        slow = low * np.sinc(2 * low * lag)
        fills = (high * np.sinc(2 * high * lag) - (1 - _BELOW) * slow) / (high - low)
        return fills + _TREND * (1 + np.outer(a / seen, b / seen))

    known = covariance(inside, inside) + _NOISE * np.eye(len(inside))
    return inside, np.linalg.solve(known, covariance(inside, before)).T
