"""Velocity and acceleration from displacement, and displacement from an accelerometer."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import Any

import numpy as np

from vmm.measure.signals import Signals, signals

_ORDER = 4  # of the Butterworth high-pass whose squared gain is applied
_NAMES = {1: "/s", 2: "/s²"}


def velocity(values: Any, *, fs: float | None = None, highest: float | None = None) -> Any:
    """Velocity, by differentiation in the frequency domain.

    Parameters
    ----------
    values
        Displacement (T, ...), or a result such as that of ``displacement``.
    fs
        Rate in Hz; by default that of the result, else 1.
    highest
        Frequency in Hz above which nothing is kept: differentiation makes noise grow with frequency. All by default.

    Returns
    -------
    ndarray or the kind of result that was given
        Velocity (T, ...) in the unit per second; of a result the unit and the errors are changed as well. Before the
        first and behind the last sample the signal is continued by its image in that sample, so that the first and
        last few samples are less sure.

    Raises
    ------
    ValueError
        Where fs or highest is out of range.
    TypeError
        Where signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 5 * np.arange(480) / 240)
    >>> float(vmm.measure.velocity(wave, fs=240)[100:-100].max().round(2))  # 2 pi 5
    31.42
    """
    return _differentiated(values, fs, highest, 1)


def acceleration(values: Any, *, fs: float | None = None, highest: float | None = None) -> Any:
    """Acceleration, by differentiation in the frequency domain.

    Parameters
    ----------
    values, fs, highest
        As in ``velocity``.

    Returns
    -------
    ndarray or the kind of result that was given
        Acceleration (T, ...) in the unit per second squared.

    Raises
    ------
    ValueError, TypeError
        As in ``velocity``.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 5 * np.arange(480) / 240)
    >>> float(vmm.measure.acceleration(wave, fs=240)[100:-100].max().round())  # (2 pi 5) squared
    987.0
    """
    return _differentiated(values, fs, highest, 2)


def integrate(values: Any, *, fs: float | None = None, highpass: float, times: int = 2) -> np.ndarray:
    """Displacement from an accelerometer, or velocity: integrals with a high-pass without delay.

    What integration makes of the sensor's drift grows without bound, therefore slow parts are taken out.

    Parameters
    ----------
    values
        Acceleration (T, ...).
    fs
        Rate of the sensor in Hz.
    highpass
        Frequency in Hz at which half of the amplitude passes; below it falls with the eighth power.
    times
        2 for displacement, 1 for velocity.

    Returns
    -------
    ndarray
        (T, ...) in the unit of the values times seconds, or times seconds squared.

    Raises
    ------
    ValueError
        Where fs, highpass or times is out of range.
    TypeError
        Where signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 5 * np.arange(4800) / 240)
    >>> moved = vmm.measure.integrate(-((2 * np.pi * 5) ** 2) * wave, fs=240, highpass=1)
    >>> bool(abs(moved - wave)[480:-480].max() < 0.01)
    True
    """
    data = signals(values, fs)
    if times not in (1, 2):
        raise ValueError(f"times={times} must be 1 (velocity) or 2 (displacement)")
    if not 0 < highpass < data.fs / 2:
        raise ValueError(f"highpass={highpass} must lie inside (0, fs/2) = (0, {data.fs / 2:g}) Hz")
    spectrum, frequencies, cut = _continued(data)
    safe = np.maximum(frequencies, 1e-3 * highpass)
    gain = 1 / (1 + (highpass / safe) ** (2 * _ORDER))
    return cut(spectrum * gain / (2j * np.pi * safe) ** times)


def _differentiated(values: Any, fs: float | None, highest: float | None, order: int) -> Any:
    data = signals(values, fs)
    top = data.fs / 2 if highest is None else highest
    if not 0 < top <= data.fs / 2:
        raise ValueError(f"highest={highest} must lie inside (0, fs/2] = (0, {data.fs / 2:g}] Hz")
    spectrum, frequencies, cut = _continued(data)
    factor = (2j * np.pi * frequencies) ** order * (frequencies <= top)
    changed = cut(spectrum * factor, data.fs if order == 1 else 0.0)
    if not is_dataclass(values) or isinstance(values, type):
        return changed
    fresh: dict[str, Any] = {"values": changed, "unit": data.unit + _NAMES[order]}
    if data.error is not None:  # white noise after the same factor
        fresh["error"] = data.error * float(np.sqrt(np.mean(np.abs(factor) ** 2)))
    return replace(values, **fresh)


def _continued(data: Signals) -> tuple[np.ndarray, np.ndarray, Any]:
    """Spectrum (F, ...) of signals continued by their image in the end samples, its frequencies, and the way back.

    The continued signal, less the line through its ends, is periodic in value and slope; the way back adds a multiple
    of that line's slope.
    """
    values = np.where(np.isfinite(data.values), data.values, 0)
    count, trailing = len(values), (1,) * (values.ndim - 1)
    before, after = 2 * values[:1] - values[:0:-1], 2 * values[-1:] - values[-2::-1]
    whole = np.concatenate([before, values, after])
    total = len(whole)
    slope = (whole[-1] - whole[0]) / (total - 1)
    line = np.arange(total).reshape(-1, *trailing) * slope
    spectrum = np.fft.rfft(whole - line, axis=0)
    frequencies = np.fft.rfftfreq(total, 1 / data.fs).reshape(-1, *trailing)

    def cut(changed: np.ndarray, times: float = 0.0) -> np.ndarray:
        back = np.fft.irfft(changed, total, axis=0)[count - 1 : 2 * count - 1] + times * slope
        return np.where(np.isfinite(data.values), back, np.nan)

    return spectrum, frequencies, cut
