"""Decoding of the frames of video files, from any frame on, and the search for damaged frames."""

from __future__ import annotations

import re
import signal
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import numpy as np

from vmm.io.timing import Timestamps
from vmm.io.video import Info, ffmpeg, ffmpeg_process, input_options, logged_process, raw_pixel_format

_WITH_HIDDEN_FRAMES = ("vp8", "vp9", "mpeg4", "msmpeg4v3", "flv1")
"""Codecs with packets that show no frame, so that a clip can have fewer frames than packets without any damage."""

_COMPLAINT = re.compile(r"\[(error|fatal|panic)\]|corrupt decoded frame|corrupt input packet")
"""Messages of ffmpeg at the level ``level+warning`` that report damage."""

_KEYS_BEFORE = 2
"""Key frames before the first frame to read at which decoding begins. After one of them only, frames of streams with
gradual refresh or open groups of pictures can differ from those of a whole pass."""

_RANGES_NAMED = 5
"""Ranges of damaged frames that a message names."""

_SEEK_ATTEMPTS = 4
"""Key frames that are tried. Formats without an index find a time only roughly, and one further back succeeds."""

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
    key = _key_frame(path, info.timestamps, start)
    command = ["-v", "level+warning", *_open_at(path, info.timestamps, key), *_keep_times(info)]
    command += [*_filters(info, pixels, start), "-frames:v", str(stop - start), "-f", "rawvideo", "-pix_fmt", target]
    with logged_process([*command, "-"], stdout=subprocess.PIPE) as (process, read_log):
        position, is_searched, is_reported = start, False, False
        while position < stop:
            frames = np.empty((min(chunk, stop - position), *shape), "<u2" if is_wide else np.uint8)
            n = _read_into(process.stdout, memoryview(frames).cast("B")) // frames[0].nbytes
            if n < len(frames):
                process.wait()
            if not is_searched and _COMPLAINT.search(read_log()):
                damage = _damaged_frames(path, info, key, start, stop)
                is_searched, is_reported = True, bool(damage)
                if damage:
                    _report(
                        _damage_message(path, info, damage, read_log()) + _advice(damage[0][0], seconds_of),
                        keep_going=keep_going,
                    )
            if n < len(frames) and not is_reported:
                reason = _reason_of_end(info, process.returncode, read_log())
                if reason:
                    _report(_end_message(path, info, position + n, reason, seconds_of), keep_going=keep_going)
            if n:
                yield frames[:n]
            if n < len(frames):
                return
            position += n


def _report(message: str, *, keep_going: bool) -> None:
    """Raise an error with this message, or warn if `keep_going`."""
    if not keep_going:
        raise ValueError(message)
    warnings.warn(message, DamageWarning, stacklevel=3)


def report_missing_end(path: Path, info: Info, seconds_of: Callable[[int], float], *, keep_going: bool) -> None:
    """Raise an error about a file that is shorter than its header states, or warn if `keep_going`."""
    reason = f"the header states {info.missing_end:.4g} s more than the file holds"
    _report(_end_message(path, info, info.shape[0], reason, seconds_of), keep_going=keep_going)


def _damage_message(path: Path, info: Info, damage: list[tuple[int, int]], log: str) -> str:
    """A sentence that names the damaged frames."""
    names = ", ".join(f"{a} to {b - 1}" if b - a > 1 else f"{a}" for a, b in damage[:_RANGES_NAMED])
    more = ", and more" if len(damage) > _RANGES_NAMED else ""
    return f"{path}: truncated or damaged at frames {names}{more} of {info.shape[0]} ({_first_complaint(log)})"


def _end_message(
    path: Path, info: Info, frame: int, reason: str, seconds_of: Callable[[int], float] | None = None
) -> str:
    """A sentence about a clip that ends before its last frame."""
    return (
        f"{path}: truncated or damaged after {frame} of {info.shape[0]} frames ({reason}){_advice(frame, seconds_of)}"
    )


def _advice(frame: int, seconds_of: Callable[[int], float] | None) -> str:
    """The options that read the frames before a frame, or all frames in spite of the damage."""
    advice = "--keep-going (keep_going=True) reads on"
    if frame and seconds_of is not None:
        advice = f"--end {seconds_of(frame):.6g} (end={seconds_of(frame):.6g}) reads the whole frames before, {advice}"
    return f"; {advice}"


def _first_complaint(log: str) -> str:
    """The first message about damage, without the names of ffmpeg's parts."""
    complaint = next((line for line in log.splitlines() if _COMPLAINT.search(line)), "")
    return re.sub(r"^(\[[^\]]* @ [^\]]*\] )*(\[\w+\] )?", "", complaint.strip())


