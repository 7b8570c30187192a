"""The region of a clip that shows the strongest vibration most clearly."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vmm.engine.regions import Box
from vmm.measure.detection._suggestion import Suggestion
from vmm.measure.estimation._camera_motion import Still
from vmm.measure.estimation._displacement import displacement
from vmm.measure.estimation._estimator import MethodName
from vmm.measure.signals._signal import RegionSignal

_SIDE = 32
"""Side of a candidate region in pixels. Larger regions have less noise, but may include parts that move differently."""

_MARGIN = 8
"""Distance in pixels between the candidate regions and the border of the frame, where the motion is less certain."""

_N_CANDIDATES = 6
"""Number of regions that the fast linear estimator selects for the slower phase estimator."""


def strongest_region(
    open_clip: Callable[[], Any], suggestions: Sequence[Suggestion], still: Still | None = None
) -> Box | None:
    """The region that shows the strongest vibration most clearly, or None if nothing vibrates.

    Candidates are square regions of 32 and 16 px within the box of the vibration: the larger ones have smaller errors,
    and the smaller ones fit narrow parts. The region with the largest ratio of the amplitude at
    the vibration's frequency to its standard error is chosen: the linear estimator selects some candidates, and the
    phase estimator one of them.

    Parameters
    ----------
    open_clip
        ``open_clip()`` returns the clip, for ``displacement``, from its first frame. It is called up to three times.
    suggestions
        Vibrations in the clip, the strongest first, as ``suggest`` returns them.
    still
        Regions at rest in the scene, as for ``displacement``.

    Returns
    -------
    tuple of int or None
        Box (top, left, height, width) in pixels.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> from vmm.measure.detection._strongest_region import strongest_region
    >>> clip = synthetic.render(synthetic.texture((64, 96)), synthetic.sway(60, 30, 4.0, 0.2), noise=1.0)
    >>> strongest_region(lambda: clip, vmm.measure.suggest(clip, fs=30))[2:]
    (32, 32)
    """
    suggestion = next((suggestion for suggestion in suggestions if suggestion.kind == "motion"), None)
    if suggestion is None:
        return None
    boxes = _candidate_boxes(suggestion.roi, open_clip().shape[1:3])
    methods: tuple[MethodName, ...] = ("linear", "phase")
    for method in methods:
        if not boxes:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Most warnings would be about regions that are not chosen.
            signal = displacement(open_clip(), boxes, still=still, fs=suggestion.fs, method=method)
        ratio = _amplitude_ratio(signal, suggestion.frequency)
        boxes = [boxes[i] for i in np.argsort(-ratio)[:_N_CANDIDATES] if ratio[i] > 0]
    return boxes[0] if boxes else None


def _candidate_boxes(box: Box, size: tuple[int, ...]) -> list[Box]:
    """Regions of two sizes that overlap by half, inside the box and inside the frame without its margin."""
    boxes = []
    for largest in (_SIDE, _SIDE // 2):
        height, width = (min(largest, n - 2 * _MARGIN) for n in size)
        if min(height, width) < _MARGIN:
            continue
        starts = []
        for first, length, side, n in zip(box[:2], box[2:], (height, width), size, strict=True):
            low = min(max(first, _MARGIN), n - _MARGIN - side)
            high = max(min(first + length, n - _MARGIN) - side, low)
            starts.append(range(low, high + 1, max(side // 2, 1)))
        boxes += [(row, col, height, width) for row in starts[0] for col in starts[1]]
    return boxes


def _amplitude_ratio(signal: RegionSignal, frequency: float) -> np.ndarray:
    """Ratio (R,) of the amplitude at a frequency to its standard error, in the direction in which it is larger."""
    rotation = np.exp(-2j * np.pi * frequency * signal.times)
    values = np.where(signal.is_known, signal.values, 0)
    amplitude = np.abs(np.tensordot(rotation, values, 1)) * 2 / len(signal)
    stderr = np.where(signal.stderr > 0, signal.stderr, np.inf)
    ratio: np.ndarray = np.nan_to_num(np.where(signal.is_known, amplitude / stderr, 0)).max(axis=1)
    return ratio
