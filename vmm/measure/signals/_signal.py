"""Signals over time: the displacement of regions and its derivatives, and the signals that functions work on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vmm.backend.arrays import DeviceArray, to_host
from vmm.backend.checks import check_fs, check_pair, short_text
from vmm.engine.times import frame_times, mean_rate, stated_rate
from vmm.measure.signals._result import Result, TimeUnit, frequency_unit
from vmm.measure.signals._sampling import as_positions, highest_frequency, positions_or_index

Quantity = Literal["displacement", "velocity", "acceleration"]

_MIN_SAMPLES = 16
"""Samples below which a signal is refused: a spectrum of fewer has too few bins to separate a peak from noise."""

_MAX_VALUE = 1e150
"""Largest value of a signal, whose square is finite."""


@dataclass(frozen=True, eq=False, repr=False)
class RegionSignal(Result):
    """Displacement, velocity or acceleration of regions over time.

    Attributes
    ----------
    values
        (T, R, 2) down and right. A displacement is relative to the mean position. Unknown components are NaN. Where
        `direction` is oblique, these are the components of the displacement along it.
    stderr
        (R, 2) standard error of each value, from the noise of the pixels, the misfit of the model, and the still
        regions. Unknown components are NaN.
    is_known
        (R, 2) bool: whether the displacement down, and that to the right, is known.
    rois
        The R regions: boxes (top, left, height, width) or masks (H, W).
    fs
        Rate of the camera in Hz, or 1 if it is not known.
    unit
        Unit of `values` and `stderr`.
    saturated
        (R,) fraction of the pixels of each region that have the largest value of their type. They are left out.
    is_visible
        (T, R) bool: whether the frame shows the region. It is False in blank frames and where something covers the
        region; values are interpolated there.
    frame_times
        (T,) time of each frame in seconds if the frames are unevenly spaced, from 0 at the first frame; None if they
        are evenly spaced. `fs` is then the mean rate.
    key_rate
        Key frames per second of a video, if they are regular; else 0. Video codecs cause lines at its multiples.
    quantity
        ``"displacement"``, ``"velocity"`` or ``"acceleration"``.
    time_unit
        ``"s"``, or ``"frame"`` if the rate of the camera is not known.
    reasons
        One string for each region: why it is unknown, or why its standard error is less certain than usual; empty for
        other regions.
    direction
        (R, 2) unit vectors, down and right, normal to the edges of regions that have edges of one direction only. Their
        displacement along it is known, and that across it is unknown. It is NaN for other regions.
    pixel_size
        Size of a pixel in the scene, in the unit of a displacement.
    still
        The still regions whose motion is subtracted; empty if there are none.
    names
        Names of the regions, if they were given; else empty.
    """

    values: np.ndarray
    stderr: np.ndarray = field(repr=False)
    is_known: np.ndarray = field(repr=False)
    rois: tuple[Any, ...] = field(repr=False)
    fs: float
    unit: str
    saturated: np.ndarray = field(repr=False)
    is_visible: np.ndarray = field(repr=False)
    quantity: Quantity = "displacement"
    time_unit: TimeUnit = "s"
    frame_times: np.ndarray | None = field(default=None, repr=False)
    key_rate: float = field(default=0.0, repr=False)
    reasons: tuple[str, ...] = field(default=(), repr=False)
    direction: np.ndarray | None = field(default=None, repr=False)
    pixel_size: float = field(default=1.0, repr=False)
    still: tuple[Any, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def times(self) -> np.ndarray:
        """Time (T,) of each frame in seconds, or in frames if the rate of the camera is not known."""
        return np.arange(len(self.values)) / self.fs if self.frame_times is None else self.frame_times

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the regions, or their numbers if they have none."""
        return self.names or tuple(f"region {i}" for i in range(len(self.rois)))

    @property
    def is_reliable(self) -> np.ndarray:
        """Bool array (R,): whether nothing makes the numbers of the region, or their standard errors, uncertain."""
        return np.array([not reason for reason in self.reasons or [""] * len(self.rois)])

    @property
    def along(self) -> np.ndarray:
        """Displacement (T, R) along `direction`; NaN for regions without one."""
        return self._along(self.values)

    @property
    def along_stderr(self) -> np.ndarray:
        """Standard error (R,) of `along`."""
        return np.abs(self._along(self.stderr))

    def plot(self, **options: Any) -> Any:
        """Draw the signals over time: the figure of ``vmm.plot.waveform``, which describes the options.

        Parameters
        ----------
        **options
            Options of ``vmm.plot.waveform``, such as ``ax``.

        Returns
        -------
        matplotlib.figure.Figure
            The figure.
        """
        return import_module("vmm.plot").waveform(self, **options)  # It is on the same floor of the package.

    def to_dataframe(self) -> Any:
        """Make a pandas table, with the times as index and a column for each region and component.

        Returns
        -------
        pandas.DataFrame
            The table: columns are pairs of the name of a region and ``"down"`` or ``"right"``; unknown values are NaN.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise ImportError("to_dataframe needs pandas: pip install pandas") from error
        columns = pandas.MultiIndex.from_product([self.labels, ("down", "right")], names=("region", "component"))
        index = pandas.Index(self.times, name=f"time ({self.time_unit})")
        return pandas.DataFrame(self.values.reshape(len(self.values), -1), index=index, columns=columns)

    def _along(self, components: np.ndarray) -> np.ndarray:
        """Lengths (..., R) of vectors along `direction` with these components (..., R, 2)."""
        if self.direction is None:
            return np.full(components.shape[:-1], np.nan)
        regions, larger = np.arange(len(self.direction)), np.abs(self.direction).argmax(axis=1)
        lengths: np.ndarray = components[..., regions, larger] / self.direction[regions, larger]
        return lengths


@dataclass(frozen=True, eq=False, repr=False)
class Signals(Result):
    """Signals with their rate, unit and standard error.

    Attributes
    ----------
    values
        (T, ...) float64.
    fs
        Rate in Hz, or 1 if it is not known.
    unit
        Unit of the values, or an empty string if it is not known.
    stderr
        (...) standard error of one value, or None.
    time_unit
        ``"s"``, or ``"frame"`` if the rate is not known.
    positions
        (T,) times of uneven samples in mean intervals, from 0 to T - 1; None if the samples are evenly spaced.
    key_rate
        Key frames per second of the video, if they are regular; else 0.
    direction
        (R, 2) as in ``RegionSignal``, or None.
    """

    values: np.ndarray
    fs: float
    unit: str = ""
    stderr: np.ndarray | None = field(default=None, repr=False)
    time_unit: TimeUnit = "s"
    positions: np.ndarray | None = field(default=None, repr=False)
    key_rate: float = field(default=0.0, repr=False)
    direction: np.ndarray | None = field(default=None, repr=False)

    @property
    def times(self) -> np.ndarray:
        """Time (T,) of each sample in seconds, or in frames if the rate is not known."""
        return positions_or_index(self.positions, len(self.values)) / self.fs

    @property
    def nyquist(self) -> float:
        """Highest frequency in Hz: fs/2, or half the rate at the shortest usual interval of uneven samples."""
        return highest_frequency(self.positions) * self.fs

    @property
    def frequency_unit(self) -> str:
        """``"Hz"``, or ``"cycles/frame"`` if the rate is not known."""
        return frequency_unit(self.time_unit)

    @property
    def flat(self) -> np.ndarray:
        """Values (T, N)."""
        return self.values.reshape(len(self.values), -1)

    @property
    def varies(self) -> np.ndarray:
        """Bool array (N,): which of the N signals are known and vary."""
        varies: np.ndarray = np.isfinite(self.flat).all(axis=0) & (np.ptp(self.flat, axis=0) > 0)
        return varies

    @property
    def usable(self) -> np.ndarray:
        """Bool array (N,): which of the N signals vary independently.

        Of a displacement that is known in one direction only, the smaller component is a multiple of the larger one.
        """
        if self.direction is None:
            return self.varies
        larger = np.abs(self.direction).argmax(axis=1)[:, None]
        is_smaller = np.isfinite(self.direction) & (np.arange(2) != larger)
        usable: np.ndarray = self.varies & ~is_smaller.ravel()
        return usable

    def of_components(self, values: np.ndarray, *, is_angle: bool = False) -> np.ndarray:
        """Amplitudes of the usable signals (n,), or their phases, in the shape of the signals; NaN where unknown.

        The smaller components of displacements that are known in one direction follow from the larger ones.
        """
        out = np.full(self.usable.shape, np.nan)
        out[self.usable] = values
        if self.direction is not None:
            pairs, (down, right) = out.reshape(-1, 2), self.direction.T
            ratio = np.where(np.abs(down) > np.abs(right), right / down, down / right)
            other = pairs[:, ::-1] * np.abs(ratio)[:, None]
            if is_angle:
                other = np.angle(np.exp(1j * pairs[:, ::-1]) * np.sign(ratio)[:, None])
            is_dependent = (self.varies & ~self.usable).reshape(-1, 2)
            out = np.where(is_dependent, other, pairs)
        return out.reshape(self.values.shape[1:])

    @property
    def weights(self) -> np.ndarray:
        """Weights (N,) with sum 1: inverse variances, or equal weights if there is no `stderr`; 0 for signals that are
        unknown or do not vary.

        Raises
        ------
        ValueError
            If no signal is usable.
        """
        weights = self.varies.astype(float)
        if self.stderr is not None:
            stderr = np.broadcast_to(self.stderr, self.values.shape[1:]).ravel()
            valid = np.isfinite(stderr) & (stderr > 0)
            weights *= np.where(valid, 1 / np.square(np.where(valid, stderr, 1)), 0)
        if not weights.sum() > 0:
            raise ValueError("all signals are unknown or constant: choose other regions")
        normalized: np.ndarray = weights / weights.sum()
        return normalized


class HasValues(Protocol):
    """A result whose ``values`` are signals (T, ...)."""

    @property
    def values(self) -> np.ndarray:
        """The signals."""


SignalsLike: TypeAlias = NDArray[Any] | DeviceArray | Sequence[float] | Sequence[Sequence[float]] | HasValues
"""Signals that a function reads: an array or a list (T, ...), or a result such as ``RegionSignal``."""


def camera_rate(frames: Any, fs: float | None) -> float:
    """The rate `fs`, or the rate that `frames` or a result carries, in Hz; 1.0 if there is none.

    For a clip of unevenly spaced frames it is their mean rate.
    """
    times = frame_times(frames, fs)
    return check_fs(stated_rate(frames, fs) if times is None else mean_rate(times))


def key_rate(frames: Any, fs: float | None) -> float:
    """Key frames per second of a clip or a result; 0 if they are not regular, or if there are none."""
    rate = float(getattr(frames, "key_rate", 0.0))
    return rate if fs is None or not rate else rate * fs / float(frames.fs)


def time_unit(frames: Any, fs: float | None) -> TimeUnit:
    """The unit of time of results from `frames` or a result: seconds if a rate is known, else frames."""
    unit: TimeUnit | None = getattr(frames, "time_unit", None) if fs is None else "s"
    return unit or ("frame" if stated_rate(frames, fs) is None else "s")


def as_signals(values: SignalsLike, fs: float | None = None) -> Signals:
    """Signals from an array (T, ...), or from a result with ``values``, ``fs``, ``unit`` and ``stderr``."""
    rate = camera_rate(values, fs)
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError("signals are a masked array: fill its masked values first, with values.filled(value)")
    data = _as_plain(getattr(values, "values", values))
    if data.ndim == 0 or data.dtype.kind not in "fiub":
        raise TypeError(f"signals must be real numbers (T, ...), time first, not {data.dtype} {data.shape}")
    if len(data) < _MIN_SAMPLES:
        raise ValueError(
            f"signals: {len(data)} samples are too few to find a frequency in: give at least {_MIN_SAMPLES}"
        )
    data = data.astype(np.float64)
    is_known, direction = getattr(values, "is_known", None), getattr(values, "direction", None)
    if is_known is not None and np.shape(is_known) == data.shape[1:]:
        is_known = np.asarray(is_known, dtype=bool)
        data[:, ~(is_known if direction is None else has_values(is_known, direction))] = np.nan
    missing = ~np.isfinite(data).reshape(len(data), -1)
    if (partly := missing.any(axis=0) & ~missing.all(axis=0)).any():
        first = int(np.flatnonzero(missing[:, partly].any(axis=1))[0])
        raise ValueError(f"signals hold NaN or infinite values, first at sample {first}: fill them or cut them off")
    if not (peak := float(np.abs(data[~missing.reshape(data.shape)]).max(initial=0))) <= _MAX_VALUE:
        raise ValueError(f"signals reach {peak:g}, but at most {_MAX_VALUE:g} can be squared: choose a larger unit")
    stderr = getattr(values, "stderr", None)
    unit = str(getattr(values, "unit", ""))
    stderr = None if stderr is None else np.asarray(stderr)
    positions = as_positions(getattr(values, "frame_times", None))
    if isinstance(values, Signals):
        positions = values.positions
    return Signals(data, rate, unit, stderr, time_unit(values, fs), positions, key_rate(values, fs), direction)


def _as_plain(values: Any) -> np.ndarray:
    """Signals as an array, of objects if they cannot be numbers."""
    try:
        return np.asarray(to_host(values))
    except ValueError:  # a list of unequal parts
        return np.asarray(None)


def has_values(is_known: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Bool array (R, 2): which components are known, or belong to a displacement that is known in one direction only.

    An oblique direction leaves both components of `is_known` (R, 2) unknown, and is a row of `direction` (R, 2).
    """
    is_oblique = np.isfinite(direction).all(axis=1) & ~is_known.any(axis=1)
    return is_known | is_oblique[:, None]


