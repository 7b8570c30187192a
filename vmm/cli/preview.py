"""A quick look at a magnified clip: a short part of it at a quarter of the size, and sheets of several settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import vmm
from vmm.engine.frames import check_length

PREVIEW_SCALE = 0.25
"""Size of a preview relative to the clip, at which a frame takes a sixteenth of the time."""

_SECONDS = 1.0
"""Length of a preview in seconds of playback."""

_PERIODS = 2.0
"""Periods of the lowest magnified frequency that a preview holds at least."""

_MARGIN_PERIODS = 2.0
"""Periods of the lowest magnified frequency before and after it that are read, so that the temporal filter settles."""

_MAX_FRAMES = 1500
"""Frames of a clip in which the part with the most change is searched, which bounds the time."""

_STEP = 8
"""Distance in pixels between the pixels in which the change is measured."""


@dataclass(frozen=True)
class Part:
    """A part of a clip.

    Attributes
    ----------
    start, stop
        First frame, and the frame after the last one.
    margin
        Frames before and after the part that the magnification reads as well.
    total
        Frames of the clip.
    """

    start: int
    stop: int
    margin: int
    total: int

    @property
    def is_whole(self) -> bool:
        """Whether the part is the whole clip."""
        return self.stop - self.start >= self.total

    def with_margin(self, clip: vmm.io.Clip) -> vmm.io.Clip:
        """The clip, limited to the part and its margins."""
        if self.is_whole:
            return clip
        first, last = max(0, self.start - self.margin), min(clip.shape[0], self.stop + self.margin)
        return clip.with_chunks(lambda: _frames(clip.reopen(), first, last), (last - first, *clip.shape[1:]))

    def text(self, fs: float) -> str:
        """The part in words, for a clip of a camera rate in Hz."""
        return f"{(self.stop - self.start) / fs:.3g} s of the clip from {self.start / fs:.3g} s on"

    def without_margin(self, chunks: Any) -> Any:
        """The frames of the part, from the chunks of the clip with its margins."""
        first = min(self.start, self.margin)
        return chunks if self.is_whole else _frames(chunks, first, first + self.stop - self.start)


def preview_part(clip: vmm.io.Clip, settings: dict[str, Any], fps: Any) -> Part:
    """The part of a clip in which most changes, as long as a second of playback, or two periods of a low frequency.

    Parameters
    ----------
    clip
        The clip.
    settings
        Keyword arguments of the method.
    fps
        Playback rate in frames per second.
    """
    import numpy as np

    bands = np.atleast_2d(settings.get("band") or (settings.get("frequency", 0.0) / 2, 0.0))
    lowest = float(bands[:, 0].min())
    period = clip.fs / lowest if lowest > 0 else 0.0
    length = min(max(round(_SECONDS * float(fps)), int(np.ceil(_PERIODS * period)), 2), clip.shape[0])
    pixels = np.concatenate(
        [chunk[:, ::_STEP, ::_STEP].astype(np.float32) for chunk in _frames(clip.reopen(), 0, _MAX_FRAMES)]
    )
    check_length(len(pixels))
    change = np.abs(np.diff(pixels, axis=0)).reshape(len(pixels) - 1, -1).mean(axis=1)
    total = np.cumsum(np.concatenate([[0.0], change]))
    starts = max(len(pixels) - length, 0) + 1
    lively = [total[min(start + length, len(pixels)) - 1] - total[start] for start in range(starts)]
    start = int(np.argmax(lively))
    return Part(start, start + length, int(np.ceil(_MARGIN_PERIODS * period)), clip.shape[0])


def _frames(chunks: Any, start: int, stop: int) -> Iterator[Any]:
    """The chunks of the frames from `start` to `stop`."""
    position = 0
    for chunk in chunks:
        part = chunk[max(start - position, 0) : max(stop - position, 0)]
        position += len(chunk)
        if len(part):
            yield part
        if position >= stop:
            return
