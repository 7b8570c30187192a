"""Spectra of displacement and other signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.measure.lines import window
from vmm.measure.signals import signals

KINDS = ("amplitude", "density")


@dataclass(frozen=True)
class Spectrum:
    """Spectrum of one or more signals.

    Attributes
    ----------
    frequencies
        (F,) in Hz.
    values
        (F, ...) peak amplitude of a sine at each frequency, or spectral density of the power.
    fs
        Rate of the signals in Hz.
    unit
        Of the values: that of the signals, or its square per Hz.
    kind
        "amplitude" or "density".
    freedom
        Degrees of freedom of the chi-square that a value's power follows where the signals are noise.
    bandwidth
        Width in Hz of a filter without flanks that passes as much noise as the window.
    """

    frequencies: np.ndarray
    values: np.ndarray
    fs: float
    unit: str
    kind: str
    freedom: float
    bandwidth: float


def spectrum(
    values: Any, *, fs: float | None = None, kind: str = "amplitude", segments: int = 8, average: bool = False
) -> Spectrum:
    """Spectrum of signals by Welch's method: half-overlapping segments, each less its trend, under a Hann window.

    Parameters
    ----------
    values
        Signals (T, ...), or a result such as that of ``displacement``, whose rate, unit and errors are then used.
    fs
        Rate in Hz; by default that of the result, else 1, so that frequencies are in cycles per sample.
    kind
        ``"amplitude"``: the peak amplitude of a sine at each frequency, in the unit of the signals; noise shows the
        lower the fewer the segments. ``"density"``: power per Hz, which does not depend on the segments.
    segments
        Number of segments that the time is divided into: more make noise more even and lines broader. 1 is the
        periodogram of the whole.
    average
        Average the power over axis 1, the regions, weighted by the inverse square of their errors where these are
        known; regions whose displacement is not known are left out.

    Returns
    -------
    Spectrum
        Its values are (F, ...), or with `average` (F, ...) without the axis of the regions.

    Raises
    ------
    ValueError
        Where kind or fs is out of range, or segments hold fewer than 16 samples.
    TypeError
        Where signals are not real numbers.

    References
    ----------
    .. [1] Welch: The use of fast Fourier transform for the estimation of power spectra. IEEE Transactions on Audio and
       Electroacoustics 15(2), 1967.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = 0.2 * np.sin(2 * np.pi * 5 * np.arange(480) / 240)
    >>> found = vmm.measure.spectrum(wave, fs=240, segments=1)
    >>> float(found.frequencies[found.values.argmax()]), float(found.values.max().round(3)), found.unit
    (5.0, 0.2, 'px')
    """
    import scipy.signal

    data = signals(values, fs)
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(KINDS)}")
    length = _length(len(data.values), segments)
    shape = window(length)
    known = np.isfinite(data.values).all(axis=0)
    frequencies, power = scipy.signal.welch(
        np.where(known, data.values, 0),
        data.fs,
        window=shape,
        nperseg=length,
        noverlap=length // 2,
        detrend="linear",
        scaling="density" if kind == "density" else "spectrum",
        axis=0,
    )
    power = np.where(known, power, np.nan)
    if average:
        power = _averaged(power, data.weights.reshape(data.values.shape[1:]))
    unit = data.unit or "px"
    if kind == "density":
        unit = f"{unit}²/Hz"
    else:
        power = np.sqrt(2 * power)
        power[0] /= np.sqrt(2)
    bandwidth = float(data.fs * np.square(shape).sum() / shape.sum() ** 2)
    freedom = 2 * _averages(shape, (len(data.values) - length // 2) // (length - length // 2))
    return Spectrum(frequencies, power, data.fs, unit, kind, freedom, bandwidth)


def _length(count: int, segments: int) -> int:
    """Samples of a segment."""
    length = int(2 * count / (segments + 1)) if segments >= 1 else 0
    if length < 16:
        most = max(1, count // 8 - 1)
        raise ValueError(f"segments={segments} must lie in 1 to {most}: {count} samples are divided into them")
    return length


def _averaged(power: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Power (F, R, ...) averaged over the regions with weights (R, ...)."""
    if power.ndim < 2:
        raise ValueError("average=True needs signals (T, R, ...): their second axis is averaged over")
    total = weights.sum(axis=0)
    sums = np.where(weights > 0, power, 0) * weights
    with np.errstate(invalid="ignore"):
        averaged: np.ndarray = sums.sum(axis=1) / np.where(total > 0, total, np.nan)
    return averaged


def _averages(shape: np.ndarray, count: int) -> float:
    """How many independent periodograms so many half-overlapping ones under a window are worth."""
    half = len(shape) // 2
    alike = float((shape[half : 2 * half] @ shape[:half] / (shape @ shape)) ** 2)
    return count / (1 + 2 * (count - 1) / count * alike)
