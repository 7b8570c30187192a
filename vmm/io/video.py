"""Video files, decoded by the ffmpeg program that imageio-ffmpeg brings."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from vmm.io import metadata
from vmm.io.formats import input_options, reason_of_failure
from vmm.io.limits import check_size
from vmm.io.process import Output, ffmpeg_output, ffmpeg_run
from vmm.io.timing import Spacing, Timestamps, find_spacing, read_packets

_WITHOUT_RATE = re.compile(
    r"(h26[1-6]|hevc|vvc|evc|lcevc|obu|m4v|mjpeg(_2000)?|vc1|cavsvideo|avs[23]|dirac|dnxhd|apv|rawvideo|bitpacked"
    r"|v210x?|image2|\w+_pipe)"
)
"""Formats that ffmpeg reads at a rate of its own because they state none: raw streams and single images."""

STREAM = "0:V:0"
"""The first stream of video; the capital V leaves out covers of sound files, which ffmpeg counts as video too."""

_WITH_DURATION = {"matroska,webm", "avi", "asf"}
"""Formats with a duration in their header, which shows whether the end of a file is missing."""

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
    playlists
        Whether the file was opened with ``playlists=True``, so that it may name other files.
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
    playlists: bool = False

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


def probe(path: Path, *, playlists: bool = False) -> Info:
    """Describe a video; its packets are read instead of decoded, and their time stamps give the times of the frames."""
    header = _read_header(path, playlists)
    streams = re.finditer(r"^  Stream #\d+:\d+.*?: Video: (\w+)[^\n]*", header.messages, re.MULTILINE)
    stream = next((match for match in streams if "(attached pic)" not in match.group()), None)
    if stream is not None and (frame := re.search(r", (\d+)x(\d+)", stream.group())):
        check_size(path, int(frame[2]), int(frame[1]))
    size = re.search(r"^#dimensions 0: (\d+)x(\d+)", header.text, re.MULTILINE)
    stamps = None if stream is None or size is None else _timestamps(path, stream.group(1), playlists)
    if stream is None or size is None or stamps is None:
        raise ValueError(f"{path}: no video that ffmpeg can decode ({_reason(header)})")
    line = stream.group()
    pixel_format = _pixel_format(line)
    width, height = (int(n) for n in size.groups())
    channels = () if pixel_format.startswith(("gray", "mono", "ya")) else (3,)
    dtype = "uint16" if re.search(r"(9|10|12|14|16|48|64)(le|be)$", pixel_format) else "uint8"
    has_sound = re.search(r"^  Stream #\d+:\d+.*?: Audio:", header.messages, re.MULTILINE) is not None
    shape = len(stamps.ticks), height, width, *channels
    has_rate = _states_rate(path, header.messages)
    written, _ = metadata.written_rates(header.messages)
    stated = [*([written] if written else []), *_stated_rates(line, header.text)]
    spacing = find_spacing(stamps, stated) if has_rate and len(stamps.ticks) > 1 else None
    fps = spacing.rate if spacing else stated[0] if has_rate and stated else None
    rotation = metadata.rotation(header.messages)
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
        _start(stamps, header.messages),
        None,
        spacing,
        stamps,
        _missing_end(stamps, has_sound, header.messages),
        metadata.capture_rate(fps, header.messages),
        metadata.pixel_aspect(line, rotation),
        metadata.bit_depth(pixel_format),
        rotation,
        playlists,
    )


def _reason(header: Output) -> str:
    """Why ffmpeg finds no frame."""
    if header.returncode < 0:
        return f"ffmpeg crashed with signal {-header.returncode}; another version may read the file"
    return reason_of_failure(header.messages)


def raw_pixel_format(*, color: bool, wide: bool) -> str:
    """Name that ffmpeg gives to raw frames of 8 bits, or 16 bits if `wide`."""
    if color:
        return "rgb48le" if wide else "rgb24"
    return "gray16le" if wide else "gray"


def _read_header(path: Path, playlists: bool) -> Output:
    """The output of ffmpeg for the first frame, with the description of the file among its messages."""
    options = input_options(path, playlists=playlists)
    return ffmpeg_output(path, [*options, "-map", STREAM, "-frames:v", "1", "-f", "framecrc", "-"])


def _timestamps(path: Path, codec: str, playlists: bool) -> Timestamps | None:
    """Time stamps of all frames, or None if the file has no frame.

    Packets are not decoded, except those of Theora, which can repeat a frame without containing one.
    """
    copied = [] if codec == "theora" else ["-c", "copy", "-copyinkf"]
    command = [*input_options(path, playlists=playlists), "-map", STREAM, "-fps_mode", "passthrough", *copied]
    stamps = _read_packets(path, ["-copyts", *command], decoded=not copied)
    if stamps is not None and not np.diff(stamps.ticks).all():
        # Recordings that were joined in one file repeat their times; ffmpeg lets them follow each other if asked to.
        joined = _read_packets(path, command, decoded=not copied)
        if joined is not None and np.diff(joined.ticks).all():
            return replace(joined, are_exact=False)
    return stamps


def _read_packets(path: Path, command: list[str], *, decoded: bool) -> Timestamps | None:
    """Time stamps of the packets, or decoded frames, that ffmpeg writes, each as soon as it is read."""
    command = [*command, "-flush_packets", "1", "-f", "framecrc", "-"]
    with ffmpeg_run(path, command, stdout=subprocess.PIPE) as run:
        return read_packets(run.lines(), decoded=decoded)


def _missing_end(stamps: Timestamps, has_sound: bool, header: str) -> float:
    """Seconds that the header states beyond the last frame, if the end of the file is missing; otherwise 0."""
    format_name = re.search(r"^Input #0, ([\w,]+), from", header, re.MULTILINE)
    match = re.search(r"^  Duration: (\d+):(\d+):([\d.]+)(?:, start: (-?[\d.]+))?", header, re.MULTILINE)
    if has_sound or len(stamps.ticks) < 2 or not match or not format_name or format_name[1] not in _WITH_DURATION:
        return 0.0
    hours, minutes, seconds, start = match.groups()
    duration = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    gaps = np.diff(stamps.seconds())
    missing = duration - (stamps.absolute(len(stamps.ticks) - 1) - max(0.0, float(start or 0)) + float(np.median(gaps)))
    return missing if missing > max(0.1, 2.5 * float(gaps.max())) else 0.0


def _start(stamps: Timestamps, header: str) -> float:
    """Seconds from the beginning of the file to the first frame."""
    match = re.search(r"^  Duration: [^\n]*?start: (-?[\d.]+)", header, re.MULTILINE)
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
    rates = [rate for rate in rates if rate > 0]
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
