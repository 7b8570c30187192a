"""Runs of the ffmpeg program, which are stopped if nothing comes from them for too long."""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from vmm.io.program import ffmpeg, started

_Result = TypeVar("_Result")

SILENCE = 120.0
"""Seconds without a byte from ffmpeg, while its output is awaited, after which it is stopped. Packets, messages and
frames of files on a working disk take seconds at most; a file that lets ffmpeg wait for more data takes forever."""

_POLL = 1.0
"""Longest time in seconds between two looks at the time limit."""

_LOG_BYTES = 2**20
"""Bytes of ffmpeg's messages that are read; a damaged file can cause many more."""


class Run:
    """A run of ffmpeg; its output is awaited until `silence` seconds have passed without a byte.

    Parameters
    ----------
    path
        Path of the file that is read or written, which the error message names.
    process
        The process of ffmpeg.
    log
        File of its messages.
    silence
        Longest time in seconds without a byte.
    late
        The message of the error after that time; by default one about a file.
    """

    def __init__(self, path: Path, process: Any, log: Any, silence: float, late: str = "") -> None:
        self.process = process
        self._log, self._silence = log, silence
        self._late = late or (
            f"{path}: ffmpeg was stopped because it gave neither data nor an error for {silence:g} s; "
            "the file is damaged, or makes it wait for more data"
        )
        self._pipe = process.stderr if process.stdout is None else process.stdout
        self._deadline, self._is_late = math.inf, False
        self._has_ended = Event()
        self._watcher = Thread(target=self._watch, name="vmm-ffmpeg", daemon=True)
        self._watcher.start()

    def lines(self) -> Iterator[str]:
        """Yield the lines of the output."""
        while line := self._awaited(self._pipe.readline):
            yield line.decode(errors="replace")

    def fill(self, buffer: memoryview) -> int:
        """Fill the buffer with output; return the number of bytes read, which is smaller at the end of the output."""
        size = 0
        while size < len(buffer) and (n := self._awaited(partial(self._pipe.readinto1, buffer[size:]))):
            size += n
        return size

    def messages(self) -> str:
        """The messages of ffmpeg so far."""
        # The position in the file is shared with ffmpeg, which would overwrite its messages after a seek.
        return os.pread(self._log.fileno(), _LOG_BYTES, 0).decode(errors="replace")

    def end(self) -> int:
        """Wait for the end of the run; return its exit code."""
        return self._awaited(self.process.wait)

    def close(self) -> None:
        """Stop ffmpeg."""
        self._has_ended.set()
        self.process.kill()
        self._watcher.join()

    def _awaited(self, function: Callable[[], _Result]) -> _Result:
        """The result of a function that waits for ffmpeg; raise if that took too long."""
        self._deadline = monotonic() + self._silence
        result = function()
        self._deadline = math.inf
        if self._is_late:
            raise ValueError(self._late)
        return result

    def _watch(self) -> None:
        """Stop ffmpeg if the time limit has passed."""
        while not self._has_ended.wait(min(_POLL, self._silence / 4)):
            if monotonic() > self._deadline:
                self._is_late = True
                self.process.kill()
                return


@contextmanager
def ffmpeg_run(
    path: Path, arguments: list[str], *, silence: float | None = None, late: str = "", **pipes: Any
) -> Iterator[Run]:
    """Run ffmpeg on a file; it is stopped on exit. Its messages are logged, unless ``stderr`` is among the pipes."""
    with tempfile.TemporaryFile() as log:
        command = [ffmpeg(), "-hide_banner", "-v", "error", "-nostdin", *arguments]
        with started(command, **{"stderr": log, **pipes}) as process:
            run = Run(path, process, log, SILENCE if silence is None else silence, late)
            try:
                yield run
            finally:
                run.close()


class Output(NamedTuple):
    """Exit code, standard output and messages of a run of ffmpeg."""

    returncode: int
    text: str
    messages: str


def ffmpeg_output(path: Path, arguments: list[str]) -> Output:
    """Run ffmpeg on a file to its end; return its output, whatever the exit code."""
    with ffmpeg_run(path, ["-v", "info", *arguments], stdout=subprocess.PIPE) as run:
        text = "".join(run.lines())
        return Output(run.end(), text, run.messages())


def last_line(text: str) -> str:
    """The last line of a text that is not empty."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
