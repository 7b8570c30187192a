"""Kernels of displacement in the levels of a pyramid: least squares in a Gaussian window.

A row of the images is split into its even and its odd samples, so that all later loops run over contiguous rows of half
the length. A loop of several rows that lie in one array runs over them as one long row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel, single
from vmm.backend.cpu.pyramid import mirror, mirror_margins
from vmm.backend.levels import CHROMA_WEIGHT, RIDGE, RIDGE_CONTRAST, SLOPE, SMOOTH, TINY
from vmm.backend.taps import one_sided
from vmm.backend.threads import by_rows

_f = np.float32
_LINES = 4
"""Number of rows of the images on which two neighboring rows of slopes depend."""

_LUMA = 10
"""Number of products of the factors of luma, and the index of the first row of chroma."""

_SHARED = 6
"""Number of products that all planes of chroma share."""

_UNROLLED = 11
"""Number of taps that one loop adds in registers; the window of the default sigma has the same number."""


@kernel
def split_row(row: Any, w: Any, odd: Any, even: Any) -> None:
    """Odd samples from -1 on and even samples from 0 on of a row that begins with a margin of 1."""
    mirror_margins(row, w, 1)
    for i in range(odd.shape[0]):
        odd[i], even[i] = row[2 * i], row[2 * i + 1]


@kernel
def split_line(image: Any, earlier: Any, padded: Any, out: Any) -> None:
    """Odd and even samples (4, w' + 1) of a row of two images: of the mean, then of the change."""
    w = image.shape[0]
    for i in range(w):
        padded[i + 1] = _f(0.5) * (image[i] + earlier[i])
    split_row(padded, w, out[0], out[1])
    for i in range(w):
        padded[i + 1] = image[i] - earlier[i]
    split_row(padded, w, out[2], out[3])


@kernel
def smooth_across(above: Any, row: Any, below: Any, out: Any) -> None:
    """Smoothing across rows."""
    for i in range(out.shape[0]):
        out[i] = (above[i] + below[i]) * _f(SMOOTH[0]) + _f(SMOOTH[1]) * row[i]


@kernel
def slope_across(above: Any, below: Any, out: Any) -> None:
    """Central difference across rows."""
    for i in range(out.shape[0]):
        out[i] = _f(SLOPE[2]) * (below[i] - above[i])


@kernel
def smooth_along(odd: Any, even: Any, at_even: Any, at_odd: Any) -> None:
    """Smoothing along a row, at the even samples from 0 on and at the odd samples from 1 on."""
    for i in range(at_even.shape[0]):
        at_even[i] = (odd[i] + odd[i + 1]) * _f(SMOOTH[0]) + _f(SMOOTH[1]) * even[i]
        at_odd[i] = (even[i] + even[i + 1]) * _f(SMOOTH[0]) + _f(SMOOTH[1]) * odd[i + 1]


@kernel
def slope_along(odd: Any, even: Any, at_even: Any, at_odd: Any) -> None:
    """Central difference along a row, at the even samples from 0 on and at the odd samples from 1 on."""
    for i in range(at_even.shape[0]):
        at_even[i] = _f(SLOPE[2]) * (odd[i + 1] - odd[i])
        at_odd[i] = _f(SLOPE[2]) * (even[i + 1] - even[i])


@kernel
def factor_rows(lines: Any, j: Any, h: Any, w: Any, smooth: Any, slope: Any, first: Any, out: Any) -> None:
    """Slopes, value and change of row j at even samples, out[:, first], and at odd samples, out[:, first + 1].

    A last odd sample that the row does not have is that before it.
    """
    above, row, below = lines[mirror(j - 1, h) % _LINES], lines[j % _LINES], lines[mirror(j + 1, h) % _LINES]
    smooth_across(above.reshape(-1), row.reshape(-1), below.reshape(-1), smooth.reshape(-1))
    slope_across(above[:2].reshape(-1), below[:2].reshape(-1), slope.reshape(-1))
    smooth_along(slope[0], slope[1], out[0, first], out[0, first + 1])
    slope_along(smooth[0], smooth[1], out[1, first], out[1, first + 1])
    smooth_along(smooth[0], smooth[1], out[2, first], out[2, first + 1])
    smooth_along(smooth[2], smooth[3], out[3, first], out[3, first + 1])
    if w % 2:
        for k in range(out.shape[0]):
            out[k, first + 1, -1] = out[k, first, -1]


@kernel
def mean_product(a: Any, b: Any, out: Any) -> None:
    """Mean of the products of four pairs of rows."""
    for i in range(out.shape[0]):
        out[i] = _f(0.25) * (a[0, i] * b[0, i] + a[1, i] * b[1, i] + a[2, i] * b[2, i] + a[3, i] * b[3, i])


@kernel
def product_row(factors: Any, reach: Any, out: Any) -> None:
    """Products of the factors (4, 2x2, w'), averaged over 2x2 samples, each with mirrored margins.

    yy, yx, yv, yt, xx, xv, xt, vv, vt, tt of the slopes y and x, the value v and the change t; the last is optional.
    """
    half, k = factors.shape[2], 0
    for p in range(4):
        for q in range(p, 4):
            if k < out.shape[0]:
                mean_product(factors[p], factors[q], out[k, reach : reach + half])
                mirror_margins(out[k], half, reach)
            k += 1


@kernel
def add_mean_product(a: Any, b: Any, keep: Any, out: Any) -> None:
    """Add the mean of the products of four pairs of rows to `keep` times the output."""
    for i in range(out.shape[0]):
        total = a[0, i] * b[0, i] + a[1, i] * b[1, i] + a[2, i] * b[2, i] + a[3, i] * b[3, i]
        out[i] = keep * out[i] + _f(0.25) * total


@kernel
def mean_row(a: Any, out: Any) -> None:
    """Mean of four rows."""
    for i in range(out.shape[0]):
        out[i] = _f(0.25) * (a[0, i] + a[1, i] + a[2, i] + a[3, i])


@kernel
def chroma_row(factors: Any, plane: Any, reach: Any, out: Any) -> None:
    """Products of the factors of a plane of chroma, averaged over 2x2 samples, each with mirrored margins.

    The products yy, yx, yt, xx, xt and tt are added to those of earlier planes. They are followed by the means y, x and
    t of each plane.
    """
    half, k, means = factors.shape[2], 0, _SHARED + 3 * plane
    for p in range(4):
        for q in range(p, 4):
            if p != 2 and q != 2:
                add_mean_product(factors[p], factors[q], _f(plane > 0), out[k, reach : reach + half])
                mirror_margins(out[k], half, reach)
                k += 1
    for k in range(3):
        mean_row(factors[k if k < 2 else 3], out[means + k, reach : reach + half])
        mirror_margins(out[means + k], half, reach)


@kernel
def blur_along(row: Any, taps: Any, out: Any) -> None:
    """Weighted sums of neighbors along a row."""
    out[:] = 0
    for first in range(0, taps.shape[0], _UNROLLED):
        weights, neighbors = taps[first : first + _UNROLLED], row[first:]
        for i in range(out.shape[0]):
            total = out[i]
            for k in range(_UNROLLED):
                total += weights[k] * neighbors[i + k]
            out[i] = total


@kernel
def blur_across(rows: Any, taps: Any, out: Any) -> None:
    """Weighted sum of rows."""
    out[:] = 0
    for first in range(0, taps.shape[0], _UNROLLED):
        weights, neighbors = taps[first : first + _UNROLLED], rows[first : first + _UNROLLED]
        for i in range(out.shape[0]):
            total = out[i]
            for k in range(_UNROLLED):
                total += weights[k] * neighbors[k, i]
            out[i] = total


@kernel
def ring_taps(row: Any, n: Any, taps: Any, reach: Any, out: Any) -> None:
    """Weights of the rows of a ring, for the blur around a row of n mirrored rows."""
    out[:] = 0
    for k in range(2 * reach + 1):
        out[mirror(row + k - reach, n) % out.shape[0]] += taps[k]


@kernel
def eliminated(p: Any, i: Any) -> Any:
    """Normal equations without the change of contrast: yy, yx, xx, yt and xt at sample i, and the factor 1 / vv."""
    per_vv = _f(1) / (p[7, i] + _f(RIDGE_CONTRAST) * (p[0, i] + p[4, i]) + _f(TINY))
    by_y, by_x = p[2, i] * per_vv, p[5, i] * per_vv
    yy, yx, xx = p[0, i] - p[2, i] * by_y, p[1, i] - p[2, i] * by_x, p[4, i] - p[5, i] * by_x
    return yy, yx, xx, p[8, i] * by_y - p[3, i], p[8, i] * by_x - p[6, i], per_vv


@kernel
def solve_row(p: Any, row: Any, out: Any) -> None:
    """A row of the displacement, out[:2], from the products p (9, w')."""
    for i in range(out.shape[2]):
        yy, yx, xx, yt, xt, _ = eliminated(p, i)
        ridge = _f(RIDGE) * (yy + xx) + _f(TINY)
        yy, xx = yy + ridge, xx + ridge
        scale = _f(1) / (yy * xx - yx * yx)
        out[0, row, i], out[1, row, i] = (xx * yt - yx * xt) * scale, (yy * xt - yx * yt) * scale


@kernel
def evidence_row(p: Any, row: Any, out: Any) -> None:
    """A row of the structure tensor and the residual, out[2:], from the products p (10, w') and the displacement."""
    for i in range(out.shape[2]):
        yy, yx, xx, yt, xt, per_vv = eliminated(p, i)
        out[2, row, i], out[3, row, i], out[4, row, i] = yy, yx, xx
        residual = p[9, i] - p[8, i] * p[8, i] * per_vv - out[0, row, i] * yt - out[1, row, i] * xt
        out[5, row, i] = max(residual, _f(0))


@kernel
def without_offset(shared: Any, means: Any) -> None:
    """Subtract the products of the means of a plane of chroma from the shared products."""
    for i in range(shared.shape[1]):
        y, x, t = means[0, i], means[1, i], means[2, i]
        shared[0, i] -= y * y
        shared[1, i] -= y * x
        shared[2, i] -= y * t
        shared[3, i] -= x * x
        shared[4, i] -= x * t
        shared[5, i] -= t * t


@kernel
def unexplained(yy: Any, yx: Any, xx: Any, yt: Any, xt: Any, tt: Any) -> Any:
    """Solution of normal equations, and the residual."""
    ridge = _f(RIDGE) * (yy + xx) + _f(TINY)
    scale = _f(1) / ((yy + ridge) * (xx + ridge) - yx * yx)
    down, right = ((xx + ridge) * yt - yx * xt) * scale, ((yy + ridge) * xt - yx * yt) * scale
    return down, right, max(tt - down * yt - right * xt, _f(0))


@kernel
def color_row(p: Any, n: Any, row: Any, out: Any) -> None:
    """A row of the displacement, or of all evidence, from the products of luma and of n planes of chroma."""
    for k in range(n):
        first = _LUMA + _SHARED + 3 * k
        without_offset(p[_LUMA : _LUMA + _SHARED], p[first : first + 3])
    for i in range(out.shape[2]):
        yy, yx, xx, yt, xt, per_vv = eliminated(p, i)
        residual = unexplained(yy, yx, xx, yt, xt, p[9, i] - p[8, i] * p[8, i] * per_vv)[2]
        noise = unexplained(p[10, i], p[11, i], p[13, i], -p[12, i], -p[14, i], p[15, i])[2] / _f(n)
        weight = min(_f(CHROMA_WEIGHT), (residual + _f(TINY)) / (noise + _f(TINY)))
        yy, yx, xx = yy + weight * p[10, i], yx + weight * p[11, i], xx + weight * p[13, i]
        yt, xt = yt - weight * p[12, i], xt - weight * p[14, i]
        out[0, row, i], out[1, row, i], _ = unexplained(yy, yx, xx, yt, xt, _f(0))
        if out.shape[0] > 2:
            out[2, row, i], out[3, row, i], out[4, row, i], out[5, row, i] = yy, yx, xx, residual


@kernel
def displacement_rows(images: Any, earlier: Any, taps: Any, reach: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the displacement (T, 2, h', w') between images (T, n, h, w), or of the evidence."""
    n_planes, h, w = images.shape[1:]
    rows, half = out.shape[2:]
    is_color, has_evidence = n_planes > 1, out.shape[1] > 2
    n_products = _LUMA + _SHARED + 3 * (n_planes - 1) if is_color else _LUMA - 1 + has_evidence
    slots = taps.shape[0]
    padded, lines = np.zeros(w + 3, np.float32), np.zeros((n_planes, _LINES, 4, half + 1), np.float32)
    smooth, slope = np.empty((4, half + 1), np.float32), np.empty((2, half + 1), np.float32)
    factors = np.empty((4, 4, half), np.float32)
    products = np.zeros((n_products, half + slots - 1), np.float32)
    sums = np.zeros(products.shape, np.float32)
    size = products.size - slots + 1
    ring, weights = np.zeros((slots, size), np.float32), np.empty(slots, np.float32)
    first, last = max(start - reach, 0), min(stop + reach, rows)
    for t in range(images.shape[0]):
        line, row = max(2 * first - 1, 0), start
        for j in range(first, last):
            while line < min(2 * j + 3, h):
                for k in range(n_planes):
                    split_line(images[t, k, line], earlier[t, k, line], padded, lines[k, line % _LINES])
                line += 1
            for k in range(n_planes):
                for below in range(2):
                    factor_rows(lines[k], min(2 * j + below, h - 1), h, w, smooth, slope, 2 * below, factors)
                if k == 0:
                    product_row(factors, reach, products[:_LUMA])
                else:
                    chroma_row(factors, k - 1, reach, products[_LUMA:])
            blur_along(products.reshape(-1), taps, ring[j % slots])
            while row < stop and j >= min(row + reach, rows - 1):
                ring_taps(row, rows, taps, reach, weights)
                blur_across(ring, weights, sums.reshape(-1)[:size])
                if is_color:
                    color_row(sums, n_planes - 1, row, out[t])
                else:
                    solve_row(sums, row, out[t])
                    if has_evidence:
                        evidence_row(sums, row, out[t])
                row += 1


def gradient_displacement(images: np.ndarray, earlier: np.ndarray, sigma: float) -> np.ndarray:
    """Displacement (T, 2, h', w') from earlier images to images."""
    return _displacement(images, earlier, sigma, 2)


def gradient_evidence(images: np.ndarray, earlier: np.ndarray, sigma: float) -> np.ndarray:
    """Displacement, structure tensor and residual (T, 6, h', w')."""
    return _displacement(images, earlier, sigma, 6)


def _displacement(images: np.ndarray, earlier: np.ndarray, sigma: float, planes: int) -> np.ndarray:
    h, w = images.shape[-2:]
    out = np.empty((len(images), planes, (h + 1) // 2, (w + 1) // 2), np.float32)
    taps, reach = unrolled_taps(one_sided(sigma / 2))
    images, earlier = (single(x).reshape(len(x), -1, h, w) for x in (images, earlier))
    by_rows(lambda start, stop: displacement_rows(images, earlier, taps, reach, start, stop, out), out.shape[2])
    return out


def unrolled_taps(side: np.ndarray) -> tuple[np.ndarray, int]:
    """All taps of a symmetric filter from those of one side, with zeros for the loops of 11, and their reach."""
    reach = len(side) - 1
    taps = np.zeros(-(-(2 * reach + 1) // _UNROLLED) * _UNROLLED, np.float32)
    taps[: 2 * reach + 1] = [*side[:0:-1], *side]
    return taps, reach
