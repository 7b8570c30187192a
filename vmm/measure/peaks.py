"""Lines of signals: their frequencies and amplitudes, each with its standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.optimize
import scipy.stats

from vmm.measure.bound import bound_of_line
from vmm.measure.lines import GAP, LOWEST, steady, window
from vmm.measure.signals import check_band, signals

_MEDIAN = 41  # bins over which the floor is taken at least
_ALIKE = 1.4  # neighbouring bins of a Hann window that tell the median as much as one
_BESIDE = (2, 3, 4)  # bins from a line at which one that is not steady leaves power
_SURE = 0.01  # chance at which noise makes a steady line look as if it were not
_SWEEPS = 2  # times that each line is found anew without the others


@dataclass(frozen=True)
class Peak:
    """A line in the spectrum of signals.

    Attributes
    ----------
    frequency, frequency_error
        In Hz, and its standard error.
    amplitude, amplitude_error
        (...) peak amplitude of each signal in its unit, and their standard errors.
    phase
        (...) in radians at the first sample: a signal is ``amplitude * cos(2 pi frequency t + phase)``.
    strength
        Power over that of the noise around, in dB, of the mean over all signals.
    steady
        Whether the signals are as a sine of constant amplitude and frequency would make them, as far as noise lets
        that be seen. Where they are not, the errors count what such a sine leaves beside the line as noise.
    unit
        Of the amplitude.
    fs
        Rate of the signals in Hz.
    """

    frequency: float
    frequency_error: float
    amplitude: np.ndarray
    amplitude_error: np.ndarray
    phase: np.ndarray
    strength: float
    steady: bool
    unit: str
    fs: float


def peaks(
    values: Any,
    *,
    fs: float | None = None,
    band: tuple[float, float] | None = None,
    most: int = 8,
    false_alarm: float = 0.01,
    clock: float = 0.0,
) -> list[Peak]:
    """Lines that stand out of the noise of signals, each with its frequency, amplitude and their standard errors.

    The periodograms of all signals, each over its own noise, are averaged. The floor is their running median; of white
    noise the ratio to it follows Fisher's distribution, which is the chi-square of the averaged periodogram over that
    of the median. The strongest line above the threshold is refined by maximising the projection of the signals on a
    sine and a cosine less their trend, which is the maximum of the likelihood [1], and taken out; then the next one is
    looked for, so that the flanks of a strong line do not pass for lines. At last all are fitted together.

    Parameters
    ----------
    values
        Signals (T, ...), or a result such as that of ``displacement``.
    fs
        Rate in Hz; by default that of the result, else 1, so that frequencies are in cycles per sample.
    band
        (low, high) in Hz to look in; by default from 3 periods in the clip up to half of the rate.
    most
        Lines returned at most.
    false_alarm
        Chance at which white noise yields a line, anywhere in the band.
    clock
        Relative standard error of `fs`, which all errors of frequency contain: a quartz is good for 5e-5, a rate that
        is told in round numbers for 1e-3.

    Returns
    -------
    list of Peak
        The strongest first. Standard errors are the Cramer-Rao bounds ((2.1) of the project's notes; [1]) with the
        noise that is measured around the line: ``sigma sqrt(2/T)`` of an amplitude, and ``sqrt(6) fs / (pi T^1.5)``
        over the root of the sum of ``(A / sigma)^2`` of the frequency.

    Raises
    ------
    ValueError
        Where fs, band, most or false_alarm is out of range, or no signal is known and changes.
    TypeError
        Where signals are not real numbers.

    References
    ----------
    .. [1] Rife, Boorstyn: Single-tone parameter estimation from discrete-time observations. IEEE Transactions on
       Information Theory 20(5), 1974.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> times = np.arange(960) / 240
    >>> noise = np.random.default_rng(0).normal(0, 0.05, 960)
    >>> (line,) = vmm.measure.peaks(0.2 * np.sin(2 * np.pi * 31.07 * times) + noise, fs=240)
    >>> print(f"{line.frequency:.3f} +- {line.frequency_error:.3f} Hz, {line.amplitude:.3f} {line.unit}")
    31.071 +- 0.002 Hz, 0.206 px
    """
    data = signals(values, fs)
    count = len(data.values)
    if most < 1 or not 0 < false_alarm < 1:
        raise ValueError(f"most={most} must be at least 1, and false_alarm={false_alarm} lie inside (0, 1)")
    if not 0 <= clock < 1:
        raise ValueError(f"clock={clock} must lie in [0, 1): the relative error of fs")
    if band is not None:
        check_band(band, count, data.fs, 1.0)
    usable = data.usable
    if not usable.any():
        raise ValueError("no signal is known and changes: choose other regions")
    flat = steady(data.flat[:, usable])
    bins = np.fft.rfftfreq(count)
    low, high = (LOWEST / count, 0.5) if band is None else (band[0] / data.fs, band[1] / data.fs)
    inside = (bins >= low - 0.5 / count) & (bins <= high + 0.5 / count) & (bins > 0)
    found = _found(flat, inside, most, false_alarm)
    shape, unit = data.values.shape[1:], data.unit or "px"
    lines = [_peak(flat, found, k, shape, usable, data.fs, unit) for k in range(len(found))]
    lines = [replace(line, frequency_error=math.hypot(line.frequency_error, clock * line.frequency)) for line in lines]
    return sorted(lines, key=lambda line: -line.strength)


def refined(flat: np.ndarray, start: float, level: np.ndarray | None = None) -> float:
    """Frequency in cycles per sample near a start, of the sine that explains most of signals (T, N) without trend.

    `level` is the noise power of each signal.
    """
    count = len(flat)
    scaled = flat if level is None else flat / np.sqrt(level)

    def left(frequency: float) -> float:
        return -_explained(scaled, frequency)

    lowest, highest = 0.25 / count, 0.5 - 0.25 / count
    grid = np.clip(start + np.arange(-4, 5) / (4 * count), lowest, highest)
    best = float(grid[np.argmin([left(frequency) for frequency in grid])])
    bounds = max(best - 0.3 / count, lowest), min(best + 0.3 / count, highest)
    fit = scipy.optimize.minimize_scalar(left, bounds=bounds, method="bounded", options={"xatol": 1e-7 / count})
    return float(fit.x)


def _found(flat: np.ndarray, inside: np.ndarray, most: int, false_alarm: float) -> list[float]:
    """Frequencies of the lines in cycles per sample, the first found first."""
    count, rest = len(flat), flat
    found: list[float] = []
    open_ = inside.copy()
    while len(found) < most:
        level = _level(rest)
        ratio, limit = _ratio(rest, level, false_alarm / max(int(inside.sum()), 1))
        score = np.where(open_, ratio / limit, 0)
        i = int(np.argmax(score))
        if score[i] <= 1:
            break
        frequency = refined(rest, i / count, level)
        found.append(frequency)
        open_[max(0, i - GAP) : i + GAP + 1] = False
        rest = flat - fitted(flat, found)
    for _ in range(_SWEEPS if len(found) > 1 else 0):
        for k, frequency in enumerate(found):
            others = found[:k] + found[k + 1 :]
            alone = flat - fitted(flat, found) + _alone(flat, found, k) if others else flat
            found[k] = refined(alone, frequency, _level(rest))
    return found


def _level(flat: np.ndarray) -> np.ndarray:
    """Variance (N,) that white noise would have whose periodogram has the same median as that of each signal."""
    shape = window(len(flat))
    power = np.abs(np.fft.rfft(flat * shape[:, None], axis=0)) ** 2 / np.square(shape).sum()
    level = np.median(power[1:], axis=0) / np.log(2)
    return np.maximum(level, 1e-12 * max(float(flat.var()), 1e-300))


def _ratio(flat: np.ndarray, level: np.ndarray, chance: float) -> tuple[np.ndarray, float]:
    """The mean periodogram (F,) over its floor, and what white noise exceeds in one bin with this chance."""
    power, floor, freedom = _floor(flat, level)
    middle = scipy.stats.chi2.median(freedom) / freedom
    density = scipy.stats.chi2.pdf(middle * freedom, freedom) * freedom
    width = min(_width(len(power)), len(power))
    spread = _ALIKE / (4 * width * (density * middle) ** 2)  # relative variance of the median
    return power / floor, float(scipy.stats.f.isf(chance, freedom, 2 / spread))


def _floor(flat: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The mean periodogram (F,) of signals over their levels, its floor, and its degrees of freedom."""
    shape = window(len(flat))
    power = np.abs(np.fft.rfft(flat * shape[:, None], axis=0)) ** 2 / np.square(shape).sum()
    mean = (power / level).mean(axis=1)
    freedom = 2.0 * _independent(mean, flat.shape[1])
    middle = scipy.stats.chi2.median(freedom) / freedom
    floor = scipy.ndimage.median_filter(mean, _width(len(mean)), mode="reflect") / middle
    return mean, np.maximum(floor, 1e-3 * np.median(mean) + 1e-300), freedom


def _independent(mean: np.ndarray, most: int) -> float:
    """How many independent signals the scatter of their mean periodogram tells of."""
    if most == 1:
        return 1.0
    quarter, half = np.percentile(np.log(mean[LOWEST:] + 1e-300), [25, 50])
    return float(min(most, max(1.0, (0.674 / max(half - quarter, 1e-6)) ** 2)))


def _width(bins: int) -> int:
    """Bins of the running median."""
    return int(max(_MEDIAN, bins // 8)) | 1


def _basis(count: int, frequency: float) -> np.ndarray:
    """Cosine and sine (T, 2) without trend."""
    angle = 2 * np.pi * frequency * np.arange(count)
    return steady(np.stack([np.cos(angle), np.sin(angle)], axis=1))


def _explained(flat: np.ndarray, frequency: float) -> float:
    """Energy of signals (T, N) that a sine of one frequency explains."""
    basis = _basis(len(flat), frequency)
    onto = basis.T @ flat
    return float(np.sum(onto * np.linalg.solve(basis.T @ basis, onto)))


def _coefs(flat: np.ndarray, found: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Sines and cosines (T, 2K) of lines, and their amplitudes (2K, N), by least squares."""
    basis = np.concatenate([_basis(len(flat), frequency) for frequency in found], axis=1)
    return basis, np.linalg.lstsq(basis, flat, rcond=1e-9)[0]


def fitted(flat: np.ndarray, found: list[float]) -> np.ndarray:
    """What lines together explain of signals (T, N)."""
    basis, coefs = _coefs(flat, found)
    explained: np.ndarray = basis @ coefs
    return explained


def _alone(flat: np.ndarray, found: list[float], k: int) -> np.ndarray:
    """The share of the k-th line in that."""
    basis, coefs = _coefs(flat, found)
    share: np.ndarray = basis[:, 2 * k : 2 * k + 2] @ coefs[2 * k : 2 * k + 2]
    return share


def _noise(rest: np.ndarray, i: int) -> tuple[np.ndarray, bool]:
    """Standard deviation (N,) that white noise would have which is as strong as that at bin i, and whether it is even.

    It is not where what a sine left beside the line stands above the floor.
    """
    level = _level(rest)
    mean, floor, freedom = _floor(rest, level)
    beside = [j for step in _BESIDE for j in (i - step, i + step) if 0 < j < len(mean)]
    near, even = float(np.mean(mean[beside])), float(floor[min(max(i, 0), len(floor) - 1)])
    worth = freedom * len(beside) / _ALIKE
    broad = near / even > scipy.stats.chi2.isf(_SURE, worth) / worth
    return np.sqrt(level * (near if broad else even)), not broad


def line_at(flat: np.ndarray, frequency: float) -> tuple[np.ndarray, np.ndarray]:
    """Complex amplitudes (N,) of signals (T, N) at a frequency in cycles per sample, and their standard errors (N,)."""
    rest = flat - fitted(flat, [frequency])
    noise, _ = _noise(rest, round(frequency * len(flat)))
    cosine, sine = _coefs(flat, [frequency])[1]
    return cosine - 1j * sine, noise * np.sqrt(2 / len(flat))


def _peak(
    flat: np.ndarray, found: list[float], k: int, shape: tuple[int, ...], usable: np.ndarray, fs: float, unit: str
) -> Peak:
    """The k-th line with its errors."""
    count = len(flat)
    rest = flat - fitted(flat, found)
    noise, steady_ = _noise(rest, round(found[k] * count))
    cosine, sine = _coefs(flat, found)[1][2 * k : 2 * k + 2]
    amplitude = np.hypot(cosine, sine)
    clear = float(np.sqrt(np.square(amplitude / noise).sum()))
    spread = bound_of_line(1.0, count, max(clear, 1e-300), fs)[1]
    strength = 10 * np.log10(max(np.mean(np.square(amplitude / noise)) * count / 4, 1e-300))

    def whole(values: np.ndarray) -> np.ndarray:
        out = np.full(usable.shape, np.nan)
        out[usable] = values
        return out.reshape(shape)

    error, phase = whole(noise * np.sqrt(2 / count)), whole(np.arctan2(-sine, cosine))
    return Peak(found[k] * fs, float(spread), whole(amplitude), error, phase, float(strength), steady_, unit, fs)
