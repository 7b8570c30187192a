"""Video files through the ffmpeg that comes with imageio-ffmpeg."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np


@dataclass(frozen=True)
class Info:
    """What a file holds, without its frames.

    Attributes
    ----------
    shape
        (T, H, W) of grey or (T, H, W, 3) of colour frames.
    dtype
        ``"uint8"`` or ``"uint16"``.
    rate
        Frames a second that the file states, exactly; None where it states none.
    codec
        Name of the codec or the file format.
    pixels
        Name of the pixel format in the file.
    sound
        Whether the file has a sound track.
    tags
        How its colours are meant, by the names of ffmpeg's options; what the file does not say is left out.
    """

    shape: tuple[int, ...]
    dtype: str
    rate: Fraction | None
    codec: str
    pixels: str
    sound: bool = False
    tags: tuple[tuple[str, str], ...] = ()


def ffmpeg() -> str:
    """Path of the ffmpeg program."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def probe(path: Path) -> Info:
    """Size, exact rate, length and pixel format of a video; packets are counted, not decoded."""
    said = _run("-i", f"file:{path}", "-map", "0:v:0", "-frames:v", "1", "-f", "framecrc", "-")
    stream = re.search(r"Stream #\d+:\d+.*?: Video: (\w+)[^\n]*", said.stderr)
    size = re.search(r"^#dimensions 0: (\d+)x(\d+)", said.stdout, re.MULTILINE)
    if stream is None or size is None:
        raise ValueError(f"{path}: no video that ffmpeg can decode ({_last_line(said.stderr)})")
    line = stream.group()
    pixels = _pixel_format(line)
    width, height = (int(n) for n in size.groups())
    planes = () if pixels.startswith(("gray", "mono", "ya")) else (3,)
    dtype = "uint16" if re.search(r"(9|10|12|14|16|48|64)(le|be)$", pixels) else "uint8"
    sound = re.search(r"Stream #\d+:\d+.*?: Audio:", said.stderr) is not None
    shape = _count(path), height, width, *planes
    return Info(shape, dtype, _rate(line, said.stdout), stream.group(1), pixels, sound, _tags(line))


def decoded(
    path: Path, found: Info, *, chunk: int, pixels: str = "colour", start: int = 0, stop: int | None = None
) -> Iterator[np.ndarray]:
    """Chunks of a video's frames from `start` to `stop`; raises where ffmpeg cannot decode them all.

    Pixels are ``"colour"``; ``"grey"``; or ``"planes"``, bytes (n, H W 3/2) as 4:2:0 video holds them, luma first. A
    file may count packets that hold no frame to be shown: it then ends a little early without complaint.
    """
    wide = found.dtype == "uint16"
    colour = len(found.shape) == 4 and pixels == "colour"
    target = ("rgb48le" if wide else "rgb24") if colour else ("gray16le" if wide else "gray")
    chosen = [f"select=gte(n\\,{start})"] if start else []
    if pixels == "grey" and found.pixels.startswith("yuv"):
        chosen.append("extractplanes=y")  # luma as it is, not stretched to the full range
    stop = found.shape[0] if stop is None else min(stop, found.shape[0])
    command = ["-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough"]
    command += ["-vf", ",".join(chosen)] if chosen else []
    command += ["-frames:v", str(stop - start), "-f", "rawvideo"]
    command += ["-pix_fmt", found.pixels if pixels == "planes" else target, "-"]
    height, width = found.shape[1:3]
    shape: tuple[int, ...] = (height, width, 3) if colour else (height, width)
    if pixels == "planes":
        shape = (height * width * 3 // 2,)
    with running(command, stdout=subprocess.PIPE) as (process, complaint):
        seen = start
        while seen < stop:
            frames = np.empty((min(chunk, stop - seen), *shape), "<u2" if wide else np.uint8)
            n = _filled(process.stdout, memoryview(frames).cast("B")) // frames[0].nbytes
            if n == 0:
                process.wait()
                if said := complaint():
                    raise ValueError(f"{path}: broken off or damaged after {seen} of {found.shape[0]} frames ({said})")
                return
            yield frames[:n]
            seen += n


@contextmanager
def running(arguments: list[str], **pipes: Any) -> Iterator[tuple[Any, Callable[[], str]]]:
    """An ffmpeg at work, and what it complains of; it is stopped in any case."""
    with tempfile.TemporaryFile() as complaints:
        command = [ffmpeg(), "-v", "error", "-nostdin", *arguments]
        process = subprocess.Popen(command, stderr=complaints, start_new_session=True, **pipes)  # Ctrl-C is for us

        def complaint() -> str:
            complaints.seek(0)
            return _last_line(complaints.read().decode(errors="replace"))

        try:
            yield process, complaint
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()


def _filled(pipe: IO[bytes], buffer: memoryview) -> int:
    """How many bytes of the buffer a pipe filled before its end."""
    filled = 0
    while filled < len(buffer) and (n := pipe.readinto(buffer[filled:])):  # type: ignore[attr-defined]
        filled += n
    return filled


def _run(*arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [ffmpeg(), "-hide_banner", "-nostdin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def _count(path: Path) -> int:
    """Number of frames, by the packets of the file."""
    packets = _run("-i", f"file:{path}", "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-").stdout
    return sum(not line.startswith("#") for line in packets.splitlines())  # one line a packet, after the header


def _rate(line: str, frame: str) -> Fraction | None:
    """The stated rate, exactly where the first frame's time base tells it; None where none is stated."""
    stated = re.search(r"([\d.]+)(k?) fps", line)
    if stated is None:
        return None
    rate = Fraction(stated.group(1)) * (1000 if stated.group(2) else 1)
    base = re.search(r"^#tb 0: (\d+)/(\d+)", frame, re.MULTILINE)
    if base is not None:
        exact = Fraction(int(base.group(2)), int(base.group(1)))
        if abs(exact - rate) <= max(Fraction(1, 1000) * rate, Fraction(1, 200)):  # the text has two decimals
            return exact
    return rate


def _pixel_format(line: str) -> str:
    """Name of the pixel format in ffmpeg's line on a stream: the field after the codec."""
    fields = re.split(r",\s*(?![^()]*\))", line.split("Video:", 1)[1])
    return re.sub(r"\(.*", "", fields[1]).strip() if len(fields) > 1 else ""


def _tags(line: str) -> tuple[tuple[str, str], ...]:
    """Range, matrix, primaries and transfer in ffmpeg's line on a stream: ``yuv420p(tv, bt709, progressive)``."""
    said = re.search(r"Video: [^,]*(?:\([^)]*\)[^,]*)*, \w+\(([^)]*)\)", line)
    words = [word.strip() for word in said.group(1).split(",")] if said else []
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
