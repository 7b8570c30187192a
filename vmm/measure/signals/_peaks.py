"""Peaks of the spectra of signals: frequencies and amplitudes, each with its standard error."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.engine.times import CLOCK_UNCERTAINTY
from vmm.measure.signals._background import Background
from vmm.measure.signals._codec_rhythm import MAX_CODEC_MOTION, follows_codec, key_rates
from vmm.measure.signals._harmonics import Harmonic, harmonic
from vmm.measure.signals._joint_fit import changes, line_errors
from vmm.measure.signals._noise_floor import local_noise
from vmm.measure.signals._result import Result
from vmm.measure.signals._sampling import bin_frequencies, highest_frequency
from vmm.measure.signals._search import PRECISION, alias_of, search_with_background, without_others
from vmm.measure.signals._signal import Signals, SignalsLike, as_signals, check_band
from vmm.measure.signals._sine_model import fit_sines
from vmm.measure.signals._text import frequency_text
from vmm.measure.signals._windows import MIN_PERIODS, detrend, without

NOT_STEADY = "its amplitude or frequency changes during the clip, or another line is less than 2.5 bins of fs/T away"
"""Reason of a peak with more power next to it than noise explains."""

FEW_PERIODS = "the clip holds fewer than 2 periods of it, so that drift changes its frequency and amplitude"
"""Reason of a slow peak."""

_CERTAIN_PERIODS = 2.0
"""Periods in the clip from which the standard errors hold: a linear trend takes a large part of slower sines."""


@dataclass(frozen=True, eq=False, repr=False)
class Peak(Result):
    """A peak in the spectrum of signals: one sine.

    Attributes
    ----------
    frequency, frequency_stderr
        Frequency in Hz and its standard error from noise; in cycles/frame if the rate is not known: see
        `frequency_unit`.
    clock_stderr
        Standard error of the frequency from the uncertainty of `fs`, in Hz. It is the same relative error for all
        frequencies that one camera measures, and it is not part of `frequency_stderr`.
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
    reason
        Why the frequency and the amplitude are less certain than usual: the peak is not steady, or the signals hold
        fewer than 2 periods of it. It is empty for a sound peak.
    unit
        Unit of the amplitude. It is empty if the signals have no unit.
    fs
        Rate of the signals in Hz, or 1 if it is not known.
    frequency_unit
        ``"Hz"``, or ``"cycles/frame"`` if the rate is not known.
    is_codec_rhythm
        Whether the video codec may cause the peak: it is weak, or not the only one, at the multiples of the rate of its
        key frames.
    harmonic
        ``(order, of, is_aliased)`` if the peak is a harmonic of a stronger one with the frequency ``of``; else None. An
        aliased harmonic is above fs/2 and is observed at another frequency.
    names
        Names of the regions whose displacement the signals are, if they were given; else empty.
    direction
        (R, 2) as in ``RegionSignal``: unit vectors of regions whose displacement is known in one direction only, NaN
        for others; None if the signals have none.
    """

    frequency: float
    frequency_stderr: float
    clock_stderr: float = field(repr=False)
    amplitude: np.ndarray
    amplitude_stderr: np.ndarray = field(repr=False)
    phase: np.ndarray = field(repr=False)
    snr: float
    is_steady: bool = field(repr=False)
    unit: str
    fs: float = field(repr=False)
    frequency_unit: str = "Hz"
    is_codec_rhythm: bool = field(default=False, repr=False)
    reason: str = field(default="", repr=False)
    harmonic: Harmonic | None = field(default=None, repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    direction: np.ndarray | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """The frequency with its standard errors, such as 64.041 +- 0.0006 (noise) +- 0.0064 (clock 1e-4) Hz."""
        return frequency_text(self.frequency, self.frequency_stderr, self.clock_stderr, self.frequency_unit)

    @property
    def along(self) -> np.ndarray:
        """Amplitude (R,) along `direction`; NaN for regions without one."""
        return self._along(self.amplitude)

    @property
    def along_stderr(self) -> np.ndarray:
        """Standard error (R,) of `along`."""
        return self._along(self.amplitude_stderr)

    def _along(self, amplitude: np.ndarray) -> np.ndarray:
        """Amplitudes (R,) along `direction` whose components have these amplitudes (R, 2)."""
        if self.direction is None:
            return np.full(amplitude.shape[:1], np.nan)
        regions, larger = np.arange(len(self.direction)), np.abs(self.direction).argmax(axis=1)
        along: np.ndarray = amplitude[regions, larger] / np.abs(self.direction[regions, larger])
        return along

    @property
    def is_reliable(self) -> bool:
        """Whether frequency and amplitude are as certain as their standard errors state: `reason` is empty."""
        return not self.reason


@checks_arguments
def peaks(
    values: SignalsLike,
    *,
    fs: float | None = None,
    band: tuple[float, float] | None = None,
    max_peaks: int = 8,
    false_alarm: float = 0.01,
    fs_uncertainty: float = CLOCK_UNCERTAINTY,
) -> list[Peak]:
    """Peaks that exceed the noise floor of signals, each with its frequency, amplitude and their standard errors.

    The periodograms of all signals, each divided by its noise level, are averaged, and a running median estimates the
    floor. The ratio of noise to its floor follows an F distribution, which gives the threshold. The strongest peak
    above it is refined by the maximum-likelihood estimate of its frequency [1]_ and removed from the signals, and the
    search is repeated, so that side lobes of a strong peak are not taken for peaks. Finally, all peaks are fitted
    together. If the signals show a slow wander, polynomials of the time are fitted with the peaks; if the power of the
    noise falls with the frequency, as that of flicker noise or of a random walk, the floor falls as well. Signals of
    unevenly spaced frames are analyzed at their true times.

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
        Relative standard uncertainty of `fs`, in [0, 1), which gives `clock_stderr`; 0 is an exact rate. The default,
        1e-4, suits a camera with an ordinary quartz oscillator, whose rate is specified to 20 to 100 parts per million;
        1e-3 suits a rounded rate such as 30 for 29.97 Hz. A rate of 1 cycle/frame is exact.

    Returns
    -------
    list of Peak
        The peaks, the strongest first, and last those that the video codec may cause. Standard errors are Cramer-Rao
        bounds [1]_ of the joint fit, for the noise that is measured around each peak. Far from other peaks they are
        ``sigma sqrt(2/T)`` for an amplitude A, and ``sqrt(6) fs / (pi T^1.5)`` divided by the root of the sum of
        ``(A / sigma)^2`` over the signals for the frequency. Two peaks closer than about 2.5 bins of fs/T may
        appear as one, which is then not steady.

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
    check_fs_uncertainty(fs_uncertainty)
    if band is not None:
        check_band(band, count, data.fs, 1.0, data.nyquist)
    if not data.usable.any():
        raise ValueError("all signals are unknown or constant: choose other regions")
    flat = detrend(data.flat[:, data.usable], data.positions)
    bins, highest = bin_frequencies(count, data.positions), highest_frequency(data.positions)
    low, high = (MIN_PERIODS / count, highest) if band is None else (band[0] / data.fs, band[1] / data.fs)
    in_band = (bins >= low - 0.5 / count) & (bins <= high + 0.5 / count) & (bins > 0)
    frequencies, background = search_with_background(flat, in_band, max_peaks, false_alarm, data.positions)
    if background.trend is not None:
        flat = without(flat, background.trend)
    detected = [
        peak
        for peak in _peaks(flat, frequencies, background, data)
        if band is not None or peak.frequency * count >= MIN_PERIODS * data.fs
    ]
    if data.positions is not None:
        detected = _unique(flat, detected, background, data, false_alarm)
    relative = fs_uncertainty if data.time_unit == "s" else 0.0
    names = tuple(getattr(values, "names", ()))
    labels: dict[str, Any] = {"names": names, "direction": data.direction}
    detected = [replace(peak, clock_stderr=relative * peak.frequency, **labels) for peak in detected]
    detected = sorted(_with_codec_rhythm(detected, data), key=lambda peak: (peak.is_codec_rhythm, -peak.snr))
    return _with_harmonics(detected, data.fs / count)


