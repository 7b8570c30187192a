"""A clip cut into pieces that a filter with look-ahead can use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vmm.backend.arrays import Array, is_array


@dataclass(frozen=True)
class Source:
    """A clip that can be read twice.

    Attributes
    ----------
    chunks
        Its frames, for the last reading.
    reopen
        ``reopen()``: the same frames for a reading before that.
    length
        How many there are, or are said to be.
    """

    chunks: Iterable[Array]
    reopen: Callable[[], Iterable[Array]]
    length: int


def source(frames: Any, chunks: Iterable[Array]) -> Source:
    """The clip's chunks as a source: an array, a clip that opens its file again, or chunks that must be kept."""
    if is_array(frames):
        return Source([frames], lambda: [frames], len(frames))
    if hasattr(frames, "reopen"):
        return Source(chunks, frames.reopen, frames.shape[0])
    kept = list(chunks)
    return Source(kept, lambda: kept, sum(map(len, kept)))


@dataclass(frozen=True)
class Window:
    """Frames with those around them that a filter must see.

    Attributes
    ----------
    chunks
        The frames, context included.
    kept
        Those of them that are to be magnified.
    head, tail
        How many frames are missing before and after, beyond the ends of the clip.
    """

    chunks: list[Array]
    kept: list[Array]
    head: int
    tail: int


def windows(chunks: Iterable[Array], delay: int) -> Iterator[Window]:
    """Cut a clip into windows that overlap by `delay` frames at each end.

    A window keeps at least twice `delay` frames, so that no frame is analysed more than twice, and at least 16.
    """
    block = max(2 * delay, 16)
    held: list[Array] = []
    first = done = seen = 0  # index of the first frame held; number of frames handed out; number read
    for chunk in chunks:
        held.append(chunk)
        seen += len(chunk)
        while seen >= done + block + 2 * delay:  # the rest is long enough to predict from
            yield _window(held, first, done, done + block, delay)
            done += block
            start = max(done - delay, 0)
            held, first = _part(held, start - first, seen - first), start
    if seen > done + block:  # a longer window would take more memory than those before
        half = (seen - done) // 2
        yield _window(held, first, done, done + half, delay)
        done += half
    if seen > done:
        yield _window(held, first, done, seen, delay)


def _window(held: list[Array], first: int, start: int, stop: int, delay: int) -> Window:
    seen = first + sum(map(len, held))
    before, after = min(delay, start - first), min(delay, seen - stop)
    around = _part(held, start - before - first, stop + after - first)
    return Window(around, _part(held, start - first, stop - first), delay - before, delay - after)


def _part(chunks: list[Array], start: int, stop: int) -> list[Array]:
    """Views of the frames from start to stop."""
    parts, done = [], 0
    for chunk in chunks:
        part = chunk[max(0, start - done) : max(0, stop - done)]
        if len(part):
            parts.append(part)
        done += len(chunk)
    return parts
