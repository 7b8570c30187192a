"""Edges between objects that move differently, in the motion of windows of pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage

_MIN_BEND = 0.05
"""Second difference over one standard deviation of the window, relative to the largest motion around it, above which
the motion has an edge rather than a bend. Windows of an edge reach 0.1; those of a sine whose wavelength is 20 standard
deviations reach 0.05."""

_MIN_STEP, _MIN_JUMP = 0.02, 0.2
"""Differences to both neighbors, relative to the largest motion around a window, above which an edge is in a window: if
they are not equal, and in any case. They are equal for motion that grows evenly, and on the edge itself."""

_MAX_BEND, _MAX_BEND_NOISE = 0.15, 4.0
"""Error by a bend above which a window is not used: relative to the largest motion around it, and its square relative
to the variance. A weak edge that noise hides is as large."""

_BEND_NOISE, _STEP_NOISE, _SLOPE_NOISE = 0.13, 0.44, 0.32
"""Variances of the second difference, of the difference between neighbors and of half the difference between opposite
ones, at a distance of one standard deviation, relative to that of a window: the windows share most of their pixels."""

_NOISE_MARGIN = 2.0
"""Factor of the noise of second differences above which they count as a bend: chance reaches it in few windows."""

_BEND_WEIGHT, CORRECTION_WEIGHT = 2.0, 0.15
"""Weights of the square of the error of a bend: of the mean square of the second differences in four directions, of
which a bend shows in about two, before it is corrected, and of the square of the correction, which stays as an error
because derivatives of higher order are not corrected."""

_SIGNIFICANCE = 5.0
"""Standard deviations of chi-square above its mean from which a difference is not due to noise."""

_ROUNDS = 3
"""Rounds in which the derivatives of the motion are computed: more hardly change them."""

REACH = 2.0
"""Distance in standard deviations of the window within which the largest motion counts, and an edge is near."""


@dataclass(frozen=True, eq=False)
class _WindowMotion:
    """Motion (M, h, w, 2) in windows, its variance, its known directions (h, w, 2), and its leverage (5, h, w, 2, 2).

    `distance` is one standard deviation in windows.
    """

    values: np.ndarray
    variance: np.ndarray
    is_known: np.ndarray
    leverage: np.ndarray
    distance: int

    def derivatives(self, is_excluded: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Derivatives, the error (M, h, w, 2) that they cause, and the square of the error after correction.

        Windows where `is_excluded` (h, w) do not count. The error disturbs the derivatives as well, and is removed
        before they are computed again.
        """
        is_known = self.is_known if is_excluded is None else self.is_known & ~is_excluded[..., None]
        place = is_known, self.distance
        growth = np.zeros_like(self.values)
        for _ in range(_ROUNDS):
            slopes = _slopes(self.values - growth, self.variance, *place)
            curvatures, is_valid = _curvatures(self.values - growth, self.variance, *place)
            smooth = smoothed(slopes, *place), smoothed(curvatures, is_valid, self.distance)
            derivatives = np.concatenate(smooth)
            growth = np.einsum("kyxij,kmyxj->myxi", self.leverage, derivatives)
        return derivatives, growth, CORRECTION_WEIGHT * smoothed(growth**2, *place)


