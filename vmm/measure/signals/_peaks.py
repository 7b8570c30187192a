"""Peaks of the spectra of signals: frequencies and amplitudes, each with its standard error."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vmm.measure.signals._codec_rhythm import MAX_CODEC_MOTION, follows_codec
from vmm.measure.signals._crlb import sine_crlb
from vmm.measure.signals._noise_floor import local_noise
from vmm.measure.signals._result import Result
from vmm.measure.signals._sampling import bin_frequencies, highest_frequency
from vmm.measure.signals._search import alias_of, search, without_others
from vmm.measure.signals._signal import Signals, SignalsLike, as_signals, check_band
from vmm.measure.signals._sine_model import explained, fit_sines
from vmm.measure.signals._windows import MIN_PERIODS, detrend


@dataclass(frozen=True, eq=False, repr=False)
class Peak(Result):
    """A peak in the spectrum of signals: one sine.

    Attributes
    ----------
    frequency, frequency_stderr
        Frequency in Hz and its standard error; in cycles/frame if the rate is not known: see `frequency_unit`.
    amplitude, amplitude_stderr
        (...) peak amplitude of each signal and its standard error, in `unit`. If the displacement of a region is known
        in one direction only, these are its components down and right.
    phase
        (...) phase in radians at the first sample: the signal is ``amplitude * cos(2 pi frequency t + phase)``.
    snr
        Signal-to-noise ratio in dB: the power of the peak over the noise floor around it, averaged over the signals.
    is_steady
        Whether the signals agree with a sine of constant amplitude and frequency, up to noise. If not, the standard
        errors count the power next to the peak as noise.
    unit
        Unit of the amplitude. It is empty if the signals have no unit.
    fs
        Rate of the signals in Hz, or 1 if it is not known.
    frequency_unit
        ``"Hz"``, or ``"cycles/frame"`` if the rate is not known.
    is_codec_rhythm
        Whether the video codec may cause the peak: it is weak, or not the only one, at the multiples of the rate of its
        key frames.
    """

    frequency: float
    frequency_stderr: float
    amplitude: np.ndarray
    amplitude_stderr: np.ndarray = field(repr=False)
    phase: np.ndarray = field(repr=False)
    snr: float
    is_steady: bool = field(repr=False)
    unit: str
    fs: float = field(repr=False)
    frequency_unit: str = "Hz"
    is_codec_rhythm: bool = field(default=False, repr=False)


def peaks(
    values: SignalsLike,
    *,
    fs: float | None = None,
    band: tuple[float, float] | None = None,
    max_peaks: int = 8,
    false_alarm: float = 0.01,
    fs_uncertainty: float = 0.0,
) -> list[Peak]:
    """Peaks that exceed the noise floor of signals, each with its frequency, amplitude and their standard errors.

    The periodograms of all signals, each divided by its noise level, are averaged, and a running median estimates the
    floor. For white noise, the ratio to the floor follows an F distribution, which gives the threshold. The strongest
    peak above it is refined by the maximum-likelihood estimate of its frequency [1]_ and removed from the signals, and
    the search is repeated, so that side lobes of a strong peak are not taken for peaks. Finally, all peaks are fitted
    together. Signals of unevenly spaced frames are analyzed at their true times.

    Parameters
    ----------
    values
        Signals (T, ...), or a result such as that of ``displacement``.
    fs
        Rate in Hz. The default is the rate of the result; without any, frequencies are in cycles/frame.
    band
        Band (low, high) in Hz to search. The default reaches from 3 periods in the clip to fs/2; for uneven samples, to
        half the rate at their shortest usual interval, which is fs/2 of the even grid if samples are missing from one.
    max_peaks
        Largest number of peaks to return, at least 1. The default is 8.
    false_alarm
        Probability, in (0, 1), that white noise yields any peak in the band. The default is 0.01.
    fs_uncertainty
        Relative standard uncertainty of `fs`, in [0, 1), which is added to the standard errors of frequencies. Typical
        values are 5e-5 for a quartz oscillator and 1e-3 for a nominal rate. The default is 0.

    Returns
    -------
    list of Peak
        The peaks, the strongest first, and last those that the video codec may cause. Standard errors are Cramer-Rao
        bounds [1]_ for the noise that is measured around the peak: ``sigma sqrt(2/T)`` for an amplitude A, and
        ``sqrt(6) fs / (pi T^1.5)`` divided by the root of the sum of ``(A / sigma)^2`` over the signals for the
        frequency.

    Raises
    ------
    ValueError
        If `fs`, `band`, `max_peaks`, `false_alarm` or `fs_uncertainty` is out of range, or no signal is known and
        varies.
    TypeError
        If the signals are not real numbers.

    Warns
    -----
    UserWarning
        If the times of uneven samples leave two frequencies almost equally likely; such a peak is left out.

    References
    ----------
    .. [1] Rife, Boorstyn: Single-tone parameter estimation from discrete-time observations. IEEE Transactions on
       Information Theory 20(5), 1974.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> times = np.arange(960) / 240
    >>> noise = np.random.default_rng(0).normal(0, 0.05, 960)
    >>> (peak,) = vmm.measure.peaks(0.2 * np.sin(2 * np.pi * 31.07 * times) + noise, fs=240)
    >>> print(f"{peak.frequency:.3f} +- {peak.frequency_stderr:.3f} {peak.frequency_unit}, {peak.amplitude:.3f}")
    31.071 +- 0.002 Hz, 0.206
    """
    data = as_signals(values, fs)
    count = len(data.values)
    if max_peaks < 1:
        raise ValueError(f"max_peaks={max_peaks} must be at least 1: the largest number of peaks to return")
    if not 0 < false_alarm < 1:
        raise ValueError(f"false_alarm={false_alarm} must be in (0, 1): the probability that noise yields a peak")
    if not 0 <= fs_uncertainty < 1:
        raise ValueError(f"fs_uncertainty={fs_uncertainty} must lie in [0, 1): the relative uncertainty of fs")
    if band is not None:
        check_band(band, count, data.fs, 1.0, data.nyquist)
    if not data.usable.any():
        raise ValueError("no signal is known and varies: choose other regions")
    flat = detrend(data.flat[:, data.usable], data.positions)
    bins, highest = bin_frequencies(count, data.positions), highest_frequency(data.positions)
    low, high = (MIN_PERIODS / count, highest) if band is None else (band[0] / data.fs, band[1] / data.fs)
    in_band = (bins >= low - 0.5 / count) & (bins <= high + 0.5 / count) & (bins > 0)
    frequencies = search(flat, in_band, max_peaks, false_alarm, data.positions)
    residual = flat - explained(flat, frequencies, data.positions) if frequencies else flat
    detected = [
        _peak(flat, residual, frequencies, k, data)
        for k in range(len(frequencies))
        if data.positions is None or _is_unique(flat, residual, frequencies, k, data, false_alarm)
    ]
    detected = [
        replace(peak, frequency_stderr=math.hypot(peak.frequency_stderr, fs_uncertainty * peak.frequency))
        for peak in detected
    ]
    return sorted(_with_codec_rhythm(detected, data), key=lambda peak: (peak.is_codec_rhythm, -peak.snr))


def _with_codec_rhythm(detected: list[Peak], data: Signals) -> list[Peak]:
    """The peaks, with `is_codec_rhythm` set for those that the codec may cause."""
    is_rhythm = follows_codec(
        [peak.frequency for peak in detected],
        [peak.frequency_stderr for peak in detected],
        [float(np.nanmax(peak.amplitude)) for peak in detected],
        data.key_rate,
        data.fs / len(data.values),
        MAX_CODEC_MOTION if data.unit == "px" else None,
    )
    return [replace(peak, is_codec_rhythm=bool(part)) for peak, part in zip(detected, is_rhythm, strict=True)]


def _is_unique(
    flat: np.ndarray, residual: np.ndarray, frequencies: Sequence[float], k: int, data: Signals, false_alarm: float
) -> bool:
    """Whether uneven samples leave no doubt about frequency `k`; warn if they do."""
    positions: Any = data.positions
    noise, _ = local_noise(residual, round(frequencies[k] * len(flat)), positions)
    alone = without_others(flat, frequencies, k, positions)
    everywhere = bin_frequencies(len(flat), positions) * len(flat) >= MIN_PERIODS
    alias = alias_of(alone, frequencies[k], noise, everywhere, positions, false_alarm)
    if alias is not None:
        either = " or ".join(f"{data.fs * frequency:.4g}" for frequency in sorted((frequencies[k], alias)))
        warnings.warn(
            f"the times of the frames leave open whether a vibration has {either} {data.frequency_unit}: its frequency "
            "is unknown, and it is left out",
            UserWarning,
            stacklevel=4,
        )
    return alias is None


def _peak(flat: np.ndarray, residual: np.ndarray, frequencies: Sequence[float], k: int, data: Signals) -> Peak:
    """Line `k` with its standard errors."""
    count, fs = len(flat), data.fs
    noise, is_steady = local_noise(residual, round(frequencies[k] * count), data.positions)
    basis, coefs = fit_sines(flat, frequencies, data.positions)
    cosine, sine = coefs[2 * k : 2 * k + 2]
    amplitude = np.hypot(cosine, sine)
    total_ratio = float(np.sqrt(np.square(amplitude / noise).sum()))
    frequency_stderr = sine_crlb(1.0, count, max(total_ratio, 1e-300), fs)[1]
    amplitude_stderr = math.sqrt(2 / count)
    if data.positions is not None:
        frequency_stderr *= math.sqrt(count / 12) / float(np.std(data.positions)) * math.sqrt(count)
        amplitude_stderr = math.sqrt(float(np.diag(np.linalg.pinv(basis.T @ basis))[2 * k : 2 * k + 2].mean()))
    snr = 10 * np.log10(max(np.mean(np.square(amplitude / noise)) * count / 4, 1e-300))

    return Peak(
        frequency=frequencies[k] * fs,
        frequency_stderr=float(frequency_stderr),
        amplitude=data.of_components(amplitude),
        amplitude_stderr=data.of_components(noise * amplitude_stderr),
        phase=data.of_components(np.arctan2(-sine, cosine), is_angle=True),
        snr=float(snr),
        is_steady=is_steady,
        unit=data.unit,
        fs=fs,
        frequency_unit=data.frequency_unit,
    )
