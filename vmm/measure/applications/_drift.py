"""A frequency that drifts: its mean over a signal, and its course over time.

Positions (T,) of samples replace their times, so that a drifting frequency is constant in terms of them. They run from
0 to T - 1, so that the constant frequency is the mean one.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.stats

from vmm.measure.signals._crlb import frequency_crlb
from vmm.measure.signals._noise_floor import phasor_with_stderr
from vmm.measure.signals._sine_model import explained_energy, fit_sines, refine_frequency
from vmm.measure.signals._windows import detrend

_EVIDENCE = 6.0
"""Gain in log-likelihood from which a drift is assumed. Noise alone reaches it in about 1 of 100 steady signals."""

_CHANCE = 1e-4
"""Probability that noise appears as a change of the rate over time. It is small because the errors of intervals, which
overlap, are a little larger than the bound."""

_SWING_CHANCE = 0.01
"""Probability that noise appears as a swing of the phase."""

_MAX_VARIANCE = 0.1
"""Largest variance by noise, in square radians, of the phase of one interval."""

_BELOW_NYQUIST = 0.4
"""Highest frequency in cycles per sample of harmonics of an interval that is fitted."""

_STEP = 0.5
"""Steps in bins of the search for the total drift."""

_MAX_DRIFT = 1.5
"""Largest drift, relative to the mean frequency: at 2 the frequency falls to zero within the signal."""

_PERIODS = 8.0
"""Periods in one interval of the course over time: fewer make it noisy, and more make it smooth."""

_MIN_ENERGY = 7.0
"""Energy of the sine over noise, in an interval, from which its frequency is known. Noise alone reaches it in about 1
of 100 intervals."""


def drift_positions(flat: np.ndarray, low: float, high: float) -> tuple[np.ndarray | None, float]:
    """Positions (T,) in terms of which a signal (T, 1) has a constant frequency, and this frequency.

    The frequency is between `low` and `high`, in cycles per sample. The positions are None if it does not drift.
    """
    count = len(flat)
    limit = min((high - low) * count + 1, 0.5 * (low + high) * count, _MAX_DRIFT * low * count)
    drifts = np.arange(-int(limit / _STEP), int(limit / _STEP) + 1) * _STEP
    peaks = [_peak(flat[:, 0], low, high, drift) for drift in drifts]
    best = int(np.argmax([energy for energy, _ in peaks]))
    steady = refine_frequency(flat, peaks[len(drifts) // 2][1])
    if drifts[best] == 0:
        return None, steady
    drift, frequency = _refined(flat, drifts[best], peaks[best][1])
    positions = _positions(count, drift, frequency)
    noise = phasor_with_stderr(flat, frequency, positions)[1][0] * math.sqrt(count / 2)
    gain = explained_energy(flat, frequency, positions) - explained_energy(flat, steady)
    return (positions, frequency) if gain > 2 * _EVIDENCE * noise**2 else (None, steady)


def rates_over_time(
    flat: np.ndarray, frequency: float, positions: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centers (W,) in samples of overlapping intervals of a signal (T, 1), its frequencies there and their errors.

    Frequencies that noise hides are NaN.
    """
    count = len(flat)
    length = min(math.ceil(_PERIODS / frequency), count)
    intervals = max(1, int(2 * count / length) - 1)
    starts = np.linspace(0, count - length, intervals).round().astype(int) if intervals > 1 else np.zeros(1, int)
    noise = float(phasor_with_stderr(flat, frequency, positions)[1][0]) * math.sqrt(count / 2)
    places = np.arange(count, dtype=float) if positions is None else positions
    speed = np.gradient(places)
    parts = [_part_frequency(flat[i : i + length], frequency, places[i : i + length], noise) for i in starts]
    centers = starts + (length - 1) / 2
    frequencies, stderr = np.array(parts).T * np.interp(centers, np.arange(count), speed)
    return centers, frequencies, stderr


def scatter_of_mean(frequencies: np.ndarray, stderr: np.ndarray, expected: np.ndarray) -> float:
    """Standard error of a mean frequency by changes over time (W,) beyond the expected ones and beyond noise."""
    is_known = np.isfinite(frequencies)
    if is_known.sum() < 2:
        return 0.0
    deviations, errors = (frequencies - expected)[is_known], stderr[is_known]
    if np.square(deviations / errors).sum() < scipy.stats.chi2.isf(_CHANCE, is_known.sum()):
        return 0.0
    excess = float(np.mean(np.square(deviations) - np.square(errors)))
    return math.sqrt(max(excess, 0.0) / max(is_known.sum() / 2, 1))


