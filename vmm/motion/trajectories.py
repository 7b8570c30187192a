"""Points followed along dense flow over many frames, for as long as they can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.dispatch import fast
from vmm.backend.reference import blur
from vmm.motion.flow import deviation, linear, positions

_APART = 8  # pixels between the points that tell how much a frame differs from another
_LIMIT = 4.0  # standard deviations that a point may differ by
_AMISS = 0.15  # pixels by which a point may be missed
_WIDER = 1.6  # width of the average, that of the window in which flow is found being 1
_UNLIKE = 0.5  # pixels a frame by which the speed of two points differs where nothing is shared


def noise_along(flows: Array, patterns: Array, slots: Sequence[int]) -> np.ndarray:
    """Variance (n,) that patterns may differ by after each step along the flows from the first of the slots on."""
    here = positions(patterns[0])[:, ::_APART, ::_APART]
    value = patterns[slots[0], ::_APART, ::_APART]
    way, bounds = here, []
    for i, j in pairwise(slots):
        way = way + linear(flows[i], way)
        bounds.append((_LIMIT * deviation(linear(patterns[j][None], way)[0] - value)) ** 2)
    return np.array(bounds)


def slope_of(pattern: Array) -> Array:
    """What the square of a pattern (H, W) may differ by for a point that is missed by little."""
    down, right = namespace(pattern).gradient(pattern)
    return _AMISS**2 * blur(down * down + right * right, (1.5, 1.5))


@fast
def followed(
    forth: Array,
    back: Array,
    patterns: Array,
    ahead: Sequence[int],
    behind: Sequence[int],
    noise: tuple[Array, Array],
    slope: Array,
    weights: np.ndarray,
    levels: tuple[np.ndarray, np.ndarray],
) -> Array:
    """Filtered displacement of every point of a frame, share of the frames it is seen in, and its speed: (5, H, W).

    Parameters
    ----------
    forth, back
        Flow (N, 2, H, W) from each frame to the next, and to the one before.
    patterns
        What each frame (N, H, W) shows.
    ahead, behind
        Which of them the frame itself and those after it are, one by one; and those before it.
    noise
        Variance that patterns may differ by, ahead and behind.
    slope
        More of it (H, W), for points that are missed by little.
    weights
        Of the displacements in each frame, first to last, for the levels behind and ahead to which a point is seen.
    levels
        Which level goes with each number of frames seen, behind and ahead.
    """
    xp = namespace(forth)
    onward, seen_ahead = _walked(forth, patterns, ahead, noise[0], slope)
    earlier, seen_behind = _walked(back, patterns, behind, noise[1], slope)
    rows = xp.asarray(weights, dtype=forth.dtype)[xp.asarray(levels[0])[seen_behind], xp.asarray(levels[1])[seen_ahead]]
    b = len(behind) - 1
    total = sum((rows[..., b + 1 + k] * way for k, way in enumerate(onward[1:])), 0 * onward[0])
    total = sum((rows[..., b - 1 - k] * way for k, way in enumerate(earlier[1:])), total)
    near, far = (  # what is not seen again still has a speed
        xp.clip(seen, min(1, n), min(3, n)) for seen, n in ((seen_ahead, len(ahead) - 1), (seen_behind, b))
    )
    speed = (_chosen(onward, near) - _chosen(earlier, far)) / xp.maximum(near + far, 1)
    share = (seen_ahead + seen_behind) / max(len(onward) + len(earlier) - 2, 1)
    return xp.concatenate([total, share[None].astype(forth.dtype), speed.astype(forth.dtype)])


@fast
def alike(field: Array, trust: Array, speed: Array, taps: np.ndarray, unlike: float) -> Array:
    """A field (2, H, W) averaged by trust (H, W) and by taps, centre first, over points of like speed (2, H, W)."""
    xp = namespace(field)
    reach, (height, width) = len(taps) - 1, trust.shape
    edge = ((0, 0), (reach, reach), (reach, reach))
    stacked = xp.pad(xp.concatenate([trust * field, trust[None], speed]), edge)
    total, weight = xp.zeros_like(field), xp.zeros_like(trust)
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            near = stacked[:, reach + i : reach + i + height, reach + j : reach + j + width]
            likeness = xp.maximum(1 - ((near[3:] - speed) ** 2).sum(axis=0) / unlike**2, 0)
            share = float(taps[abs(i)] * taps[abs(j)]) * likeness**2
            total += share * near[:2]
            weight += share * near[2]
    return total / weight


def smoothed(field: Array, share: Array, speed: Array, sigma: float) -> Array:
    """A displacement averaged by a Gaussian over points of like speed, those that are seen throughout first of all."""
    if sigma == 0:
        return field
    width = _WIDER * sigma
    taps = np.exp(-0.5 * (np.arange(int(2 * width + 0.5) + 1) / width) ** 2)
    return alike(field, share**8 + 1e-5, speed, taps, _UNLIKE)


def _walked(
    flows: Array, patterns: Array, slots: Sequence[int], noise: Array, slope: Array
) -> tuple[list[Array], Array]:
    """Displacements of all points after each step along flows, and for how many steps each looks as it did."""
    xp, here = namespace(flows), positions(slope)
    height, width = slope.shape
    ways, alive = [xp.zeros_like(here)], xp.ones(slope.shape, bool)
    seen = xp.zeros(slope.shape, np.int64)
    for k, (i, j) in enumerate(pairwise(slots)):
        ways.append(ways[-1] + linear(flows[i], here + ways[-1]))
        y, x = there = here + ways[-1]
        change = linear(patterns[j][None], there)[0] - patterns[slots[0]]
        alive &= (y >= -0.5) & (x >= -0.5) & (y <= height - 0.5) & (x <= width - 0.5)
        alive &= change**2 <= noise[k] + slope
        seen += alive
    return ways, seen


def _chosen(ways: list[Array], count: Array) -> Array:
    """The displacement of each point after so many steps, three at most."""
    xp = namespace(count)
    return sum((xp.where(count == k, way, 0) for k, way in enumerate(ways[:4])), xp.zeros_like(ways[0]))
