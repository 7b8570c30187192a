"""Kernels of the displacement between two images: slopes, products of slopes, and least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import filled_by_rows, kernel, single
from vmm.backend.cpu.pyramid import mirror, mirror_margins
from vmm.backend.pairs import RIDGE

_f = np.float32


@kernel
def smooth_row(above: Any, row: Any, below: Any, out: Any) -> None:
    """Smoothing across rows."""
    for i in range(out.shape[0]):
        out[i] = (above[i] + below[i] + _f(4) * row[i]) * _f(1 / 6)


@kernel
def smooth_along(row: Any, out: Any) -> None:
    """Smoothing along a row with one mirrored sample at each end."""
    for i in range(out.shape[0]):
        out[i] = (row[i] + row[i + 2] + _f(4) * row[i + 1]) * _f(1 / 6)


@kernel
def slope_row(above: Any, below: Any, out: Any) -> None:
    """Central difference of two rows."""
    for i in range(out.shape[0]):
        out[i] = _f(0.5) * (below[i] - above[i])


@kernel
def mean_and_change(a: Any, b: Any, mean: Any, change: Any) -> None:
    """Mean of two rows, and the change from the first to the second."""
    for i in range(mean.shape[0]):
        mean[i] = _f(0.5) * (a[i] + b[i])
        change[i] = b[i] - a[i]


@kernel
def slope_rows(a: Any, b: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the slopes, the value and the change (4, C, h, w) of two images."""
    channels, h, w = a.shape
    means, changes = np.empty((3, w), np.float32), np.empty((3, w), np.float32)
    rows = np.zeros((3, w + 2), np.float32)
    inside = rows[:, 1 : w + 1]
    for c in range(channels):
        for j in range(start, stop):
            for k in range(3):
                i = mirror(j - 1 + k, h)
                mean_and_change(a[c, i], b[c, i], means[k], changes[k])
            smooth_row(means[0], means[1], means[2], inside[0])
            slope_row(means[0], means[2], inside[1])
            smooth_row(changes[0], changes[1], changes[2], inside[2])
            for k in range(3):
                mirror_margins(rows[k], w, 1)
            smooth_along(rows[1], out[0, c, j])
            slope_row(rows[0, :w], rows[0, 2:], out[1, c, j])
            smooth_along(rows[0], out[2, c, j])
            smooth_along(rows[2], out[3, c, j])


@kernel
def term_rows(slopes: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the terms of contrast and of the energy (3, h, w)."""
    for r in range(start, stop):
        for k in range(3):
            out[k, r] = _f(0)
        for c in range(slopes.shape[1]):
            y, x, v, t = slopes[0, c, r], slopes[1, c, r], slopes[2, c, r], slopes[3, c, r]
            for i in range(v.shape[0]):
                out[0, r, i] += v[i] * t[i]
                out[1, r, i] += v[i] * v[i]
                out[2, r, i] += y[i] * y[i] + x[i] * x[i]


@kernel
def add_product_row(y: Any, x: Any, v: Any, t: Any, contrast: Any, out: Any) -> None:
    """Add the products of slopes and of the change, less its part by contrast, to the output (6, w)."""
    for i in range(y.shape[0]):
        change = contrast[i] * v[i] - t[i]
        out[0, i] += y[i] * y[i]
        out[1, i] += x[i] * x[i]
        out[2, i] += y[i] * x[i]
        out[3, i] += y[i] * change
        out[4, i] += x[i] * change
        out[5, i] += change * change


@kernel
def product_rows(
    slopes: Any, contrast: Any, energy: Any, top: Any, softness: Any, start: Any, stop: Any, out: Any
) -> None:
    """Rows start to stop of the weighted products (6, h, w)."""
    for r in range(start, stop):
        row = out[:, r]
        for k in range(6):
            row[k] = _f(0)
        for c in range(slopes.shape[1]):
            add_product_row(slopes[0, c, r], slopes[1, c, r], slopes[2, c, r], slopes[3, c, r], contrast[r], row)
        for i in range(row.shape[1]):
            weight = np.sqrt(top / (energy[r, i] + softness))
            for k in range(6):
                row[k, i] *= weight


@kernel
def displacement_rows(products: Any, ridge: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the displacement (2, h, w) from products (6, h, w)."""
    for r in range(start, stop):
        for i in range(out.shape[2]):
            yy, xx, yx = products[0, r, i], products[1, r, i], products[2, r, i]
            yt, xt = products[3, r, i], products[4, r, i]
            total = _f(RIDGE) * (yy + xx) + ridge
            yy += total
            xx += total
            scale = _f(1) / (yy * xx - yx * yx)
            out[0, r, i] = (xx * yt - yx * xt) * scale
            out[1, r, i] = (yy * xt - yx * yt) * scale


def pair_slopes(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Slopes, value and change of two images."""
    return filled_by_rows(slope_rows, (4, *a.shape), single(a), single(b))


def contrast_terms(slopes: np.ndarray) -> np.ndarray:
    """Terms of the change of contrast, and the energy."""
    return filled_by_rows(term_rows, (3, *slopes.shape[2:]), single(slopes))


def slope_products(slopes: np.ndarray, contrast: np.ndarray, energy: np.ndarray, softness: float) -> np.ndarray:
    """Weighted products of slopes."""
    scale = _f(float(energy.mean(dtype=np.float64)) + softness)
    arrays = (single(x) for x in (slopes, contrast, energy))
    return filled_by_rows(product_rows, (6, *energy.shape), *arrays, scale, _f(softness))


def window_displacement(products: np.ndarray, ridge: float) -> np.ndarray:
    """Displacement from averaged products."""
    return filled_by_rows(displacement_rows, (2, *products.shape[1:]), single(products), _f(ridge))
