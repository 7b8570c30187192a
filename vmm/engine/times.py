"""Times of unevenly spaced frames: their mean rate, their usual interval, and the even grid that suits them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vmm.backend.checks import check_fs
from vmm.engine.frames import is_pair

CLOCK_UNCERTAINTY = 1e-4
"""Relative standard uncertainty of the rate of a camera: quartz oscillators are specified to 20 to 100 parts per
million, with their temperature and their aging."""

_SHORT_SHARE = 0.1
"""Share of the intervals between frames that may be shorter than the usual one: single short ones do not count."""

_GRID_TOLERANCE = 0.1
"""Largest distance of a frame from an even grid, in intervals of the grid, for it to lie on the grid. The delay moves
a vibration by less than a tenth of a period of the highest frequency that the grid can hold."""

_MAX_PLACES = 1e9
"""Largest number of places on an even grid."""

_MAX_GROWTH = 1000
"""Largest ratio of the samples of an even grid and of the frames, so that damaged times do not fill the memory."""

_DAMAGED = "give an array of the frames, and fs"
"""What helps against times that are damaged."""


def stated_rate(frames: Any, fs: float | None) -> float | None:
    """The given rate in Hz, or that of the frames; None if there is none."""
    rate = fs if fs is not None else frames[1] if is_pair(frames) else getattr(frames, "fs", None)
    return None if rate is None else check_fs(rate)


def check_evenly_spaced(frames: Any) -> None:
    """Raise if the frames of a clip are unevenly spaced in time: filters along time need an even rate."""
    if getattr(frames, "times", None) is not None:
        raise ValueError(
            "the frames of this clip are unevenly spaced in time, and a filter along time needs an even rate: resample "
            "it with clip = vmm.io.even(clip), and write the result with clip.fs"
        )


def frame_times(frames: Any, fs: float | None = None) -> np.ndarray | None:
    """Times (T,) in seconds of the frames of a clip, or None if they are evenly spaced.

    The first time is 0. With `fs`, the times are scaled by the ratio of the rate that the clip states to `fs`.
    """
    times = getattr(frames, "times", None)
    if times is None or len(times) == 0:
        return None
    scale = 1.0 if fs is None else frames.fs / fs
    shifted: np.ndarray = (np.asarray(times, dtype=np.float64) - times[0]) * scale
    return shifted


def mean_rate(times: np.ndarray) -> float:
    """Mean rate of frames at these times (T,), in Hz if they are in seconds."""
    return float((len(times) - 1) / (times[-1] - times[0]))


def rate_range(times: np.ndarray) -> tuple[float, float]:
    """The lowest and the highest rate of frames; two frames at one time, as damaged files state them, have none."""
    intervals = np.diff(times)
    intervals = intervals[intervals > 0]
    return (float(1 / intervals.max()), float(1 / intervals.min())) if len(intervals) else (math.inf, math.inf)


def usual_interval(times: np.ndarray) -> float:
    """The shortest interval between frames that is not an exception; frames at the same time have none."""
    intervals = np.diff(times)
    if not (intervals > 0).any():
        raise ValueError(f"the times of the frames are all the same: {_DAMAGED}")
    return float(np.quantile(intervals[intervals > 0], _SHORT_SHARE, method="lower"))


def grid_interval(times: np.ndarray) -> float | None:
    """The interval of the even grid of frames, some of which may be missing; None if there is no such grid."""
    shifted, interval = times - times[0], usual_interval(times)
    for _ in range(2):
        if interval * _MAX_PLACES < np.ptp(shifted):  # It is 0 if most frames have the time of the frame before.
            return None
        steps = np.maximum(np.rint(np.diff(shifted) / interval), 1)
        interval = float(np.median(np.diff(shifted) / steps))
    places = np.concatenate([[0.0], np.cumsum(steps)])
    interval, start = np.polyfit(places, shifted, 1)
    if np.abs(shifted - start - interval * places).max() > _GRID_TOLERANCE * interval:
        return None
    return float(interval)


def even_interval(times: np.ndarray) -> float:
    """The interval of the even grid onto which frames are resampled: that of their own grid, else the mean one."""
    interval = grid_interval(times) or 1 / mean_rate(times)
    check_fs(1 / interval)
    check_grid(times, interval)
    return interval


def check_grid(times: np.ndarray, interval: float) -> None:
    """Raise if an even grid of this interval has many more samples than there are frames."""
    if (growth := (times[-1] - times[0]) / interval / len(times)) > _MAX_GROWTH:
        raise ValueError(
            f"the times of the frames are damaged or too uneven: an even grid would have {growth:.3g} times as many "
            f"samples as there are frames; {_DAMAGED}"
        )
