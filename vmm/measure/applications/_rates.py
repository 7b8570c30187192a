"""Rates of pulse and breathing: one frequency in a band, and whether the signal supports it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from vmm.measure.applications._drift import (
    drift_positions,
    expected_frequencies,
    rates_over_time,
    scatter_of_mean,
    swing_of_mean,
)
from vmm.measure.signals._chance import Line, signal_to_noise
from vmm.measure.signals._crlb import frequency_crlb
from vmm.measure.signals._noise_floor import phasor_with_stderr
from vmm.measure.signals._result import Result
from vmm.measure.signals._signal import bandpass, check_band
from vmm.measure.signals._sine_model import refine_frequency
from vmm.measure.signals._windows import detrend

FALSE_ALARM = 0.01
"""False-alarm probability up to which a rate is known."""

_MIN_COVERED, _MIN_SHARE = 2.3, 0.5
"""Periods, and share of the periods of the signal, over which the energy of a rhythm is spread at least. Two movements
rarely cover more than 2.3 periods. Breaths of equal depth cover more than 0.6 of them, those whose depth changes
fivefold about a half, and half of the lines of noise that pass for a rhythm less than 0.55."""

_SURROUNDINGS = 0.3, 2.5
"""Frequencies, relative to the limits of a line, between which the signal shows when the energy of the line comes.
Fewer would smear a short movement, and more would hold drift."""

_SUBHARMONIC = 0.3
"""Amplitude, relative to a peak, from which a peak at a fraction of its frequency is taken for the fundamental. Sharp
pulses have harmonics that are stronger than the fundamental."""

_MAX_HARMONIC = 4
"""Highest harmonic that may be the strongest line of a waveform."""

_MIN_ENERGY = 12.0
"""Energy over noise from which a fundamental that is weaker than a harmonic is accepted. Noise alone reaches it in
about 1 of 10,000 waveforms."""

_MAX_SNR = 60.0
"""Largest signal-to-noise ratio in dB that is stated. The side lobes of the line hide weaker noise."""

MIN_PERIODS = 3.0
"""Periods of the lowest rate that a clip must hold. With fewer, its peak cannot be separated from drift."""


@dataclass(frozen=True, eq=False, repr=False)
class Rate(Result):
    """A rate in events per minute, and the waveform from which it is estimated.

    Attributes
    ----------
    rate, stderr
        Beats or breaths per minute, the mean over the clip, and the standard error. Both are NaN if the rate is not
        known.
    is_known
        Whether the line is too clear to be chance, `p_value` is at most 0.01, and lasts: its energy is spread over
        at least 2.3 periods, and over at least half of the periods in the signal.
    reason
        A sentence that says why the rate is not known, else an empty string.
    p_value
        False-alarm probability: the probability that noise with the same smooth spectrum, of any of the usual colors,
        shows so clear a line anywhere in the band. The smallest value that is stated is 0.0025.
    snr
        Signal-to-noise ratio in dB: the power at the rate and its harmonics in the band, over the power of the noise in
        the band. It is at most 60 dB.
    values
        (T,) waveform, limited to the band.
    fs
        Rate of the waveform in Hz.
    band
        Band (low, high) in Hz in which the rate is searched.
    rate_times, rates, rates_stderr
        (W,) course of the rate over time: the centers in seconds of overlapping intervals of 8 periods, the rates per
        minute there, and their standard errors. Rates that noise hides are NaN. If the rate is not known, they are
        empty.
    unit
        Unit of the waveform.
    """

    rate: float
    stderr: float
    is_known: bool
    reason: str = field(repr=False)
    p_value: float
    snr: float
    values: np.ndarray
    fs: float
    band: tuple[float, float] = field(repr=False)
    rate_times: np.ndarray = field(repr=False)
    rates: np.ndarray = field(repr=False)
    rates_stderr: np.ndarray = field(repr=False)
    unit: str = ""


def resolvable_band(band: tuple[float, float], count: int, fs: float) -> tuple[float, float]:
    """The part of `band` that a signal of `count` samples resolves.

    Raises
    ------
    ValueError
        If there is none.
    """
    low, high = max(band[0], MIN_PERIODS * fs / max(count, 1)), min(band[1], fs / 2)
    if low >= high:
        check_band(band, count, fs, MIN_PERIODS)
    return low, high


def estimate_rate(
    values: np.ndarray,
    line: Line,
    fs: float,
    band: tuple[float, float],
    min_snr: float | None,
    *,
    unit: str = "",
    name: str = "signal",
) -> Rate:
    """Rate of a waveform (T,) from its strongest line.

    The rate is refused if the line may be chance, if a few movements cause it, or if its signal-to-noise ratio is below
    `min_snr` in dB. The standard error is the Cramer-Rao bound [1]_ for the noise that is measured around the line,
    with the changes over time that a linear drift does not explain.

    References
    ----------
    .. [1] Rife, Boorstyn: Single-tone parameter estimation from discrete-time observations. IEEE Transactions on
       Information Theory 20(5), 1974.
    """
    flat = detrend(np.asarray(values, dtype=np.float64)[:, None])
    waveform = bandpass(flat[:, 0], fs, band)
    if line.p_value == 1:
        return _unknown(_reason(1.0, -math.inf, None, band, name), line, -math.inf, waveform, fs, band, unit)
    positions, frequency = drift_positions(flat, line.low, line.high)
    covered, periods = _covered_periods(flat[:, 0], line, frequency), frequency * len(flat)
    lowest, highest = band[0] / fs - 0.5 / len(flat), band[1] / fs
    frequency, frequency_stderr = _fundamental(flat, frequency, positions, lowest)
    centers, frequencies, stderrs = rates_over_time(flat, frequency, positions)
    expected = expected_frequencies(frequency, positions, centers)
    scatter, swing = scatter_of_mean(frequencies, stderrs, expected), swing_of_mean(flat, frequency, positions)
    frequency_stderr = math.hypot(frequency_stderr, scatter, swing)
    width = line.high - line.low
    if positions is None:  # A wide line drifts, even where noise hides how.
        frequency_stderr = math.hypot(frequency_stderr, max(width - 2 / len(flat), 0) / math.sqrt(12))
    lines = [
        (h * frequency - h * width / 2, h * frequency + h * width / 2) for h in range(1, int(highest / frequency) + 1)
    ]
    ratio = signal_to_noise(flat, (band[0] / fs, band[1] / fs), lines)
    snr = min(10 * math.log10(max(ratio, 1e-10)), _MAX_SNR)
    reason = _reason(line.p_value, snr, min_snr, band, name) or _reason_of_movements(covered, periods, name)
    if reason:
        return _unknown(reason, line, snr, waveform, fs, band, unit)
    scale = 60 * fs
    course = centers / fs, scale * frequencies, scale * stderrs
    return Rate(
        scale * frequency, scale * frequency_stderr, True, "", line.p_value, snr, waveform, fs, band, *course, unit
    )


def _unknown(
    reason: str, line: Line, snr: float, waveform: np.ndarray, fs: float, band: tuple[float, float], unit: str
) -> Rate:
    """A rate that is not known."""
    empty, nan = np.zeros(0), math.nan
    return Rate(nan, nan, False, reason, line.p_value, snr, waveform, fs, band, empty, empty, empty, unit)


def _reason(p_value: float, snr: float, min_snr: float | None, band: tuple[float, float], name: str) -> str:
    """Why a rate is not known; an empty string if it is."""
    if p_value > FALSE_ALARM:
        return (
            f"the {name} from {band[0]:.3g} to {band[1]:.3g} Hz may be chance: noise alone shows as clear a rhythm "
            f"with probability {p_value:.2g}, above the limit of {FALSE_ALARM:g}; take a longer clip or a clearer "
            "region"
        )
    if min_snr is not None and snr < min_snr:
        return (
            f"the signal-to-noise ratio of the {name} from {band[0]:.3g} to {band[1]:.3g} Hz is {snr:.1f} dB, "
            f"below the limit of {min_snr:g} dB"
        )
    return ""


def _reason_of_movements(covered: float, periods: float, name: str) -> str:
    """Why a line is no rhythm that lasts; an empty string if it is one."""
    if covered >= max(_MIN_COVERED, _MIN_SHARE * periods):
        return ""
    return (
        f"the {name} comes from a few movements: their energy is spread over {covered:.1f} of {periods:.1f} periods, "
        f"and a rhythm lasts at least {max(_MIN_COVERED, _MIN_SHARE * periods):.1f}; take a longer clip, or a part in "
        "which it lasts"
    )


def _covered_periods(wave: np.ndarray, line: Line, frequency: float) -> float:
    """Periods over which the energy of a line is spread in a waveform (T,): all for a steady line, 1 for a movement."""
    limits = [_SURROUNDINGS[0] * line.low, line.low, line.high, _SURROUNDINGS[1] * line.high]
    spectrum = np.fft.fft(np.concatenate([wave, wave[::-1]]))
    gain = 0.5 - 0.5 * np.cos(np.pi * np.interp(np.fft.fftfreq(len(spectrum)), limits, [0, 1, 1, 0]))
    energy = np.square(np.abs(np.fft.ifft(spectrum * gain)[: len(wave)]))
    return float(energy.sum() ** 2 / max(np.square(energy).sum(), 1e-300)) * frequency


def _fundamental(
    flat: np.ndarray, strongest: float, positions: np.ndarray | None, lowest: float
) -> tuple[float, float]:
    """Frequency of the fundamental in cycles per sample, and its standard error, from that of the strongest line."""
    amplitude, stderr = _amplitude(flat, strongest, positions)
    divisor = 1
    for harmonic in range(2, _MAX_HARMONIC + 1):
        fraction = strongest / harmonic
        if fraction < lowest:
            break
        refined = refine_frequency(flat, fraction, positions=positions)
        size, noise = _amplitude(flat, refined, positions)
        is_strong = size > _SUBHARMONIC * amplitude and size**2 > 2 * _MIN_ENERGY * noise**2
        if abs(refined - fraction) < 0.5 / len(flat) and is_strong:
            divisor = harmonic
    noise = stderr * math.sqrt(len(flat) / 2)
    bound = frequency_crlb(noise, len(flat), amplitude)
    return strongest / divisor, bound / divisor


def _amplitude(flat: np.ndarray, frequency: float, positions: np.ndarray | None) -> tuple[float, float]:
    phasors, stderr = phasor_with_stderr(flat, frequency, positions)
    return float(abs(phasors[0])), float(stderr[0])