def check_fs_uncertainty(fs_uncertainty: float) -> None:
    """Raise unless the relative uncertainty of the rate is in [0, 1)."""
    if not 0 <= fs_uncertainty < 1:
        raise ValueError(f"fs_uncertainty={fs_uncertainty} must lie in [0, 1): the relative uncertainty of fs")


def _with_harmonics(detected: list[Peak], bin_width: float) -> list[Peak]:
    """The peaks, the strongest first, with their relation to stronger ones."""
    out: list[Peak] = []
    for peak in detected:
        roots = [(root.frequency, root.frequency_stderr) for root in out if root.harmonic is None]
        relation = harmonic(peak.frequency, peak.frequency_stderr, roots, peak.fs, bin_width)
        out.append(replace(peak, harmonic=relation))
    return out


def _with_codec_rhythm(detected: list[Peak], data: Signals) -> list[Peak]:
    """The peaks, with `is_codec_rhythm` set for those that the codec may cause."""
    frequencies, stderrs = ([getattr(peak, name) for peak in detected] for name in ("frequency", "frequency_stderr"))
    amplitudes = [float(np.nanmax(peak.amplitude)) for peak in detected]
    bin_width, limit = data.fs / len(data.values), MAX_CODEC_MOTION if data.unit == "px" else None
    is_rhythm = np.zeros(len(detected), bool)
    for rate in key_rates(data.key_rate, data.fs):
        is_rhythm |= follows_codec(frequencies, stderrs, amplitudes, rate, bin_width, limit)
    return [replace(peak, is_codec_rhythm=bool(part)) for peak, part in zip(detected, is_rhythm, strict=True)]


