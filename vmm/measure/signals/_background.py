"""The background of the lines of a spectrum: a slow wander of the signals, and noise that is not white.

`positions` (T,) are those of uneven samples, or None.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.stats

from vmm.measure.signals._sampling import positions_or_index
from vmm.measure.signals._windows import MIN_PERIODS

_SLOW_FUNCTIONS = 10
"""Polynomials, from the constant on, that follow a slow wander. Ten follow every wander of up to 2 periods; more would
also take a good part of the lines of 3 periods."""

_SAMPLES_PER_FUNCTION = 4
"""Samples for each of the polynomials. Short signals have fewer polynomials, so that enough samples are left."""

_FALSE_WANDER = 1e-3
"""Probability that white noise is taken for a slow wander."""

_SLOPES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""Exponents of the fall of the power with the frequency. A random walk and a step have 2, flicker noise has 1."""

_CORNERS = 16
"""Number of frequencies that are tried at which the falling part of the noise equals its white part."""

_MIN_EVIDENCE = 2.0
"""Logarithm of the ratio of likelihoods from which noise may not be white. White noise reaches it in 1 of 10 signals.
"""

CORRELATED_BINS = 1.4
"""Neighboring bins of a Hann-windowed periodogram that carry as much information as one independent bin."""


class Background(NamedTuple):
    """The background of lines.

    Attributes
    ----------
    trend
        Orthonormal functions (T, K) that follow a slow wander, or None for a linear trend.
    shape
        Shape (F,) of the power of noise that is not white, or None.
    """

    trend: np.ndarray | None = None
    shape: np.ndarray | None = None


WHITE = Background()
"""White noise with a linear trend."""


def trend_functions(count: int, positions: np.ndarray | None = None, number: int = 2) -> np.ndarray:
    """Orthonormal polynomials (T, number) of the time, from the constant on; 2 are a linear trend."""
    places = positions_or_index(positions, count)
    scaled = 2 * places / max(float(places[-1]), 1.0) - 1
    functions: np.ndarray = np.linalg.qr(np.polynomial.legendre.legvander(scaled, number - 1))[0]
    return functions


def wander_functions(residual: np.ndarray, level: np.ndarray, positions: np.ndarray | None = None) -> np.ndarray | None:
    """Polynomials (T, K) that follow the slow wander of signals (T, N) without their lines; None if there is none.

    `level` (N,) is the noise power of each signal.
    """
    count, n_signals = residual.shape
    number = min(_SLOW_FUNCTIONS, count // _SAMPLES_PER_FUNCTION)
    functions = trend_functions(count, positions, number)
    energy = np.square(functions.T @ residual).sum(axis=0) / level
    limit = scipy.stats.chi2.isf(_FALSE_WANDER / n_signals, number)
    return functions if energy.max() > limit else None


def noise_shape(mean: np.ndarray, *, is_likely: bool = False) -> np.ndarray | None:
    """Shape (F,) of noise whose power may fall with the frequency, from a mean periodogram (F,); None if it is white.

    The model is ``1 + (corner / bin) ** slope``, whose parameters minimize the sum of the absolute differences of the
    logarithms, which is not sensitive to lines. If falling noise is likely beforehand, any evidence counts.
    """
    bins = np.arange(len(mean))
    is_noise = bins >= MIN_PERIODS
    corners = np.geomspace(MIN_PERIODS, 8 * len(mean), _CORNERS)
    ratios = np.maximum(bins, 1)[None, None] / corners[:, None, None]
    shapes = (1 + ratios ** -np.array(_SLOPES)[:, None]).reshape(-1, len(mean))
    logs = np.log(mean[is_noise] + 1e-300)
    residuals = logs - np.log(shapes[:, is_noise])
    losses = np.abs(residuals - np.median(residuals, axis=1, keepdims=True)).sum(axis=1)
    white = np.abs(logs - np.median(logs)).sum()
    best = int(np.argmin(losses))
    evidence = is_noise.sum() / CORRELATED_BINS * np.log(white / max(losses[best], 1e-300))
    shape: np.ndarray = shapes[best]
    return shape if evidence > (0 if is_likely else _MIN_EVIDENCE) else None
