"""Evidence for a displacement between two frames, as planes from which a network can refine the displacement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vmm.backend.arrays import Array, namespace
from vmm.backend.pairs import FLOOR, TINY, pair_slopes, slope_products, window_displacement
from vmm.backend.reference import reduce
from vmm.motion._coarse_to_fine import (
    NOISE_OF_LEVELS,
    RIDGE_NOISE,
    FrameLevels,
    _averaged,
    _contrast,
    _doubled,
    _softness,
    _unexplained,
    noise_std,
)
from vmm.motion.warp import bicubic, bilinear, pixel_positions

WINDOWS = ((1.0, 0), (3.0, 1), (8.0, 2)), ((3.0, 1), (8.0, 2))
"""Windows of the least squares in the two finest levels: standard deviation in px of the level, and halvings."""

VECTORS = 6
"""Number of vectors (down, right) among the planes: the displacement, and the rest of it in each window."""

DIRECTION = 19
"""Index of the first of two planes with the direction of the slopes: the cosine and the sine of twice the angle."""

COLORS = 23
"""Index of the first of three planes with the color channels."""

PLANES = 26
"""Number of planes."""

MIN_SCALE = 0.02
"""Smallest unit of the displacement in px; without it, noise of still frames would be scaled to the size of motion."""

REST_SCALE = 0.2
"""Smallest unit of the displacement, relative to the displacement of most of the frame."""

MOVING_PIXELS = 256
"""Number of pixels that move farther than the unit of the displacement: a small object, whatever the frame's size."""

MAX_REST = 3.0
"""Limit on the rest of the displacement in the planes, in units of the displacement."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Planes for a network that refines a displacement.

    Attributes
    ----------
    planes
        Array (26, H, W): the displacement relative to `rest` (2 planes); the rest of the displacement that each of
        three windows in the finest level and two windows in the next one reads (10), all in units of `scale`; the
        signal-to-noise ratio of each window (5); coherence in two windows (2); direction of the slopes (2); misfit of
        the displacement and of `rest` (2); and the color channels of the frame in the middle (3).
    rest
        Median (2, 1, 1) of the displacement in px: the displacement of most of the frame.
    scale
        Unit of the displacement in px.
    """

    planes: Array
    rest: Array
    scale: float


def evidence(
    levels: tuple[FrameLevels, FrameLevels], colors: tuple[Array, Array], displacement: Array, min_noise: float
) -> Evidence:
    """Evidence for a displacement (2, H, W) from frame a to frame b at the frame between them.

    Both frames are displaced by half of it towards each other, and the remaining displacement is read once more in each
    window. The units follow from the displacement itself, so that the planes of small and large motion are alike.

    Parameters
    ----------
    levels
        Levels of frames a and b.
    colors
        Color planes (C, H, W) of frames a and b, with C = 1 or 3.
    displacement
        Displacement (2, H, W), down and right, in px.
    min_noise
        Smallest standard deviation of the noise of the luma that is assumed, in gray levels.
    """
    xp = namespace(displacement)
    rest = xp.median(displacement.reshape(2, -1), axis=1)[:, None, None]
    scale = _scale(displacement, rest)
    noise = noise_std(levels[1].luma - levels[0].luma)
    windows, size = [], displacement.shape[1:]
    for level, (first, second) in enumerate(zip(levels[0].splines[:2], levels[1].splines[:2], strict=True)):
        at_level = displacement if level == 0 else reduce(displacement) / 2
        share = NOISE_OF_LEVELS[level] * levels[0].channel_noise
        likely = share * max(noise, min_noise)
        products = _products(first, second, at_level, likely)
        for fields in _windows(products, share * noise, likely, scale / 2**level, WINDOWS[level]):
            windows.append(fields if level == 0 else _doubled(fields, size))
        if level == 0:
            structure = _structure(products, len(first) * likely**2, rest - displacement)
    vectors = [(displacement - rest) / scale, *(window[:2] for window in windows)]
    ratios = xp.stack([window[2] for window in windows])
    planes = [*vectors, ratios, structure, _middle(colors, displacement)]
    return Evidence(xp.concatenate(planes).astype(displacement.dtype, copy=False), rest, scale)


