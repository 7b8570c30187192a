"""Amplitude spectrum and power spectral density."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.measure.signals._resampling import evenly_sampled
from vmm.measure.signals._result import Result, density_unit
from vmm.measure.signals._signal import SignalsLike, as_signals
from vmm.measure.signals._windows import hann

Kind = Literal["amplitude", "density"]

_MIN_SEGMENT = 16
"""Samples below which a segment is refused: the main lobe of its window would cover most of the spectrum."""


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum(Result):
    """Spectrum of one or more signals.

    Attributes
    ----------
    frequencies
        (F,) in Hz, or in cycles/frame if the rate is not known: see `frequency_unit`.
    values
        (F, ...) peak amplitude of a sine at each frequency, or power spectral density.
    fs
        Rate of the signals in Hz, or 1 if it is not known.
    unit
        Unit of the values: the unit of the signals, or its square per Hz. It is empty if the signals have no unit.
    kind
        ``"amplitude"`` or ``"density"``.
    dof
        Degrees of freedom: for a noise signal, each power follows a chi-square distribution with this parameter.
    enbw
        Equivalent noise bandwidth of the window in Hz.
    frequency_unit
        ``"Hz"``, or ``"cycles/frame"`` if the rate is not known.
    names
        Names (R,) of the regions; empty if they have none, or if the spectrum is an average over regions.
    """

    frequencies: np.ndarray
    values: np.ndarray
    fs: float = field(repr=False)
    unit: str
    kind: Kind
    dof: float = field(repr=False)
    enbw: float = field(repr=False)
    frequency_unit: str = "Hz"
    names: tuple[str, ...] = field(default=(), repr=False)


@checks_arguments
def spectrum(
    values: SignalsLike, *, fs: float | None = None, kind: Kind = "amplitude", segments: int = 1, average: bool = False
) -> Spectrum:
    """Spectrum of signals by Welch's method, with half-overlapping segments and a Hann window.

    The method is that of Welch [1]_. Each segment is detrended. The default, one segment, is the windowed periodogram
    of the whole signal. It has the finest frequency resolution, ``fs / T``, and suits the peaks of vibrations; more
    segments suit a smooth spectrum of noise. Unevenly sampled signals are resampled first, their sines by least squares
    at the true times; the spectrum then reaches up to half the rate at the shortest usual interval.

    Parameters
    ----------
    values
        Signals (T, ...), or a result such as that of ``displacement``, whose rate, unit and standard errors are used.
    fs
        Rate in Hz. The default is the rate of the result; without any, frequencies are in cycles/frame.
    kind
        ``"amplitude"`` gives the peak amplitude of a sine at each frequency, in the unit of the signals. ``"density"``
        gives the power spectral density, in which the level of noise does not depend on the number of segments.
    segments
        Number of segments, at least 1. More segments reduce the variance of noise and widen peaks. The default is 1.
    average
        Whether to average the power over axis 1, the regions, with the inverse variances as weights. Unobservable
        regions are left out. The default is False.

    Returns
    -------
    Spectrum
        Its values have shape (F, ...). With `average` the axis of the regions is missing.

    Raises
    ------
    ValueError
        If `kind` or `fs` is out of range, or a segment holds fewer than 16 samples.
    TypeError
        If the signals are not real numbers.

    References
    ----------
    .. [1] Welch: The use of fast Fourier transform for the estimation of power spectra. IEEE Transactions on Audio and
       Electroacoustics 15(2), 1967.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = 0.2 * np.sin(2 * np.pi * 5 * np.arange(480) / 240)
    >>> spectrum = vmm.measure.spectrum(wave, fs=240)
    >>> float(spectrum.frequencies[spectrum.values.argmax()]), float(spectrum.values.max().round(3))
    (5.0, 0.2)
    """
    import scipy.signal

    data = evenly_sampled(as_signals(values, fs))
    if kind not in get_args(Kind):
        raise ValueError(f"kind={kind!r} must be one of {', '.join(get_args(Kind))}")
    length = _segment_length(len(data.values), segments)
    window = hann(length)
    is_known = np.isfinite(data.values).all(axis=0)
    frequencies, power = scipy.signal.welch(
        np.where(is_known, data.values, 0),
        data.fs,
        window=window,
        nperseg=length,
        noverlap=length // 2,
        detrend="linear",
        scaling="density" if kind == "density" else "spectrum",
        axis=0,
    )
    power = np.where(is_known, power, np.nan)
    if average:
        power = _average(power, data.weights.reshape(data.values.shape[1:]))
    unit = data.unit
    if kind == "density":
        unit = density_unit(unit, data.time_unit)
    else:
        power = np.sqrt(2 * power)
        power[0] /= np.sqrt(2)
    enbw = float(data.fs * np.square(window).sum() / window.sum() ** 2)
    names = () if average else tuple(getattr(values, "names", ()))
    dof = 2 * _independent_segments(window, (len(data.values) - length // 2) // (length - length // 2))
    return Spectrum(frequencies, power, data.fs, unit, kind, dof, enbw, data.frequency_unit, names)


def _segment_length(count: int, segments: int) -> int:
    """Samples of a segment."""
    length = int(2 * count / (segments + 1)) if segments >= 1 else 0
    if length < _MIN_SEGMENT:
        limit = max(1, 2 * count // _MIN_SEGMENT - 1)
        raise ValueError(f"segments={segments} must lie in 1 to {limit}: {count} samples are divided into them")
    return length


def _average(power: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Power (F, R, ...) averaged over the regions with weights (R, ...)."""
    if power.ndim < 2:
        raise ValueError("average=True needs signals (T, R, ...): it averages over their second axis")
    total = weights.sum(axis=0)
    sums = np.where(weights > 0, power, 0) * weights
    with np.errstate(invalid="ignore"):
        mean: np.ndarray = sums.sum(axis=1) / np.where(total > 0, total, np.nan)
    return mean


def _independent_segments(window: np.ndarray, count: int) -> float:
    """Number of independent periodograms with the same variance as `count` half-overlapping ones."""
    half = len(window) // 2
    correlation = float((window[half : 2 * half] @ window[:half] / (window @ window)) ** 2)
    return count / (1 + 2 * (count - 1) / count * correlation)
