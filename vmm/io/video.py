"""Video files, decoded by the ffmpeg program that imageio-ffmpeg brings."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io import metadata
from vmm.io.program import ffmpeg, started
from vmm.io.timing import Spacing, Timestamps, find_spacing, read_packets

_WITHOUT_RATE = re.compile(
    r"(h26[1-6]|hevc|vvc|evc|lcevc|obu|m4v|mjpeg(_2000)?|vc1|cavsvideo|avs[23]|dirac|dnxhd|apv|rawvideo|bitpacked"
    r"|v210x?|image2|\w+_pipe)"
)
"""Formats that ffmpeg reads at a rate of its own because they state none: raw streams and single images."""

STREAM = "0:V:0"
"""The first stream of video; the capital V leaves out covers of sound files, which ffmpeg counts as video too."""

_TEXT_ART = ("ansi", "bintext", "idf", "xbin")
"""Codecs as which ffmpeg shows text files."""

_WITH_REFERENCES = {"hls", "dash", "concat", "concatf", "imf", "sdp", "rtsp"}
"""Formats that name other files or addresses, which a video must not open, or for which ffmpeg waits without end."""

_WITH_DURATION = {"matroska,webm", "avi", "asf"}
"""Formats with a duration in their header, which shows whether the end of a file is missing."""

_LOG_BYTES = 2**20
"""Bytes of ffmpeg's messages that are read; a damaged file can cause many more."""

_HEADER_SECONDS = 120.0
"""Time limit for reading the header and the first frame, which no file on a working disk needs."""


