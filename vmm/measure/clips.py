"""Clips that are read twice: once for the reference, once for what moves against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array
from vmm.engine.frames import check_frames, cut
from vmm.engine.loop import moving

HELD = 64  # frames of a clip that can be read but once


@dataclass(frozen=True)
class Twice:
    """The frames of a clip for two readings.

    Attributes
    ----------
    first
        ``first()``: chunks that the reference is made of.
    then
        ``then()``: all chunks.
    shape
        Of a frame.
    dtype
        Of the frames.
    sample
        Some frame, which tells the array module.
    """

    first: Callable[[], Iterator[Array]]
    then: Callable[[], Iterator[Array]]
    shape: tuple[int, ...]
    dtype: Any
    sample: Array


def twice(frames: Any) -> Twice:
    """The clip for two readings: an array, a clip that opens its file again, or chunks of which the first are held."""
    if is_array(frames):
        check_frames(frames)
        return Twice(lambda: moving(cut(frames)), lambda: cut(frames), frames.shape[1:], frames.dtype, frames[:1])
    if not isinstance(frames, Iterable):
        check_frames(frames)
    if hasattr(frames, "reopen"):
        sample = np.zeros((1, *frames.shape[1:]), frames.dtype)
        return Twice(lambda: moving(frames.reopen()), lambda: moving(frames), frames.shape[1:], frames.dtype, sample)
    held: list[Array] = []
    rest = moving(frames)
    while sum(map(len, held)) < HELD and (chunk := next(rest, None)) is not None:
        held.append(chunk)
    sample = held[0]
    return Twice(lambda: iter(held), lambda: chain(held, rest), sample.shape[1:], sample.dtype, sample[:1])
