"""Trajectories of points along dense flow over many frames, for as long as the points are visible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from vmm.backend.arrays import Array, namespace, to_host
from vmm.backend.dispatch import fast
from vmm.backend.reference import MAX_BLUR, blur, robust_stds
from vmm.motion.warp import bilinear, pixel_positions

_STRIDE = 8
"""Distance in px of the points at which the difference between two frames is sampled: more points take more time."""

_MAX_DEVIATIONS = 4.0
"""Largest difference of a visible point, in standard deviations of the noise: noise exceeds it once in 16000 points."""

_LOCALIZATION_ERROR = 0.15
"""Tolerated error of a trajectory in px. A larger one follows edges longer, but detects occlusion later."""

_RELATIVE_WIDTH = 1.6
"""Standard deviation of the average over similar points, relative to that of the window of the optical flow. A wider
average removes more noise, but blurs motion that varies in space."""

_MAX_SPEED_DIFFERENCE = 0.5
"""Difference of velocity in px per frame at and above which two points do not count as similar."""


def noise_tolerance(flows: Array, patterns: Array, slots: Sequence[int]) -> np.ndarray:
    """Tolerated squared difference between patterns, because of noise, after each step along trajectories.

    Parameters
    ----------
    flows
        Flow (N, 2, H, W) from each frame to the next one of the slots, in pixels.
    patterns
        Pattern (N, H, W) of each frame.
    slots
        Indices (n + 1,) of consecutive frames in `flows` and `patterns`.

    Returns
    -------
    ndarray
        Tolerance (n,) for each step.
    """
    start = pixel_positions(patterns[0])[:, ::_STRIDE, ::_STRIDE]
    value = patterns[slots[0], ::_STRIDE, ::_STRIDE]
    points, differences = start, []
    for i, j in pairwise(slots):
        points = points + bilinear(flows[i], points)
        differences.append(bilinear(patterns[j][None], points)[0] - value)
    if not differences:
        return np.zeros(0)
    return np.asarray((_MAX_DEVIATIONS * to_host(robust_stds(namespace(flows).stack(differences)))) ** 2, np.float64)


def localization_tolerance(pattern: Array) -> Array:
    """Tolerated squared difference (H, W) of a pattern (H, W) for a localization error of 0.15 pixels."""
    down, right = namespace(pattern).gradient(pattern)
    return _LOCALIZATION_ERROR**2 * blur(down * down + right * right, (1.5, 1.5))


@fast
def follow_points(
    forth: Array,
    back: Array,
    patterns: Array,
    ahead: Sequence[int],
    behind: Sequence[int],
    noise: tuple[Array, Array],
    tolerance: Array,
    weights: np.ndarray,
    levels: tuple[np.ndarray, np.ndarray],
) -> Array:
    """Track every point of a frame, and filter its displacement along its trajectory.

    Parameters
    ----------
    forth, back
        Flow (N, 2, H, W) in pixels from each frame to the next, and to the previous one.
    patterns
        Pattern (N, H, W) of each frame, by which a point is recognized.
    ahead, behind
        Indices in these arrays of the frame and those after it, in order, and of the frame and those before it.
    noise
        Tolerated squared difference between patterns after each step, ahead and behind (``noise_tolerance``).
    tolerance
        Additional tolerance (H, W), for small errors of the trajectory (``localization_tolerance``).
    weights
        Weights (levels behind, levels ahead, frames) of the displacements in all frames, from the first to the last,
        for each level of visibility behind and ahead.
    levels
        Level of visibility that belongs to each number of frames in which a point is visible, behind and ahead.

    Returns
    -------
    array
        For each pixel (5, H, W): the filtered displacement (2), the visibility, which is the fraction of frames in
        which the point is visible, and its velocity (2) in pixels per frame.
    """
    xp = namespace(forth)
    future, visible_ahead = _trajectories(forth, patterns, ahead, noise[0], tolerance)
    past, visible_behind = _trajectories(back, patterns, behind, noise[1], tolerance)
    table = xp.asarray(weights, dtype=forth.dtype)
    rows = table[xp.asarray(levels[0])[visible_behind], xp.asarray(levels[1])[visible_ahead]]
    b = len(behind) - 1
    total = sum((rows[..., b + 1 + k] * shift for k, shift in enumerate(future[1:])), 0 * future[0])
    total = sum((rows[..., b - 1 - k] * shift for k, shift in enumerate(past[1:])), total)
    # The velocity is taken over 1 to 3 frames on either side, so that it is defined for a point that is soon occluded.
    near, far = (
        xp.clip(visible, min(1, n), min(3, n)) for visible, n in ((visible_ahead, len(ahead) - 1), (visible_behind, b))
    )
    velocity = (_after(future, near) - _after(past, far)) / xp.maximum(near + far, 1)
    visibility = (visible_ahead + visible_behind) / max(len(future) + len(past) - 2, 1)
    return xp.concatenate([total, visibility[None].astype(forth.dtype), velocity.astype(forth.dtype)])


@fast
def average_similar(field: Array, weight: Array, velocity: Array, taps: np.ndarray, max_difference: float) -> Array:
    """Weighted local average of a field over points of similar velocity.

    Parameters
    ----------
    field
        Field (2, H, W) to average.
    weight
        Weight (H, W) of each point.
    velocity
        Velocity (2, H, W) of each point.
    taps
        Taps of a symmetric separable filter, from its center outwards.
    max_difference
        Difference of velocity from which points have no influence on one another.

    Returns
    -------
    array
        The average (2, H, W).
    """
    xp = namespace(field)
    reach, (height, width) = len(taps) - 1, weight.shape
    border = ((0, 0), (reach, reach), (reach, reach))
    padded = xp.pad(xp.concatenate([weight * field, weight[None], velocity]), border)
    total, total_weight = xp.zeros_like(field), xp.zeros_like(weight)
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            neighbor = padded[:, reach + i : reach + i + height, reach + j : reach + j + width]
            similarity = xp.maximum(1 - ((neighbor[3:] - velocity) ** 2).sum(axis=0) / max_difference**2, 0)
            factor = float(taps[abs(i)] * taps[abs(j)]) * similarity**2
            total += factor * neighbor[:2]
            total_weight += factor * neighbor[2]
    return total / total_weight


def smooth_similar(field: Array, visibility: Array, velocity: Array, sigma: float) -> Array:
    """Smooth a displacement (2, H, W) by a Gaussian average over points of similar velocity, weighted by visibility."""
    if sigma == 0:
        return field
    width = _RELATIVE_WIDTH * min(sigma, MAX_BLUR * max(field.shape[-2:]))
    taps = np.exp(-0.5 * (np.arange(int(2 * width + 0.5) + 1) / width) ** 2)
    # The high power lets points that are visible in all frames prevail, and the constant keeps the total above 0.
    return average_similar(field, visibility**8 + 1e-5, velocity, taps, _MAX_SPEED_DIFFERENCE)


def _trajectories(
    flows: Array, patterns: Array, slots: Sequence[int], noise: Array, tolerance: Array
) -> tuple[list[Array], Array]:
    """Displacements (2, H, W) of all points after each step, and the number of steps for which each is visible."""
    xp, start = namespace(flows), pixel_positions(tolerance)
    height, width = tolerance.shape
    shifts, is_visible = [xp.zeros_like(start)], xp.ones(tolerance.shape, bool)
    steps = xp.zeros(tolerance.shape, np.int64)
    for k, (i, j) in enumerate(pairwise(slots)):
        shifts.append(shifts[-1] + bilinear(flows[i], start + shifts[-1]))
        y, x = points = start + shifts[-1]
        change = bilinear(patterns[j][None], points)[0] - patterns[slots[0]]
        is_visible &= (y >= -0.5) & (x >= -0.5) & (y <= height - 0.5) & (x <= width - 0.5)
        is_visible &= change**2 <= noise[k] + tolerance
        steps += is_visible
    return shifts, steps


def _after(shifts: list[Array], steps: Array) -> Array:
    """Displacement of each point after its number of steps, at most three."""
    xp = namespace(steps)
    return sum((xp.where(steps == k, shift, 0) for k, shift in enumerate(shifts[:4])), xp.zeros_like(shifts[0]))
