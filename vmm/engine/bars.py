"""Black bars at the sides of the picture, which a clip has if its picture does not fill the frame."""

from __future__ import annotations

import numpy as np

from vmm.backend.arrays import Array, namespace, to_host
from vmm.engine.regions import Box

_BLACK = 0.12
"""Largest value of a bar, relative to the largest value of the frame: black is 16 of 255 in
some files, and codecs make faint patterns in it."""

_MIN_BAR = 2
"""Smallest width of a bar in pixels."""

_MAX_ASYMMETRY = 8
"""Largest difference in pixels of the widths of two opposite bars: a bar on one side only may be a dark object."""

_EDGE = 4
"""Pixels within which a bar ends: its edge is straight, while a dark background ends where its objects happen to be."""

_MIN_BRIGHT = 0.6
"""Smallest share of a line of the picture at the edge that is not black."""


def picture(frame: Array) -> Box | None:
    """The part (top, left, height, width) of a frame (H, W[, 3]) between black bars, or None if there are none."""
    values = frame if frame.ndim == 2 else frame.max(axis=-1)
    is_bright = values > _BLACK * values.max()
    shares = [is_bright.mean(axis=1 - axis, dtype=np.float32) for axis in (0, 1)]
    both = to_host(namespace(frame).concatenate(shares))  # The device is waited for once.
    box = [0, 0, *values.shape]
    for axis, lines in enumerate(np.split(both, [len(shares[0])])):
        before, after = _bar(lines), _bar(lines[::-1])
        if min(before, after) >= _MIN_BAR and abs(before - after) <= _MAX_ASYMMETRY:
            box[axis], box[axis + 2] = before, len(lines) - before - after
    return None if box == [0, 0, *values.shape] else (box[0], box[1], box[2], box[3])


def _bar(lines: np.ndarray) -> int:
    """Width of the bar before the first line with bright pixels, or 0 if there is none; `lines` are their shares."""
    bright = np.flatnonzero(lines > 0)
    if not len(bright):
        return 0
    first = int(bright[0])
    return first if lines[first : first + _EDGE].max() >= _MIN_BRIGHT else 0


def changed_pixels(frame: Array, weight: Array | None) -> Array | None:
    """Map (H, W) of bool of the pixels that may change: those of the picture where the mask is not 0; None for all.

    Parameters
    ----------
    frame
        The first frame (H, W[, 3]): its bars are those of the clip.
    weight
        The mask (H, W), or None.
    """
    where = None if weight is None else weight > 0
    if (box := picture(frame)) is None:
        return where
    top, first_col, height, width = box
    inside = namespace(frame).zeros(frame.shape[:2], bool)
    inside[top : top + height, first_col : first_col + width] = True
    return inside if where is None else inside & where
