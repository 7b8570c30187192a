"""Edges between objects that move differently, in the motion of windows of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

_MIN_BEND = 0.05
"""Second difference over one standard deviation of the window, relative to the largest motion around it, above which
the motion does not bend but has an edge. The windows of an edge reach 0.1; those of a sine whose wavelength is 17
standard deviations, 0.07, and may count as edges."""

_MIN_STEP = 0.02
"""Difference to both neighbors, relative to the largest motion around a window, above which an edge is in a window."""

_MAX_BEND, _MAX_BEND_NOISE = 0.15, 4.0
"""Error by a bend above which a window is not used: relative to the largest motion around it, and its square relative
to the variance. A weak edge that noise hides is as large."""

_BEND_NOISE, _STEP_NOISE = 0.13, 0.44
"""Variances of the second difference and of the difference between neighbors at a distance of one standard deviation,
relative to that of a window: the windows share most of their pixels."""

_BEND_WEIGHT = 2.0
"""Weight of the mean square of the second differences in four directions, of which a bend shows in about two."""

_SIGNIFICANCE = 5.0
"""Standard deviations of chi-square above its mean from which a difference is not due to noise."""

_REACH = 2.0
"""Distance in standard deviations of the window within which the largest motion counts, and an edge is near."""


@dataclass(frozen=True, eq=False)
class MotionEdges:
    """Where the motion in windows (h, w) has edges.

    Attributes
    ----------
    is_near
        (h, w) bool: whether the motion around the window has an edge, and does not only bend.
    is_mixed
        (h, w) bool: whether the window mixes the motions of both sides of an edge.
    bend
        (M, h, w, 2) square of the error that the change of the motion from place to place makes in a window where it
        has no edge, beyond noise.
    """

    is_near: np.ndarray
    is_mixed: np.ndarray
    bend: np.ndarray

    @classmethod
    def of(
        cls, values: np.ndarray, variance: np.ndarray, is_known: np.ndarray, distance: int, center: np.ndarray
    ) -> MotionEdges:
        """Edges in the motion (M, h, w, 2) of windows with variances of the same shape.

        `is_known` (h, w, 2) are the directions that count, `distance` is one standard deviation in windows, and
        `center` (2, h, w) the distance in windows, down and right, of the center of the texture from that of a window.
        """
        size = np.square(values * is_known).sum(axis=(0, -1))
        reach = int(np.ceil(_REACH * distance))
        largest = scipy.ndimage.maximum_filter(size, 2 * reach + 1, mode="constant")
        is_seed, is_mixed = np.zeros((2, *size.shape), bool)
        curvature, count, growth = np.zeros(values.shape), np.zeros(is_known.shape), np.zeros(values.shape)
        diagonal = max(1, round(distance * np.sqrt(0.5)))
        for down, right in ((distance, 0), (0, distance), (diagonal, diagonal), (diagonal, -diagonal)):
            (before, before_known), (after, after_known) = (
                (_shifted(values, 1, a, b), _shifted(is_known, 0, a, b)) for a, b in ((-down, -right), (down, right))
            )
            valid = is_known & before_known & after_known
            second = ((before + after) / 2 - values) * valid
            is_seed |= _is_large(second, _BEND_NOISE * variance, valid, _MIN_BEND**2 * largest)
            steps = [(x - values) * valid for x in (before, after)]
            is_mixed |= np.logical_and(
                *(_is_large(x, _STEP_NOISE * variance, valid, _MIN_STEP**2 * largest) for x in steps)
            )
            curvature += np.square(second)
            count += valid
            if not (down and right):
                usable = is_known & before_known, is_known & after_known
                total = (values - before) * usable[0] + (after - values) * usable[1]
                slope = total / np.maximum(usable[0].astype(int) + usable[1], 1) / distance
                growth += slope * center[0 if down else 1][..., None]
        bend = _BEND_WEIGHT * np.maximum(curvature / np.maximum(count, 1) - _BEND_NOISE * variance, 0) + growth**2
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        is_near = scipy.ndimage.binary_dilation(is_seed, y**2 + x**2 <= reach**2)
        bend = np.where(is_near[..., None], 0, bend)
        error = bend.sum(axis=(0, -1))
        is_unclear = error > np.maximum(_MAX_BEND**2 * largest, _MAX_BEND_NOISE * (variance * is_known).sum(axis=(0, -1)))
        return cls(is_near, (is_mixed & is_near) | is_unclear, bend)


def _is_large(difference: np.ndarray, variance: np.ndarray, valid: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Bool (h, w): whether differences (M, h, w, 2) exceed their noise, and their squares together `least` (h, w)."""
    freedom = len(difference) * valid.sum(axis=-1)
    chi_square = (np.square(difference) / np.maximum(variance, 1e-30)).sum(axis=(0, -1))
    is_large: np.ndarray = chi_square > freedom + _SIGNIFICANCE * np.sqrt(2 * freedom)
    return is_large & (np.square(difference).sum(axis=(0, -1)) > least)


def _shifted(values: np.ndarray, axis: int, down: int, right: int) -> np.ndarray:
    """Values whose rows and columns, from an axis on, are those at a distance; 0 beyond the ends."""
    result = np.zeros_like(values)
    height, width = values.shape[axis : axis + 2]
    lead = (slice(None),) * axis
    source = [slice(max(0, s), n + min(0, s)) for s, n in ((down, height), (right, width))]
    target = [slice(max(0, -s), n + min(0, -s)) for s, n in ((down, height), (right, width))]
    result[(*lead, *target)] = values[(*lead, *source)]
    return result
