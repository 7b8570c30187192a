"""The ffmpeg program that imageio-ffmpeg brings, or that the variable IMAGEIO_FFMPEG_EXE names."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from typing import Any

from vmm.io.exits import cleaned_up, undivided

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


@contextmanager
def started(command: list[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program, which is killed at the end of the context, or when a signal ends this process.

    In a session of its own, it does not receive Ctrl-C, which this process handles.
    """
    with ExitStack() as stack:
        with undivided():
            process = subprocess.Popen(command, start_new_session=True, **options)
            stack.callback(_end, process)
            stack.enter_context(cleaned_up(partial(_kill, process)))
        yield process


def _end(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _kill(process: subprocess.Popen[Any]) -> None:
    """Kill a program without the lock of its object, which the interrupted thread may hold."""
    if process.returncode is None:
        os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


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
