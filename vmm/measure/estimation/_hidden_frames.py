"""Frames that do not show a region, and interpolation of its displacement there."""

from __future__ import annotations

import numpy as np

MIN_SIMILARITY = 0.3
"""Similarity to the reference below which a frame does not show the region."""

_DEVIATIONS = 4.0
"""Standard errors by which the similarity must be below its limit for a region to be hidden: noise alone does not reach
this distance in clips of practical length."""


def hidden_frames(similarity: np.ndarray, stderr: np.ndarray) -> np.ndarray:
    """Bool array (T, R): the frames that do not show a region, from its similarity (T, R) and standard error (R,)."""
    is_hidden: np.ndarray = similarity < MIN_SIMILARITY - _DEVIATIONS * stderr
    return is_hidden


def interpolated(values: np.ndarray, is_hidden: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    """Values (T, R, 2) without their mean; those in hidden frames (T, R) are interpolated linearly."""
    t = np.arange(len(values)) if times is None else times
    for r in np.flatnonzero(is_hidden.any(axis=0) & ~is_hidden.all(axis=0)):
        visible = ~is_hidden[:, r]
        for axis in (0, 1):
            values[:, r, axis] = np.interp(t, t[visible], values[visible, r, axis])
    centered: np.ndarray = values - values.mean(axis=0)
    return centered
