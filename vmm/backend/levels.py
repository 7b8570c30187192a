"""Reference kernels of displacement in the levels of a pyramid: estimation by least squares, and interpolation."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from vmm.backend.arrays import Array, namespace, ndimage
from vmm.backend.dispatch import fast
from vmm.backend.reference import blur, correlate, soft_limit

Taps: TypeAlias = tuple[float, float, float]

SMOOTH = (0.205, 0.59, 0.205)
"""Taps across a difference, and along both axes for values."""

SLOPE = (-0.47, 0.0, 0.47)
"""Taps of a difference. With `SMOOTH`, the displacement of a wave is true to 6 % for wavelengths of 3 samples and more;
for 2.5 samples it is 20 % too large, which the interpolation compensates."""

RIDGE = 0.003
"""Regularization relative to the trace of the structure tensor; it keeps the direction along an edge near 0."""

RIDGE_CONTRAST = 1e-3
"""The same for the change of contrast."""

TINY = 1e-6
"""Smallest structure in squared gray levels, so that areas without texture have displacement 0."""


CHROMA_WEIGHT = 0.05
"""Largest weight of chroma relative to luma. Larger weights follow the edges between colors of like luma better, but in
compressed video, which drops small changes of the chroma, motion is then read as too small."""


@fast
def gradient_displacement(images: Array, earlier: Array, sigma: float) -> Array:
    """Displacement (T, 2, h', w') down and right from earlier images to images (T, h, w), on every second sample.

    Least squares of the brightness constancy with a change of contrast as the third unknown, in a Gaussian window. Of
    images (T, n, h, w), the first plane is luma. The others are chroma, which is weighted by its noise relative to that
    of luma, and of which an offset of each plane is unknown instead of the contrast.
    """
    return _least_squares(images, earlier, sigma)[:, :2]


@fast
def gradient_evidence(images: Array, earlier: Array, sigma: float) -> Array:
    """Displacement and the evidence for it (T, 6, h', w'), for ``gradient_displacement`` with an estimate of its error.

    Planes: the displacement down and right; the structure tensor down-down, down-right and right-right, in which chroma
    has its weight; and the residual, the part of the squared change of luma that neither displacement nor contrast
    explain. The last four are means in the Gaussian window, in squared gray levels.
    """
    return _least_squares(images, earlier, sigma)


def _least_squares(images: Array, earlier: Array, sigma: float) -> Array:
    """Displacement, structure tensor and residual."""
    xp, planes = namespace(images), images.shape[1:-2]
    luma, *chroma = zip(*(x.swapaxes(0, 1) if planes else x[None] for x in (images, earlier)), strict=True)
    equations = _luma_equations(luma[0], luma[1], sigma)
    down, right, residual = _solution(equations)
    if chroma:
        others = sum(_chroma_equations(a, b, sigma) for a, b in chroma)
        noise = _solution(others)[2] / len(chroma)
        equations += xp.minimum(CHROMA_WEIGHT, (residual + TINY) / (noise + TINY)) * others
        down, right, _ = _solution(equations)
    return xp.stack([down, right, *equations[:3], residual], axis=1)


def _luma_equations(images: Array, earlier: Array, sigma: float) -> Array:
    """Normal equations without the change of contrast: yy, yx, xx, yt, xt and tt of slopes and change."""
    factors = matched_slopes(images, earlier, SLOPE, SMOOTH)
    yy, yx, yv, yt, xx, xv, xt, vv, vt, tt = (_pooled(a * b, sigma) for i, a in enumerate(factors) for b in factors[i:])
    vv = vv + RIDGE_CONTRAST * (yy + xx) + TINY
    yy, yx, xx = yy - yv * yv / vv, yx - yv * xv / vv, xx - xv * xv / vv
    return namespace(images).stack([yy, yx, xx, vt * yv / vv - yt, vt * xv / vv - xt, tt - vt * vt / vv])


def _chroma_equations(images: Array, earlier: Array, sigma: float) -> Array:
    """The same without an offset of the images, which are a plane of chroma."""
    down, right, _, change = matched_slopes(images, earlier, SLOPE, SMOOTH)
    pairs = (down, down), (down, right), (right, right), (-down, change), (-right, change), (change, change)
    return namespace(images).stack([_pooled(a * b, sigma) - _pooled(a, sigma) * _pooled(b, sigma) for a, b in pairs])


def matched_slopes(images: Array, earlier: Array, slope: Taps, smooth: Taps) -> tuple[Array, Array, Array, Array]:
    """Slopes down and right and value of the mean of two images (..., h, w), and their change, smoothed alike."""
    value, change = (images + earlier) / 2, images - earlier
    down = correlate(correlate(value, slope, -2), smooth, -1)
    right = correlate(correlate(value, smooth, -2), slope, -1)
    value, change = (correlate(correlate(x, smooth, -2), smooth, -1) for x in (value, change))
    return down, right, value, change


def _solution(equations: Array) -> tuple[Array, Array, Array]:
    """Displacement down and right that solves normal equations, and the residual."""
    yy, yx, xx, yt, xt, tt = equations
    ridge = RIDGE * (yy + xx) + TINY
    determinant = (yy + ridge) * (xx + ridge) - yx * yx
    down, right = ((xx + ridge) * yt - yx * xt) / determinant, ((yy + ridge) * xt - yx * yt) / determinant
    return down, right, namespace(yy).maximum(tt - down * yt - right * xt, 0)


def _pooled(x: Array, sigma: float) -> Array:
    """Means (T, h', w') over 2x2 samples, under the Gaussian window."""
    return blur(halved(x), (sigma / 2, sigma / 2))


def halved(x: Array) -> Array:
    """Means over 2x2 samples of x (..., h, w), of which an odd last row or column is repeated."""
    margins = [(0, 0)] * (x.ndim - 2) + [(0, x.shape[-2] % 2), (0, x.shape[-1] % 2)]
    x = namespace(x).pad(x, margins, mode="edge")
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def full_size(displacement: Array, size: tuple[int, int]) -> Array:
    """Displacement (T, 2, h', w') on every second sample, interpolated to all samples (T, 2, h, w)."""
    for axis, n in zip((-2, -1), size, strict=True):
        displacement = _doubled(displacement, axis, n)
    return displacement


def _doubled(x: Array, axis: int, n: int) -> Array:
    """Twice as many samples along an axis, by linear interpolation between the centers of pairs, edges repeated."""
    xp = namespace(x)
    x = xp.moveaxis(x, axis, 0)
    before, after = xp.concatenate([x[:1], x[:-1]]), xp.concatenate([x[1:], x[-1:]])
    both = xp.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis=1)
    return xp.moveaxis(both.reshape(-1, *x.shape[1:])[:n], 0, axis)


@fast
def spline_coefs(images: Array) -> Array:
    """Coefficients of cubic splines through images (..., h, w), mirrored at the border."""
    prefilter = ndimage(images).spline_filter1d
    return prefilter(prefilter(images, axis=-1, output=images.dtype), axis=-2, output=images.dtype)


@fast
def displaced_level(images: Array, displacement: Array, alpha: Array | float, limit: float) -> Array:
    """Images (T, h, w) displaced by alpha times a displacement (T, 2, h', w') that fades out beyond `limit` pixels.

    Images (T, n, h, w) of several planes have the same displacement in each. Cubic splines at the points from which the
    content comes; beyond the border images are mirrored. Images keep their exact values where the displacement is 0.
    """
    xp = namespace(images)
    h, w = images.shape[-2:]
    displacement = soft_limit(xp.ascontiguousarray(alpha * full_size(displacement, (h, w))), limit)
    first_row, first_col = xp.floor(-displacement[:, 0]), xp.floor(-displacement[:, 1])
    down, right = spline_weights(-displacement[:, 0] - first_row), spline_weights(-displacement[:, 1] - first_col)
    rows = xp.arange(h)[:, None] + first_row.astype(np.int64)
    cols = xp.arange(w) + first_col.astype(np.int64)
    frame = xp.arange(len(images))[:, None, None]
    planes, splines = (xp.moveaxis(x.reshape(len(x), -1, h, w), 1, 0) for x in (images, spline_coefs(images)))
    result = xp.zeros_like(planes)
    for i in range(4):
        row = _mirrored(rows + i - 1, h)
        for j in range(4):
            col = _mirrored(cols + j - 1, w)
            result = result + down[i] * right[j] * splines[:, frame, row, col]
    result = xp.where((displacement == 0).all(axis=1), planes, result)
    return xp.ascontiguousarray(xp.moveaxis(result, 0, 1)).reshape(images.shape)


@fast
def displaced_level_change(images: Array, displacement: Array, alpha: Array | float, limit: float) -> Array:
    """The difference that ``displaced_level`` makes in images."""
    return displaced_level(images, displacement, alpha, limit) - images


def spline_weights(t: Array) -> tuple[Array, Array, Array, Array]:
    """Weights of a cubic B-spline for the coefficients at -1, 0, 1 and 2 around a point at t in [0, 1)."""
    s = 1 - t
    return s * s * s / 6, 2 / 3 - t * t * (1 + s) / 2, 2 / 3 - s * s * (1 + t) / 2, t * t * t / 6


def _mirrored(index: Array, n: int) -> Array:
    """Indices inside 0 to n - 1, mirrored at the first and the last sample."""
    period = max(1, 2 * (n - 1))
    index = abs(index) % period
    return namespace(index).minimum(index, period - index) if n > 1 else 0 * index
