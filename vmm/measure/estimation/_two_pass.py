"""Clips that are read twice: once for the reference, and once for the motion against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array
from vmm.engine.frames import check_frames, cut
from vmm.engine.loop import moving

N_BUFFERED = 64
"""Frames that are buffered of a clip that can be read only once: the reference is made from these frames alone."""


@dataclass(frozen=True, eq=False)
class TwoPassClip:
    """The frames of a clip for two passes.

    Attributes
    ----------
    reference_chunks
        ``reference_chunks()`` iterates over the chunks from which the reference is made.
    chunks
        ``chunks()`` iterates over all chunks.
    shape
        Shape (H, W) or (H, W, 3) of a frame.
    dtype
        Type of the frames.
    sample
        An array (1, H, W[, 3]) of the same array module as the frames.
    """

    reference_chunks: Callable[[], Iterator[Array]]
    chunks: Callable[[], Iterator[Array]]
    shape: tuple[int, ...]
    dtype: Any
    sample: Array

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a frame in pixels."""
        return self.shape[0], self.shape[1]


def two_pass(frames: Any) -> TwoPassClip:
    """A clip for two passes, from an array, a clip that can reopen its file, or an iterator of chunks.

    Of an iterator, the first frames are buffered, and the reference is made from these alone.
    """
    if is_array(frames):
        check_frames(frames)
        return TwoPassClip(lambda: moving(cut(frames)), lambda: cut(frames), frames.shape[1:], frames.dtype, frames[:1])
    if not isinstance(frames, Iterable):
        check_frames(frames)
    if hasattr(frames, "reopen"):
        sample = np.zeros((1, *frames.shape[1:]), frames.dtype)
        first, second = (lambda: moving(frames.reopen())), (lambda: moving(frames))
        return TwoPassClip(first, second, frames.shape[1:], frames.dtype, sample)
    buffer: list[Array] = []
    rest = moving(frames)
    while sum(map(len, buffer)) < N_BUFFERED and (chunk := next(rest, None)) is not None:
        buffer.append(chunk)
    sample = buffer[0]
    return TwoPassClip(lambda: iter(buffer), lambda: chain(buffer, rest), sample.shape[1:], sample.dtype, sample[:1])
