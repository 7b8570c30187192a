"""Interpolation of displacement in frames that do not show a region."""

from __future__ import annotations

import numpy as np


def interpolated(values: np.ndarray, is_hidden: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    """Values (T, R, 2) without their mean; those in hidden frames (T, R) are interpolated linearly."""
    t = np.arange(len(values)) if times is None else times
    for r in np.flatnonzero(is_hidden.any(axis=0) & ~is_hidden.all(axis=0)):
        visible = ~is_hidden[:, r]
        for axis in (0, 1):
            values[:, r, axis] = np.interp(t, t[visible], values[visible, r, axis])
    centered: np.ndarray = values - values.mean(axis=0)
    return centered