@dataclass(frozen=True, eq=False)
class MotionEdges:
    """What the motion in neighboring windows (h, w) says about edges and bends.

    Attributes
    ----------
    is_edge
        (h, w) bool: whether the motion has an edge rather than a bend.
    is_mixed
        (h, w) bool: whether the window differs from its neighbors on both sides, as one that contains an edge does.
    is_unclear
        (h, w) bool: whether the error by a bend, or by an edge that noise hides, is too large.
    can_show_edge
        (h, w) bool: whether the noise is small enough for an edge to be visible.
    growth
        (M, h, w, 2) error of a motion that changes evenly or bends, because a window shows its mean over the texture.
    derivatives
        (5, M, h, w, 2) slopes of the motion, down and right, and its second derivatives, down, right and mixed, from
        window to window, as far as they exceed their noise.
    bend
        (M, h, w, 2) square of the error that remains after its correction.
    source
        What the derivatives are computed from.
    """

    is_edge: np.ndarray
    is_mixed: np.ndarray
    is_unclear: np.ndarray
    can_show_edge: np.ndarray
    growth: np.ndarray
    derivatives: np.ndarray
    bend: np.ndarray
    source: _WindowMotion

    @classmethod
    def of(
        cls,
        values: np.ndarray,
        variance: np.ndarray,
        is_known: np.ndarray,
        leverage: np.ndarray,
        distance: int,
        reach: int,
    ) -> MotionEdges:
        """Edges and bends in the motion (M, h, w, 2) of windows with variances of the same shape.

        `is_known` (h, w, 2) are the directions that count, and `leverage` (5, h, w, 2, 2) is the error of the motion
        for its slopes from window to window, down and right, and for its second derivatives, down, right and mixed.
        `distance` is one standard deviation in windows, and `reach` the distance within which the largest motion
        counts.
        """
        largest = scipy.ndimage.maximum_filter(
            np.square(values * is_known).sum(axis=(0, -1)), 2 * reach + 1, mode="constant"
        )
        source = _WindowMotion(values, variance, is_known, leverage, distance)
        derivatives, growth, remainder = source.derivatives()
        is_edge, is_mixed = np.zeros((2, *is_known.shape[:2]), bool)
        squares, count = np.zeros(values.shape), np.zeros(is_known.shape)
        for steps, valid in _pairs(values - growth, is_known, distance):
            second = (steps[0] + steps[1]) / 2 * valid
            is_uneven = _is_large(second, _BEND_NOISE * variance, valid, _MIN_BEND**2 * largest)
            is_step, is_jump = (
                np.all([_is_large(x, _STEP_NOISE * variance, valid, minimum**2 * largest) for x in steps], axis=0)
                for minimum in (_MIN_STEP, _MIN_JUMP)
            )
            is_edge |= is_uneven
            is_mixed |= is_jump | (is_step & is_uneven)
            squares += np.square(second)
            count += valid
        noise = (variance * is_known).sum(axis=(0, -1))
        bend = np.maximum(squares / np.maximum(count, 1) - _NOISE_MARGIN * _BEND_NOISE * variance, 0)
        is_unclear = _BEND_WEIGHT * bend.sum(axis=(0, -1)) > np.maximum(_MAX_BEND**2 * largest, _MAX_BEND_NOISE * noise)
        freedom = np.maximum(len(values) * is_known.sum(axis=-1), 1)
        minimum = _BEND_NOISE * noise * (1 + _SIGNIFICANCE * np.sqrt(2 / freedom))
        can_show_edge = minimum < _MIN_BEND**2 * largest
        return cls(is_edge, is_mixed, is_unclear, can_show_edge, growth, derivatives, remainder, source)

    def outside(self, is_near_edge: np.ndarray) -> MotionEdges:
        """The same with derivatives of the motion outside `is_near_edge` (h, w), and none inside."""
        if not is_near_edge.any():
            return self
        parts = (~is_near_edge[..., None] * part for part in self.source.derivatives(is_near_edge))
        return replace(self, **dict(zip(("derivatives", "growth", "bend"), parts, strict=True)))


def dilated(mask: np.ndarray, distance: int) -> np.ndarray:
    """The mask (h, w) with all places within two standard deviations of the window, each of `distance` places."""
    reach = int(np.ceil(REACH * distance))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    padded = scipy.ndimage.binary_dilation(np.pad(mask, reach), y**2 + x**2 <= reach**2)
    result: np.ndarray = padded[reach:-reach, reach:-reach]
    return result


def smoothed(values: np.ndarray, valid: np.ndarray, distance: float) -> np.ndarray:
    """Values (..., h, w, 2) averaged where `valid` (h, w, 2) with a Gaussian of standard deviation `distance`."""
    width = (*(0.0,) * (values.ndim - 3), distance, distance, 0.0)
    weight = scipy.ndimage.gaussian_filter(valid.astype(float), width[-3:])
    result: np.ndarray = scipy.ndimage.gaussian_filter(values * valid, width) / np.maximum(weight, 1e-6)
    return result