def check_band(
    band: tuple[float, float], count: int, fs: float, min_periods: float = 3.0, nyquist: float | None = None
) -> None:
    """Raise if the band is not rising, leaves (0, fs/2], or `count` samples hold too few periods of its lower limit.

    `nyquist` takes the place of fs/2 for uneven samples.
    """
    low, high = check_pair("band", band)
    limit = fs / 2 if nyquist is None else nyquist
    if not 0 < low < high <= limit:
        raise ValueError(f"band={short_text(band)} must be rising and lie inside (0, fs/2] = (0, {limit:g}] Hz")
    if count * low / fs < min_periods:
        raise ValueError(
            f"a clip of {count} frames at {fs:g} Hz is too short for band={band} Hz: it holds {count * low / fs:.2g} "
            f"periods of {low:g} Hz and {min_periods:g} are needed; take {math.ceil(min_periods * fs / low)} frames, "
            "or raise the band"
        )


def bandpass(values: np.ndarray, fs: float, band: tuple[float, float]) -> np.ndarray:
    """Values (T, ...) limited to a band by an ideal zero-phase filter, with even extension at the ends."""
    extended = np.concatenate([values, values[::-1]]) - values.mean(axis=0)
    spectrum = np.fft.rfft(extended, axis=0)
    frequencies = np.fft.rfftfreq(len(extended), 1 / fs)
    spectrum[(frequencies < band[0]) | (frequencies > band[1])] = 0
    filtered: np.ndarray = np.fft.irfft(spectrum, len(extended), axis=0)[: len(values)]
    return filtered
