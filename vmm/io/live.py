"""Frames of live sources as a clip: frames are dropped rather than delayed."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import warnings
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from threading import Condition, Thread, current_thread
from time import monotonic
from types import TracebackType
from typing import Any

import numpy as np

from vmm.backend.checks import check_fs
from vmm.io._read import Clip
from vmm.io.limits import check_size
from vmm.io.process import Run, ffmpeg_run
from vmm.io.sources import Source, source_of
from vmm.io.video import STREAM

_SILENCE = 15.0
"""Seconds without a frame after which a camera counts as lost; a camera on the network takes some seconds to begin."""

_MAX_DELAY = 0.25
"""Seconds of frames that wait to be processed; when more arrive, the oldest are dropped."""

_GRACE = 5.0
"""Longest time in seconds to wait for the thread that reads a source when it is closed."""

_POLL = 0.1
"""Longest time in seconds between two looks at whether a signal has ended the clip."""

_MAX_HEADER = 64
"""Bytes of the header of a frame, which states its size."""


class LiveClip(Clip):
    """A clip of a live source, which ends when it is closed, or after a time.

    It is an iterator of chunks with all frames that wait, at most `chunk`. If the frames are taken more slowly than
    they arrive, the oldest are dropped.

    Parameters
    ----------
    source
        The source.
    fs
        Rate in Hz that is asked of a camera; for a file, the rate of the camera that took it.
    end
        Seconds after which the clip ends, or None.
    chunk
        Largest number of frames per chunk.
    height
        Height in pixels to which larger frames are reduced, or None.
    gray
        Whether to read gray frames.

    Attributes
    ----------
    shape
        Shape (T, H, W[, 3]); T is the largest integer if there is no `end`.
    dropped
        Number of frames that were dropped so far.
    numbers
        Numbers of the frames of the last chunk, counted from 0 with those that were dropped.
    """

    def __init__(
        self, source: Source, *, fs: float | None, end: float | None, chunk: int, height: int | None, gray: bool
    ) -> None:
        self._feed = feed = _Feed(source, fs, height, gray)
        self._finalize = weakref.finalize(self, feed.stop)
        if source.kind == "file":
            rate = feed.rate if fs is None else fs
        else:
            rate = feed.rate
            if fs is not None and abs(rate - fs) > 0.01 * fs:
                text = f"{source.name}: the camera delivers {rate:g} frames/s in place of {fs:g}"
                warnings.warn(text, UserWarning, stacklevel=4)
        count = sys.maxsize if end is None else min(max(1, round(end * feed.rate)), sys.maxsize)
        self._count, self._chunk, self._first = count, chunk, 0
        self.numbers: list[int] = []
        self._name = source.name
        fps = Fraction(feed.rate).limit_denominator(1001)
        super().__init__(self._reopened, (count, *feed.shape), np.uint8, rate, fps, chunks=self._frames())
        feed.start()

    @property
    def dropped(self) -> int:
        """Number of frames that were dropped so far."""
        return self._feed.dropped

    @property
    def is_closed(self) -> bool:
        """Whether the clip was closed or has ended."""
        return not self._finalize.alive

    def restart(self) -> None:
        """Leave out the frames that wait, and count frames from the next one on."""
        self._first = self._feed.restart()

    def stop(self) -> None:
        """End the clip soon, without waiting; a signal handler may call it."""
        self._feed.is_stopped = True

    def close(self) -> None:
        """End the clip; an iteration in another thread ends too."""
        self._finalize()

    def __enter__(self) -> LiveClip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _frames(self) -> Iterator[np.ndarray]:
        try:
            while (waiting := self._feed.take(self._chunk)) is not None:
                numbers, frames = zip(*waiting, strict=True)
                self.numbers = [number - self._first for number in numbers if number - self._first < self._count]
                if self.numbers:
                    yield np.stack(frames[: len(self.numbers)])
                if len(self.numbers) < len(frames) or self.numbers[-1] == self._count - 1:
                    return
        finally:
            self.close()

    def _reopened(self) -> Iterator[np.ndarray]:
        raise ValueError(
            f"{self._name} is live, so that its frames can be read only once: use a causal temporal filter, or record "
            "the video first"
        )


class _Feed:
    """A thread that reads the frames of a source as they come, and holds those that wait."""

    def __init__(self, source: Source, fs: float | None, height: int | None, gray: bool) -> None:
        self._source, self._changed = source, Condition()
        self._waiting: deque[tuple[int, np.ndarray]] = deque()
        self.is_stopped, self._has_ended, self._error = False, False, ""
        self._number = self.dropped = 0
        self._stack = ExitStack()
        try:
            self._run: Run = self._stack.enter_context(
                ffmpeg_run(
                    Path(source.name), _command(source, height, gray), silence=_SILENCE,
                    late=source.silence(_SILENCE), stdout=subprocess.PIPE,
                )
            )  # fmt: skip
            self._header = self._read_header()
            width, rows = (int(n) for n in self._header.split()[1:3])
            check_size(Path(source.name), rows, width)
            self.shape: tuple[int, ...] = (rows, width) if gray else (rows, width, 3)
            self._first = self._filled(bytearray(int(np.prod(self.shape))))
            self.rate: float = _rate(self._run.messages(), fs)
        except BaseException:
            self._stack.close()
            raise
        self._limit = max(2, round(_MAX_DELAY * self.rate))
        self._begin: float | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to read."""
        self._thread = Thread(target=self._work, name="vmm-live", daemon=True)
        self._thread.start()

    def take(self, count: int) -> list[tuple[int, np.ndarray]] | None:
        """Wait for frames; return at most `count` of them with their numbers, or None at the end."""
        with self._changed:
            self._begin = monotonic() if self._begin is None else self._begin
            self._changed.notify_all()
            while not (self._waiting or self._has_ended or self.is_stopped):
                self._changed.wait(_POLL)
            if self.is_stopped:
                return None
            if not self._waiting:
                if self._error:
                    raise OSError(self._error)
                return None
            return [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]

    def restart(self) -> int:
        """Leave out the frames that wait; return the number of the next one."""
        with self._changed:
            self._waiting.clear()
            self.dropped = 0
            self._begin = monotonic() if self._begin is None else self._begin
            self._changed.notify_all()
            return self._number

    def stop(self) -> None:
        """End the source, and wait for its process and its thread."""
        with self._changed:
            self.is_stopped = True
            self._changed.notify_all()
        self._run.process.kill()
        if self._thread is None:
            self._stack.close()
        elif self._thread is not current_thread():
            self._thread.join(_GRACE)

    def _work(self) -> None:
        try:
            frame: bytearray | None = self._first
            while frame is not None and not self.is_stopped:
                if self._source.kind == "file":
                    self._wait()
                self._put(np.frombuffer(frame, np.uint8).reshape(self.shape))
                frame = self._next()
        except (OSError, ValueError) as error:
            self._error = str(error)
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()
            self._stack.close()

    def _wait(self) -> None:
        """Wait until a frame of a file would come from a camera that begins when its first frame is asked for."""
        with self._changed:
            while not self.is_stopped:
                rest = _POLL if self._begin is None else self._begin + self._number / self.rate - monotonic()
                if rest <= 0:
                    return
                self._changed.wait(min(rest, _POLL))

    def _put(self, frame: np.ndarray) -> None:
        with self._changed:
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((self._number, frame))
            self._number += 1
            self._changed.notify_all()

    def _next(self) -> bytearray | None:
        """The next frame, or None at the end of a file; raise if the source is lost."""
        buffer = bytearray(len(self._header) + len(self._first))
        size = self._run.fill(memoryview(buffer))
        if size == len(buffer):
            if not buffer.startswith(self._header):
                raise ValueError(f"{self._source.name}: the size of the frames has changed: open the camera again")
            return buffer[len(self._header) :]
        is_end = self._source.kind == "file" and self._run.end() == 0
        if not is_end and not self.is_stopped:
            raise OSError(self._source.loss(self._run.messages(), self._number))
        return None

    def _read_header(self) -> bytes:
        """The header of the first frame, ``P6 width height 255`` in three lines; raise if there is none."""
        header, byte = b"", bytearray(1)
        while header.count(b"\n") < 3:
            if not self._run.fill(memoryview(byte)) or len(header) > _MAX_HEADER:
                self._run.end()
                raise OSError(self._source.failure(self._run.messages()))
            header += byte
        return header

    def _filled(self, buffer: bytearray) -> bytearray:
        if self._run.fill(memoryview(buffer)) < len(buffer):
            raise OSError(self._source.failure(self._run.messages()))
        return buffer


