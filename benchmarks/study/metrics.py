"""Estimators of the motion in synthetic clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from vmm.engine.regions import Box
from vmm.measure.signals._sines import SineFit


def circle_amplitude(frames: np.ndarray, background: np.ndarray, fs: float, frequency: float) -> float:
    """Horizontal amplitude in pixels of the left one of three circles, from its centroid."""
    width = frames.shape[2] // 3
    difference = np.abs(frames[:, :, :width].astype(float) - background[:, :width])
    weight = np.clip(difference - 30, 0, 30)
    centroid = (weight * np.arange(width)).sum(axis=(1, 2)) / np.maximum(weight.sum(axis=(1, 2)), 1e-9)
    return float(abs(SineFit([frequency / fs], None).fit(centroid)[0]))


def edge_position(frames: np.ndarray, box: Box) -> np.ndarray:
    """Position (T,) of a horizontal edge in a region (top, left, height, width), in pixels below the top of the region.

    The position is the first row at which the mean over the columns crosses the midpoint between the first three and
    the last three rows, by linear interpolation between rows. The motion may be as large as the height of the region.
    The position is NaN if there is no crossing.

    Examples
    --------
    >>> import numpy as np
    >>> from benchmarks.study.metrics import edge_position
    >>> frames = np.zeros((1, 9, 5))
    >>> frames[:, 4], frames[:, 5:] = 25, 100
    >>> edge_position(frames, (0, 0, 9, 5)).round(2)
    array([4.33])
    """
    row, col, height, width = box
    part = np.asarray(frames)[:, row : row + height, col : col + width].astype(float)
    rows = part.mean(axis=tuple(range(2, part.ndim)))
    first, last = (float(np.median(rows[:, ends])) for ends in (slice(3), slice(-3, None)))
    side = (rows - (first + last) / 2) * np.sign(last - first)
    after = np.argmax(side > 0, axis=1)
    below, above = (side[np.arange(len(side)), np.maximum(after - back, 0)] for back in (1, 0))
    return np.where(after > 0, after - above / (above - below), np.nan)


def fitted_shift(frame: np.ndarray, scene: Callable[[Any], np.ndarray], max_shift: float, edge: int = 8) -> float:
    """Displacement of a scene to the right in a frame, in pixels, by maximum correlation up to `max_shift`."""
    inner = (slice(edge, -edge), slice(edge, -edge))
    observed = frame[inner].astype(float)
    observed = observed - observed.mean()

    def cost(right: float) -> float:
        model = scene((0.0, right))[inner]
        model = model - model.mean()
        return -float(np.vdot(observed, model)) / float(np.linalg.norm(model))

    step = max(0.25, max_shift / 24)
    candidates = np.arange(-2 * step, max_shift + 2.5 * step, step)
    best = candidates[np.argmin([cost(right) for right in candidates])]
    result = minimize_scalar(cost, bounds=(best - step, best + step), method="bounded", options={"xatol": 1e-3})
    return float(result.x)
