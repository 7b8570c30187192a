"""Rates of pulse and breathing: one frequency in a band, and whether the signal supports it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from vmm.measure.signals._crlb import sine_crlb
from vmm.measure.signals._noise_floor import phasor_with_stderr
from vmm.measure.signals._result import Result
from vmm.measure.signals._signal import bandpass, check_band
from vmm.measure.signals._sine_model import refine_frequency
from vmm.measure.signals._windows import detrend, hann

_SIGNAL_WIDTH = 0.1
"""Half width in Hz of the bands around the rate and its second harmonic that count as signal, as in [1] of
``estimate_rate``."""

_SUBHARMONIC = 0.5
"""Amplitude, relative to a peak, from which a peak at half its frequency is taken for the fundamental."""

_MIN_PERIODS = 3.0
"""Periods of the lowest rate that a clip must hold. With fewer, its peak cannot be separated from drift."""


@dataclass(frozen=True, eq=False, repr=False)
class Rate(Result):
    """A rate in events per minute, and the waveform from which it is estimated.

    Attributes
    ----------
    rate, stderr
        Beats or breaths per minute, and the standard error. Both are NaN if the rate is not known.
    is_known
        Whether the signal-to-noise ratio reaches the limit.
    reason
        A sentence that says why the rate is not known, else an empty string.
    snr
        Signal-to-noise ratio in dB: the power near the rate and its second harmonic, over the rest of the band.
    values
        (T,) waveform, limited to the band.
    fs
        Rate of the waveform in Hz.
    band
        Band (low, high) in Hz in which the rate is searched.
    unit
        Unit of the waveform.
    """

    rate: float
    stderr: float
    is_known: bool
    reason: str = field(repr=False)
    snr: float
    values: np.ndarray
    fs: float
    band: tuple[float, float]
    unit: str = ""


def resolvable_band(band: tuple[float, float], count: int, fs: float) -> tuple[float, float]:
    """The part of `band` that a signal of `count` samples resolves.

    Raises
    ------
    ValueError
        If there is none.
    """
    low, high = max(band[0], _MIN_PERIODS * fs / max(count, 1)), min(band[1], fs / 2)
    if low >= high:
        check_band(band, count, fs, _MIN_PERIODS)
    return low, high


def estimate_rate(
    values: np.ndarray, fs: float, band: tuple[float, float], min_snr: float, *, unit: str = "", name: str = "signal"
) -> Rate:
    """Rate of a waveform (T,). It is refused if the signal-to-noise ratio is below `min_snr` in dB.

    If a peak at half the frequency of the strongest one is at least half as strong, it is taken for the fundamental.
    The standard error is the Cramer-Rao bound [2]_ for the noise that is measured around the peak.

    References
    ----------
    .. [1] De Haan, Jeanne: Robust pulse rate from chrominance-based rPPG. IEEE TBME 60(10), 2013.
    .. [2] Rife, Boorstyn: Single-tone parameter estimation from discrete-time observations. IEEE Transactions on
       Information Theory 20(5), 1974.
    """
    count = len(values)
    check_band(band, count, fs, _MIN_PERIODS)
    flat = detrend(np.asarray(values, dtype=np.float64)[:, None])
    frequency = _fundamental(flat, fs, band)
    phasors, amplitude_stderr = phasor_with_stderr(flat, frequency)
    noise = float(amplitude_stderr[0]) * math.sqrt(count / 2)
    frequency_stderr = sine_crlb(max(noise, 1e-300), count, max(float(abs(phasors[0])), 1e-300), fs)[1]
    rate, stderr, reason = 60 * frequency * fs, 60 * frequency_stderr, ""
    snr = _snr(flat, frequency * fs, fs, band)
    if not snr >= min_snr:
        reason = (
            f"the signal-to-noise ratio of the {name} from {band[0]:.3g} to {band[1]:.3g} Hz is {snr:.1f} dB, "
            f"below the limit of {min_snr:g} dB"
        )
        rate = stderr = float("nan")
    return Rate(rate, stderr, not reason, reason, snr, bandpass(flat[:, 0], fs, band), fs, band, unit)


def _fundamental(flat: np.ndarray, fs: float, band: tuple[float, float]) -> float:
    """Frequency of the fundamental in cycles per sample."""
    low, high = band[0] / fs, band[1] / fs
    size = 4 * len(flat)
    bins = np.fft.rfftfreq(size)
    in_band = (bins >= low) & (bins <= high)
    power = np.where(in_band, np.abs(np.fft.rfft(flat[:, 0], size)) ** 2, 0)
    strongest = refine_frequency(flat, float(bins[np.argmax(power)]))
    if strongest / 2 < low:
        return strongest
    half = refine_frequency(flat, strongest / 2)
    amplitudes = [abs(phasor_with_stderr(flat, frequency)[0][0]) for frequency in (half, strongest)]
    is_subharmonic = abs(half - strongest / 2) < 0.5 / len(flat)
    return half if is_subharmonic and amplitudes[0] > _SUBHARMONIC * amplitudes[1] else strongest


def _snr(flat: np.ndarray, frequency: float, fs: float, band: tuple[float, float]) -> float:
    """Power near a frequency and its second harmonic, over the power in the rest of the band, in dB."""
    size = 4 * len(flat)
    bins = np.fft.rfftfreq(size, 1 / fs)
    power = np.abs(np.fft.rfft(flat[:, 0] * hann(len(flat)), size)) ** 2
    in_band = (bins >= band[0]) & (bins <= band[1])
    width = max(_SIGNAL_WIDTH, 2 * fs / len(flat))  # at least the main lobe of a Hann window
    near = in_band & ((abs(bins - frequency) <= width) | (abs(bins - 2 * frequency) <= width))
    signal, noise = float(power[near].sum()), float(power[in_band & ~near].sum())
    return float(10 * np.log10(max(signal, 1e-300) / max(noise, 1e-300)))
