"""The way a codec codes frames, from the packets of a file: whether it predicts frames, and in which pattern."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vmm.io.codecs import PREDICTIVE
from vmm.io.timing import Timestamps
from vmm.io.video import Info

LOSSY_INTRA = ("amv", "cfhd", "dnxhd", "dvvideo", "hap", "jpeg2000", "mjpeg", "mjpegb", "prores", "webp")
"""Lossy codecs that code each frame by itself. They round blocks of a frame, so that motion through the blocks has
harmonics."""

_MIN_SHARE = 0.2
"""Share of the groups of frames that must have the same length for it to be a period of the codec."""


class Coding(NamedTuple):
    """How a lossy codec codes frames.

    Attributes
    ----------
    is_predictive
        Whether some frames are predicted from others.
    periods
        Usual distances in frames, above 1, of the frames that are not predicted from later ones.
    """

    is_predictive: bool
    periods: tuple[int, ...] = ()


def coding_of(info: Info) -> Coding | None:
    """How the frames of a file are coded; None if the codec is lossless, or not known to be lossy."""
    if info.codec in LOSSY_INTRA:
        return Coding(False)
    if info.codec not in PREDICTIVE:
        return None
    stamps = info.timestamps
    if stamps is None:
        return Coding(True)
    return Coding(not bool(stamps.is_key.all()), _periods(stamps))


def _periods(stamps: Timestamps) -> tuple[int, ...]:
    """Usual distances in frames of the frames that are not predicted from later ones."""
    distances = np.diff(np.flatnonzero(~stamps.is_bidirectional))
    if not len(distances):
        return ()
    lengths, counts = np.unique(distances, return_counts=True)
    return tuple(int(n) for n in lengths[counts >= _MIN_SHARE * counts.sum()] if n > 1)
