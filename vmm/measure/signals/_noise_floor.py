"""Noise floor of periodograms, and the threshold of a peak above it.

`positions` (T,) are those of uneven samples, or None; `shape` (F,) is that of noise that is not white, or None.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy.ndimage
import scipy.stats

from vmm.measure.signals._background import CORRELATED_BINS
from vmm.measure.signals._sampling import fourier_sums
from vmm.measure.signals._sine_model import explained, fit_sines
from vmm.measure.signals._windows import MIN_PERIODS, hann

_MIN_MEDIAN = 41
"""Smallest width in bins of the running median that estimates the floor. Fewer bins make the floor itself noisy."""

_SKIRT = (2, 3, 4)
"""Distances in bins from a peak at which a sine of varying amplitude or frequency leaves power."""

_FAVOR, _LARGE_FAVOR = 2.0, 4.0
"""Advantage of falling noise over lines on white noise, as a logarithm of a probability: a line that is not certain is
not a finding. The second one holds if falling noise is likely beforehand."""

_FALSE_SKIRT = 0.01
"""Probability that noise makes the skirt of a steady sine appear significant."""

_QUARTER_TO_MEDIAN = 0.674
"""Distance between the first quartile and the median of a normal distribution, in standard deviations."""


def noise_level(flat: np.ndarray, positions: np.ndarray | None = None) -> np.ndarray:
    """Variance (N,) of white noise whose periodogram has the same median as that of each signal."""
    power = _periodograms(flat, positions)
    level = np.median(power[1:], axis=0) / np.log(2)
    return np.maximum(level, 1e-12 * max(float(flat.var()), 1e-300))


def ratio_to_floor(
    flat: np.ndarray,
    level: np.ndarray,
    chance: float,
    positions: np.ndarray | None = None,
    shape: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """Mean periodogram (F,) over its floor, and the ratio that noise exceeds in one bin with this probability."""
    power, floor, dof = _mean_and_floor(flat, level, positions, shape)
    median = scipy.stats.chi2.median(dof) / dof
    density = scipy.stats.chi2.pdf(median * dof, dof) * dof
    width = min(_median_width(len(power)), len(power))
    variance = CORRELATED_BINS / (4 * width * (density * median) ** 2)  # relative variance of the running median
    return power / floor, float(scipy.stats.f.isf(chance, dof, 2 / variance))


def local_noise(
    residual: np.ndarray, i: int, positions: np.ndarray | None = None, shape: np.ndarray | None = None
) -> tuple[np.ndarray, bool]:
    """Standard deviation (N,) of white noise as strong as the residual near bin i, and whether the peak is steady.

    The peak is not steady if the residual has more power next to it than the floor explains. This power then counts as
    noise. So does the power without a window, which a step near the ends of the signals raises: the sines are fitted
    without one.
    """
    level = noise_level(residual, positions)
    mean, floor, dof = _mean_and_floor(residual, level, positions, shape)
    flat_floor = _mean_and_floor(residual, level, positions, shape, is_windowed=False)[1]
    i = min(max(i, 0), len(floor) - 1)
    skirt = [j for step in _SKIRT for j in (i - step, i + step) if 0 < j < len(mean)]
    power, at_peak = float(np.mean(mean[skirt])), float(floor[i])
    skirt_dof = dof * len(skirt) / CORRELATED_BINS
    is_broad = power / at_peak > scipy.stats.chi2.isf(_FALSE_SKIRT, skirt_dof) / skirt_dof
    return np.sqrt(level * max(power if is_broad else at_peak, float(flat_floor[i]))), not is_broad


def phasor_with_stderr(
    flat: np.ndarray, frequency: float, positions: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Complex amplitudes (N,) of signals (T, N) at a frequency in cycles per sample, and their standard errors (N,)."""
    residual = flat - explained(flat, [frequency], positions)
    noise, _ = local_noise(residual, round(frequency * len(flat)), positions)
    cosine, sine = fit_sines(flat, [frequency], positions)[1]
    return cosine - 1j * sine, noise * np.sqrt(2 / len(flat))