def _reason_of_end(info: Info, exit_code: int, log: str) -> str:
    """Why a clip ends before its last frame; an empty string if its codec has packets without a frame."""
    if exit_code < 0:
        return f"ffmpeg was stopped by {signal.Signals(-exit_code).name}"
    if exit_code == 0 and not _COMPLAINT.search(log) and info.codec in _WITH_HIDDEN_FRAMES:
        return ""
    return _first_complaint(log) or f"ffmpeg ends with status {exit_code}"


def _key_frame(path: Path, stamps: Timestamps | None, start: int) -> int:
    """Index of a key frame before a frame, at which ffmpeg begins to decode if asked to; 0 is the beginning.

    ffmpeg's first packet after the seek is read to make sure that it is at that key frame or before it.
    """
    if stamps is None or not stamps.are_exact:
        return 0
    keys = np.flatnonzero(stamps.is_key[: start + 1])[:-_KEYS_BEFORE][::-1]
    for key in map(int, keys[:_SEEK_ATTEMPTS]):
        command = [*_open_at(path, stamps, key), "-c", "copy", "-frames:v", "1", "-f", "framecrc", "-"]
        with ffmpeg_process(command, stdout=subprocess.PIPE) as (process, _):
            rows = [line for line in process.stdout.read().decode().splitlines() if not line.startswith("#")]
        if rows and int(rows[0].split(",")[2]) <= stamps.ticks[key] and "F=" not in rows[0]:
            return key
    return 0


def _open_at(path: Path, stamps: Timestamps | None, key: int) -> list[str]:
    """Options of ffmpeg that open a video at a key frame and keep its time stamps."""
    seek = []
    if key and stamps is not None:
        seconds = stamps.absolute(key) + 0.5 * float(stamps.step)
        seek = ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", f"{seconds:.6f}"]
    return ["-copyts", *seek, *input_options(path), "-map", "0:v:0"]


def _keep_times(info: Info) -> list[str]:
    """Options of ffmpeg that neither drop nor repeat frames, nor round their times, which could make two equal."""
    step = [] if info.timestamps is None else ["-enc_time_base", str(info.timestamps.step)]
    return ["-fps_mode", "passthrough", *step]


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


def _damaged_frames(path: Path, info: Info, key: int, start: int, stop: int) -> list[tuple[int, int]]:
    """Ranges of frames from `start` to `stop` that damage can affect, each from its first frame to the next key frame.

    The video is decoded again by one thread, which reports the frames and the damage in their order.
    """
    stamps = info.timestamps
    assert stamps is not None
    command = [*_open_at(path, stamps, key), *_keep_times(info), "-f", "null", "-"]
    options = ["-v", "level+info", "-nostats", "-debug_ts", "-threads", "1"]
    ranges: list[tuple[int, int]] = []
    with _ffmpeg_messages([*options, *command]) as lines:
        frame = key
        for line in lines:
            if _COMPLAINT.search(line) and (frame or not stamps.leading):
                ranges = _with_range(ranges, frame, _end_of_damage(stamps, frame))
            if "decoder -> " in line:
                frame = _next_frame(stamps, re.search(r"decoder -> .*?pts:(-?\d+)", line), frame)
            if frame > stop + stamps.delay:
                break
    return [(max(a, start), min(b, stop)) for a, b in ranges if a < stop and b > start]


@contextmanager
def _ffmpeg_messages(arguments: list[str]) -> Iterator[Iterator[str]]:
    """Run ffmpeg and yield its messages line by line."""
    command = [ffmpeg(), "-nostdin", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    assert process.stderr is not None
    try:
        yield (line.decode(errors="replace") for line in process.stderr)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def _next_frame(stamps: Timestamps, match: re.Match[str] | None, frame: int) -> int:
    """Index of the frame after the one that ffmpeg reports."""
    if match is None or not stamps.are_exact:
        return frame + 1
    return int(np.searchsorted(stamps.ticks, int(match.group(1)), side="right"))


def _end_of_damage(stamps: Timestamps, frame: int) -> int:
    """Index of the key frame after a damaged frame, which ends the damage."""
    if stamps.is_key.all():
        return frame + 1
    after = frame + stamps.delay + 1
    keys = np.flatnonzero(stamps.is_key[after:])
    return after + int(keys[0]) if len(keys) else len(stamps.ticks)


def _with_range(ranges: list[tuple[int, int]], first: int, stop: int) -> list[tuple[int, int]]:
    """The ranges and another one, which is joined to the last one if they touch."""
    if ranges and first <= ranges[-1][1]:
        return [*ranges[:-1], (ranges[-1][0], max(ranges[-1][1], stop))]
    return [*ranges, (first, stop)]
