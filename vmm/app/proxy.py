"""Videos for the browser, which seeks in them exactly and quickly, and pictures."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io.process import last_line
from vmm.io.program import ffmpeg, started

MAX_WIDTH = 1280
"""Width in pixels above which frames are reduced: browsers seek in larger ones slowly."""

KEY_INTERVAL = 15
"""Frames from one key frame to the next. A seek decodes at most as many; key frames alone would be far larger files."""

_QUALITY = 18
"""Constant rate factor of H.264, at which the picture looks like the original."""


def shown_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which frames are shown in the browser."""
    factor = max(1.0, width / MAX_WIDTH)
    return max(1, round(height / factor)), max(1, round(width / factor))


def write_proxy(
    path: Path,
    chunks: Iterable[np.ndarray],
    size: tuple[int, int],
    rate: float | Fraction,
    *,
    advance: Callable[[int], Any] = lambda frames: None,
    preset: str = "veryfast",
) -> None:
    """Write frames of 8 bits as H.264 for a browser, padded to even sizes, with frame `n` at the time ``n / rate``.

    Parameters
    ----------
    path
        Path of the ``.mp4`` file.
    chunks
        Chunks (n, H, W) or (n, H, W, 3) of uint8.
    size
        Height and width of the frames.
    rate
        Playback rate in frames per second.
    advance
        Function that is called with the number of frames of each chunk that was written.
    preset
        Preset of the encoder: faster ones make larger files.
    """
    frames = iter(chunks)
    first = next(frames)
    height, width = shown_size(*size)
    pixels = "gray" if first.ndim == 3 else "rgb24"
    filters = f"scale={width}:{height}:out_color_matrix=bt709,pad={width + width % 2}:{height + height % 2}"
    tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    source = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        pixels,
        "-s",
        f"{size[1]}x{size[0]}",
        "-r",
        str(Fraction(rate).limit_denominator(100_000)),
    ]
    coding = ["-c:v", "libx264", "-preset", preset, "-crf", str(_QUALITY), "-g", str(KEY_INTERVAL), "-bf", "0"]
    target = ["-pix_fmt", "yuv420p", "-movflags", "+faststart", "-y", f"file:{path}"]
    command = [ffmpeg(), "-v", "error", *source, "-i", "pipe:0", "-vf", filters, *coding, *tags, *target]
    with started(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stderr is not None
        try:
            for chunk in chain([first], frames):
                process.stdin.write(np.ascontiguousarray(chunk).data)
                advance(len(chunk))
            process.stdin.close()
        except BrokenPipeError:
            pass  # The message of ffmpeg says why.
        messages = process.stderr.read().decode(errors="replace")
        if process.wait() != 0:
            raise OSError(f"{path.name}: ffmpeg could not write the video for the browser: {last_line(messages)}")


def join(path: Path, proxy: Path, result: Path, size: tuple[int, int]) -> None:
    """Write a video for the browser and a result next to one another, as one video that keeps them in step.

    Both are cut to the clip, whose size (height, width) is given, because their rows and columns are padded to even
    numbers.
    """
    shown_height, shown_width = shown_size(*size)
    scaled = f"scale={shown_width + shown_width % 2}:{shown_height + shown_height % 2},setsar=1"
    cuts = [f"crop={width}:{height}:0:0:exact=1" for height, width in ((shown_height, shown_width), size)]
    graph = f"[0:v]format=yuv444p,{cuts[0]},{scaled}[a];[1:v]format=yuv444p,{cuts[1]},{scaled}[b]"
    graph += ";[a][b]hstack=shortest=1"
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(_QUALITY), "-g", str(KEY_INTERVAL), "-bf", "0"]
    target = ["-pix_fmt", "yuv420p", "-an", "-movflags", "+faststart", "-y", f"file:{path}"]
    inputs = ["-i", f"file:{proxy}", "-i", f"file:{result}"]
    command = [ffmpeg(), "-v", "error", "-nostdin", *inputs, "-filter_complex", graph, *coding, *target]
    with started(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        messages = process.stderr.read().decode(errors="replace")
        if process.wait() != 0:
            raise OSError(f"{path.name}: ffmpeg could not join two videos: {last_line(messages)}")


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write one frame as a JPEG picture."""
    from PIL import Image

    Image.fromarray(picture).save(path, quality=90)
