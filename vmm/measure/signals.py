"""What the functions on signals take: an array with its rate, or a result that carries its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import to_host
from vmm.engine.loop import sampling_rate

_FEW = 16  # samples


@dataclass(frozen=True)
class Signals:
    """Signals over time with what is known of them.

    Attributes
    ----------
    values
        (T, ...) in double precision.
    fs
        Rate in Hz; 1 where none is known, so that frequencies are in cycles per sample.
    unit
        Of the values.
    error
        (...) standard error of one value, or None.
    """

    values: np.ndarray
    fs: float
    unit: str = ""
    error: np.ndarray | None = None

    @property
    def flat(self) -> np.ndarray:
        """Values (T, N)."""
        return self.values.reshape(len(self.values), -1)

    @property
    def usable(self) -> np.ndarray:
        """Which of the N signals are known and change (N,)."""
        usable: np.ndarray = np.isfinite(self.flat).all(axis=0) & (np.ptp(self.flat, axis=0) > 0)
        return usable

    @property
    def weights(self) -> np.ndarray:
        """Weights (N,) that add up to 1: the inverse square of the error, or all alike; 0 of what is not known."""
        weights = self.usable.astype(float)
        if self.error is not None:
            error = np.broadcast_to(self.error, self.values.shape[1:]).ravel()
            told = np.isfinite(error) & (error > 0)
            weights *= np.where(told, 1 / np.square(np.where(told, error, 1)), 0)
        if not weights.sum() > 0:
            raise ValueError("no signal is known and changes: choose other regions")
        normed: np.ndarray = weights / weights.sum()
        return normed


def rate_of_camera(frames: Any, fs: float | None) -> float:
    """The rate given, or that which frames or a result carry, in Hz; 1 where there is none."""
    rate = sampling_rate(frames, fs)
    rate = 1.0 if rate is None else float(rate)
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"fs={fs!r} must be a positive number: the rate in Hz at which the frames were taken")
    return rate


def signals(values: Any, fs: float | None = None) -> Signals:
    """Signals of an array (T, ...) or of a result with ``values``, ``fs``, ``unit`` and ``error``."""
    rate = rate_of_camera(values, fs)
    data = np.asarray(to_host(getattr(values, "values", values)))
    if data.ndim == 0 or data.dtype.kind not in "fiub":
        raise TypeError(f"signals must be real numbers (T, ...), time first, not {data.dtype} {data.shape}")
    if len(data) < _FEW:
        raise ValueError(f"{len(data)} samples are too few to find a frequency in: give at least {_FEW}")
    data = data.astype(np.float64)
    if (known := getattr(values, "known", None)) is not None and np.shape(known) == data.shape[1:]:
        data[:, ~np.asarray(known, dtype=bool)] = np.nan
    holes = ~np.isfinite(data).reshape(len(data), -1)
    if (partly := holes.any(axis=0) & ~holes.all(axis=0)).any():
        first = int(np.flatnonzero(holes[:, partly].any(axis=1))[0])
        raise ValueError(f"signals hold NaN or infinite values, first at sample {first}: fill them or cut them off")
    error = getattr(values, "error", None)
    return Signals(data, rate, str(getattr(values, "unit", "")), None if error is None else np.asarray(error))


def check_band(band: tuple[float, float], count: int, fs: float, least: float = 3.0) -> None:
    """Raise unless the band is rising, inside (0, fs/2], and so many of its slowest periods fit into the samples."""
    low, high = band
    if not 0 < low < high <= fs / 2:
        raise ValueError(f"band={band} must be rising and lie inside (0, fs/2] = (0, {fs / 2:g}] Hz")
    if count * low / fs < least:
        raise ValueError(
            f"a clip of {count} frames at {fs:g} Hz is too short for band={band} Hz: it holds {count * low / fs:.2g} "
            f"periods of {low:g} Hz and {least:g} are needed; take {math.ceil(least * fs / low)} frames, or raise the "
            "band"
        )


def in_band(values: np.ndarray, fs: float, band: tuple[float, float]) -> np.ndarray:
    """Values (T, ...) without the frequencies beyond a band, without delay; they are continued by reflection."""
    both = np.concatenate([values, values[::-1]]) - values.mean(axis=0)
    spectrum = np.fft.rfft(both, axis=0)
    frequencies = np.fft.rfftfreq(len(both), 1 / fs)
    spectrum[(frequencies < band[0]) | (frequencies > band[1])] = 0
    kept: np.ndarray = np.fft.irfft(spectrum, len(both), axis=0)[: len(values)]
    return kept
