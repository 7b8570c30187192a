"""Clips that are read twice, for an estimate over the whole clip that is applied to each of its frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array
from vmm.backend.progress import reported
from vmm.engine.frames import as_frames, cut, moving


@dataclass(frozen=True, eq=False)
class TwoPassClip:
    """The frames of a clip for two passes.

    Attributes
    ----------
    first_pass
        ``first_pass()`` iterates over the chunks of the first pass. It may be called several times.
    second_pass
        ``second_pass()`` iterates over all chunks. It is called once, after the first pass.
    length
        Number of frames in the first pass. A file may hold fewer frames than it states.
    sample
        An array (1, H, W[, 3]) of the same shape, dtype and array module as one frame.
    is_repeatable
        Whether ``first_pass()`` iterates over all frames, so that they can be read again after the second pass.
    """

    first_pass: Callable[[], Iterator[Array]]
    second_pass: Callable[[], Iterator[Array]]
    length: int
    sample: Array
    is_repeatable: bool

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a frame in pixels."""
        return self.sample.shape[1], self.sample.shape[2]

    @property
    def dtype(self) -> Any:
        """Type of the frames."""
        return self.sample.dtype


def two_pass(frames: Any, chunks: Iterator[Array] | None = None, *, n_buffered: float = math.inf) -> TwoPassClip:
    """A clip for two passes, from an array, a clip that can reopen its file, or an iterator of chunks.

    Parameters
    ----------
    frames
        The clip.
    chunks
        All its chunks, checked, if reading has begun already. It is not used for an array.
    n_buffered
        Number of frames after which no more chunks of an iterator are buffered for the first pass, which then ends
        there. The default buffers all frames.

    Raises
    ------
    TypeError
        If `frames` is neither an array nor an iterator of arrays.
    ValueError
        If the clip has fewer than 2 frames.
    """
    clip = as_frames(frames)
    if is_array(clip):
        return TwoPassClip(lambda: reported(moving(cut(clip)), len(clip)), lambda: cut(clip), len(clip), clip[:1], True)
    rest = moving(clip) if chunks is None else chunks
    if hasattr(clip, "reopen"):
        sample = np.zeros((1, *clip.shape[1:]), clip.dtype)
        length = clip.shape[0]
        return TwoPassClip(lambda: reported(moving(clip.reopen()), length), lambda: rest, length, sample, True)
    buffer: list[Array] = []
    length = 0
    while length < n_buffered and (chunk := next(rest, None)) is not None:
        buffer.append(chunk)
        length += len(chunk)
    return TwoPassClip(lambda: iter(buffer), lambda: chain(buffer, rest), length, buffer[0][:1], length < n_buffered)
