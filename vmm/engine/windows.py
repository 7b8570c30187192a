"""Windows of a clip for filters that need frames before and after each frame."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vmm.backend.arrays import Array
from vmm.engine.frames import is_pair
from vmm.engine.rereading import Held, Reread, holder
from vmm.parts import LookAheadFilter, NonlinearFilter, TemporalFilter, WholeClipFilter

MIN_DELAY = 64
"""Group delay in frames up to which a filter may be used for a clip of any length."""

MAX_DELAY_PER_FRAME = 4
"""Largest group delay of longer filters, relative to the number of frames of the clip. Nearly all input of a filter of
eight times the length of the clip is extrapolated, at the expense of time and memory."""


class ShortClipWarning(UserWarning):
    """A clip is shorter than the temporal filter, so that a part of the motion that is filtered is predicted."""


@dataclass(frozen=True)
class Window:
    """Frames to magnify, with the frames around them that a filter needs.

    Attributes
    ----------
    chunks
        The frames, including their context. They may be read again at each iteration.
    core
        The frames to magnify.
    length, core_length
        Numbers of these frames.
    head, tail
        Number of context frames that are missing before and after, beyond the ends of the clip.
    """

    chunks: Iterable[Array]
    core: Iterable[Array]
    length: int
    core_length: int
    head: int
    tail: int


def check_delay(delay: int, count: int, per_frame: float = MAX_DELAY_PER_FRAME) -> None:
    """Raise if a filter is too long for a clip of this number of frames.

    Raises
    ------
    ValueError
        If the group delay exceeds both ``MIN_DELAY`` and `per_frame` times the number of frames.
    """
    if delay > max(MIN_DELAY, per_frame * count):
        raise ValueError(
            f"frames: a clip of {count} frames is too short for this band, whose filter has {2 * delay + 1} frames: "
            f"use at least {math.ceil(delay / per_frame)} frames, a wider band or a higher frequency"
        )


def warn_if_short(temporal: TemporalFilter, count: int) -> None:
    """Warn if a clip of this number of frames is shorter than a filter, with the share of the filter that is lost."""
    length = needed_frames(temporal)
    if count < length:
        beyond = length if isinstance(temporal, WholeClipFilter) else (length - count) / 2
        share = 2 * beyond / (count + 2 * beyond)
        warnings.warn(
            f"a clip of {count} frames is shorter than the temporal filter, which needs {length}: even in the middle "
            f"of the clip {share:.0%} of the filter is beyond its ends, where motion is predicted, so that motion at "
            "other frequencies may be magnified too and the gain is less certain; use a longer clip or a wider band",
            ShortClipWarning,
            stacklevel=2,
        )


def needed_frames(temporal: TemporalFilter) -> int:
    """Number of frames of a clip in the middle of which a filter needs no predicted motion; 0 for a causal filter.

    A whole-clip filter always uses predicted motion. It needs a clip that lasts for the inverse of its bandwidth.
    """
    if isinstance(temporal, WholeClipFilter):
        return temporal.margin
    return 2 * temporal.delay + 1 if isinstance(temporal, LookAheadFilter | NonlinearFilter) else 0


def check_length_for(temporal: TemporalFilter, frames: Any, per_frame: float = MAX_DELAY_PER_FRAME) -> None:
    """Raise as ``check_delay`` does if the number of frames is known before they are read."""
    clip = frames[0] if is_pair(frames) else frames
    shape = getattr(clip, "shape", None)
    if isinstance(temporal, LookAheadFilter | NonlinearFilter) and shape and len(shape) >= 3:
        check_delay(temporal.delay, shape[0], per_frame)


def windows(
    chunks: Iterable[Array], temporal: LookAheadFilter | NonlinearFilter, frames: Any = None
) -> Iterator[Window]:
    """Cut a clip into windows that overlap by the delay of a filter at each end.

    A window holds at least 16 frames to magnify, and at least twice the delay, so that no frame is analyzed more than
    twice. If the clip that the chunks come from, `frames`, can be read again, and is large, its frames are not held.
    """
    delay = temporal.delay
    block = _block(temporal)
    held = holder(frames, block + 3 * delay)
    done = read = 0  # number of frames in earlier windows; number read
    for chunk in chunks:
        held.append(chunk)
        read += len(chunk)
        while read >= done + block + 2 * delay:  # the rest is long enough to predict from
            yield _window(held, read, done, done + block, delay)
            done += block
            held.release(max(done - delay, 0))
    check_delay(delay, read)
    warn_if_short(temporal, read)
    if read > done + block:  # one longer window would need more memory than those before
        half = (read - done) // 2
        yield _window(held, read, done, done + half, delay)
        done += half
    if read > done:
        yield _window(held, read, done, read, delay)


def spans(count: int, temporal: LookAheadFilter | NonlinearFilter) -> Iterator[tuple[int, int]]:
    """First and last frame plus one of the frames to magnify, for each window that ``windows`` makes of a clip."""
    block, start = _block(temporal), 0
    while count >= start + block + 2 * temporal.delay:
        yield start, start + block
        start += block
    if count > start + block:
        half = (count - start) // 2
        yield start, start + half
        start += half
    if count > start:
        yield start, count


def _block(temporal: LookAheadFilter | NonlinearFilter) -> int:
    """Number of frames to magnify in a window."""
    return max(2 * temporal.delay, 16)


def _window(held: Held | Reread, read: int, start: int, stop: int, delay: int) -> Window:
    before, after = min(delay, start), min(delay, read - stop)
    around, core = held.part(start - before, stop + after), held.part(start, stop)
    return Window(around, core, stop + after - start + before, stop - start, delay - before, delay - after)
