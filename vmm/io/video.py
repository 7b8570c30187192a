"""Video files, decoded by the ffmpeg program that imageio-ffmpeg brings."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from vmm.io.timing import Spacing, Timestamps, find_spacing, read_packets

_WITHOUT_RATE = re.compile(
    r"(h26[1-6]|hevc|vvc|evc|lcevc|obu|m4v|mjpeg(_2000)?|vc1|cavsvideo|avs[23]|dirac|dnxhd|apv|rawvideo|bitpacked"
    r"|v210x?|image2|\w+_pipe)"
)
"""Formats that ffmpeg reads at a rate of its own because they state none: raw streams and single images."""


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


def ffmpeg() -> str:
    """Path of the ffmpeg program."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def probe(path: Path) -> Info:
    """Describe a video; its packets are read instead of decoded, and their time stamps give the times of the frames."""
    process = run_ffmpeg("-i", f"file:{path}", "-map", "0:v:0", "-frames:v", "1", "-f", "framecrc", "-")
    stream = re.search(r"Stream #\d+:\d+.*?: Video: (\w+)[^\n]*", process.stderr)
    size = re.search(r"^#dimensions 0: (\d+)x(\d+)", process.stdout, re.MULTILINE)
    stamps = None if stream is None or size is None else _timestamps(path)
    if stream is None or size is None or stamps is None:
        raise ValueError(f"{path}: no video that ffmpeg can decode ({_last_line(process.stderr)})")
    line = stream.group()
    pixel_format = _pixel_format(line)
    width, height = (int(n) for n in size.groups())
    channels = () if pixel_format.startswith(("gray", "mono", "ya")) else (3,)
    dtype = "uint16" if re.search(r"(9|10|12|14|16|48|64)(le|be)$", pixel_format) else "uint8"
    has_sound = re.search(r"Stream #\d+:\d+.*?: Audio:", process.stderr) is not None
    shape = len(stamps.ticks), height, width, *channels
    has_rate = _states_rate(path, process.stderr)
    stated = _stated_rates(line, process.stdout)
    spacing = find_spacing(stamps, stated) if has_rate and len(stamps.ticks) > 1 else None
    fps = spacing.rate if spacing else stated[0] if has_rate and stated else None
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
    command = ["-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough", *_filters(info, pixels, start)]
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


def _timestamps(path: Path) -> Timestamps | None:
    """Time stamps of all frames, without decoding them; None if there are no frames."""
    command = ["-copyts", "-i", f"file:{path}", "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-"]
    with ffmpeg_process(command, stdout=subprocess.PIPE) as (process, _):
        return read_packets(line.decode() for line in process.stdout)


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


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
