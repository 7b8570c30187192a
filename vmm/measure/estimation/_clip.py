"""Clips as measurements read them: once for the reference, and once for the motion against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vmm.backend.progress import reported
from vmm.engine.frames import as_frames, number_of_frames
from vmm.engine.scaling import Scaling
from vmm.engine.two_pass import TwoPassClip, two_pass

_N_BUFFERED = 64
"""Frames that are buffered of a clip that can be read only once: the reference is made from these frames alone."""


def as_clip(frames: Any) -> TwoPassClip:
    """The clip for two passes, in bounded memory: of an iterator, the first pass is over the first frames alone.

    Floating-point frames of very small or large values are scaled.
    """
    frames = as_frames(frames)
    clip, total = two_pass(Scaling(frames).applied(), n_buffered=_N_BUFFERED), number_of_frames(frames)
    return replace(clip, second_pass=lambda: reported(clip.second_pass(), total))
