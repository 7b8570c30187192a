"""Velocity and acceleration from displacement, and displacement from an accelerometer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass, replace
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike

from vmm.backend.arguments import checks_arguments
from vmm.measure.signals._resampling import back_to_positions, evenly_sampled
from vmm.measure.signals._result import derivative_unit
from vmm.measure.signals._signal import HasValues, Quantity, Signals, SignalsLike, as_signals

_QUANTITIES: tuple[Quantity, ...] = ("displacement", "velocity", "acceleration")

Measured = TypeVar("Measured", bound=HasValues)
"""A result with signals, such as ``RegionSignal``."""

_HIGHPASS_ORDER = 4
"""Order of the Butterworth high-pass filter whose squared magnitude is the gain: it suppresses drift that the double
integration amplifies by 1/f^2, with a slope of f^8."""


@overload
def velocity(values: Measured, *, fs: float | None = None, cutoff: float | None = None) -> Measured: ...
@overload
def velocity(values: ArrayLike, *, fs: float | None = None, cutoff: float | None = None) -> np.ndarray: ...
@checks_arguments
def velocity(values: ArrayLike | HasValues, *, fs: float | None = None, cutoff: float | None = None) -> Any:
    """Velocity, by differentiation in the frequency domain.

    Parameters
    ----------
    values
        Displacement (T, ...), or a result such as that of ``displacement``.
    fs
        Rate in Hz. The default is the rate of the result; without any, time is in frames.
    cutoff
        Frequency in Hz, in (0, fs/2], above which everything is removed. Differentiation amplifies noise in proportion
        to frequency. The default is fs/2: nothing is removed.

    Returns
    -------
    ndarray or result
        Velocity (T, ...). For a result it is a result of the same class, with its quantity, unit and standard errors
        changed. The signal is extended by odd extension at both ends (as in ``scipy.signal.filtfilt``), so that the
        first and last few samples are less accurate.

    Raises
    ------
    ValueError
        If `fs` or `cutoff` is out of range, or the result is not a displacement.
    TypeError
        If the signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 5 * np.arange(480) / 240)
    >>> float(vmm.measure.velocity(wave, fs=240)[100:-100].max().round(2))  # 2 pi 5
    31.42
    """
    return _derivative(values, fs, cutoff, 1)


@overload
def acceleration(values: Measured, *, fs: float | None = None, cutoff: float | None = None) -> Measured: ...
@overload
def acceleration(values: ArrayLike, *, fs: float | None = None, cutoff: float | None = None) -> np.ndarray: ...
@checks_arguments
def acceleration(values: ArrayLike | HasValues, *, fs: float | None = None, cutoff: float | None = None) -> Any:
    """Acceleration, by differentiation in the frequency domain.

    Parameters
    ----------
    values
        Displacement (T, ...), or a result such as that of ``displacement``; also the result of ``velocity``.
    fs
        Rate in Hz. The default is the rate of the result; without any, time is in frames.
    cutoff
        Frequency in Hz, in (0, fs/2], above which everything is removed. Two differentiations amplify noise in
        proportion to the square of frequency. The default is fs/2: nothing is removed.

    Returns
    -------
    ndarray or result
        Acceleration (T, ...). For a result it is a result of the same class, with its quantity, unit and standard
        errors changed.

    Raises
    ------
    ValueError
        If `fs` or `cutoff` is out of range, or the result is an acceleration.
    TypeError
        If the signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 5 * np.arange(480) / 240)
    >>> float(vmm.measure.acceleration(wave, fs=240)[100:-100].max().round())  # (2 pi 5) squared
    987.0
    """
    return _derivative(values, fs, cutoff, 2)


@checks_arguments
def integrate(values: SignalsLike, *, fs: float | None = None, highpass: float, order: int = 2) -> np.ndarray:
    """Displacement or velocity from the signal of an accelerometer, by integration with a zero-phase high-pass filter.

    Integration amplifies the drift of a sensor without bound; the high-pass filter removes it.

    Parameters
    ----------
    values
        Acceleration (T, ...).
    fs
        Rate of the sensor in Hz.
    highpass
        Frequency in Hz, in (0, fs/2), at which the gain is 1/2. Below it, the gain falls with the eighth power of
        frequency.
    order
        Number of integrations: 2 for displacement, 1 for velocity. The default is 2.

    Returns
    -------
    ndarray
        Signals (T, ...) in the unit of `values` times seconds, or times seconds squared.

    Raises
    ------
    ValueError
        If `fs`, `highpass` or `order` is out of range.
    TypeError
        If the signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 5 * np.arange(4800) / 240)
    >>> displacement = vmm.measure.integrate(-((2 * np.pi * 5) ** 2) * wave, fs=240, highpass=1)
    >>> float((np.sqrt(2) * displacement[480:-480].std()).round(3))  # the amplitude of the sine
    1.0
    """
    data = as_signals(values, fs)
    if order not in (1, 2):
        raise ValueError(f"order={order} must be 1 (velocity) or 2 (displacement)")
    if not 0 < highpass < data.nyquist:
        raise ValueError(f"highpass={highpass} must lie inside (0, fs/2) = (0, {data.nyquist:g}) Hz")
    spectrum, frequencies, invert = _extended_spectrum(data)
    is_positive = frequencies > 0
    positive = np.where(is_positive, frequencies, 1.0)
    gain = is_positive / (1 + (highpass / positive) ** (2 * _HIGHPASS_ORDER))  # The integral has no mean.
    return invert(spectrum * gain / (2j * np.pi * positive) ** order)


def _derivative(values: Any, fs: float | None, cutoff: float | None, order: int) -> Any:
    """The signal differentiated until it is velocity (order 1) or acceleration (order 2)."""
    data = as_signals(values, fs)
    limit = data.nyquist if cutoff is None else cutoff
    if not 0 < limit <= data.nyquist:
        raise ValueError(f"cutoff={cutoff} must lie inside (0, fs/2] = (0, {data.nyquist:g}] Hz")
    target = _QUANTITIES[order]
    order -= _QUANTITIES.index(getattr(values, "quantity", "displacement"))
    if order < 1:
        raise ValueError(f"a result of quantity {values.quantity!r} cannot be differentiated to {target}")
    spectrum, frequencies, invert = _extended_spectrum(data)
    factor = (2j * np.pi * frequencies) ** order * (frequencies <= limit)
    derivative = invert(spectrum * factor, slope_share=float(order == 1))
    if not is_dataclass(values) or isinstance(values, type):
        return derivative
    changes: dict[str, Any] = {"values": derivative, "unit": _unit_of(values, data, target, order)}
    if data.stderr is not None:  # white noise after the same factor
        changes["stderr"] = data.stderr * float(np.sqrt(np.mean(np.abs(factor) ** 2)))
    if hasattr(values, "quantity"):
        changes["quantity"] = target
    return replace(values, **changes)


def _unit_of(values: Any, data: Signals, target: Quantity, order: int) -> str:
    """The unit of the derivative; the unit of a velocity becomes that of an acceleration, as px/s becomes px/s²."""
    if getattr(values, "quantity", None) == "velocity":
        return derivative_unit(data.unit.removesuffix(f"/{data.time_unit}"), data.time_unit, 2)
    return derivative_unit(data.unit, data.time_unit, order)


def _extended_spectrum(data: Signals) -> tuple[np.ndarray, np.ndarray, Callable[..., np.ndarray]]:
    """Spectrum (F, ...) of signals with odd extension, its frequencies, and the inverse transform.

    The extended signal without the line through its ends is periodic in value and slope. The inverse transform adds a
    share of the slope of that line. Uneven samples are resampled first, and the inverse transform is sampled at
    their times.
    """
    even = evenly_sampled(data)
    values = np.where(np.isfinite(even.values), even.values, 0)
    count, trailing = len(values), (1,) * (values.ndim - 1)
    before, after = 2 * values[:1] - values[:0:-1], 2 * values[-1:] - values[-2::-1]
    extended = np.concatenate([before, values, after])
    total = len(extended)
    slope = (extended[-1] - extended[0]) / (total - 1)
    line = np.arange(total).reshape(-1, *trailing) * slope
    spectrum = np.fft.rfft(extended - line, axis=0)
    frequencies = np.fft.rfftfreq(total, 1 / even.fs).reshape(-1, *trailing)

    def invert(modified: np.ndarray, slope_share: float = 0.0) -> np.ndarray:
        if data.positions is None:
            result = np.fft.irfft(modified, total, axis=0)[count - 1 : 2 * count - 1]
        else:
            result = back_to_positions(modified, total, count - 1, data.positions * even.fs / data.fs)
        return np.where(np.isfinite(data.values), result + slope_share * even.fs * slope, np.nan)

    return spectrum, frequencies, invert
