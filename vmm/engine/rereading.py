"""Frames around each frame of a clip: held in memory, or read again from a clip that can be reopened."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vmm.backend.arrays import Array
from vmm.engine.frames import moving

HELD_BYTES = 2**27
"""Largest size in bytes of the frames that are held of a clip that can be read again. Reading takes less time than a
tenth of that of magnification, but four readers of the clip need memory, too."""

_READERS = 3
"""Number of readers that are kept open: those of two windows that overlap, and that of the frames to magnify."""


class Held:
    """The frames of a clip from some frame on, in memory."""

    def __init__(self) -> None:
        self._chunks: list[Array] = []
        self._first = self._stop = 0

    def append(self, chunk: Array) -> None:
        """Hold the next chunk."""
        self._chunks.append(chunk)
        self._stop += len(chunk)

    def part(self, start: int, stop: int) -> Iterable[Array]:
        """Views of the frames from start to stop."""
        return list(part_of(self._chunks, start - self._first, stop - self._first))

    def release(self, start: int) -> None:
        """Release the frames before `start`."""
        self._chunks = list(part_of(self._chunks, start - self._first, self._stop - self._first))
        self._first = start


class Reread:
    """The frames of a clip, which are read again at each request.

    Parameters
    ----------
    reopen
        ``reopen()`` returns the chunks of the clip from its first frame on.
    """

    def __init__(self, reopen: Callable[[], Iterator[Array]]) -> None:
        self._reopen = reopen
        self._readers: list[_Reader] = []

    def append(self, chunk: Array) -> None:
        """Do not hold a chunk."""

    def release(self, start: int) -> None:
        """Release nothing, because nothing is held."""

    def part(self, start: int, stop: int) -> Iterable[Array]:
        """The frames from start to stop, each time that they are iterated over."""
        return _Span(self, start, stop)

    def read(self, start: int, stop: int) -> Iterator[Array]:
        """Read frames by the open reader that is nearest before them, or by a new one."""
        before = [reader for reader in self._readers if reader.position <= start]
        reader = max(before, key=lambda one: one.position) if before else _Reader(moving(self._reopen()))
        self._readers = [one for one in self._readers if one is not reader]
        yield from reader.read(start, stop)
        self._readers = [*self._readers, reader][-_READERS:]


class _Span:
    """Frames from start to stop, which are read again for each iteration."""

    def __init__(self, clip: Reread, start: int, stop: int) -> None:
        self._clip, self._start, self._stop = clip, start, stop

    def __iter__(self) -> Iterator[Array]:
        return self._clip.read(self._start, self._stop)


class _Reader:
    """A reader of consecutive frames; `position` is the index of the next one."""

    def __init__(self, chunks: Iterator[Array]) -> None:
        self._chunks, self._rest = chunks, None
        self.position = 0

    def read(self, start: int, stop: int) -> Iterator[Array]:
        """The frames from start to stop; those before are skipped."""
        while self.position < stop:
            chunk: Any = next(self._chunks) if self._rest is None else self._rest
            first, last = max(0, start - self.position), stop - self.position
            self._rest = chunk[last:] if len(chunk) > last else None
            self.position += min(len(chunk), last)
            if first < len(chunk):
                yield chunk[first:last]


def part_of(chunks: Iterable[Array], start: int, stop: int) -> Iterator[Array]:
    """Views of the frames from start to stop; no chunk after them is read."""
    position = 0
    for chunk in chunks:
        part = chunk[max(start - position, 0) : max(stop - position, 0)]
        position += len(chunk)
        if len(part):
            yield part
        if position >= stop:
            return


def holder(frames: Any, count: int) -> Held | Reread:
    """Hold the frames of a clip, or read them again if `count` of them need more memory than `HELD_BYTES`."""
    if not hasattr(frames, "reopen"):
        return Held()
    of_frame = math.prod(frames.shape[1:]) * frames.dtype.itemsize
    return Reread(frames.reopen) if of_frame * min(count, frames.shape[0]) > HELD_BYTES else Held()
