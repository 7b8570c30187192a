"""The region of a clip that shows the strongest vibration most clearly, used if no region is requested."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import vmm

_SIDE = 32
"""Side of a candidate region in pixels. Larger regions have less noise, but may include parts that move differently."""

_MARGIN = 8
"""Distance in pixels between the candidate regions and the border of the frame, where the motion is less certain."""

_CANDIDATES = 6
"""Number of regions that the fast linear estimator selects for the slower phase estimator."""


def strongest_region(
    open_clip: Callable[[], vmm.io.Clip], suggestions: Sequence[vmm.measure.Suggestion]
) -> list[Any] | None:
    """The region that shows the strongest vibration most clearly, or None if nothing vibrates.

    Candidates are square regions within the box of the vibration. The region with the largest ratio of the amplitude at
    the vibration's frequency to its standard error is chosen: the linear estimator selects some candidates, and the
    phase estimator one of them.
    """
    suggestion = next((suggestion for suggestion in suggestions if suggestion.kind == "motion"), None)
    if suggestion is None:
        return None
    boxes = _candidate_boxes(suggestion.roi, open_clip().shape[1:3])
    for method in ("linear", "phase"):
        if not boxes:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Most warnings would be about regions that are not chosen.
            displacement = vmm.measure.displacement(open_clip(), boxes, method=method)
        ratio = _amplitude_ratio(displacement, suggestion.frequency)
        boxes = [boxes[i] for i in np.argsort(-ratio)[:_CANDIDATES] if ratio[i] > 0]
    return boxes[:1] or None


def _candidate_boxes(box: tuple[int, int, int, int], size: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Regions that overlap by half, inside the box and inside the frame without its margin."""
    sides = [min(_SIDE, n - 2 * _MARGIN) for n in size]
    if min(sides) < _MARGIN:
        return []
    starts = []
    for first, length, side, n in zip(box[:2], box[2:], sides, size, strict=True):
        low = min(max(first, _MARGIN), n - _MARGIN - side)
        high = max(min(first + length, n - _MARGIN) - side, low)
        starts.append(range(low, high + 1, max(side // 2, 1)))
    return [(row, col, sides[0], sides[1]) for row in starts[0] for col in starts[1]]


def _amplitude_ratio(displacement: vmm.measure.RegionSignal, frequency: float) -> np.ndarray:
    """Ratio (R,) of the amplitude at a frequency to its standard error, in the direction in which it is larger."""
    phasor = np.exp(-2j * np.pi * frequency / displacement.fs * np.arange(len(displacement)))
    values = np.where(displacement.is_known, displacement.values, 0)
    amplitude = np.abs(np.tensordot(phasor, values, 1)) * 2 / len(displacement)
    stderr = np.where(displacement.stderr > 0, displacement.stderr, np.inf)
    ratio: np.ndarray = np.nan_to_num(np.where(displacement.is_known, amplitude / stderr, 0)).max(axis=1)
    return ratio
