"""Comparison of a measured signal with the signal of a sensor."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.interpolate
from numpy.typing import ArrayLike

from vmm.backend.arguments import checks_arguments
from vmm.backend.checks import as_numbers
from vmm.measure.signals._resampling import evenly_sampled
from vmm.measure.signals._result import Result
from vmm.measure.signals._signal import SignalsLike, as_signals, bandpass, check_band

_MIN_OVERLAP = 0.25
"""Smallest overlap of the two records, as a fraction of the shorter one. Correlations of shorter overlaps are often
high by chance."""

_MAX_GROWTH, _FEW_SAMPLES = 100, 1e6
"""Number of samples at the higher of both rates, relative to those of both records, up to which a lag is searched; a
million samples are always allowed."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """A measured signal and the signal of a sensor, at the same times.

    Attributes
    ----------
    times
        (T,) times in seconds of the measured signal at which both are known.
    measured, sensor
        (T,) signals without their means. The sensor's is resampled, in its own unit.
    fs
        Rate in Hz of both.
    lag
        Time in seconds by which the sensor's record began before the measured one.
    gain
        Measured unit per unit of the sensor, by least squares. It is negative if the axes point in opposite directions.
    correlation
        Correlation coefficient, in [-1, 1].
    normalized_mae
        Normalized mean absolute error: the mean absolute difference after both signals are scaled to [0, 1].
    """

    times: np.ndarray = field(repr=False)
    measured: np.ndarray = field(repr=False)
    sensor: np.ndarray = field(repr=False)
    fs: float
    lag: float
    gain: float
    correlation: float
    normalized_mae: float


@checks_arguments
def compare(
    values: SignalsLike,
    sensor: ArrayLike,
    *,
    fs: float | None = None,
    sensor_fs: float,
    band: tuple[float, float] | None = None,
    max_lag: float | None = None,
) -> Comparison:
    """Compare a measured signal with that of a sensor, which may have another rate and another start time.

    The sensor's signal is limited to frequencies that the measured one can hold, and resampled by a cubic spline. The
    lag maximizes the absolute correlation; a parabola refines it below one sample.

    Parameters
    ----------
    values
        Measured signal (T,).
    sensor
        Signal (S,) of the sensor.
    fs
        Rate in Hz of the measured signal. The default is the rate of the result.
    sensor_fs
        Rate in Hz of the sensor.
    band
        Band (low, high) in Hz to which both signals are limited. The default is the whole band of the slower one.
    max_lag
        Largest lag in seconds, at least 0. The default is half of the shorter record. Use 0 if both records started
        together.

    Returns
    -------
    Comparison
        The signals at common times, with lag, gain and correlation.

    Raises
    ------
    ValueError
        If a signal is not one-dimensional or does not vary, or a rate, `band` or `max_lag` is out of range.
    TypeError
        If the signals are not real numbers.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, table 2: the scaled
       mean absolute error.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> times = np.arange(300) / 30
    >>> measured = 0.2 * np.sin(2 * np.pi * 0.7 * times**1.1)
    >>> late = np.sin(2 * np.pi * 0.7 * np.maximum(np.arange(1000) / 100 - 0.5, 0) ** 1.1)
    >>> result = vmm.measure.compare(measured, late, fs=30, sensor_fs=100)
    >>> round(result.lag, 2), round(result.gain, 2), round(result.correlation, 3)
    (0.5, 0.2, 1.0)
    """
    ours, theirs = evenly_sampled(as_signals(values, fs)), as_signals(as_numbers("sensor", sensor), sensor_fs)
    for name, data in (("values", ours), ("sensor", theirs)):
        if data.values.ndim != 1 or not data.usable.all():
            raise ValueError(
                f"{name} of shape {data.values.shape} must be one signal (T,) that varies: choose one of them"
            )
    if band is not None:
        check_band(band, len(ours.values), ours.fs, 1.0)
    durations = [len(data.values) / data.fs for data in (ours, theirs)]
    max_lag = min(durations) / 2 if max_lag is None else max_lag
    if max_lag < 0:
        raise ValueError(f"max_lag={max_lag} must be a time in seconds, at least 0")
    limits = (0.0, 0.5 * min(ours.fs, theirs.fs)) if band is None else band
    measured, other = (bandpass(data.values, data.fs, limits) for data in (ours, theirs))
    lag = _lag(measured, ours.fs, other, theirs.fs, max_lag)
    times = np.arange(len(measured)) / ours.fs
    inside = (times + lag > -0.5 / theirs.fs) & (times + lag < durations[1] - 0.5 / theirs.fs)
    if inside.sum() < 2:
        raise ValueError(
            f"values and sensor overlap in {inside.sum()} samples at a lag of {lag:.3g} s: choose a smaller max_lag"
        )
    resampled = _resample(other, theirs.fs, times[inside] + lag)
    return _comparison(times[inside], measured[inside], resampled, ours.fs, lag)


def _resample(values: np.ndarray, fs: float, times: np.ndarray) -> np.ndarray:
    """A signal at other times, by a cubic spline."""
    spline = scipy.interpolate.CubicSpline(np.arange(len(values)) / fs, values)
    resampled: np.ndarray = spline(np.clip(times, 0, (len(values) - 1) / fs))
    return resampled


def _lag(measured: np.ndarray, fs: float, other: np.ndarray, other_fs: float, max_lag: float) -> float:
    """Delay in seconds of the other signal that maximizes the absolute normalized correlation."""
    if max_lag == 0:
        return 0.0
    common_fs = max(fs, other_fs)
    count = common_fs * max(len(measured) / fs, len(other) / other_fs)
    if count > max(_FEW_SAMPLES, _MAX_GROWTH * (len(measured) + len(other))):
        raise ValueError(
            f"fs={fs:g} and sensor_fs={other_fs:g} Hz are too different for the search of a lag, which would compare "
            f"{count:.2g} samples: check both rates, or give max_lag=0"
        )
    pair = []
    for values, rate in ((measured, fs), (other, other_fs)):
        times = np.arange(int((len(values) - 1) * common_fs / rate) + 1) / common_fs
        resampled = _resample(values, rate, times)
        pair.append(resampled - resampled.mean())
    reach = int(max_lag * common_fs)
    score = _correlations(pair[0], pair[1], reach)
    i = int(np.argmax(score))
    shift = 0.0
    if 0 < i < len(score) - 1:
        below, top, above = score[i - 1 : i + 2]
        shift = 0.5 * (above - below) / max(2 * top - below - above, 1e-12)
    return float((i - reach + np.clip(shift, -0.5, 0.5)) / common_fs)


def _correlations(ours: np.ndarray, theirs: np.ndarray, reach: int) -> np.ndarray:
    """Absolute normalized correlation (2 * reach + 1,) at lags from -reach to reach samples, over the overlap."""
    size = len(ours) + len(theirs)
    our_ones, their_ones = (np.fft.rfft(np.ones_like(part), size) for part in (ours, theirs))

    def correlate(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.roll(np.fft.irfft(a * np.conj(b), size), reach)[: 2 * reach + 1]

    energy = correlate(np.fft.rfft(theirs**2, size), our_ones) * correlate(their_ones, np.fft.rfft(ours**2, size))
    overlap = correlate(their_ones, our_ones)
    product = abs(correlate(np.fft.rfft(theirs, size), np.fft.rfft(ours, size)))
    valid = overlap > _MIN_OVERLAP * min(len(ours), len(theirs))
    return np.where(valid, product / np.sqrt(np.maximum(energy, 1e-12 * energy.max())), 0)


def _comparison(times: np.ndarray, measured: np.ndarray, sensor: np.ndarray, fs: float, lag: float) -> Comparison:
    measured, sensor = measured - measured.mean(), sensor - sensor.mean()
    energy = float(sensor @ sensor)
    gain = float(measured @ sensor) / max(energy, 1e-300)
    correlation = gain * float(np.sqrt(energy / max(float(measured @ measured), 1e-300)))
    scaled = [(part - part.min()) / max(float(np.ptp(part)), 1e-300) for part in (measured, np.sign(gain) * sensor)]
    normalized_mae = float(np.mean(np.abs(scaled[0] - scaled[1])))
    return Comparison(times, measured, sensor, fs, lag, gain, correlation, normalized_mae)
