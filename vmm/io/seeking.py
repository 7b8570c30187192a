"""Options of ffmpeg that open a video at a key frame."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from vmm.io.formats import input_options
from vmm.io.process import ffmpeg_run
from vmm.io.video import STREAM, Info

_KEYS_BETWEEN = 1
"""Key frames between the one at which decoding begins and the first frame to read. Without any, frames of streams with
gradual refresh or open groups of pictures can differ from those of a whole pass."""

_SEEK_ATTEMPTS = 4
"""Key frames that are tried. Formats without an index find a time only roughly, and one further back succeeds."""


def key_frame(path: Path, info: Info, start: int, *, keys_between: int = _KEYS_BETWEEN) -> int:
    """Index of a key frame before a frame, at which ffmpeg begins to decode if asked to; 0 is the beginning.

    ffmpeg's first packet after the seek is read to make sure that it is at that key frame or before it.
    """
    stamps = info.timestamps
    if stamps is None or not stamps.are_exact:
        return 0
    keys = np.flatnonzero(stamps.is_key[: start + 1])[::-1][keys_between:]
    for key in map(int, keys[:_SEEK_ATTEMPTS]):
        command = [*open_at(path, info, key), "-c", "copy", "-frames:v", "1", "-f", "framecrc", "-"]
        with ffmpeg_run(path, command, stdout=subprocess.PIPE) as run:
            rows = [line for line in run.lines() if not line.startswith("#")]
        if rows and int(rows[0].split(",")[2]) <= stamps.ticks[key] and "F=" not in rows[0]:
            return key
    return 0


def open_at(path: Path, info: Info, key: int) -> list[str]:
    """Options of ffmpeg that open a video at a key frame and keep its time stamps."""
    seek, stamps = [], info.timestamps
    if key and stamps is not None:
        seconds = stamps.absolute(key) + 0.5 * float(stamps.step)
        seek = ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", f"{seconds:.6f}"]
    return ["-copyts", *seek, *input_options(path, playlists=info.playlists), "-map", STREAM]


def keep_times(info: Info) -> list[str]:
    """Options of ffmpeg that neither drop nor repeat frames, nor round their times, which could make two equal."""
    step = [] if info.timestamps is None else ["-enc_time_base", str(info.timestamps.step)]
    return ["-fps_mode", "passthrough", *step]
