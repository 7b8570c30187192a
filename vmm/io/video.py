"""Video files, decoded by the ffmpeg program that imageio-ffmpeg brings."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from vmm.io import metadata
from vmm.io.program import ffmpeg

STREAM = "0:V:0"
"""The first stream of video; covers of sound files, which ffmpeg counts as pictures, are left out by the capital V."""

_TEXT_ART = ("ansi", "bintext", "idf", "xbin")
"""Codecs as which ffmpeg displays text files."""


@dataclass(frozen=True)
class Info:
    """Description of a video file.

    Attributes
    ----------
    shape
        Shape of the clip: (T, H, W) for gray frames, (T, H, W, 3) for color frames.
    dtype
        Type of the decoded frames, ``"uint8"`` or ``"uint16"``.
    fps
        Playback rate in frames per second, exactly as the file states it; None if the file states none. Recordings of
        high-speed cameras state the camera rate.
    codec
        Name of the codec or the file format.
    pixel_format
        Name that ffmpeg gives to the pixel format of the file, or the dtype if ffmpeg does not read the file.
    has_sound
        Whether the file has a sound track.
    color_tags
        Names and values of the ffmpeg options that describe the color range, matrix, primaries and transfer. Properties
        that the file does not state are absent.
    capture_rate
        Camera rate in Hz that the metadata of the file state, or None if they state none.
    pixel_aspect
        Width of a pixel divided by its height.
    bit_depth
        Bits per sample.
    field_order
        ``"top"`` or ``"bottom"``, the field that comes first in interlaced video, or ``"progressive"``.
    rotation
        Angle in degrees, counterclockwise, by which the frames are rotated when they are read.
    """

    shape: tuple[int, ...]
    dtype: str
    fps: Fraction | None
    codec: str
    pixel_format: str
    has_sound: bool = False
    color_tags: tuple[tuple[str, str], ...] = ()
    capture_rate: Fraction | None = None
    pixel_aspect: Fraction = Fraction(1)
    bit_depth: int = 8
    field_order: str = "progressive"
    rotation: int = 0


def probe(path: Path) -> Info:
    """Describe a video; its packets are counted instead of decoded."""
    process = run_ffmpeg("-i", f"file:{path}", "-map", STREAM, "-frames:v", "1", "-f", "framecrc", "-")
    streams = re.finditer(r"Stream #\d+:\d+.*?: Video: (\w+)[^\n]*", process.stderr)
    stream = next((match for match in streams if "(attached pic)" not in match.group()), None)
    size = re.search(r"^#dimensions 0: (\d+)x(\d+)", process.stdout, re.MULTILINE)
    if stream is None or size is None:
        raise ValueError(f"{path}: no video that ffmpeg can decode ({_last_line(process.stderr)})")
    if stream.group(1) in _TEXT_ART:
        raise ValueError(f"{path}: no video, but text")
    line = stream.group()
    pixel_format = _pixel_format(line)
    width, height = (int(n) for n in size.groups())
    channels = () if pixel_format.startswith(("gray", "mono", "ya")) else (3,)
    dtype = "uint16" if re.search(r"(9|10|12|14|16|48|64)(le|be)$", pixel_format) else "uint8"
    has_sound = re.search(r"Stream #\d+:\d+.*?: Audio:", process.stderr) is not None
    rotation = metadata.rotation(process.stderr)
    ticks, tick = _time_stamps(path)
    shape = len(ticks), height, width, *channels
    fps = metadata.playback_rate(_playback_rate(line, process.stdout), process.stderr, ticks, tick)
    return Info(
        shape,
        dtype,
        fps,
        stream.group(1),
        pixel_format,
        has_sound,
        _color_tags(line),
        capture_rate=metadata.capture_rate(fps, process.stderr),
        pixel_aspect=metadata.pixel_aspect(line, rotation),
        bit_depth=metadata.bit_depth(pixel_format),
        field_order=metadata.field_order(line),
        rotation=rotation,
    )


def decode(
    path: Path,
    info: Info,
    *,
    chunk: int,
    pixels: Literal["color", "gray", "planes"] = "color",
    start: int = 0,
    stop: int | None = None,
) -> Iterator[np.ndarray]:
    """Yield chunks of a video's frames from `start` to `stop`; raise if ffmpeg cannot decode all of them.

    ``"color"`` yields frames as the file has them, ``"gray"`` luma only, and ``"planes"`` the bytes (n, H W 3/2) of
    4:2:0 video, luma first. Some files contain packets without a visible frame; such a clip ends early, without error.
    """
    is_wide = info.dtype == "uint16"
    is_color = len(info.shape) == 4 and pixels == "color"
    stop = info.shape[0] if stop is None else min(stop, info.shape[0])
    height, width = info.shape[1:3]
    shape: tuple[int, ...] = (height, width, 3) if is_color else (height, width)
    target = raw_pixel_format(color=is_color, wide=is_wide)
    if pixels == "planes":
        shape, target = (height * width * 3 // 2,), info.pixel_format
    command = ["-i", f"file:{path}", "-map", STREAM, "-fps_mode", "passthrough", *_filters(info, pixels, start)]
    command += ["-frames:v", str(stop - start), "-f", "rawvideo", "-pix_fmt", target, "-"]
    with ffmpeg_process(command, stdout=subprocess.PIPE) as (process, last_error):
        position = start
        while position < stop:
            frames = np.empty((min(chunk, stop - position), *shape), "<u2" if is_wide else np.uint8)
            n = _read_into(process.stdout, memoryview(frames).cast("B")) // frames[0].nbytes
            if n == 0:
                process.wait()
                if message := last_error():
                    raise ValueError(
                        f"{path}: truncated or damaged after {position} of {info.shape[0]} frames ({message})"
                    )
                return
            yield frames[:n]
            position += n


def raw_pixel_format(*, color: bool, wide: bool) -> str:
    """Name that ffmpeg gives to raw frames of 8 bits, or 16 bits if `wide`."""
    if color:
        return "rgb48le" if wide else "rgb24"
    return "gray16le" if wide else "gray"


def _filters(info: Info, pixels: str, start: int) -> list[str]:
    """The ``-vf`` option of ffmpeg that skips the first frames and selects the luma plane."""
    filters = [f"select=gte(n\\,{start})"] if start else []
    if pixels == "gray" and info.pixel_format.startswith("yuv"):
        filters.append("extractplanes=y")  # This leaves the values as they are; a conversion would stretch their range.
    return ["-vf", ",".join(filters)] if filters else []


@contextmanager
def ffmpeg_process(arguments: list[str], **pipes: Any) -> Iterator[tuple[Any, Callable[[], str]]]:
    """Run ffmpeg; yield the process and a function that returns its last error message. It is stopped on exit."""
    with tempfile.TemporaryFile() as log:
        command = [ffmpeg(), "-v", "error", "-nostdin", *arguments]
        # In a session of its own, ffmpeg does not receive Ctrl-C, which this process handles.
        process = subprocess.Popen(command, stderr=log, start_new_session=True, **pipes)

        def last_error() -> str:
            log.seek(0)
            return _last_line(log.read().decode(errors="replace"))

        try:
            yield process, last_error
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()


def _read_into(pipe: IO[bytes], buffer: memoryview) -> int:
    """Fill the buffer from a pipe; return the number of bytes read, which is smaller at the pipe's end."""
    size = 0
    while size < len(buffer) and (n := pipe.readinto(buffer[size:])):  # type: ignore[attr-defined]
        size += n
    return size