_REGULAR_SHARE = 0.8
"""Share of the groups of frames that must have the same length for key frames to be regular; scene cuts add others."""


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
        Playback rate in frames per second; None if the file states none. It agrees with the times of the frames: it is
        exact for evenly spaced frames, the rate of the grid if frames are missing from an even grid, and the mean rate
        if the rate varies. Recordings of high-speed cameras state the camera rate.
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
    rotation
        Angle in degrees, counterclockwise, by which the frames are rotated when they are read.
    field_order
        Order of the fields of interlaced frames, such as ``"top first"``; ``"progressive"``, or an empty string if the
        file does not state it.
    times
        Presentation times (T,) of the frames in seconds of playback, counted from the first frame; None for formats
        without time stamps, whose frames are evenly spaced.
    start
        Time in seconds from the beginning of the file, which is that of its first stream, to the first frame.
    numbers
        Positions (T,) of the images of a folder on an even grid, if numbers are missing; otherwise None.
    spacing
        Spacing of the frames in time; None if there are no time stamps.
    timestamps
        Time stamps of the frames as the file states them, or None.
    missing_end
        Seconds by which the file is shorter than its header states, because its end is missing; otherwise 0.
    """

    shape: tuple[int, ...]
    dtype: str
    fps: Fraction | None
    codec: str
    pixel_format: str
    has_sound: bool = False
    color_tags: tuple[tuple[str, str], ...] = ()
    field_order: str = ""
    times: np.ndarray | None = field(default=None, repr=False, compare=False)
    start: float = 0.0
    numbers: np.ndarray | None = field(default=None, repr=False, compare=False)
    spacing: Spacing | None = None
    timestamps: Timestamps | None = field(default=None, repr=False, compare=False)
    missing_end: float = 0.0
    capture_rate: Fraction | None = None
    pixel_aspect: Fraction = Fraction(1)
    bit_depth: int = 8
    rotation: int = 0

    @property
    def key_interval(self) -> int:
        """Frames from one key frame to the next; 0 if they are not regular, or every frame is a key frame."""
        places = np.flatnonzero(self.timestamps.is_key) if self.timestamps is not None else np.zeros(0, int)
        if len(places) < 3:
            return 0
        lengths, counts = np.unique(np.diff(places), return_counts=True)
        usual = int(lengths[counts.argmax()])
        return usual if usual > 1 and counts.max() >= _REGULAR_SHARE * counts.sum() else 0

    @property
    def is_even(self) -> bool:
        """Whether the frames are evenly spaced, within half a step of the time base of the file."""
        return self.numbers is None and (self.spacing is None or self.spacing.kind == "even")


def probe(path: Path) -> Info:
    """Describe a video; its packets are read instead of decoded, and their time stamps give the times of the frames."""
    process = _read_header(path)
    streams = re.finditer(r"Stream #\d+:\d+.*?: Video: (\w+)[^\n]*", process.stderr)
    stream = next((match for match in streams if "(attached pic)" not in match.group()), None)
    size = re.search(r"^#dimensions 0: (\d+)x(\d+)", process.stdout, re.MULTILINE)
    stamps = None if stream is None or size is None else _timestamps(path, stream.group(1))
    if stream is None or size is None or stamps is None:
        reason = last_line(process.stderr)
        if "whitelist" in process.stderr:
            reason = "its format names other files, or its name is a pattern of file names, and neither is opened"
        elif process.returncode < 0:
            reason = f"ffmpeg crashed with signal {-process.returncode}; another version may read the file"
        raise ValueError(f"{path}: no video that ffmpeg can decode ({reason})")
    if stream.group(1) in _TEXT_ART:
        raise ValueError(f"{path}: no video, but text")
    line = stream.group()
    pixel_format = _pixel_format(line)
    width, height = (int(n) for n in size.groups())
    channels = () if pixel_format.startswith(("gray", "mono", "ya")) else (3,)
    dtype = "uint16" if re.search(r"(9|10|12|14|16|48|64)(le|be)$", pixel_format) else "uint8"
    has_sound = re.search(r"Stream #\d+:\d+.*?: Audio:", process.stderr) is not None
    shape = len(stamps.ticks), height, width, *channels
    has_rate = _states_rate(path, process.stderr)
    written, _ = metadata.written_rates(process.stderr)
    stated = [*([written] if written else []), *_stated_rates(line, process.stdout)]
    spacing = find_spacing(stamps, stated) if has_rate and len(stamps.ticks) > 1 else None
    fps = spacing.rate if spacing else stated[0] if has_rate and stated else None
    rotation = metadata.rotation(process.stderr)
    return Info(
        shape,
        dtype,
        fps,
        stream.group(1),
        pixel_format,
        has_sound,
        _color_tags(line),
        _field_order(line),
        stamps.seconds() if has_rate else None,
        _start(stamps, process.stderr),
        None,
        spacing,
        stamps,
        _missing_end(stamps, has_sound, process.stderr),
        metadata.capture_rate(fps, process.stderr),
        metadata.pixel_aspect(line, rotation),
        metadata.bit_depth(pixel_format),
        rotation,
    )


def raw_pixel_format(*, color: bool, wide: bool) -> str:
    """Name that ffmpeg gives to raw frames of 8 bits, or 16 bits if `wide`."""
    if color:
        return "rgb48le" if wide else "rgb24"
    return "gray16le" if wide else "gray"


@contextmanager
def ffmpeg_process(arguments: list[str], **pipes: Any) -> Iterator[tuple[Any, Callable[[], str]]]:
    """Run ffmpeg; yield the process and a function that returns its last error message. It is stopped on exit."""
    with logged_process(arguments, **pipes) as (process, read_log):
        yield process, lambda: last_line(read_log())


@contextmanager
def logged_process(arguments: list[str], **pipes: Any) -> Iterator[tuple[Any, Callable[[], str]]]:
    """Run ffmpeg; yield the process and a function that returns its messages so far. It is stopped on exit."""
    with tempfile.TemporaryFile() as log:
        command = [ffmpeg(), "-v", "error", "-nostdin", *arguments]

        def read_log() -> str:
            # The position in the file is shared with ffmpeg, which would overwrite its messages after a seek.
            return os.pread(log.fileno(), _LOG_BYTES, 0).decode(errors="replace")

        with started(command, stderr=log, **pipes) as process:
            yield process, read_log


def run_ffmpeg(*arguments: Any, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run ffmpeg to its end; return its exit code and output, whatever they are."""
    command = [ffmpeg(), "-hide_banner", "-nostdin", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "replace"}
    with started(command, **pipes) as process:
        output, messages = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(command, process.returncode, output, messages)


def input_options(path: Path) -> list[str]:
    """Options of ffmpeg that open a file, which must not refer to other files.

    Names with a percent sign can be patterns of numbered images, so that they are not opened as images.
    """
    formats = [name for name in _demuxers(ffmpeg()) if name != "image2" or "%" not in path.name]
    return ["-format_whitelist", ",".join(formats), "-i", f"file:{path}"]


@cache
def _demuxers(program: str) -> tuple[str, ...]:
    """Names of the formats that this ffmpeg reads from a single file."""
    text = subprocess.run([program, "-hide_banner", "-demuxers"], capture_output=True, text=True, check=False).stdout
    names = re.findall(r"^ D[ E]? +([\w,]+) ", text, re.MULTILINE)  # A line of a device has another letter, d.
    return tuple(name for group in names for name in group.split(",") if name not in _WITH_REFERENCES)


