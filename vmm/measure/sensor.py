"""What a video measures beside what a sensor measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.interpolate

from vmm.measure.signals import check_band, in_band, signals


@dataclass(frozen=True)
class Comparison:
    """A measured signal beside that of a sensor, on the same instants.

    Attributes
    ----------
    times
        (T,) in seconds of the measured signal, where both are known.
    measured, sensor
        (T,) less their means; the sensor's is resampled, and in its own unit.
    fs
        Rate in Hz.
    lag
        Seconds by which the sensor's record began before the measured one.
    gain
        Measured unit per unit of the sensor, by least squares; negative where they point in opposite directions.
    correlation
        Of the two, in [-1, 1].
    error
        Scaled mean absolute error: both are scaled to 0 to 1, then the mean of the absolute difference is taken.
    """

    times: np.ndarray
    measured: np.ndarray
    sensor: np.ndarray
    fs: float
    lag: float
    gain: float
    correlation: float
    error: float


def compare(
    values: Any,
    sensor: Any,
    *,
    fs: float | None = None,
    sensor_fs: float,
    band: tuple[float, float] | None = None,
    longest: float | None = None,
) -> Comparison:
    """Compare a measured signal with that of a sensor, which may run at another rate and start at another time.

    The sensor's signal is resampled by a cubic spline, after what the measured one cannot hold is taken out; the lag is
    that of the highest absolute correlation, refined below the sample by a parabola.

    Parameters
    ----------
    values
        Measured signal (T,).
    sensor
        The sensor's signal (S,).
    fs, sensor_fs
        Their rates in Hz.
    band
        (low, high) in Hz that both are limited to; all by default.
    longest
        Longest lag in seconds that is looked for; half of the shorter record by default, 0 where they started together.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        Where signals are not of one dimension or do not change, or rates, band or longest are out of range.
    TypeError
        Where signals are not real numbers.

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
    >>> found = vmm.measure.compare(measured, late, fs=30, sensor_fs=100)
    >>> round(found.lag, 2), round(found.gain, 2), round(found.correlation, 3)
    (0.5, 0.2, 1.0)
    """
    ours, theirs = signals(values, fs), signals(np.asarray(sensor), sensor_fs)
    for name, data in (("values", ours), ("sensor", theirs)):
        if data.values.ndim != 1 or not data.usable.all():
            raise ValueError(
                f"{name} must be one signal (T,) that changes, not {data.values.shape}: choose one of them"
            )
    low, high = (0.0, 0.5 * min(ours.fs, theirs.fs)) if band is None else band
    if band is not None:
        check_band(band, len(ours.values), ours.fs, 1.0)
    seconds = [len(data.values) / data.fs for data in (ours, theirs)]
    longest = min(seconds) / 2 if longest is None else longest
    if longest < 0:
        raise ValueError(f"longest={longest} must not be negative: a time in seconds")
    measured, other = (in_band(data.values, data.fs, (low, high)) for data in (ours, theirs))
    fine = max(ours.fs, theirs.fs)
    lag = _lag(measured, ours.fs, other, theirs.fs, fine, longest)
    times = np.arange(len(measured)) / ours.fs
    inside = (times + lag > -0.5 / theirs.fs) & (times + lag < seconds[1] - 0.5 / theirs.fs)
    resampled = _at(other, theirs.fs, times[inside] + lag)
    return _compared(times[inside], measured[inside], resampled, ours.fs, lag)


def _at(values: np.ndarray, fs: float, times: np.ndarray) -> np.ndarray:
    """A signal at other times, by a cubic spline."""
    spline = scipy.interpolate.CubicSpline(np.arange(len(values)) / fs, values)
    sampled: np.ndarray = spline(np.clip(times, 0, (len(values) - 1) / fs))
    return sampled


def _lag(measured: np.ndarray, fs: float, other: np.ndarray, other_fs: float, fine: float, longest: float) -> float:
    """Time in seconds that the other signal is behind, at the highest absolute correlation."""
    if longest == 0:
        return 0.0
    pair = []
    for values, rate in ((measured, fs), (other, other_fs)):
        times = np.arange(int((len(values) - 1) * fine / rate) + 1) / fine
        fresh = _at(values, rate, times)
        pair.append(fresh - fresh.mean())
    ours, theirs = pair
    size = len(ours) + len(theirs)
    reach = int(longest * fine)
    spectra = [np.fft.rfft(part, size) for part in (theirs, ours, theirs**2, np.ones_like(ours), ours**2)]
    ones = np.fft.rfft(np.ones_like(theirs), size)

    def slid(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.roll(np.fft.irfft(a * np.conj(b), size), reach)[: 2 * reach + 1]

    energy = slid(spectra[2], spectra[3]) * slid(ones, spectra[4])  # of what overlaps
    shared = slid(ones, spectra[3]) > min(len(ours), len(theirs)) / 4
    score = np.where(shared, abs(slid(spectra[0], spectra[1])) / np.sqrt(np.maximum(energy, 1e-12 * energy.max())), 0)
    i = int(np.argmax(score))
    shift = 0.0
    if 0 < i < len(score) - 1:
        below, top, above = score[i - 1 : i + 2]
        shift = 0.5 * (above - below) / max(2 * top - below - above, 1e-12)
    return float((i - reach + np.clip(shift, -0.5, 0.5)) / fine)


def _compared(times: np.ndarray, measured: np.ndarray, sensor: np.ndarray, fs: float, lag: float) -> Comparison:
    measured, sensor = measured - measured.mean(), sensor - sensor.mean()
    energy = float(sensor @ sensor)
    gain = float(measured @ sensor) / max(energy, 1e-300)
    correlation = gain * float(np.sqrt(energy / max(float(measured @ measured), 1e-300)))
    scaled = [(part - part.min()) / max(float(np.ptp(part)), 1e-300) for part in (measured, np.sign(gain) * sensor)]
    error = float(np.mean(np.abs(scaled[0] - scaled[1])))
    return Comparison(times, measured, sensor, fs, lag, gain, correlation, error)
