"""The displacement at the place of a suggestion."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.engine.frames import as_frames
from vmm.engine.regions import Box
from vmm.measure.detection._suggestion import Suggestion
from vmm.measure.estimation._displacement import displacement
from vmm.measure.signals._signal import RegionSignal
from vmm.measure.signals._windows import detrend, hann

_SIDE = 32
"""Side in pixels of the regions that are measured: larger ones have less noise, but hold several parts."""


def displacement_of(
    suggestion: Suggestion, frames: Any, *, still: tuple[Box, ...] | None = None, fs: float | None = None
) -> RegionSignal:
    """Displacement of small regions around the point of a suggestion and in the rest of its box.

    Parameters
    ----------
    suggestion
        A suggestion of the kind "motion".
    frames
        The clip.
    still, fs
        As for ``displacement``.
    """
    boxes = _boxes(suggestion, as_frames(frames).shape[1:3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Nobody has chosen the regions that the warnings would be about.
        return displacement(frames, boxes, still=still, fs=fs)


def clearest_region(motion: RegionSignal, frequency: float) -> int | None:
    """Index of the region whose spectrum shows a line in Hz most clearly; None if the displacement of none is known."""
    indices = np.flatnonzero(motion.is_known.any(axis=1))
    if not len(indices):
        return None
    length = len(motion.values)
    values = np.nan_to_num(motion.values[:, indices]).reshape(length, -1)
    power = np.square(np.abs(np.fft.rfft(detrend(values) * hann(length)[:, None], axis=0)))
    power = power.reshape(len(power), -1, 2).sum(axis=-1)
    line = round(frequency / motion.fs * length)
    contrast = power[max(line - 1, 0) : line + 2].max(axis=0) / (np.median(power, axis=0) + 1e-30)
    return int(indices[np.argmax(contrast)])


def _boxes(suggestion: Suggestion, size: Sequence[int]) -> list[Box]:
    """Boxes inside a frame of size (H, W), the first of them around the point of the suggestion."""
    top, first_col, height, width = suggestion.roi
    points = [
        suggestion.point,
        *((top + height * i // 4, first_col + width * j // 4) for i in (1, 3) for j in (1, 2, 3)),
    ]
    return list(dict.fromkeys(_box_around(point, size) for point in points))


def _box_around(point: tuple[int, int], size: Sequence[int]) -> Box:
    height, width = (min(_SIDE, n) for n in size)
    top, first_col = (
        min(max(middle - side // 2, 0), n - side) for middle, side, n in zip(point, (height, width), size, strict=True)
    )
    return top, first_col, height, width