def run_ffmpeg(*arguments: Any) -> subprocess.CompletedProcess[str]:
    """Run ffmpeg to its end; return its exit code and output, whatever they are."""
    command = [ffmpeg(), "-hide_banner", "-nostdin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def _time_stamps(path: Path) -> tuple[list[int], Fraction]:
    """Time stamps of all video packets in the file, one per frame, and their unit in seconds."""
    log = run_ffmpeg("-i", f"file:{path}", "-map", STREAM, "-c", "copy", "-f", "framecrc", "-").stdout
    base = re.search(r"^#tb 0: (\d+)/(\d+)", log, re.MULTILINE)
    tick = Fraction(*map(int, base.groups())) if base else Fraction(1)
    return [int(line.split(",")[2]) for line in log.splitlines() if line and not line.startswith("#")], tick


def _playback_rate(line: str, frame: str) -> Fraction | None:
    """The playback rate, or None if the file states none.

    ffmpeg prints it with two decimals; the time base of the first frame gives it exactly if the two agree.
    """
    match = re.search(r"([\d.]+)(k?) fps", line)
    if match is None:
        return None
    fps = Fraction(match.group(1)) * (1000 if match.group(2) else 1)
    base = re.search(r"^#tb 0: (\d+)/(\d+)", frame, re.MULTILINE)
    if base is not None:
        exact = Fraction(int(base.group(2)), int(base.group(1)))
        if abs(exact - fps) <= max(Fraction(1, 1000) * fps, Fraction(1, 200)):
            return exact
    return fps


def _pixel_format(line: str) -> str:
    """Name of the pixel format in ffmpeg's line about a stream: the field after the codec."""
    fields = re.split(r",\s*(?![^()]*\))", line.split("Video:", 1)[1])
    return re.sub(r"\(.*", "", fields[1]).strip() if len(fields) > 1 else ""


def _color_tags(line: str) -> tuple[tuple[str, str], ...]:
    """Range, matrix, primaries and transfer in ffmpeg's line about a stream: ``yuv420p(tv, bt709, progressive)``."""
    match = re.search(r"Video: [^,]*(?:\([^)]*\)[^,]*)*, \w+\(([^)]*)\)", line)
    words = [word.strip() for word in match.group(1).split(",")] if match else []
    tags = [("color_range", word) for word in words if word in ("tv", "pc")]
    for word in words:
        names = word.split("/") if word.count("/") == 2 else [word] * 3
        if re.match(r"(bt|smpte|fcc|film|iec|gbr|ycgco|unknown)", names[0]):
            keys = ("colorspace", "color_primaries", "color_trc")
            tags += [(key, name) for key, name in zip(keys, names, strict=True) if name != "unknown"]
    return tuple(tags)


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
