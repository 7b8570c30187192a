"""The window that explains each pixel, where the pixels around it do not move as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import scipy.ndimage

from vmm.measure.estimation._motion_edges import CORRECTION_WEIGHT, REACH, smoothed
from vmm.measure.estimation._pixel_evidence import Evidence
from vmm.measure.estimation._pixel_motion import DEVIATIONS, MAX_DISAGREEMENT, PixelMotion
from vmm.measure.estimation._pixel_windows import (
    NONLINEAR_SHARE,
    Components,
    WindowFits,
    derivatives,
    fit_windows,
    near_edges,
)

_SCALES = (1.0, 0.5, 0.25)
"""Sizes of the windows relative to the neighborhood. Smaller ones fit into narrow objects, and are noisier."""

_MIN_SIGMA = 1.2
"""Smallest standard deviation of a window in pixels: smaller ones hold too few pixels for three unknowns."""

_RINGS = ((0.0, 1), (1.0, 8), (1.7, 16), (2.4, 16))
"""Distances of windows from the pixel in their standard deviations, and the number of windows at each distance. At the
largest distance the whole window is on one side of the pixel."""

_REACH = 1.2
"""Distance in standard deviations from torn windows within which they disturb the phase. A window is torn up to two
standard deviations from an edge, and at this distance from it the phase is off by 0.5 % of the motion."""

_BORDER_REACH = 2.4
"""Distance in standard deviations from the border of the frame within which the mirrored margin disturbs the phase."""

_MAX_EXCESS = 12.0
"""Excess of chi-square over that of the best motion up to which a motion explains the pixel as well."""

_GUARD = 2
"""Distance in pixels, beyond the amplitude of the motion, from a pixel with another motion within which a pixel is
unknown: the slopes of the mean image mix two objects there."""

_PHASE_NOISE, _AGREEMENT = 0.4, 2.0
"""Variance of the difference between the phase and a window around the same pixel, relative to that of the phase; and
standard deviations of chi-square up to which both agree."""

_DISTURBANCE = 5.0
"""Standard deviations of chi-square by which the phase differs from a window around the same pixel where objects beyond
the reach of torn windows disturb it, as those whose motion is large do."""

_ACCURATE = 0.03
"""Relative error of the slopes by larger motion up to which the phase is accurate: it is reached at half a pixel."""

_ACCURACY = 0.005
"""Relative accuracy of the motion in windows: that of the derivatives."""

_MAX_DOUBT, _MAX_DOUBT_NOISE = 0.25, 10.0
"""Standard error relative to the motion, and variance relative to that of noise, above which pixels near an edge are
unknown: the windows around them then show different motions."""

_SURROUNDINGS, _MIN_NEIGHBORS = 3, 0.4
"""Distance in pixels around a pixel near an edge, and the share of the pixels within it that must be known. At a
straight boundary it is 0.6; fewer are known around single pixels that a motion explains by chance."""

_WIDE_SURROUNDINGS, _MIN_FAR_NEIGHBORS = 25, 0.2
"""Side in pixels of a square around a pixel near an edge, and the share of the pixels within it that must be known.
Large motion leaves small groups of pixels that a motion explains by chance."""

_LARGE, _MAX_GUARD = 0.95, 4
"""Quantile of the amplitudes that counts for the guard, and its largest value in pixels."""


def explain_pixels(
    components: Components, sigma: float, step: int, phase: PixelMotion, leverage: Callable[[], np.ndarray]
) -> PixelMotion:
    """The motion of every `step`-th pixel in both directions, from the phase where the pixels around move as one.

    Elsewhere, and near the border of the frame, it is that of the nearest window that explains the pixel. Windows are
    tried at several distances and in several sizes. If none does, it is that of the phase, and the differences between
    the motions in windows of all sizes are added to its variance; large differences make it unknown. `leverage` gives
    the error (5, h, w, 2, 2) of the phase for derivatives of the motion.
    """
    slopes = derivatives(components.mean)
    scales = [sigma * scale for scale in _SCALES if scale == 1 or sigma * scale >= _MIN_SIGMA]
    fits: list[WindowFits] = []
    for scale in reversed(scales):
        fits.insert(0, fit_windows(components, slopes, scale, REACH * sigma, fits[0] if fits else None))
    fits = _with_same_edges(fits)
    size = components.mean.shape
    positions = [np.arange(0, n, step) for n in size]
    result = _with_doubt(phase, fits[0], positions, leverage)
    is_near_torn, is_at_border = _near_torn_windows(fits[0], size), _at_border(fits[0], size)
    is_disturbed = _differs_from_windows(replace(result, variance=phase.variance), fits[0], positions)[
        np.ix_(*(np.arange(n) // step for n in size))
    ]
    rows, cols = np.nonzero(is_near_torn | is_at_border | is_disturbed)
    if not len(rows):
        return _with_hidden(result, fits[0], positions)
    near_torn = is_near_torn[rows, cols]
    motion, is_ambiguous = _choose(fits, Evidence(components, slopes, rows, cols), rows, cols, near_torn)
    is_ambiguous |= near_torn & _differs_from_inside(motion, rows, cols, components.usable)
    is_explained: np.ndarray = np.asarray(motion.is_known.any(axis=1))
    smallest = _reading(fits[-1], *fits[-1].nearest(rows, cols))
    guarded = PixelMotion(motion.values.copy(), motion.variance.copy(), motion.is_known.copy())
    guarded.replace(~is_explained, smallest[~is_explained])
    largest = np.nan_to_num(np.sqrt(2 * np.einsum("m,mni->n", components.mean_squares, guarded.values**2)))
    guard = _GUARD + min(_MAX_GUARD, round(float(np.quantile(largest, _LARGE))))
    is_ambiguous |= _near_another_motion(guarded, rows, cols, size, guard)
    on_grid = (rows % step == 0) & (cols % step == 0)
    places = (rows[on_grid] // step) * (-(-size[1] // step)) + cols[on_grid] // step
    old, new = result[places], _with_smaller(motion[on_grid], fits[1:], rows[on_grid], cols[on_grid])
    is_central = ~fits[0].is_torn[fits[0].nearest(rows[on_grid], cols[on_grid])]
    is_central &= ~(near_torn & is_at_border[rows, cols])[on_grid]
    is_better = is_explained[on_grid] & ~(is_central & _agrees(replace(old, variance=phase.variance[:, places]), new))
    readings = [_reading(fit, *fit.nearest(rows[on_grid], cols[on_grid])) for fit in fits]
    spread = _with_spread(phase[places], readings)
    old.replace(~is_explained[on_grid], spread[~is_explained[on_grid]])
    is_ambiguous |= ~is_explained & near_torn
    is_ambiguous |= near_torn & _is_alone(is_ambiguous, rows, cols, size)
    new.is_known &= phase.is_known[places]
    old.variance = np.where(new.variance > 2 * old.variance, np.maximum(old.variance, new.variance), old.variance)
    noise, before = phase.variance[:, places], result[places]
    old.replace(is_better, new[is_better])
    is_worse = is_central & _is_vague(old, noise)[:, 0] & ~_is_vague(before, noise)[:, 0]
    old.replace(is_worse, before[is_worse])
    old.is_known &= ~is_ambiguous[on_grid, None] & ~_is_vague(old, noise)
    result.replace(places, old)
    return _with_hidden(result, fits[0], positions)


def _is_vague(motion: PixelMotion, noise: np.ndarray) -> np.ndarray:
    """Whether (N, 1) the error of pixels is dominated by doubt that is as large as the motion."""
    size, doubt = (x.sum(axis=(0, 2)) for x in (np.square(motion.values), motion.variance))
    result: np.ndarray = doubt > np.maximum(_MAX_DOUBT**2 * size, _MAX_DOUBT_NOISE * noise.sum(axis=(0, 2)))
    return result[:, None]


def _differs_from_windows(phase: PixelMotion, fit: WindowFits, positions: list[np.ndarray]) -> np.ndarray:
    """Bool map (h, w): whether the phase differs from a window around the pixel that is not torn, beyond noise."""
    rows, cols = (x.ravel() for x in np.meshgrid(*positions, indexing="ij"))
    places = fit.nearest(rows, cols)
    windows = _reading(fit, *places)
    differs = ~_agrees(phase, windows, _DISTURBANCE) & (phase.is_known & windows.is_known).any(axis=1)
    result: np.ndarray = (differs & ~fit.is_torn[places]).reshape([len(p) for p in positions])
    return result


def _agrees(phase: PixelMotion, windows: PixelMotion, deviations: float = _AGREEMENT) -> np.ndarray:
    """Whether (N,) the motion of the phase differs from that of windows by no more than noise, in what both know."""
    both = phase.is_known & windows.is_known
    size = np.sqrt(np.square(windows.values).sum(axis=2, keepdims=True))
    difference = np.maximum(np.abs(phase.values - windows.values) - _ACCURACY * size, 0)
    noise = _PHASE_NOISE * phase.variance + np.maximum(windows.variance - phase.variance, 0)
    distance = (np.square(difference) / np.maximum(noise, 1e-30) * both).sum(axis=(0, 2))
    freedom = len(phase.values) * both.sum(axis=1)
    agrees: np.ndarray = distance <= freedom + deviations * np.sqrt(2 * freedom)
    return agrees & both.any(axis=1)


def _with_same_edges(fits: Sequence[WindowFits]) -> list[WindowFits]:
    """Windows of several sizes, the largest first, with the same edges of the motion."""
    larger = fits[0]
    is_near = near_edges(larger, fits[1:])
    return [fit.with_edges(is_near[np.ix_(*larger.nearest(*fit.positions))]) for fit in fits]


def _with_smaller(motion: PixelMotion, fits: Sequence[WindowFits], rows: np.ndarray, cols: np.ndarray) -> PixelMotion:
    """Motion of N pixels with its differences from that of smaller windows around them, beyond noise, in the variance.

    They are large where the motion changes within the distance of the window from which it is taken.
    """
    doubt = np.zeros(motion.variance.shape)
    for fit in fits:
        places = fit.nearest(rows, cols)
        window = _reading(fit, *places)
        excess = np.square(motion.values - window.values) - DEVIATIONS * (motion.variance + window.variance)
        doubt = np.maximum(doubt, np.where(window.is_known & ~fit.is_torn[places][:, None], excess, 0))
    return PixelMotion(motion.values, motion.variance + doubt, motion.is_known)


def _with_doubt(
    phase: PixelMotion, fit: WindowFits, positions: list[np.ndarray], leverage: Callable[[], np.ndarray]
) -> PixelMotion:
    """The motion of the phase without the errors of bends, which count in the variance as far as they remain.

    That is a share of the correction, and the difference from the motion of the windows, beyond their noise.
    """
    rows, cols = (x.ravel() for x in np.meshgrid(*positions, indexing="ij"))
    first, second = fit.nearest(rows, cols)
    window = _reading(fit, first, second)
    growth = _growth(fit, positions, leverage)
    values = phase.values - growth
    noise = phase.variance + window.variance
    excess = np.square(values - fit.between(fit.values, positions)) - DEVIATIONS * noise
    squares = np.square(growth).reshape(len(growth), *(len(p) for p in positions), 2)
    step = max(1, positions[0][-1] // max(1, len(positions[0]) - 1))
    bend = CORRECTION_WEIGHT * smoothed(squares, np.ones(squares.shape[1:]), fit.sigma / step)
    doubt = np.where(window.is_known, np.maximum(excess, 0), 0) + bend.reshape(growth.shape)
    inaccuracy = np.maximum(fit.nonlinear[first, second, None] - _ACCURATE, 0)
    doubt = doubt + np.square(NONLINEAR_SHARE * inaccuracy * phase.values).sum(axis=2, keepdims=True)
    return PixelMotion(values, phase.variance + doubt, phase.is_known.copy())


def _growth(fit: WindowFits, positions: list[np.ndarray], leverage: Callable[[], np.ndarray]) -> np.ndarray:
    """Error (M, N, 2) of the phase by motion that changes evenly or bends, from the derivatives of the windows."""
    derivatives = fit.edges.derivatives
    if not derivatives.any():
        return np.zeros((derivatives.shape[1], math.prod(len(p) for p in positions), 2))
    scale = 1 / fit.spacing ** np.array([1.0, 1, 2, 2, 2])
    error = leverage().reshape(5, -1, 2, 2) * scale[:, None, None, None]
    growth: np.ndarray = np.einsum("knij,kmnj->mni", error, fit.between(derivatives, positions))
    return growth


def _with_hidden(motion: PixelMotion, fit: WindowFits, positions: list[np.ndarray]) -> PixelMotion:
    """The motion with that which an encoder may have hidden in the variance."""
    rows, cols = (x.ravel() for x in np.meshgrid(*positions, indexing="ij"))
    first, second = fit.nearest(rows, cols)
    return PixelMotion(motion.values, motion.variance + fit.hidden[:, first, second], motion.is_known)


def _near_torn_windows(fit: WindowFits, size: tuple[int, ...]) -> np.ndarray:
    """Bool map (H, W): whether a torn window is within reach of the phase."""
    reach = int(np.ceil(_REACH * fit.sigma / fit.spacing))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    is_torn = np.pad(fit.is_torn, reach)
    is_near = scipy.ndimage.binary_dilation(is_torn, y**2 + x**2 <= reach**2)[reach:-reach, reach:-reach]
    result: np.ndarray = is_near[np.ix_(*fit.nearest(*(np.arange(n) for n in size)))]
    return result


def _at_border(fit: WindowFits, size: tuple[int, ...]) -> np.ndarray:
    """Bool map (H, W): whether the border of the frame is within reach of the phase."""
    border = int(np.ceil(_BORDER_REACH * fit.sigma))
    result = np.ones(size, bool)
    result[border:-border, border:-border] = False
    return result


def _choose(
    fits: Sequence[WindowFits], evidence: Evidence, rows: np.ndarray, cols: np.ndarray, near_torn: np.ndarray
) -> tuple[PixelMotion, np.ndarray]:
    """Motion of N pixels in the nearest window that explains each, and whether (N,) others that do disagree with it.

    Larger windows come first; a later one is taken if it knows more directions. Far from torn windows, where
    `near_torn` (N,) is False, the best one explains the pixel: at the border of the frame slopes are less accurate.
    """
    best = np.full(len(rows), np.inf)
    for motion, is_valid in _candidates(fits, rows, cols):
        best = np.where(is_valid, np.minimum(best, evidence.chi_square(motion.values)), best)
    limit = best + _MAX_EXCESS * np.maximum(1, best / evidence.freedom)
    limit = np.where(near_torn, np.minimum(limit, evidence.limit), limit)
    chosen = PixelMotion.unknown(len(fits[0].values), len(rows))
    is_ambiguous = np.zeros(len(rows), bool)
    is_off_center = fits[0].is_torn[fits[0].nearest(rows, cols)]
    for motion, is_valid in _candidates(fits, rows, cols):
        explains = is_valid & (evidence.chi_square(motion.values) <= limit)
        is_ambiguous |= explains & is_off_center & chosen.disagrees(motion)
        is_better = explains & (motion.is_known.sum(axis=1) > chosen.is_known.sum(axis=1))
        chosen.replace(is_better, motion[is_better])
    return chosen, is_ambiguous


def _candidates(
    fits: Sequence[WindowFits], rows: np.ndarray, cols: np.ndarray
) -> Iterator[tuple[PixelMotion, np.ndarray]]:
    """Motion of N pixels in each window around them, and whether (N,) the window is inside the frame and not torn."""
    for fit in fits:
        nearest = fit.nearest(rows, cols)
        for down, right in _offsets(fit):
            first, second = nearest[0] + down, nearest[1] + right
            height, width = fit.is_torn.shape
            is_inside = (first >= 0) & (first < height) & (second >= 0) & (second < width)
            first, second = np.clip(first, 0, height - 1), np.clip(second, 0, width - 1)
            motion = _reading(fit, first, second)
            distances = rows / fit.spacing - nearest[0], cols / fit.spacing - nearest[1]
            for slope, distance in zip(fit.edges.derivatives[:2], distances, strict=True):
                motion.values += slope[:, first, second] * distance[:, None]
            yield motion, is_inside & ~fit.is_torn[first, second]


def _offsets(fit: WindowFits) -> list[tuple[int, int]]:
    """Distances, in windows, of the windows around a pixel."""
    unit = fit.sigma / fit.spacing
    angles = [(radius * unit, 2 * np.pi * i / count) for radius, count in _RINGS for i in range(count)]
    offsets = [(round(radius * np.sin(angle)), round(radius * np.cos(angle))) for radius, angle in angles]
    return list(dict.fromkeys(offsets))


def _reading(fit: WindowFits, first: np.ndarray, second: np.ndarray) -> PixelMotion:
    """The motion in the windows of some indices."""
    return PixelMotion(fit.values[:, first, second], fit.variance[:, first, second], fit.is_known[first, second])


def _near_another_motion(
    motion: PixelMotion, rows: np.ndarray, cols: np.ndarray, size: tuple[int, ...], guard: int
) -> np.ndarray:
    """Whether (N,) a pixel with a different motion is within the guard distance of each pixel."""
    index = np.full((size[0] + 2 * guard, size[1] + 2 * guard), -1)
    index[rows + guard, cols + guard] = np.arange(len(rows))
    is_near = np.zeros(len(rows), bool)
    span = range(-guard, guard + 1)
    for down, right in ((a, b) for a in span for b in span if 0 < a * a + b * b <= guard**2):
        other = index[rows + guard + down, cols + guard + right]
        is_near |= (other >= 0) & motion.disagrees(motion[other])
    return is_near


def _differs_from_inside(motion: PixelMotion, rows: np.ndarray, cols: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Whether (N,) pixels at the border of the frame, which show nothing, move otherwise than the nearest ones inside.

    `usable` (H, W) is 0 at the border.
    """
    index, inner = np.full(usable.shape, -1), []
    index[rows, cols] = np.arange(len(rows))
    for places, axis in ((rows, 1), (cols, 0)):
        inside = np.flatnonzero((usable > 0).any(axis=axis))
        inner.append(np.clip(places, inside[0], inside[-1]) if len(inside) else places)
    nearest = index[tuple(inner)]
    return (nearest >= 0) & (motion.disagrees(motion[nearest]) | ~motion.is_known[nearest].any(axis=1))


