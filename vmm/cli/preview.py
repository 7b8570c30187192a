"""A quick look at a magnified clip: a short part of it at a smaller size, and sheets of several settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import vmm
from vmm.engine.frames import check_length
from vmm.engine.rereading import part_of

PREVIEW_SCALE = 0.25
"""Size of a preview relative to the clip, at which a frame takes a sixteenth of the time."""

_MIN_SIDE = 200
"""Smallest longer side of a preview in pixels: labels and detail of smaller ones cannot be seen."""

_SECONDS = 1.0
"""Length of a preview in seconds of playback."""

_PERIODS = 2.0
"""Periods of the lowest magnified frequency that a preview holds at least."""

_MARGIN_PERIODS = 0.5
"""Periods of the lowest magnified frequency before and after it that are read, so that the temporal filter settles."""

_MAX_FRAMES, _MAX_VALUES = 1500, 2**25
"""Frames and values of a clip in which the part with the most change is searched, which bounds the time."""

_STEP = 8
"""Distance in pixels between the pixels in which the change is measured."""

_STARTS = 8
"""Parts to choose from that overlap by all but this share of their length."""

_MAX_MEMORY = 2**28
"""Bytes up to which the frames of a preview are decoded once and kept; methods read them twice."""


def preview_scale(size: Sequence[int]) -> float:
    """Size of the preview of a clip of some size (H, W), relative to the clip."""
    return next((scale for scale in (PREVIEW_SCALE, 0.5) if scale * max(size) >= _MIN_SIDE), 1.0)


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
        opened = clip.open_part or (lambda first, last: part_of(clip.reopen(), first, last))
        return clip.with_chunks(lambda: opened(first, last), (last - first, *clip.shape[1:]))

    def in_memory(self, clip: vmm.io.Clip) -> vmm.io.Clip:
        """The clip, limited to the part and its margins, whose frames are decoded once unless they are too many."""
        import numpy as np

        clip = self.with_margin(clip)
        if np.prod(clip.shape, dtype=float) * clip.dtype.itemsize > _MAX_MEMORY:
            return clip
        chunks = list(clip)
        return clip.with_chunks(lambda: iter(chunks), clip.shape)

    def text(self, fs: float) -> str:
        """The part in words, for a clip of a camera rate in Hz."""
        return f"{(self.stop - self.start) / fs:.3g} s of the clip from {self.start / fs:.3g} s on"

    def without_margin(self, chunks: Any) -> Any:
        """The frames of the part, from the chunks of the clip with its margins."""
        first = min(self.start, self.margin)
        return chunks if self.is_whole else part_of(chunks, first, first + self.stop - self.start)


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

    check_length(clip.shape[0])
    bands = np.atleast_2d(settings.get("band") or (settings.get("frequency", 0.0) / 2, 0.0))
    lowest = float(bands[:, 0].min())
    period = clip.fs / lowest if lowest > 0 else 0.0
    length = min(max(round(_SECONDS * float(fps)), int(np.ceil(_PERIODS * period)), 2), clip.shape[0])
    # A codec that predicts frames takes more bytes the more changes, so that nothing must be decoded.
    change = _change(clip) if clip.frame_bytes is None else clip.frame_bytes
    step = max(1, length // _STARTS)
    # The median leaves out key frames and cuts.
    lively = np.median(np.lib.stride_tricks.sliding_window_view(change, min(length, len(change)))[::step], axis=1)
    start = min(int(np.argmax(lively)) * step, clip.shape[0] - length)
    return Part(start, start + length, int(np.ceil(_MARGIN_PERIODS * period)), clip.shape[0])


def _change(clip: vmm.io.Clip) -> Any:
    """Mean change of some pixels in each of the first frames from the one before."""
    import numpy as np

    count = min(_MAX_FRAMES, max(2, _MAX_VALUES // max(1, int(np.prod(clip.shape[1:])))))
    pixels = np.concatenate(
        [chunk[:, ::_STEP, ::_STEP].astype(np.float32) for chunk in part_of(clip.reopen(), 0, count)]
    )
    return np.abs(np.diff(pixels, axis=0, prepend=pixels[:1])).reshape(len(pixels), -1).mean(axis=1)
