"""Kernels of displacement in the levels of a pyramid: least squares in a Gaussian window."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.pyramid import blur_row, mirror, mirror_margins
from vmm.backend.levels import RIDGE, RIDGE_CONTRAST, TINY
from vmm.backend.taps import one_sided
from vmm.backend.threads import by_rows

_f = np.float32
_PRODUCTS = 10  # yy, yx, yv, yt, xx, xv, xt, vv, vt, tt of the slopes y and x, the value v and the change t


@kernel
def smoothed_row(above: Any, row: Any, below: Any, weight: Any, keep: Any, out: Any) -> None:
    """Add a weighted smoothing across rows to `keep` times the output."""
    for i in range(row.shape[0]):
        total = (above[i] + below[i] + _f(4) * row[i]) * _f(1 / 6)
        out[i] = keep * out[i] + weight * total


@kernel
def slope_row(above: Any, below: Any, weight: Any, keep: Any, out: Any) -> None:
    """Add a weighted central difference across rows to `keep` times the output."""
    for i in range(above.shape[0]):
        out[i] = keep * out[i] + weight * (below[i] - above[i])


@kernel
def smooth_along(row: Any, n: Any, out: Any) -> None:
    """Smoothing along a row with one mirrored sample at each end."""
    for i in range(n):
        out[i] = (row[i] + row[i + 2] + _f(4) * row[i + 1]) * _f(1 / 6)


@kernel
def slope_along(row: Any, n: Any, out: Any) -> None:
    """Central difference along a row with one mirrored sample at each end."""
    for i in range(n):
        out[i] = _f(0.5) * (row[i + 2] - row[i])


@kernel
def add_products(y: Any, x: Any, v: Any, t: Any, keep: Any, out: Any) -> None:
    """Add the products of slopes, value and change to `keep` times the output (10, w)."""
    for i in range(y.shape[0]):
        out[0, i] = keep * out[0, i] + y[i] * y[i]
        out[1, i] = keep * out[1, i] + y[i] * x[i]
        out[2, i] = keep * out[2, i] + y[i] * v[i]
        out[3, i] = keep * out[3, i] + y[i] * t[i]
        out[4, i] = keep * out[4, i] + x[i] * x[i]
        out[5, i] = keep * out[5, i] + x[i] * v[i]
        out[6, i] = keep * out[6, i] + x[i] * t[i]
        out[7, i] = keep * out[7, i] + v[i] * v[i]
        out[8, i] = keep * out[8, i] + v[i] * t[i]
        out[9, i] = keep * out[9, i] + t[i] * t[i]


@kernel
def mean_pairs(row: Any, n: Any, out: Any) -> None:
    """A quarter of the sum of two neighbors; an odd last sample counts twice."""
    for i in range(n // 2):
        out[i] = _f(0.25) * (row[2 * i] + row[2 * i + 1])
    if n % 2:
        out[n // 2] = _f(0.5) * row[n - 1]


@kernel
def add_scaled(row: Any, weight: Any, out: Any) -> None:
    """Add a row times a weight."""
    for i in range(out.shape[0]):
        out[i] += weight * row[i]


@kernel
def solve_row(p: Any, out: Any) -> None:
    """Solution (2, w) of the normal equations (10, w), or (6, w) with the structure tensor and the residual."""
    for i in range(p.shape[1]):
        vv = _f(1) / (p[7, i] + _f(RIDGE_CONTRAST) * (p[0, i] + p[4, i]) + _f(TINY))
        yy, xx = p[0, i] - p[2, i] * p[2, i] * vv, p[4, i] - p[5, i] * p[5, i] * vv
        yx = p[1, i] - p[2, i] * p[5, i] * vv
        yt, xt = p[8, i] * p[2, i] * vv - p[3, i], p[8, i] * p[5, i] * vv - p[6, i]
        ridge = _f(RIDGE) * (yy + xx) + _f(TINY)
        scale = _f(1) / ((yy + ridge) * (xx + ridge) - yx * yx)
        down, right = ((xx + ridge) * yt - yx * xt) * scale, ((yy + ridge) * xt - yx * yt) * scale
        out[0, i], out[1, i] = down, right
        if out.shape[0] > 2:
            out[2, i], out[3, i], out[4, i] = yy, yx, xx
            out[5, i] = max(p[9, i] - p[8, i] * p[8, i] * vv - down * yt - right * xt, _f(0))


@kernel
def product_row(image: Any, earlier: Any, j2: Any, taps: Any, rows: Any, slopes: Any, products: Any, out: Any) -> None:
    """Products of row j2 of the half grid, pooled over 2x2 samples and blurred along the row, (10, w')."""
    h, w = image.shape
    reach = taps.shape[0] - 1
    half = out.shape[1]
    padded = np.empty(half + 2 * reach, np.float32)
    for o in range(2):
        j = min(2 * j2 + o, h - 1)
        a, b = mirror(j - 1, h), mirror(j + 1, h)
        inside = rows[:, 1 : w + 1]
        smoothed_row(image[a], image[j], image[b], _f(0.5), _f(0), inside[0])
        smoothed_row(earlier[a], earlier[j], earlier[b], _f(0.5), _f(1), inside[0])
        slope_row(image[a], image[b], _f(0.25), _f(0), inside[1])
        slope_row(earlier[a], earlier[b], _f(0.25), _f(1), inside[1])
        smoothed_row(image[a], image[j], image[b], _f(1), _f(0), inside[2])
        smoothed_row(earlier[a], earlier[j], earlier[b], _f(-1), _f(1), inside[2])
        for k in range(3):
            mirror_margins(rows[k], w, 1)
        smooth_along(rows[1], w, slopes[0])
        slope_along(rows[0], w, slopes[1])
        smooth_along(rows[0], w, slopes[2])
        smooth_along(rows[2], w, slopes[3])
        add_products(slopes[0], slopes[1], slopes[2], slopes[3], _f(o), products)
    for k in range(_PRODUCTS):
        mean_pairs(products[k], w, padded[reach : reach + half])
        mirror_margins(padded, half, reach)
        blur_row(padded, taps, out[k])


@kernel
def displacement_rows(images: Any, earlier: Any, taps: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the displacement (T, 2, h', w') between images (T, h, w), or of the evidence (T, 6, ...)."""
    w = images.shape[2]
    rows_half, half = out.shape[2:]
    reach = taps.shape[0] - 1
    rows, slopes = np.zeros((3, w + 2), np.float32), np.empty((4, w), np.float32)
    products = np.zeros((_PRODUCTS, w), np.float32)
    ring = np.empty((2 * reach + 1, _PRODUCTS, half), np.float32)
    sums = np.empty((_PRODUCTS, half), np.float32)
    for t in range(images.shape[0]):
        for j in range(start - reach, stop + reach):
            slot = (j - start + reach) % (2 * reach + 1)
            product_row(images[t], earlier[t], mirror(j, rows_half), taps, rows, slopes, products, ring[slot])
            done = j - reach
            if done >= start:
                for k in range(_PRODUCTS):
                    sums[k] = 0
                    for i in range(-reach, reach + 1):
                        place = (done + i - start + reach) % (2 * reach + 1)
                        add_scaled(ring[place, k], taps[abs(i)], sums[k])
                solve_row(sums, out[t, :, done])


def gradient_displacement(images: np.ndarray, earlier: np.ndarray, sigma: float) -> np.ndarray:
    """Displacement (T, 2, h', w') from earlier images to images."""
    return _displacement(images, earlier, sigma, 2)


def gradient_evidence(images: np.ndarray, earlier: np.ndarray, sigma: float) -> np.ndarray:
    """Displacement, structure tensor and residual (T, 6, h', w')."""
    return _displacement(images, earlier, sigma, 6)


def _displacement(images: np.ndarray, earlier: np.ndarray, sigma: float, planes: int) -> np.ndarray:
    n, h, w = images.shape
    out = np.empty((n, planes, (h + 1) // 2, (w + 1) // 2), np.float32)
    taps = one_sided(sigma / 2).astype(np.float32)
    images, earlier = (np.ascontiguousarray(x, np.float32) for x in (images, earlier))
    by_rows(lambda start, stop: displacement_rows(images, earlier, taps, start, stop, out), out.shape[2])
    return out