def _slopes(values: np.ndarray, variance: np.ndarray, is_known: np.ndarray, distance: int) -> np.ndarray:
    """Slopes (2, M, h, w, 2) of the motion from window to window, down and right.

    They count as far as they exceed their noise in a component.
    """
    slopes = []
    for down, right in ((distance, 0), (0, distance)):
        (after, before), (has_after, has_before) = _steps(values, is_known, down, right)
        slopes.append((after * has_after - before * has_before) / np.maximum(has_after.astype(int) + has_before, 1))
    energy = (np.square(slopes).sum(axis=0) / np.maximum(_SLOPE_NOISE * variance, 1e-30)).sum(axis=-1)
    freedom = 2 * is_known.sum(axis=-1)
    share = np.maximum(1 - freedom / np.maximum(energy, 1e-9), 0)[..., None]
    result: np.ndarray = share / distance * np.stack(slopes)
    return result


def _curvatures(
    values: np.ndarray, variance: np.ndarray, is_known: np.ndarray, distance: int
) -> tuple[np.ndarray, np.ndarray]:
    """Second derivatives (3, M, h, w, 2) of the motion from window to window, and where (h, w, 2) all are valid.

    They are those down, right and mixed, and count as far as they exceed their noise in a component.
    """
    pairs = [(steps, valid) for steps, valid in _pairs(values, is_known, distance)]
    down, right, diagonal, other = ((steps[0] + steps[1]) / 2 * valid for steps, valid in pairs)
    squares = np.square([down, right, diagonal, other]).sum(axis=(0, -1))
    freedom = 4 * is_known.sum(axis=-1)
    share = 1 - freedom * _BEND_NOISE * variance.mean(axis=-1) / np.maximum(squares, 1e-30)
    mixed = (diagonal - other) / (2 * _diagonal(distance) ** 2)
    derivatives = np.stack([2 * down / distance**2, 2 * right / distance**2, mixed])
    is_valid: np.ndarray = np.all([valid for _, valid in pairs], axis=0)
    return np.maximum(share, 0)[..., None] * derivatives, is_valid


def _diagonal(distance: int) -> int:
    """Distance along both axes of windows at a distance along a diagonal."""
    return max(1, round(distance * np.sqrt(0.5)))


def _pairs(values: np.ndarray, is_known: np.ndarray, distance: int) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """Differences to both neighbors, and where (h, w, 2) both are known, down, right and along both diagonals."""
    diagonal = _diagonal(distance)
    for down, right in ((distance, 0), (0, distance), (diagonal, diagonal), (diagonal, -diagonal)):
        steps, usable = _steps(values, is_known, down, right)
        yield steps, usable[0] & usable[1]


def _steps(
    values: np.ndarray, is_known: np.ndarray, down: int, right: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Differences (M, h, w, 2) of the windows at a distance, and at the opposite one, and whether both are known."""
    places = [(down, right), (-down, -right)]
    usable = [is_known & _shifted(is_known, 0, *place) for place in places]
    pairs = zip(places, usable, strict=True)
    return [(_shifted(values, 1, *place) - values) * both for place, both in pairs], usable


def _is_large(difference: np.ndarray, variance: np.ndarray, valid: np.ndarray, minimum: np.ndarray) -> np.ndarray:
    """Bool (h, w): whether differences (M, h, w, 2) exceed their noise, and their squares together `minimum` (h, w)."""
    freedom = len(difference) * valid.sum(axis=-1)
    squares = np.square(difference) * valid
    chi_square = (squares / np.maximum(variance, 1e-30)).sum(axis=(0, -1))
    is_large: np.ndarray = chi_square > freedom + _SIGNIFICANCE * np.sqrt(2 * freedom)
    return is_large & (squares.sum(axis=(0, -1)) > minimum)


def _shifted(values: np.ndarray, axis: int, down: int, right: int) -> np.ndarray:
    """Values whose rows and columns, from an axis on, are those at a distance; 0 beyond the ends."""
    result = np.zeros_like(values)
    lead, spans = (slice(None),) * axis, tuple(zip((down, right), values.shape[axis : axis + 2], strict=True))
    source = [slice(max(0, shift), n + min(0, shift)) for shift, n in spans]
    target = [slice(max(0, -shift), n + min(0, -shift)) for shift, n in spans]
    result[(*lead, *target)] = values[(*lead, *source)]
    return result
