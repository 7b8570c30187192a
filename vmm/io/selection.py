"""Selection of a part of a clip by time, and the times of its frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vmm.backend.checks import check_fs
from vmm.io.timing import find_spacing
from vmm.io.video import Info

_MAX_ROUNDING = 0.1
"""Range of the deviation of times from an even grid, in intervals of the grid, up to which they count as rounded. Those
of a GIF, whose delays are multiples of 10 ms, may deviate by more, and are then true."""


class Part(NamedTuple):
    """A part of a clip.

    Attributes
    ----------
    first, stop
        Index of the first frame, and of the one after the last.
    fs, fps
        Camera rate in Hz and playback rate in frames per second of the part; if its frames are unevenly spaced, the
        rate of their grid, or the mean rate.
    times
        Times in seconds of the camera's time, counted from the first frame of the part; None if they are even.
    spacing
        Description of uneven spacing; an empty string if the frames are evenly spaced.
    start
        Time in seconds of playback from the beginning of the file to the first frame of the part.
    clip_rate, clip_times
        Camera rate in Hz of the whole clip, and the times of its frames; None if they are even.
    """

    first: int
    stop: int
    fs: float
    fps: Fraction | None
    times: np.ndarray | None
    spacing: str
    start: float
    clip_rate: float
    clip_times: np.ndarray | None

    def seconds(self, frame: int) -> float:
        """Time of a frame of the whole clip in seconds of the camera's time."""
        if self.clip_times is None or frame >= len(self.clip_times):
            return frame / self.clip_rate
        return float(self.clip_times[frame])


def select_part(path: Path, info: Info, fs: float | None, start: float, end: float | None) -> Part:
    """The part of a clip between two times in seconds of the camera's time, of which the rate is `fs` or as stated.

    Frames belong to the part if their times, rounded to the spacing of frames, are at least `start` and below `end`.
    """
    stated = info.capture_rate or info.fps
    if fs is None and stated is None:
        raise ValueError(f"{path} states no frame rate: give the camera rate in Hz as fs (--fs on the command line)")
    rate = check_fs(stated if fs is None else fs)  # type: ignore[arg-type]
    times = _camera_times(info, rate)
    first, stop = _frame_range(path, info.shape[0], start, end, rate, times)
    playback = info.start + float(first / info.fps if info.times is None else info.times[first]) if info.fps else 0.0
    whole = Part(first, stop, rate, info.fps, None, "", playback, rate, times)
    if times is None or stop - first < 2:
        return whole
    if info.numbers is not None:
        return _numbered_part(whole, info.numbers)
    return _stamped_part(whole, info)


def _camera_times(info: Info, rate: float) -> np.ndarray | None:
    """Times of all frames in seconds of the camera's time, or None if they are evenly spaced."""
    if info.numbers is not None:
        return info.numbers / rate
    if info.is_even or info.times is None or info.fps is None:
        return None
    return info.times * (float(info.fps) / rate)


def _frame_range(
    path: Path, count: int, start: float, end: float | None, rate: float, times: np.ndarray | None
) -> tuple[int, int]:
    """Index of the first frame, and of the one after the last."""
    if not (np.isfinite(start) and (end is None or np.isfinite(end))):
        raise ValueError(f"start={start} and end={end} must be finite numbers of seconds")
    if times is None:
        first, stop = round(start * rate), count if end is None else min(round(end * rate), count)
        duration = count / rate
    else:
        first = int(np.searchsorted(times, start - 0.5 / rate)) if start >= 0 else -1
        stop = count if end is None else int(np.searchsorted(times, end - 0.5 / rate))
        duration = float(times[-1]) + 1 / rate
    if first < 0 or stop <= first:
        last = "the end" if end is None else f"end={end:g} s"
        raise ValueError(f"{path}: no frames from start={start:g} s to {last}; the clip lasts {duration:.3f} s")
    return first, stop


def _numbered_part(part: Part, numbers: np.ndarray) -> Part:
    """The part of a folder of numbered images."""
    numbers = numbers[part.first : part.stop] - numbers[part.first]
    strides = np.diff(numbers)
    if (strides == strides[0]).all():
        return part._replace(fs=part.fs / int(strides[0]))
    missing = int(numbers[-1]) + 1 - len(numbers)
    total = "1 number is" if missing == 1 else f"{missing} numbers are"
    text = f"{total} missing from the names of the images, whose times are therefore uneven"
    return part._replace(times=numbers / part.fs, spacing=text)


def _stamped_part(part: Part, info: Info) -> Part:
    """The part of a video with time stamps."""
    assert info.timestamps is not None and info.fps is not None
    spacing = find_spacing(info.timestamps, [info.fps], part.first, part.stop)
    if not spacing.rate:  # All frames have the same time, which says nothing of their rate.
        return part
    scale = Fraction(part.fs) / info.fps  # seconds of playback per second of the camera's time
    part = part._replace(fs=float(spacing.rate * scale), fps=spacing.rate)
    if spacing.kind == "even":
        return part
    times = info.timestamps.seconds(part.first, part.stop) / float(scale)
    if spacing.positions is not None:
        grid = spacing.positions / part.fs
        is_rounded = np.ptp(times - grid) * part.fs < _MAX_ROUNDING
        times = grid if is_rounded else times
    return part._replace(times=times, spacing=f"the times of the frames are uneven: {spacing}")