def swing_of_mean(flat: np.ndarray, frequency: float, positions: np.ndarray | None) -> float:
    """Standard error of a mean frequency by a phase that swings, as that of a pulse does with the breath.

    The phases at the ends of the signal, whose difference is the mean frequency, deviate as much as those of short
    intervals do beyond noise, and in opposite directions at worst.
    """
    phasor, stderr = phasor_with_stderr(flat, frequency, positions)
    if not abs(phasor[0]) > stderr[0]:
        return 0.0
    places = np.arange(len(flat), dtype=float) if positions is None else positions
    variance = float(stderr[0] / abs(phasor[0])) ** 2 * len(flat)
    length = math.ceil(max(1 / frequency, variance / _MAX_VARIANCE))
    starts = range(0, len(flat) - length + 1, length)
    phases = [_part_phase(flat[i : i + length], frequency, places[i : i + length]) for i in starts]
    dof = len(phases) - 2
    if dof < 1:
        return 0.0
    energy = float(np.square(detrend(np.unwrap(phases)[:, None])).sum())
    if energy < variance / length * scipy.stats.chi2.isf(_SWING_CHANCE, dof):
        return 0.0
    return math.sqrt(energy / dof - variance / length) / (math.pi * len(flat))


def expected_frequencies(frequency: float, positions: np.ndarray | None, centers: np.ndarray) -> np.ndarray:
    """Frequencies at these samples (W,) by the drift."""
    if positions is None:
        return np.full(len(centers), frequency)
    expected: np.ndarray = frequency * np.interp(centers, np.arange(len(positions)), np.gradient(positions))
    return expected


def _part_phase(part: np.ndarray, frequency: float, positions: np.ndarray) -> float:
    """Phase of an interval (T, 1) in terms of positions."""
    mean = np.ones((len(part), 1)) / math.sqrt(len(part))
    harmonics = [frequency, *(h * frequency for h in (2, 3) if h * frequency < _BELOW_NYQUIST)]
    coefs = fit_sines(part - part.mean(), harmonics, positions, mean)[1]
    return math.atan2(-coefs[1, 0], coefs[0, 0])


def _part_frequency(part: np.ndarray, frequency: float, positions: np.ndarray, noise: float) -> tuple[float, float]:
    """Frequency of an interval (T, 1) in terms of positions, and its standard error."""
    flat = detrend(part, positions)
    refined = refine_frequency(flat, frequency, positions=positions)
    amplitude = float(np.hypot(*fit_sines(flat, [refined], positions)[1][:, 0]))
    if amplitude**2 * len(part) / 4 < _MIN_ENERGY * noise**2:
        return math.nan, math.nan
    return refined, frequency_crlb(noise, len(part), amplitude)


def _peak(wave: np.ndarray, low: float, high: float, drift: float) -> tuple[float, float]:
    """Energy and frequency of the strongest sine of a signal (T,) whose frequency drifts by `drift` bins."""
    count = len(wave)
    centered = (np.arange(count) - (count - 1) / 2) / count
    size = 4 * count
    power = np.square(np.abs(np.fft.fft(wave * np.exp(-1j * np.pi * drift * centered**2), size)))
    bins = np.arange(int(np.ceil(low * size)), int(high * size) + 1)
    best = bins[np.argmax(power[bins])]
    return float(power[best]), best / size


def _refined(flat: np.ndarray, drift: float, frequency: float) -> tuple[float, float]:
    """Drift in bins and mean frequency that explain most energy, near these."""
    count = len(flat)
    for step in (0.25, 0.1, 0.04, 0.015):
        trials = [(0.0, drift, frequency)]
        for change in (-step, 0.0, step):
            positions = _positions(count, drift + change, frequency)
            trial = refine_frequency(flat, frequency, positions=positions)
            if abs(drift + change) + step <= _MAX_DRIFT * trial * count:
                trials.append((explained_energy(flat, trial, positions), drift + change, trial))
        _, drift, frequency = max(trials)
    return drift, frequency


def _positions(count: int, drift: float, frequency: float) -> np.ndarray:
    """Positions (T,) for a frequency that drifts by `drift` bins in all about its mean."""
    times = np.arange(count, dtype=float)
    middle = (count - 1) / 2
    positions: np.ndarray = times + drift / (frequency * count**2) * (np.square(times - middle) - middle**2) / 2
    return positions