def _read_header(path: Path) -> subprocess.CompletedProcess[str]:
    """The output of ffmpeg for the first frame, with the description of the file among its messages."""
    options = [*input_options(path), "-map", STREAM, "-frames:v", "1", "-f", "framecrc", "-"]
    try:
        return run_ffmpeg(*options, timeout=_HEADER_SECONDS)
    except subprocess.TimeoutExpired:
        raise ValueError(f"{path}: ffmpeg did not find a frame within {_HEADER_SECONDS:g} s") from None


def _timestamps(path: Path, codec: str) -> Timestamps | None:
    """Time stamps of all frames, or None if the file has no frame.

    Packets are not decoded, except those of Theora, which can repeat a frame without containing one.
    """
    copied = [] if codec == "theora" else ["-c", "copy", "-copyinkf"]
    command = [*input_options(path), "-map", STREAM, "-fps_mode", "passthrough", *copied, "-f", "framecrc", "-"]
    stamps = _read_packets(["-copyts", *command], decoded=not copied)
    if stamps is not None and not np.diff(stamps.ticks).all():
        # Recordings that were joined in one file repeat their times; ffmpeg lets them follow each other if asked to.
        joined = _read_packets(command, decoded=not copied)
        if joined is not None and np.diff(joined.ticks).all():
            return replace(joined, are_exact=False)
    return stamps


def _read_packets(command: list[str], *, decoded: bool) -> Timestamps | None:
    """Time stamps of the packets, or decoded frames, that ffmpeg writes."""
    with logged_process(command, stdout=subprocess.PIPE) as (process, _):
        return read_packets((line.decode() for line in process.stdout), decoded=decoded)


def _missing_end(stamps: Timestamps, has_sound: bool, header: str) -> float:
    """Seconds that the header states beyond the last frame, if the end of the file is missing; otherwise 0."""
    format_name = re.search(r"^Input #0, ([\w,]+), from", header, re.MULTILINE)
    match = re.search(r"Duration: (\d+):(\d+):([\d.]+)(?:, start: (-?[\d.]+))?", header)
    if has_sound or len(stamps.ticks) < 2 or not match or not format_name or format_name[1] not in _WITH_DURATION:
        return 0.0
    hours, minutes, seconds, start = match.groups()
    duration = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    gaps = np.diff(stamps.seconds())
    missing = duration - (stamps.absolute(len(stamps.ticks) - 1) - max(0.0, float(start or 0)) + float(np.median(gaps)))
    return missing if missing > max(0.1, 2.5 * float(gaps.max())) else 0.0


def _start(stamps: Timestamps, header: str) -> float:
    """Seconds from the beginning of the file to the first frame."""
    match = re.search(r"Duration: [^\n]*?start: (-?[\d.]+)", header)
    return max(0.0, stamps.absolute(0) - float(match.group(1))) if match and stamps.are_exact else 0.0


def _states_rate(path: Path, header: str) -> bool:
    """Whether the format of the file states times of its frames, or a rate."""
    match = re.search(r"^Input #0, ([\w,]+), from", header, re.MULTILINE)
    name = match.group(1) if match else ""
    if name == "yuv4mpegpipe":
        with path.open("rb") as file:
            return re.search(rb" F[1-9]\d*:[1-9]", file.readline(256)) is not None
    return _WITHOUT_RATE.fullmatch(name) is None


def _stated_rates(line: str, frame: str) -> list[Fraction]:
    """The rates that ffmpeg prints about a stream, the most credible first.

    ffmpeg prints rates with two decimals; the time base of the first frame is exact if it agrees with them.
    """
    printed = [re.search(rf"([\d.]+)(k?) {name}\b", line) for name in ("fps", "tbr")]
    rates = [Fraction(match.group(1)) * (1000 if match.group(2) else 1) for match in printed if match]
    base = re.search(r"^#tb 0: (\d+)/(\d+)", frame, re.MULTILINE)
    if base is None:
        return rates
    exact = Fraction(int(base.group(2)), int(base.group(1)))
    is_close = bool(rates) and abs(exact - rates[0]) <= max(Fraction(1, 1000) * rates[0], Fraction(1, 200))
    return [exact, *rates] if is_close else [*rates[:1], exact, *rates[1:]]


def _field_order(line: str) -> str:
    """Order of the fields in ffmpeg's line about a stream, or an empty string."""
    match = re.search(r"\b(progressive|(?:top|bottom)(?: coded)? first)\b", line)
    return match.group(1) if match else ""


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


def last_line(text: str) -> str:
    """The last line of a text that is not empty."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