def noise_explains(
    residuals: Sequence[np.ndarray],
    n_lines: Sequence[int],
    shape: np.ndarray,
    level: np.ndarray,
    positions: np.ndarray | None = None,
    *,
    is_likely: bool = False,
) -> bool:
    """Whether noise of this shape (F,) with some lines describes signals more shortly than white noise with others.

    The length of a description is the negative logarithm of the likelihood of the periodogram of the signals without
    the lines [1]_, plus half the logarithm of the number of samples for each parameter [2]_.

    Parameters
    ----------
    residuals
        Signals (T, N) without the lines on white noise, and without the lines on the falling noise.
    n_lines
        Number of lines in either case.
    level
        Noise power (N,) of each signal.
    is_likely
        Whether falling noise is likely beforehand.

    References
    ----------
    .. [1] Whittle: Estimation and information in stationary time series. Arkiv for Matematik 2(5), 1953.
    .. [2] Schwarz: Estimating the dimension of a model. Annals of Statistics 6(2), 1978.
    """
    means = [(_periodograms(residual, positions) / level).mean(axis=1) for residual in residuals]
    shapes = [np.ones(len(shape)), shape]
    dof = min(2.0 * _independent_signals(mean / part, len(level)) for mean, part in zip(means, shapes, strict=True))
    lengths = []
    for mean, part, count in zip(means, shapes, n_lines, strict=True):
        inside, floor = mean[MIN_PERIODS:], part[MIN_PERIODS:]
        floor = floor * np.median(inside / floor) * dof / scipy.stats.chi2.median(dof)
        likelihood = dof / 2 * float(np.sum(np.log(floor) + inside / floor)) / CORRELATED_BINS
        lengths.append(likelihood + 0.5 * count * (1 + dof) * math.log(len(residuals[0])))
    return lengths[1] < lengths[0] + (_LARGE_FAVOR if is_likely else _FAVOR)


def mean_periodogram(flat: np.ndarray, positions: np.ndarray | None = None) -> np.ndarray:
    """Mean periodogram (F,) of signals (T, N), each divided by its noise level."""
    mean: np.ndarray = (_periodograms(flat, positions) / noise_level(flat, positions)).mean(axis=1)
    return mean


def _periodograms(flat: np.ndarray, positions: np.ndarray | None, is_windowed: bool = True) -> np.ndarray:
    """Periodograms (F, N), scaled so that white noise has the mean of its variance."""
    window = hann(len(flat), positions) if is_windowed else np.ones(len(flat))
    power: np.ndarray = np.abs(fourier_sums(flat * window[:, None], positions)) ** 2 / np.square(window).sum()
    return power


def _mean_and_floor(
    flat: np.ndarray,
    level: np.ndarray,
    positions: np.ndarray | None,
    shape: np.ndarray | None,
    is_windowed: bool = True,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean periodogram (F,) of signals over their noise levels, its floor (F,), and its degrees of freedom."""
    mean = (_periodograms(flat, positions, is_windowed) / level).mean(axis=1)
    even = mean if shape is None else mean / shape
    dof = 2.0 * _independent_signals(even, flat.shape[1])
    median = scipy.stats.chi2.median(dof) / dof
    floor = scipy.ndimage.median_filter(even, _median_width(len(mean)), mode="reflect") / median
    floor = np.maximum(floor, 1e-3 * np.median(even) + 1e-300)
    return mean, floor if shape is None else floor * shape, dof


def _independent_signals(mean: np.ndarray, count: int) -> float:
    """Effective number of independent signals among `count`, from the scatter of their mean periodogram."""
    if count == 1:
        return 1.0
    quarter, half = np.percentile(np.log(mean[MIN_PERIODS:] + 1e-300), [25, 50])
    return float(min(count, max(1.0, (_QUARTER_TO_MEDIAN / max(half - quarter, 1e-6)) ** 2)))


def _median_width(bins: int) -> int:
    """Width in bins of the running median: an eighth of the spectrum, and odd."""
    return int(max(_MIN_MEDIAN, bins // 8)) | 1
