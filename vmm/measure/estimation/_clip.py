"""Clips as measurements read them: once for the reference, and once for the motion against it."""

from __future__ import annotations

from typing import Any

from vmm.engine.frames import as_frames
from vmm.engine.scaling import Scaling
from vmm.engine.two_pass import TwoPassClip, two_pass

_N_BUFFERED = 64
"""Frames that are buffered of a clip that can be read only once: the reference is made from these frames alone."""


def as_clip(frames: Any) -> TwoPassClip:
    """The clip for two passes, in bounded memory: of an iterator, the first pass is over the first frames alone.

    Floating-point frames of very small or large values are scaled.
    """
    return two_pass(Scaling(as_frames(frames)).applied(), n_buffered=_N_BUFFERED)