def _scale(displacement: Array, rest: Array) -> float:
    """Unit of the displacement in px: that of the fastest part of the frame relative to `rest`, at least a minimum."""
    xp = namespace(displacement)
    relative = xp.hypot(*(displacement - rest)).ravel()
    rank = min(MOVING_PIXELS, max(relative.size // 16, 1))
    fast = float(xp.partition(relative, relative.size - rank)[relative.size - rank])
    return max(fast, REST_SCALE * float(xp.hypot(*rest.ravel())), MIN_SCALE)


def _products(first: Array, second: Array, displacement: Array, noise: float) -> Array:
    """Weighted products (6, h, w) of the slopes of two levels, displaced by half of a displacement to each other."""
    pixels = pixel_positions(first)
    slopes = pair_slopes(bicubic(first, pixels - displacement / 2), bicubic(second, pixels + displacement / 2))
    contrast, energy = _contrast(slopes)
    return slope_products(slopes, contrast, energy, _softness(slopes, energy, noise))


def _windows(
    finest: Array, noise: float, likely: float, scale: float, windows: Sequence[tuple[float, int]]
) -> list[Array]:
    """Planes (3, h, w) of each window: the rest of the displacement, and the logarithm of the signal-to-noise ratio."""
    xp, products = namespace(finest), [finest]
    for _ in range(windows[-1][1]):
        products.append(reduce(products[-1]))
    ridge = RIDGE_NOISE * noise**2 + FLOOR * float((finest[0] + finest[1]).mean()) + TINY
    result = []
    for sigma, halvings in windows:
        averaged = _averaged(products[halvings], sigma, halvings)
        rest = xp.clip(window_displacement(averaged, ridge) / scale, -MAX_REST, MAX_REST)
        ratio = scale**2 * (averaged[0] + averaged[1]) * 4 * math.pi * sigma**2 / (likely**2 / 2 + TINY)
        fields = xp.concatenate([rest, xp.log10(ratio + 1e-3)[None] / 2])
        for coarse in reversed(range(halvings)):
            fields = _doubled(fields, products[coarse].shape[1:])
        result.append(fields)
    return result


def _structure(products: Array, unit: float, shift: Array) -> Array:
    """Planes (6, H, W): coherence in two windows, direction of the slopes, and misfit without and with a shift.

    The unit of the misfit is a variance in squared gray levels.
    """
    xp = namespace(products)
    narrow = _averaged(products, 1.0, 0)
    wide = _doubled(_averaged(reduce(products), 3.0, 1), products.shape[1:])
    planes = []
    for yy, xx, yx in (narrow[:3], wide[:3]):
        trace = yy + xx + 1e-6 * float((yy + xx).mean()) + TINY
        planes.append((xp.hypot(yy - xx, 2 * yx) / trace, (xx - yy) / trace, 2 * yx / trace))
    squares = (xp.maximum(x, 0) for x in (narrow[5], _unexplained(narrow, shift)))
    misfits = [xp.log10(1 + 2 * square / (unit + TINY)) / 2 for square in squares]
    return xp.stack([planes[0][0], planes[1][0], *planes[0][1:], *misfits])


def _middle(colors: tuple[Array, Array], displacement: Array) -> Array:
    """Three color channels (3, H, W) of the frame in the middle, relative to their mean and standard deviation."""
    xp, pixels = namespace(displacement), pixel_positions(displacement)
    earlier, later = bilinear(colors[0], pixels - displacement / 2), bilinear(colors[1], pixels + displacement / 2)
    middle = (earlier + later) / 2
    middle = (middle - middle.mean()) / (middle.std() + TINY)
    return middle if len(middle) == 3 else xp.repeat(middle, 3, axis=0)
