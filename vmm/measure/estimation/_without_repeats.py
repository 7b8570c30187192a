"""Clips without the frames that repeat earlier ones, for the measurement of every pixel."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from vmm.backend.arrays import Array, to_host
from vmm.engine.two_pass import TwoPassClip
from vmm.measure.estimation._repeats import Cadence, FrameSteps, new_frames, warn_of_cadence

_SAMPLE_STEP = 8
"""Distance in pixels of the samples of luma that decide at which times the new frames were taken."""


def without_repeats(
    clip: TwoPassClip, steps: FrameSteps, times: np.ndarray | None, rate: float
) -> tuple[TwoPassClip, np.ndarray | None, float] | None:
    """The new frames of a clip, their times (N,), or None if they are even, and their rate in Hz.

    The result is None if there are no repeats in a regular pattern. `steps` are those of the first pass; `times` and
    `rate` are those of all frames.
    """
    cadence = steps.cadence()
    if cadence is None:
        return None
    if not clip.is_repeatable:
        warnings.warn(
            "frames repeat in a regular pattern, and count as frames of their own because the clip is an iterator: "
            "give an array or a clip of vmm.io.stream, of which they are left out",
            UserWarning,
            stacklevel=4,
        )
        return None
    warn_of_cadence(cadence)
    samples = np.concatenate([_samples(chunk) for chunk in clip.first_pass()])
    _, new_times, new_rate = new_frames(samples, cadence, np.arange(len(samples)) / rate if times is None else times)
    new = replace(
        clip,
        first_pass=lambda: _new_only(clip.first_pass(), cadence),
        second_pass=lambda: _new_only(clip.second_pass(), cadence),
        length=int(cadence.is_new.sum()),
    )
    return new, new_times, new_rate


def _samples(chunk: Array) -> np.ndarray:
    """Values (n, K) of some pixels of a chunk."""
    return to_host(chunk[:, ::_SAMPLE_STEP, ::_SAMPLE_STEP]).reshape(len(chunk), -1).astype(np.float32)


def _new_only(chunks: Iterator[Array], cadence: Cadence) -> Iterator[Array]:
    """The chunks without repeated frames; none of them is empty."""
    count = 0
    for chunk in chunks:
        is_new = cadence.is_new[count : count + len(chunk)]
        count += len(chunk)
        if is_new.any():
            yield chunk[np.flatnonzero(is_new)]
