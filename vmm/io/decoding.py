"""Decoding of the frames of video files."""

from __future__ import annotations

import signal
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from vmm.io.damage import COMPLAINT, WITH_HIDDEN_FRAMES, damaged_frames, first_complaint
from vmm.io.process import SILENCE, ffmpeg_run
from vmm.io.seeking import keep_times, key_frame, open_at
from vmm.io.video import Info, raw_pixel_format

_RANGES_NAMED = 5
"""Ranges of damaged frames that a message names."""

_SKIP_SECONDS = 0.5
"""Seconds that ffmpeg may take to decode a frame before the first one to read, during which it writes nothing."""

_REDUCING = "area+accurate_rnd+full_chroma_int"
"""Options of ffmpeg's filter that reduces frames: means of the pixels, without a bias of the color conversion."""

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
    size: tuple[int, int] | None = None,
    is_exact: bool = True,
    keep_going: bool = False,
    seconds_of: Callable[[int], float] | None = None,
) -> Iterator[np.ndarray]:
    """Yield chunks of a video's frames from `start` to `stop`.

    ``"color"`` yields frames as the file has them, ``"gray"`` luma only, and ``"planes"`` the bytes (n, H W 3/2) of
    4:2:0 video, luma first. `size` (height, width) is that of frames that are reduced, each pixel to the mean of the
    pixels it covers. Decoding begins at a key frame shortly before `start`, and unless `is_exact` at the last one, with
    which the frames of some codecs differ slightly. Damaged or missing frames raise ``ValueError``, or warn if
    `keep_going`; then the frames are used as ffmpeg repairs them. `seconds_of` gives the time of a frame as the
    argument ``end`` of ``vmm.io.stream`` counts it, which the message proposes.
    """
    is_wide = info.dtype == "uint16"
    is_color = len(info.shape) == 4 and pixels == "color"
    stop = info.shape[0] if stop is None else min(stop, info.shape[0])
    height, width = size or info.shape[1:3]
    shape: tuple[int, ...] = (height, width, 3) if is_color else (height, width)
    target = raw_pixel_format(color=is_color, wide=is_wide)
    if pixels == "planes":
        shape, target = (height * width * 3 // 2,), info.pixel_format
    key = key_frame(path, info, start) if is_exact else key_frame(path, info, start, keys_between=0)
    command = [
        "-v",
        "level+warning",
        *open_at(path, info, key),
        *keep_times(info),
        *_filters(info, pixels, start, size),
    ]
    command += ["-frames:v", str(stop - start), "-f", "rawvideo", "-pix_fmt", target]
    watch = _Watch(path, info, key, start, stop, seconds_of, keep_going)
    silence = SILENCE + _SKIP_SECONDS * (start - key)
    with ffmpeg_run(path, [*command, "-"], silence=silence, stdout=subprocess.PIPE) as run:
        position, previous = start, np.empty((0, *shape))
        while position < stop:
            frames = np.empty((min(chunk, stop - position), *shape), "<u2" if is_wide else np.uint8)
            n = run.fill(memoryview(frames).cast("B")) // frames[0].nbytes
            watch.check_messages(run.messages)
            indices = _with_repeats(n, position, watch.missing)[: stop - position]
            position += len(indices)
            if n < len(frames):
                watch.check_end(position, run.end(), run.messages())
            if len(indices) == n:
                yield from [frames[:n]] if n else []
            else:
                joined = np.concatenate([previous if len(previous) else frames[:1], frames[:n]])
                for i in range(0, len(indices), chunk):
                    yield joined[1 + indices[i : i + chunk]]
            previous = frames[n - 1 : n].copy() if n else previous
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
    missing
        Indices of the frames that ffmpeg does not decode.
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
    missing: set[int] = field(default_factory=set)

    def check_messages(self, read_log: Callable[[], str]) -> None:
        """Report damage of the frames to read, if ffmpeg complains."""
        if self.is_searched or not COMPLAINT.search(log := read_log()):
            return
        self.is_searched = True
        damage, self.missing = damaged_frames(self.path, self.info, self.key, self.start, self.stop)
        if damage:
            self.is_reported = True
            text = _damage_text(damage, self.info.shape[0], first_complaint(log))
            if self.missing and self.keep_going:
                count = "1 missing frame is" if len(self.missing) == 1 else f"{len(self.missing)} missing frames are"
                text += f"; {count} replaced by the frame before"
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
    key = key_frame(path, info, count - 1)
    damage, _ = damaged_frames(path, info, key, key, count)  # The last frame often is incomplete.
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
        end = f"{seconds_of(frame):.6g}"
        advice = f"--end {end} (end={end}) reads the frames before, unless they are damaged too, {advice}"
    raise ValueError(f"{message}; {advice}")


def _damage_text(damage: list[tuple[int, int]], count: int, reason: str) -> str:
    """The damaged frames in words."""
    names = ", ".join(f"{a} to {b - 1}" if b - a > 1 else f"{a}" for a, b in damage[:_RANGES_NAMED])
    more = ", and more" if len(damage) > _RANGES_NAMED else ""
    plural = "s" if len(damage) > 1 or damage[0][1] - damage[0][0] > 1 else ""
    return f"at frame{plural} {names}{more} of {count} ({reason})"


def _reason_of_end(info: Info, exit_code: int, log: str) -> str:
    """Why a clip ends before its last frame; an empty string if its codec has packets without a frame."""
    if exit_code == 0 and not COMPLAINT.search(log) and info.codec in WITH_HIDDEN_FRAMES:
        return ""
    return first_complaint(log) or f"ffmpeg ends with status {exit_code}"


def _with_repeats(count: int, position: int, missing: set[int]) -> np.ndarray:
    """Indices of `count` decoded frames from frame `position` of a clip on; missing frames repeat the frame before."""
    indices: list[int] = []
    for i in range(count):
        while position + len(indices) in missing:
            indices.append(i - 1)
        indices.append(i)
    return np.array(indices, np.intp)


def _filters(info: Info, pixels: str, start: int, size: tuple[int, int] | None) -> list[str]:
    """The ``-vf`` option of ffmpeg that skips the first frames, selects the luma plane and reduces the frames."""
    filters, stamps = [], info.timestamps
    if stamps is not None and stamps.are_exact and (start or stamps.leading):
        before = stamps.absolute(start - 1) if start else stamps.absolute(0) - float(stamps.step)
        filters.append(f"select=gte(t\\,{(before + stamps.absolute(start)) / 2:.9f})")
    elif start:
        filters.append(f"select=gte(n\\,{start})")
    if pixels == "gray" and info.pixel_format.startswith("yuv"):
        filters.append("extractplanes=y")  # This leaves the values as they are; a conversion would stretch their range.
    if size is not None:
        filters.append(f"scale={size[1]}:{size[0]}:flags={_REDUCING}")
    return ["-vf", ",".join(filters)] if filters else []