def _unique(
    flat: np.ndarray, detected: list[Peak], background: Background, data: Signals, false_alarm: float
) -> list[Peak]:
    """The peaks about whose frequency uneven samples leave no doubt; warn of the others."""
    positions: Any = data.positions
    frequencies = [peak.frequency / data.fs for peak in detected]
    everywhere = bin_frequencies(len(flat), positions) * len(flat) >= MIN_PERIODS
    unique = []
    for k, peak in enumerate(detected):
        noise = peak.amplitude_stderr.ravel()[data.usable] * math.sqrt(len(flat) / 2)
        alone = without_others(flat, frequencies, k, positions, background.trend)
        alias = alias_of(alone, frequencies[k], noise, everywhere, positions, false_alarm)
        if alias is None:
            unique.append(peak)
            continue
        either = " or ".join(f"{data.fs * frequency:.4g}" for frequency in sorted((frequencies[k], alias)))
        warnings.warn(
            f"the times of the frames leave open whether a vibration has {either} {data.frequency_unit}: its frequency "
            "is unknown, and it is left out",
            UserWarning,
            stacklevel=4,
        )
    return unique


def _peaks(flat: np.ndarray, frequencies: Sequence[float], background: Background, data: Signals) -> list[Peak]:
    """The peaks at these frequencies in cycles per sample, with their standard errors."""
    if not frequencies:
        return []
    count, fs, positions = len(flat), data.fs, data.positions
    basis, coefs = fit_sines(flat, frequencies, positions, background.trend)
    precision = math.sqrt(PRECISION * float(flat.var()))
    residual = flat - basis @ coefs
    floors = [_noise(residual, basis, frequency, background, positions, precision) for frequency in frequencies]
    noise, is_steady = np.array([level for level, _ in floors]), [part for _, part in floors]
    frequency_stderr, amplitude_stderr = line_errors(basis, coefs, noise, frequencies, positions, background.trend)
    cosines, sines = coefs[::2], coefs[1::2]
    amplitude = np.hypot(cosines, sines)
    snr = 10 * np.log10(np.maximum(np.square(amplitude / noise).mean(axis=1) * count / 4, 1e-300))

    return [
        Peak(
            frequency=frequency * fs,
            frequency_stderr=float(frequency_stderr[k]) * fs,
            clock_stderr=0.0,
            amplitude=data.of_components(amplitude[k]),
            amplitude_stderr=data.of_components(amplitude_stderr[k]),
            phase=data.of_components(np.arctan2(-sines[k], cosines[k]), is_angle=True),
            snr=float(snr[k]),
            is_steady=is_steady[k],
            unit=data.unit,
            fs=fs,
            frequency_unit=data.frequency_unit,
            reason=_reason(frequency * count, is_steady[k]),
        )
        for k, frequency in enumerate(frequencies)
    ]


def _noise(
    residual: np.ndarray,
    basis: np.ndarray,
    frequency: float,
    background: Background,
    positions: np.ndarray | None,
    precision: float,
) -> tuple[np.ndarray, bool]:
    """Noise (N,) of a line, with the power of its changes if it is not steady, and whether it is steady."""
    noise, is_steady = local_noise(residual, round(frequency * len(residual)), positions, background.shape)
    noise = np.maximum(noise, precision)
    is_changing, ratio = changes(residual, basis, frequency, noise, positions, background.trend)
    return noise * math.sqrt(max(ratio, 1) if is_changing else 1), is_steady and not is_changing


def _reason(periods: float, is_steady: bool) -> str:
    """Why a peak is less certain than usual; empty if it is not."""
    return FEW_PERIODS if periods < _CERTAIN_PERIODS else "" if is_steady else NOT_STEADY
