"""Decoding of the frames of video files."""

from __future__ import annotations

import signal
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np

from vmm.io.damage import COMPLAINT, damaged_frames, first_complaint
from vmm.io.seeking import keep_times, key_frame, open_at
from vmm.io.video import Info, logged_process, raw_pixel_format

_WITH_HIDDEN_FRAMES = ("vp8", "vp9", "mpeg4", "msmpeg4v3", "flv1")
"""Codecs with packets that show no frame, so that a clip can have fewer frames than packets without any damage."""

_RANGES_NAMED = 5
"""Ranges of damaged frames that a message names."""

Pixels = Literal["color", "gray", "planes"]


class DamageWarning(UserWarning):
    """Frames of a clip are damaged or missing.

    Examples
    --------
    >>> import vmm
    >>> issubclass(vmm.io.DamageWarning, UserWarning)
    True
    """


def decode(
    path: Path,
    info: Info,
    *,
    chunk: int,
    pixels: Pixels = "color",
    start: int = 0,
    stop: int | None = None,
    keep_going: bool = False,
    seconds_of: Callable[[int], float] | None = None,
) -> Iterator[np.ndarray]:
    """Yield chunks of a video's frames from `start` to `stop`.

    ``"color"`` yields frames as the file has them, ``"gray"`` luma only, and ``"planes"`` the bytes (n, H W 3/2) of
    4:2:0 video, luma first. Decoding begins at a key frame shortly before `start`. Damaged or missing frames raise
    ``ValueError``, or warn if `keep_going`; then the frames are used as ffmpeg repairs them. `seconds_of` gives the
    time of a frame as the argument ``end`` of ``vmm.io.stream`` counts it, which the message proposes.
    """
    is_wide = info.dtype == "uint16"
    is_color = len(info.shape) == 4 and pixels == "color"
    stop = info.shape[0] if stop is None else min(stop, info.shape[0])
    height, width = info.shape[1:3]
    shape: tuple[int, ...] = (height, width, 3) if is_color else (height, width)
    target = raw_pixel_format(color=is_color, wide=is_wide)
    if pixels == "planes":
        shape, target = (height * width * 3 // 2,), info.pixel_format
    key = key_frame(path, info.timestamps, start)
    command = ["-v", "level+warning", *open_at(path, info.timestamps, key), *keep_times(info)]
    command += [*_filters(info, pixels, start), "-frames:v", str(stop - start), "-f", "rawvideo", "-pix_fmt", target]
    watch = _Watch(path, info, key, start, stop, seconds_of, keep_going)
    with logged_process([*command, "-"], stdout=subprocess.PIPE) as (process, read_log):
        position = start
        while position < stop:
            frames = np.empty((min(chunk, stop - position), *shape), "<u2" if is_wide else np.uint8)
            n = _read_into(process.stdout, memoryview(frames).cast("B")) // frames[0].nbytes
            position += n
            watch.check_messages(read_log)
            if n < len(frames):
                watch.check_end(position, process.wait(), read_log())
            if n:
                yield frames[:n]
            if n < len(frames):
                return


@dataclass
class _Watch:
    """Observer of one pass over a video, which reports damage once.

    Attributes
    ----------
    path, info, key, start, stop, seconds_of, keep_going
        As in ``decode``; decoding begins at the frame `key`.
    is_searched, is_reported
        Whether the damaged frames were searched, and whether damage was reported.
    """

    path: Path
    info: Info
    key: int
    start: int
    stop: int
    seconds_of: Callable[[int], float] | None
    keep_going: bool
    is_searched: bool = False
    is_reported: bool = False

    def check_messages(self, read_log: Callable[[], str]) -> None:
        """Report damage of the frames to read, if ffmpeg complains."""
        if self.is_searched or not COMPLAINT.search(log := read_log()):
            return
        self.is_searched = True
        if damage := damaged_frames(self.path, self.info, self.key, self.start, self.stop):
            self.is_reported = True
            text = _damage_text(damage, self.info.shape[0], first_complaint(log))
            _report(self.path, text, damage[0][0], self.seconds_of, keep_going=self.keep_going)

    def check_end(self, frame: int, exit_code: int, log: str) -> None:
        """Report that the video ended before a frame."""
        if exit_code < 0:
            raise ValueError(
                f"{self.path}: ffmpeg was stopped by {signal.Signals(-exit_code).name} after {frame} of "
                f"{self.info.shape[0]} frames; the memory may be full, or another program stopped it"
            )
        reason = _reason_of_end(self.info, exit_code, log)
        if reason and not self.is_reported:
            text = f"after {frame} of {self.info.shape[0]} frames ({reason})"
            _report(self.path, text, frame, self.seconds_of, keep_going=self.keep_going)


def report_missing_end(path: Path, info: Info, seconds_of: Callable[[int], float], *, keep_going: bool) -> None:
    """Raise an error about a file that is shorter than its header states, or warn if `keep_going`."""
    count = info.shape[0]
    key = key_frame(path, info.timestamps, count - 1)
    damage = damaged_frames(path, info, key, key, count)  # The last frame often is incomplete.
    text = f"after {count} frames (the header states {info.missing_end:.4g} s more than the file holds)"
    _report(path, text, damage[0][0] if damage else count, seconds_of, keep_going=keep_going)


def _report(path: Path, text: str, frame: int, seconds_of: Callable[[int], float] | None, *, keep_going: bool) -> None:
    """Raise an error about damage that begins at a frame, or warn if `keep_going`."""
    message = f"{path}: truncated or damaged {text}"
    if keep_going:
        warnings.warn(message, DamageWarning, stacklevel=4)
        return
    advice = "--keep-going (keep_going=True) reads on"
    if frame and seconds_of is not None:
        advice = f"--end {seconds_of(frame):.6g} (end={seconds_of(frame):.6g}) reads the whole frames before, {advice}"
    raise ValueError(f"{message}; {advice}")


def _damage_text(damage: list[tuple[int, int]], count: int, reason: str) -> str:
    """The damaged frames in words."""
    names = ", ".join(f"{a} to {b - 1}" if b - a > 1 else f"{a}" for a, b in damage[:_RANGES_NAMED])
    more = ", and more" if len(damage) > _RANGES_NAMED else ""
    plural = "s" if len(damage) > 1 or damage[0][1] - damage[0][0] > 1 else ""
    return f"at frame{plural} {names}{more} of {count} ({reason})"


def _reason_of_end(info: Info, exit_code: int, log: str) -> str:
    """Why a clip ends before its last frame; an empty string if its codec has packets without a frame."""
    if exit_code == 0 and not COMPLAINT.search(log) and info.codec in _WITH_HIDDEN_FRAMES:
        return ""
    return first_complaint(log) or f"ffmpeg ends with status {exit_code}"


def _filters(info: Info, pixels: str, start: int) -> list[str]:
    """The ``-vf`` option of ffmpeg that skips the first frames and selects the luma plane."""
    filters, stamps = [], info.timestamps
    if stamps is not None and stamps.are_exact and (start or stamps.leading):
        before = stamps.absolute(start - 1) if start else stamps.absolute(0) - float(stamps.step)
        filters.append(f"select=gte(t\\,{(before + stamps.absolute(start)) / 2:.9f})")
    elif start:
        filters.append(f"select=gte(n\\,{start})")
    if pixels == "gray" and info.pixel_format.startswith("yuv"):
        filters.append("extractplanes=y")  # This leaves the values as they are; a conversion would stretch their range.
    return ["-vf", ",".join(filters)] if filters else []


def _read_into(pipe: IO[bytes], buffer: memoryview) -> int:
    """Fill the buffer from a pipe; return the number of bytes read, which is smaller at the pipe's end."""
    size = 0
    while size < len(buffer) and (n := pipe.readinto(buffer[size:])):  # type: ignore[attr-defined]
        size += n
    return size
