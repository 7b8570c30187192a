"""How far things move in clips, measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from vmm.engine.regions import Box
from vmm.measure.signals._sines import SineFit


def swing(frames: np.ndarray, behind: np.ndarray, fs: float, frequency: float) -> float:
    """Amplitude in pixels of the left of three circles, to the right: of where it differs from what is behind."""
    width = frames.shape[2] // 3
    other = np.abs(frames[:, :, :width].astype(float) - behind[:, :width])
    weight = np.clip(other - 30, 0, 30)
    where = (weight * np.arange(width)).sum(axis=(1, 2)) / np.maximum(weight.sum(axis=(1, 2)), 1e-9)
    return float(abs(SineFit([frequency / fs], None).of(where)[0]))


def edge(frames: np.ndarray, box: Box) -> np.ndarray:
    """Where an edge across a region (top, left, height, width) stands, (T,) in pixels below its top.

    That is where the mean along the region is first half-way between its first and its last three rows, by straight
    lines between rows. It follows motion as large as the region is high; NaN where there is no such row.

    Examples
    --------
    >>> import numpy as np
    >>> from benchmarks.study.measured import edge
    >>> frames = np.zeros((1, 9, 5))
    >>> frames[:, 4], frames[:, 5:] = 25, 100
    >>> edge(frames, (0, 0, 9, 5)).round(2)
    array([4.33])
    """
    top, left, height, width = box
    part = np.asarray(frames)[:, top : top + height, left : left + width].astype(float)
    rows = part.mean(axis=tuple(range(2, part.ndim)))
    first, last = (float(np.median(rows[:, ends])) for ends in (slice(3), slice(-3, None)))
    side = (rows - (first + last) / 2) * np.sign(last - first)
    after = np.argmax(side > 0, axis=1)
    near, far = (side[np.arange(len(side)), np.maximum(after - back, 0)] for back in (1, 0))
    return np.where(after > 0, after - far / (far - near), np.nan)


def shift_of(frame: np.ndarray, scene: Callable[[Any], np.ndarray], most: float, edge: int = 8) -> float:
    """How far a scene stands to the right in a frame, in pixels: the displacement that fits it best up to the most."""
    inner = (slice(edge, -edge), slice(edge, -edge))
    seen = frame[inner].astype(float)
    seen = seen - seen.mean()

    def unlike(right: float) -> float:
        there = scene((0.0, right))[inner]
        there = there - there.mean()
        return -float(np.vdot(seen, there)) / float(np.linalg.norm(there))

    step = max(0.25, most / 24)
    tried = np.arange(-2 * step, most + 2.5 * step, step)
    best = tried[np.argmin([unlike(right) for right in tried])]
    found = minimize_scalar(unlike, bounds=(best - step, best + step), method="bounded", options={"xatol": 1e-3})
    return float(found.x)
