"""Rates of breath and pulse: one frequency in a band, and whether the signal shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vmm.measure.bound import bound_of_line
from vmm.measure.lines import steady
from vmm.measure.peaks import line_at, refined
from vmm.measure.signals import check_band, in_band

_WIDE = 0.1  # Hz on either side of a rate, and of twice it, that count as signal [1]
_HALF = 0.5  # of a line's amplitude, from which one at half of its frequency is the rate and it is the harmonic
_PERIODS = 3.0  # of the lowest rate that the clip must hold


@dataclass(frozen=True)
class Rate:
    """A rate and the waveform that it was read from.

    Attributes
    ----------
    rate, error
        Beats or breaths a minute, and the standard error; NaN where it is not known.
    known
        Whether the signal stands out of the noise.
    reason
        Why not, in a sentence; empty where it is known.
    snr
        Power near the rate and twice the rate over that of the rest of the band, in dB.
    values
        (T,) waveform, limited to the band.
    fs
        Its rate in Hz.
    band
        (low, high) in Hz that was looked in.
    unit
        Of the waveform.
    """

    rate: float
    error: float
    known: bool
    reason: str
    snr: float
    values: np.ndarray
    fs: float
    band: tuple[float, float]
    unit: str = ""


def told(band: tuple[float, float], count: int, fs: float) -> tuple[float, float]:
    """The part of a band that so many samples at a rate can tell of; raises where that is nothing."""
    low, high = max(band[0], _PERIODS * fs / max(count, 1)), min(band[1], fs / 2)
    if low >= high:
        check_band(band, count, fs, _PERIODS)
    return low, high


def rate_of(
    values: np.ndarray, fs: float, band: tuple[float, float], least: float, *, unit: str = "", what: str = "signal"
) -> Rate:
    """Rate of a waveform (T,); refused where its signal over noise is below `least` in dB.

    Of a line and one at half its frequency the lower is the rate where it is at least half as strong. The error is the
    Cramer-Rao bound with the noise measured around the line [2].

    References
    ----------
    .. [1] De Haan, Jeanne: Robust pulse rate from chrominance-based rPPG. IEEE TBME 60(10), 2013.
    .. [2] Rife, Boorstyn: Single-tone parameter estimation from discrete-time observations. 1974.
    """
    check_band(band, len(values), fs, _PERIODS)
    flat = steady(np.asarray(values, dtype=np.float64)[:, None])
    kept = in_band(flat[:, 0], fs, band)
    frequency = _strongest(flat, fs, band)
    waves, errors = line_at(flat, frequency)
    amplitude, noise = float(abs(waves[0])), float(errors[0])
    snr = _snr(flat, frequency * fs, fs, band)
    sigma = noise * math.sqrt(len(values) / 2)
    spread = bound_of_line(max(sigma, 1e-300), len(values), max(amplitude, 1e-300), fs)[1]
    rate, error = 60 * frequency * fs, 60 * spread
    reason = ""
    if not snr >= least:
        where = f"{band[0]:.3g} to {band[1]:.3g} Hz"
        reason = f"the {what} stands {snr:.1f} dB above the rest of {where}, and {least:g} dB are needed"
        rate = error = float("nan")
    return Rate(rate, error, not reason, reason, snr, kept, fs, band, unit)


def _strongest(flat: np.ndarray, fs: float, band: tuple[float, float]) -> float:
    """Frequency in cycles per sample of the rate."""
    low, high = band[0] / fs, band[1] / fs
    size = 4 * len(flat)
    grid = np.fft.rfftfreq(size)
    inside = (grid >= low) & (grid <= high)
    power = np.where(inside, np.abs(np.fft.rfft(flat[:, 0], size)) ** 2, 0)
    best = refined(flat, float(grid[np.argmax(power)]))
    if best / 2 < low:
        return best
    half = refined(flat, best / 2)
    lines = [abs(line_at(flat, frequency)[0][0]) for frequency in (half, best)]
    beside = abs(half - best / 2) < 0.5 / len(flat)
    return half if beside and lines[0] > _HALF * lines[1] else best


def _snr(flat: np.ndarray, frequency: float, fs: float, band: tuple[float, float]) -> float:
    """Power near a frequency and twice it over that of the rest of the band, in dB."""
    size = 4 * len(flat)
    grid = np.fft.rfftfreq(size, 1 / fs)
    power = np.abs(np.fft.rfft(flat[:, 0] * np.hanning(len(flat) + 2)[1:-1], size)) ** 2
    inside = (grid >= band[0]) & (grid <= band[1])
    wide = max(_WIDE, 2 * fs / len(flat))  # Hann's main lobe
    near = inside & ((abs(grid - frequency) <= wide) | (abs(grid - 2 * frequency) <= wide))
    rest = float(power[inside & ~near].sum())
    return float(10 * np.log10(max(float(power[near].sum()), 1e-300) / max(rest, 1e-300)))
