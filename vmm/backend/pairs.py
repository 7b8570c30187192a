"""Reference kernels of the displacement between two images: slopes, products of slopes, and least squares."""

from __future__ import annotations

from vmm.backend.arrays import Array, namespace
from vmm.backend.dispatch import fast
from vmm.backend.levels import matched_slopes

SMOOTH = (1 / 6, 4 / 6, 1 / 6)
"""Taps across a difference, and along both axes for values. They match `SLOPE`: the ratio of slope to value is true for
all frequencies up to about a third of the sampling rate."""

SLOPE = (-0.5, 0.0, 0.5)
"""Taps of a central difference."""

RIDGE = 0.01
"""Regularization relative to the trace of the structure tensor; it keeps the direction along an edge near 0."""

FLOOR = 1e-4
"""Regularization relative to the mean energy of the slopes, so that areas without texture have displacement 0."""

TINY = 1e-12
"""Smallest energy in squared gray levels: images without any texture have displacement 0, too."""


@fast
def pair_slopes(a: Array, b: Array) -> Array:
    """Slopes down and right and value of the mean of two images (C, h, w), and their change, together (4, C, h, w).

    All four are smoothed by the same filter, so that their ratios are true for all frequencies up to about a third of
    the sampling rate.
    """
    return namespace(a).stack(matched_slopes(b, a, SLOPE, SMOOTH))


@fast
def contrast_terms(slopes: Array) -> Array:
    """Sums (3, h, w) over the channels of slopes (4, C, h, w): value times change, squared value, and squared slopes.

    The first over the second is the relative change of contrast.
    """
    down, right, value, change = slopes
    terms = [(value * change).sum(0), (value * value).sum(0), (down * down + right * right).sum(0)]
    return namespace(slopes).stack(terms)


@fast
def slope_products(slopes: Array, contrast: Array, energy: Array, softness: float) -> Array:
    """Weighted products (6, h, w) of slopes (4, C, h, w), summed over channels: yy, xx, yx, -yt, -xt and tt.

    The change t is reduced by the part that a change of contrast (h, w) explains. The weight is the inverse root of the
    energy (h, w) of the slopes plus a softness, so that strong edges do not decide alone what their surroundings do.
    """
    down, right, value, change = slopes
    change = change - contrast * value
    mean = energy.mean()
    weight = namespace(slopes).sqrt((mean + softness) / (energy + softness))
    pairs = (down, down), (right, right), (down, right), (-down, change), (-right, change), (change, change)
    return namespace(slopes).stack([weight * (u * v).sum(0) for u, v in pairs])


@fast
def window_displacement(products: Array, ridge: float) -> Array:
    """Displacement (2, h, w), down and right, from averaged products (6, h, w), with a constant ridge."""
    yy, xx, yx, yt, xt = products[:5]
    total = RIDGE * (yy + xx) + ridge
    yy, xx = yy + total, xx + total
    return namespace(products).stack([xx * yt - yx * xt, yy * xt - yx * yt]) / (yy * xx - yx * yx)