def _is_alone(is_unknown: np.ndarray, rows: np.ndarray, cols: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Whether (N,) too few pixels around each one are known, where `is_unknown` (N,) marks those that are not."""
    is_known = np.ones(size)
    is_known[rows, cols] = ~is_unknown
    y, x = np.mgrid[-_SURROUNDINGS : _SURROUNDINGS + 1, -_SURROUNDINGS : _SURROUNDINGS + 1]
    disc = (y**2 + x**2 <= _SURROUNDINGS**2).astype(float)
    share = scipy.ndimage.correlate(is_known, disc / disc.sum(), mode="nearest")
    far_share = scipy.ndimage.uniform_filter(is_known, _WIDE_SURROUNDINGS, mode="nearest")
    result: np.ndarray = (share[rows, cols] < _MIN_NEIGHBORS) | (far_share[rows, cols] < _MIN_FAR_NEIGHBORS)
    return result


def _with_spread(motion: PixelMotion, readings: Sequence[PixelMotion]) -> PixelMotion:
    """Motion with the largest differences from other readings of the same pixels added to the variance.

    It is unknown where they differ by a large part of the motion.
    """
    differences = np.stack([np.square(reading.values - motion.values) for reading in readings])
    sizes = np.stack([np.square(m.values).sum(axis=(0, 2)) for m in (motion, *readings)])
    spread = differences.max(axis=0)
    is_close = spread.sum(axis=(0, 2)) <= MAX_DISAGREEMENT**2 * sizes.max(axis=0)
    return PixelMotion(motion.values, motion.variance + spread, motion.is_known & is_close[:, None])
