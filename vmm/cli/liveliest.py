"""Where a clip moves most clearly, for those who name no region."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import vmm

_SIDE = 32  # pixels of a region
_MARGIN = 8
_FEW = 6  # regions that the linear estimator chooses


def liveliest(opened: Callable[[], vmm.io.Clip], found: Sequence[vmm.measure.Suggestion]) -> list[Any] | None:
    """The region that shows the strongest vibration most clearly, or None where nothing vibrates.

    Of square regions within the box of the vibration, that whose amplitude at its frequency is the largest multiple of
    its standard error; the linear estimator chooses some, and the phases one of them.
    """
    line = next((line for line in found if line.kind == "motion"), None)
    if line is None:
        return None
    boxes = _boxes(line.roi, opened().shape[1:3])
    for method in ("linear", "phase"):
        if not boxes:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of regions that are not chosen
            moved = vmm.measure.displacement(opened(), boxes, method=method)
        clear = _clearness(moved, line.frequency)
        boxes = [boxes[i] for i in np.argsort(-clear)[:_FEW] if clear[i] > 0]
    return boxes[:1] or None


def _boxes(box: tuple[int, int, int, int], size: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Regions that overlap by half, in a box and in the frame less a margin."""
    sides = [min(_SIDE, n - 2 * _MARGIN) for n in size]
    if min(sides) < _MARGIN:
        return []
    starts = []
    for first, length, side, n in zip(box[:2], box[2:], sides, size, strict=True):
        low = min(max(first, _MARGIN), n - _MARGIN - side)
        high = max(min(first + length, n - _MARGIN) - side, low)
        starts.append(range(low, high + 1, max(side // 2, 1)))
    return [(top, left, sides[0], sides[1]) for top in starts[0] for left in starts[1]]


def _clearness(moved: vmm.measure.RegionSignal, frequency: float) -> np.ndarray:
    """Amplitude (R,) at a frequency over its standard error, in the clearer direction."""
    wave = np.exp(-2j * np.pi * frequency / moved.fs * np.arange(len(moved)))
    amplitude = np.abs(np.tensordot(wave, np.where(moved.is_known, moved.values, 0), 1)) * 2 / len(moved)
    clear = np.where(moved.is_known, amplitude / np.where(moved.stderr > 0, moved.stderr, np.inf), 0)
    best: np.ndarray = np.nan_to_num(clear).max(axis=1)
    return best
