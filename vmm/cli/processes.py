"""Commands that run in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from vmm.io.exits import at_signal, undivided

_PROGRESS = re.compile(rb"(\d+)/(\d+) \[")
"""The frames done and the frames in all, in the progress bars of the commands."""

_LOG_BYTES = 4000
"""Bytes of the messages of a command that are kept, which hold its last progress bar and its error."""

_GRACE = 10.0
"""Seconds after which a command that was asked to end is killed."""

_CAUSES = {9: "it was killed, as happens where memory is short", 11: "it crashed", 6: "it crashed"}
"""Causes of an exit status that is the negative number of a signal."""


@dataclass(frozen=True)
class Outcome:
    """What a command has printed, and how it ended.

    Attributes
    ----------
    status
        Exit status, 0 on success.
    output
        Standard output.
    messages
        Standard error.
    """

    status: int
    output: str
    messages: str

    def error(self) -> str:
        """The sentence of the error that ended the command; empty after a success."""
        if self.status == 0:
            return ""
        lines = self.messages.replace("\r", "\n").strip().splitlines()
        sentences = [line.partition("vmm: error: ")[2] for line in lines if "vmm: error: " in line]
        if sentences:
            return sentences[-1]
        if lines and self.status > 0:
            return lines[-1]
        cause = f": {_CAUSES[-self.status]}" if -self.status in _CAUSES else ""
        return f"the command ended with status {self.status}{cause}"


class Command:
    """A command line of ``vmm`` in a process of its own.

    Parameters
    ----------
    words
        Words of the command after ``vmm``.
    threads
        Number of threads that it may use; by default as many as cores.
    progress
        Function that is called with the number of frames that are done and of those in all.
    folder
        Folder to which relative paths refer; by default that of this process.
    """

    def __init__(
        self,
        words: Sequence[str],
        threads: int | None = None,
        progress: Callable[[int, int], object] | None = None,
        folder: str | None = None,
    ) -> None:
        self._words, self._progress, self._folder = list(words), progress, folder
        self._environment = {**os.environ, **({} if threads is None else {"VMM_THREADS": str(threads)})}
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def run(self) -> Outcome:
        """Run the command to its end."""
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with undivided():
            if self._is_stopped:
                return Outcome(-signal.SIGTERM, "", "")
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "vmm", *self._words],
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
                **pipes,
            )
            remove = at_signal(lambda: _end(process))
        if self._is_stopped:
            self.stop()
        output: list[bytes] = []
        reader = threading.Thread(target=lambda: output.append(process.stdout.read()))  # type: ignore[union-attr]
        try:
            with process:
                reader.start()
                messages = self._read_messages(process)
                reader.join()
        finally:
            remove()
        return Outcome(process.returncode, output[0].decode(errors="replace"), messages.decode(errors="replace"))

    def _read_messages(self, process: subprocess.Popen[bytes]) -> bytes:
        """Read the messages to their end and take the progress from them; return the last ones."""
        log = b""
        while piece := process.stderr.read1(_LOG_BYTES):  # type: ignore[union-attr]
            log = (log + piece)[-_LOG_BYTES:]
            if self._progress is not None and (bars := _PROGRESS.findall(log)):
                self._progress(int(bars[-1][0]), int(bars[-1][1]))
        return log

    def stop(self) -> None:
        """Ask the command to end, which deletes its incomplete files; kill it if it does not."""
        self._is_stopped = True
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(OSError):
                process.terminate()
            timer = threading.Timer(_GRACE, process.kill)
            timer.daemon = True
            timer.start()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a command to end and wait until its incomplete files are deleted."""
    process.terminate()
    end = monotonic() + _GRACE
    while process.poll() is None and monotonic() < end:
        sleep(0.02)
