"""The ffmpeg program that imageio-ffmpeg brings, or that the variable IMAGEIO_FFMPEG_EXE names."""

from __future__ import annotations

import re
import subprocess
from functools import cache

MIN_FFMPEG = "5.1"
_MIN_LIBAVUTIL = (57, 28)
"""Version of libavutil in the oldest ffmpeg that works, 5.1, which introduced the option -fps_mode. It is compared in
place of the version of ffmpeg, which builds between two releases do not state as a number."""


def ffmpeg() -> str:
    """Path of the ffmpeg program; raise OSError if there is none or if it is too old."""
    import imageio_ffmpeg

    try:
        program = str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise OSError(f"there is no ffmpeg program: reinstall imageio-ffmpeg ({error})") from None
    _check_version(program)
    return program


@cache
def _check_version(program: str) -> None:
    """Raise OSError if the program cannot be run or is older than MIN_FFMPEG."""
    advice = "unset IMAGEIO_FFMPEG_EXE, or let it name another program"
    try:
        text = subprocess.run(
            [program, "-version"], capture_output=True, text=True, errors="replace", check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise OSError(f"{program}: the ffmpeg program cannot be run ({error}); {advice}") from None
    library = re.search(r"^libavutil\s+(\d+)\.\s*(\d+)", text, re.MULTILINE)
    if library is None:
        raise OSError(f"{program}: this is no ffmpeg program; {advice}")
    if tuple(map(int, library.groups())) < _MIN_LIBAVUTIL:
        version = " ".join(text.split()[:3])
        raise OSError(f"{program}: {version} is too old, because vmm needs version {MIN_FFMPEG} or later; {advice}")