def _command(source: Source, height: int | None, gray: bool) -> list[str]:
    """Options of ffmpeg that write frames which state their size.

    A camera slows down in dim light; frames are then repeated, so that the rate stays the stated one.
    """
    pacing = "passthrough" if source.kind == "file" else "cfr"
    size = [] if height is None else ["-vf", f"scale=-2:min({height}\\,ih):flags=area"]
    coding = ["-c:v", "pgm", "-pix_fmt", "gray"] if gray else ["-c:v", "ppm", "-pix_fmt", "rgb24"]
    target = ["-f", "image2pipe", "-flush_packets", "1", "-"]
    return ["-v", "info", "-nostats", *source.options, "-map", STREAM, "-fps_mode", pacing, *size, *coding, *target]


def _rate(messages: str, fs: float | None) -> float:
    """The rate in Hz at which ffmpeg writes frames, as it prints it."""
    output = messages.rpartition("Output #0")[2]
    match = re.search(r"Video: [^\n]*?([\d.]+)(k?) fps", output)
    rate = float(match[1]) * (1000 if match[2] else 1) if match else fs
    if not rate:
        raise ValueError("the source states no rate: give fs, the number of frames per second (--fs)")
    return float(check_fs(rate))


def open_live(
    source: str | Path,
    *,
    fs: float | None = None,
    end: float | None = None,
    chunk: int = 1,
    height: int | None = None,
    gray: bool = False,
    network: bool = False,
) -> LiveClip:
    """Open a camera, an address of a camera, or a video that is read at its own rate, as a clip.

    Parameters
    ----------
    source
        ``camera:0`` for the first camera, ``camera:NAME``, ``rtsp://...``, or the path of a video.
    fs, end, chunk, height, gray
        As in ``LiveClip``.
    network
        Whether an address on the network may be opened.
    """
    for name, value in (("chunk", chunk), ("height", height)):
        if value is not None and value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    if end is not None and not 0 < end < math.inf:
        raise ValueError(f"end={end:g} must be a positive number of seconds")
    rate: Any = None if fs is None else check_fs(fs)
    chosen = source_of(source, fs=rate, network=network)
    return LiveClip(chosen, fs=rate, end=end, chunk=chunk, height=height, gray=gray)
