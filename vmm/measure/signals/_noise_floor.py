"""Noise floor of periodograms, and the threshold of a peak above it.

`positions` (T,) are those of uneven samples, or None.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.stats

from vmm.measure.signals._sampling import fourier_sums
from vmm.measure.signals._sine_model import explained, fit_sines
from vmm.measure.signals._windows import MIN_PERIODS, hann

_MIN_MEDIAN = 41
"""Smallest width in bins of the running median that estimates the floor. Fewer bins make the floor itself noisy."""

_CORRELATED_BINS = 1.4
"""Neighboring bins of a Hann-windowed periodogram that carry as much information as one independent bin."""

_SKIRT = (2, 3, 4)
"""Distances in bins from a peak at which a sine of varying amplitude or frequency leaves power."""

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
    flat: np.ndarray, level: np.ndarray, chance: float, positions: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Mean periodogram (F,) over its floor, and the ratio that white noise exceeds in one bin with this probability."""
    power, floor, dof = _mean_and_floor(flat, level, positions)
    median = scipy.stats.chi2.median(dof) / dof
    density = scipy.stats.chi2.pdf(median * dof, dof) * dof
    width = min(_median_width(len(power)), len(power))
    variance = _CORRELATED_BINS / (4 * width * (density * median) ** 2)  # relative variance of the running median
    return power / floor, float(scipy.stats.f.isf(chance, dof, 2 / variance))


def local_noise(residual: np.ndarray, i: int, positions: np.ndarray | None = None) -> tuple[np.ndarray, bool]:
    """Standard deviation (N,) of white noise as strong as the residual near bin i, and whether the peak is steady.

    The peak is not steady if the residual has more power next to it than the floor explains. This power then counts as
    noise.
    """
    level = noise_level(residual, positions)
    mean, floor, dof = _mean_and_floor(residual, level, positions)
    skirt = [j for step in _SKIRT for j in (i - step, i + step) if 0 < j < len(mean)]
    power, at_peak = float(np.mean(mean[skirt])), float(floor[min(max(i, 0), len(floor) - 1)])
    skirt_dof = dof * len(skirt) / _CORRELATED_BINS
    is_broad = power / at_peak > scipy.stats.chi2.isf(_FALSE_SKIRT, skirt_dof) / skirt_dof
    return np.sqrt(level * (power if is_broad else at_peak)), not is_broad


def phasor_with_stderr(
    flat: np.ndarray, frequency: float, positions: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Complex amplitudes (N,) of signals (T, N) at a frequency in cycles per sample, and their standard errors (N,)."""
    residual = flat - explained(flat, [frequency], positions)
    noise, _ = local_noise(residual, round(frequency * len(flat)), positions)
    cosine, sine = fit_sines(flat, [frequency], positions)[1]
    return cosine - 1j * sine, noise * np.sqrt(2 / len(flat))


def _periodograms(flat: np.ndarray, positions: np.ndarray | None) -> np.ndarray:
    """Periodograms (F, N), scaled so that white noise has the mean of its variance."""
    window = hann(len(flat), positions)
    power: np.ndarray = np.abs(fourier_sums(flat * window[:, None], positions)) ** 2 / np.square(window).sum()
    return power


def _mean_and_floor(
    flat: np.ndarray, level: np.ndarray, positions: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean periodogram (F,) of signals over their noise levels, its floor (F,), and its degrees of freedom."""
    mean = (_periodograms(flat, positions) / level).mean(axis=1)
    dof = 2.0 * _independent_signals(mean, flat.shape[1])
    median = scipy.stats.chi2.median(dof) / dof
    floor = scipy.ndimage.median_filter(mean, _median_width(len(mean)), mode="reflect") / median
    return mean, np.maximum(floor, 1e-3 * np.median(mean) + 1e-300), dof


def _independent_signals(mean: np.ndarray, count: int) -> float:
    """Effective number of independent signals among `count`, from the scatter of their mean periodogram."""
    if count == 1:
        return 1.0
    quarter, half = np.percentile(np.log(mean[MIN_PERIODS:] + 1e-300), [25, 50])
    return float(min(count, max(1.0, (_QUARTER_TO_MEDIAN / max(half - quarter, 1e-6)) ** 2)))


def _median_width(bins: int) -> int:
    """Width in bins of the running median: an eighth of the spectrum, and odd."""
    return int(max(_MIN_MEDIAN, bins // 8)) | 1
