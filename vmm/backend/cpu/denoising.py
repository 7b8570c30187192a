"""Kernels of the denoising of displacement: running means, shrinkage, probes of noise, and interpolation.

A row is processed for all frames before the next one, so that its means stay in the cache. Each loop reads few arrays,
because the compiler vectorizes no loop in which it must compare many addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.pyramid import mirror_margins
from vmm.backend.denoising import LARGEST_CORRELATION, LEAST_STRUCTURE, NOISE_RIDGE, NOISE_STRUCTURE
from vmm.backend.levels import SLOPE, SMOOTH
from vmm.backend.taps import linear_positions
from vmm.backend.threads import by_rows

_f = np.float32


@kernel
def average_row(mean: Any, x: Any, gain: Any, weight: Any) -> None:
    """Update a mean of a row times a gain."""
    for i in range(mean.shape[0]):
        mean[i] += weight * (gain * x[i] - mean[i])


@kernel
def average_product_row(mean: Any, a: Any, b: Any, c: Any, d: Any, weight: Any) -> None:
    """Update a mean of the sum of two products of rows."""
    for i in range(mean.shape[0]):
        mean[i] += weight * (a[i] * b[i] + c[i] * d[i] - mean[i])


@kernel
def average_square_row(mean: Any, x: Any, weight: Any) -> None:
    """Update a mean of the square of a row."""
    for i in range(mean.shape[0]):
        mean[i] += weight * (x[i] * x[i] - mean[i])


@kernel
def average_rows(means: Any, reading: Any, signal: Any, prior: Any, weights: Any, start: Any, stop: Any) -> None:
    """Update rows start to stop of the means of evidence, displacement and products of filtered displacement."""
    for r in range(start, stop):
        for t in range(signal.shape[0]):
            weight = weights[t]
            for k in range(6):
                average_row(means[k, r], reading[t, (k + 2) % 6, r], _f(1), weight)
            down, right, coarse_down, coarse_right = signal[t, 0, r], signal[t, 1, r], prior[t, 0, r], prior[t, 1, r]
            average_product_row(means[6, r], down, down, right, right, weight)
            average_product_row(means[7, r], down, coarse_down, right, coarse_right, weight)
            average_product_row(means[8, r], coarse_down, coarse_down, coarse_right, coarse_right, weight)


@kernel
def averaged_product(mean: Any, a: Any, b: Any, weights: Any) -> None:
    """Update a mean of the product of two stacks of images."""
    for r in range(mean.shape[0]):
        for t in range(a.shape[0]):
            x, y, m, weight = a[t, r], b[t, r], mean[r], weights[t]
            for i in range(m.shape[0]):
                m[i] += weight * (x[i] * y[i] - m[i])


@kernel
def multiplied_row(a: Any, b: Any, out: Any) -> None:
    """Product of two rows."""
    for i in range(out.shape[0]):
        out[i] = a[i] * b[i]


@kernel
def shrunk_row(signal: Any, other: Any, coarse: Any, other_coarse: Any, own: Any, cross: Any, out: Any) -> None:
    """One component of the displacement, shrunk towards that of the coarser level by a row of the matrix."""
    for i in range(out.shape[0]):
        out[i] = coarse[i] + own[i] * (signal[i] - coarse[i]) + cross[i] * (other[i] - other_coarse[i])


@kernel
def fading_row(mean_down: Any, mean_right: Any, square_down: Any, square_right: Any, gain: Any, out: Any) -> None:
    """Factor of the displacement for the variance of the speed."""
    for i in range(out.shape[0]):
        variance = square_down[i] - mean_down[i] * mean_down[i] + (square_right[i] - mean_right[i] * mean_right[i])
        total = max(variance, _f(0)) * gain
        out[i] = _f(1) / (_f(1) + total * total)


@kernel
def shrink_rows(
    means: Any,
    motion: Any,
    signal: Any,
    prior: Any,
    estimate: Any,
    weights: Any,
    gains: Any,
    start: Any,
    stop: Any,
) -> None:
    """Denoise rows start to stop of the displacement: that without fading replaces `prior`, that with it `signal`."""
    coarse, out = np.empty((2, signal.shape[3]), np.float32), np.empty((2, signal.shape[3]), np.float32)
    fading = np.empty(signal.shape[3], np.float32)
    for r in range(start, stop):
        cross, factor = estimate[2, r], estimate[4, r]
        for t in range(signal.shape[0]):
            for k in range(2):
                multiplied_row(estimate[0, r], prior[t, k, r], coarse[k])
            for k in range(2):
                own, other = estimate[1 + 2 * k, r], 1 - k
                shrunk_row(signal[t, k, r], signal[t, other, r], coarse[k], coarse[other], own, cross, out[k])
            average_product_row(means[0, r], out[0], out[0], out[1], out[1], weights[t, 0])
            for k in range(2):
                average_row(means[1 + k, r], motion[t, k, r], gains[0], weights[t, 1])
                average_row(means[3 + k, r], means[1 + k, r], _f(1), weights[t, 1])
                average_row(means[5 + k, r], means[3 + k, r], _f(1), weights[t, 1])
                average_square_row(means[7 + k, r], means[3 + k, r], weights[t, 1])
            fading_row(means[5, r], means[6, r], means[7, r], means[8, r], gains[1], fading)
            for k in range(2):
                multiplied_row(out[k], factor, prior[t, k, r])
                multiplied_row(prior[t, k, r], fading, signal[t, k, r])


@kernel
def term_rows(evidence: Any, noise: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the structure tensor without that of noise, of the variance and of the weight."""
    for r in range(start, stop):
        for i in range(noise.shape[1]):
            yy, yx, xx = evidence[0, r, i], evidence[1, r, i], evidence[2, r, i]
            own = _f(NOISE_STRUCTURE) * evidence[3, r, i]
            yy, xx = max(yy - own, _f(LEAST_STRUCTURE) * yy), max(xx - own, _f(LEAST_STRUCTURE) * xx)
            largest = _f(LARGEST_CORRELATION) * np.sqrt(yy * xx)
            yx = min(max(yx, -largest), largest)
            ridge = _f(NOISE_RIDGE) * (yy + xx) + _f(1e-6)
            variance = noise[r, i] * (yy + xx + _f(2) * ridge) / ((yy + ridge) * (xx + ridge) - yx * yx)
            out[0, r, i], out[1, r, i], out[2, r, i] = yy, yx, xx
            out[3, r, i], out[4, r, i] = variance, _f(1) / (variance + _f(1e-9))


@kernel
def weighing_rows(structure: Any, noise: Any, true: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the matrix of the shrinkage and of the error that remains."""
    for r in range(start, stop):
        for i in range(noise.shape[1]):
            yy, yx, xx = structure[0, r, i], structure[1, r, i], structure[2, r, i]
            mu = noise[r, i] / max(true[r, i], _f(1e-12))
            scale = _f(1) / ((yy + mu) * (xx + mu) - yx * yx + _f(1e-20))
            out[0, r, i], out[1, r, i] = ((xx + mu) * yy - yx * yx) * scale, mu * yx * scale
            out[2, r, i] = ((yy + mu) * xx - yx * yx) * scale
            out[3, r, i] = noise[r, i] * (yy + xx + _f(2) * mu) * scale


@kernel
def stencil_row(above: Any, row: Any, below: Any, smooth: Any, slope: Any) -> None:
    """Smoothing and central difference across rows, into rows with margins of 1."""
    for i in range(row.shape[0]):
        smooth[i + 1] = _f(SMOOTH[0]) * (above[i] + below[i]) + _f(SMOOTH[1]) * row[i]
        slope[i + 1] = _f(SLOPE[2]) * (below[i] - above[i])
    mirror_margins(smooth, row.shape[0], 1)
    mirror_margins(slope, row.shape[0], 1)


@kernel
def residual_row(image: Any, before: Any, down: Any, right: Any, out: Any) -> None:
    """Change of a row that the displacement does not explain, from smooth rows and slopes (2, w + 2) of both frames."""
    for i in range(out.shape[0]):
        change = _f(SMOOTH[0]) * (image[0, i] - before[0, i] + image[0, i + 2] - before[0, i + 2])
        change += _f(SMOOTH[1]) * (image[0, i + 1] - before[0, i + 1])
        slope_down = _f(SMOOTH[0]) * (image[1, i] + before[1, i] + image[1, i + 2] + before[1, i + 2])
        slope_down += _f(SMOOTH[1]) * (image[1, i + 1] + before[1, i + 1])
        slope_right = _f(SLOPE[2]) * (image[0, i + 2] + before[0, i + 2] - image[0, i] - before[0, i])
        out[i] = change + _f(0.5) * (slope_down * down[i // 2] + slope_right * right[i // 2])


@kernel
def residual_rows(images: Any, earlier: Any, displacement: Any, rows: Any, out: Any) -> None:
    """The residual (T, n, w) in probed rows."""
    image, before = np.empty((2, images.shape[2] + 2), np.float32), np.empty((2, images.shape[2] + 2), np.float32)
    for t in range(images.shape[0]):
        for n in range(rows.shape[0]):
            a, b, c = rows[n, 0], rows[n, 1], rows[n, 2]
            stencil_row(images[t, a], images[t, b], images[t, c], image[0], image[1])
            stencil_row(earlier[t, a], earlier[t, b], earlier[t, c], before[0], before[1])
            residual_row(image, before, displacement[t, 0, b // 2], displacement[t, 1, b // 2], out[t, n])


@kernel
def mixed_row(a: Any, b: Any, part: Any, out: Any) -> None:
    """A row between two rows."""
    for i in range(out.shape[0]):
        out[i] = a[i] + part * (b[i] - a[i])


@kernel
def resampled_row(row: Any, before: Any, part: Any, out: Any) -> None:
    """Samples between those of a row and their successors."""
    for i in range(out.shape[0]):
        k = before[i]
        out[i] = row[k] + part[i] * (row[k + 1] - row[k])


@kernel
def resampled_rows(images: Any, rows: Any, down: Any, cols: Any, right: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of images (n, H, W) at fractional positions; the edges are repeated."""
    h, w = images.shape[1:]
    mixed = np.empty(w + 1, np.float32)
    for n in range(images.shape[0]):
        for r in range(start, stop):
            k = rows[r]
            mixed_row(images[n, k], images[n, min(k + 1, h - 1)], down[r], mixed[:w])
            mixed[w] = mixed[w - 1]
            resampled_row(mixed, cols, right, out[n, r])


def structure_terms(evidence: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Structure tensor without that of noise, variance of the displacement, and weight."""
    return _by_rows(term_rows, 5, evidence, noise)


def weighing(structure: np.ndarray, noise: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Matrix of the shrinkage and error that remains."""
    return _by_rows(weighing_rows, 4, structure, noise, true)


def _by_rows(rows: Callable[..., None], planes: int, *maps: np.ndarray) -> np.ndarray:
    """The planes (n, h, w) that a kernel makes of maps (..., h, w)."""
    maps = tuple(np.ascontiguousarray(x, np.float32) for x in maps)
    out = np.empty((planes, *maps[0].shape[-2:]), np.float32)
    by_rows(lambda start, stop: rows(*maps, start, stop, out), out.shape[1])
    return out


def update_means(
    means: np.ndarray, reading: np.ndarray, signal: np.ndarray, prior: np.ndarray, weights: np.ndarray
) -> None:
    """Update means of evidence, displacement and products of filtered displacement; the arrays are contiguous."""
    arguments = means, reading, signal, prior, np.ascontiguousarray(weights, np.float32)
    by_rows(lambda start, stop: average_rows(*arguments, start, stop), means.shape[1])


def update_mean_product(mean: np.ndarray, a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> None:
    """Update a mean of the product of a and b; the mean is contiguous."""
    a, b = (np.ascontiguousarray(x, np.float32) for x in (a, b))
    averaged_product(mean, a, b, np.ascontiguousarray(weights, np.float32))


def shrink_displacement(
    means: np.ndarray,
    motion: np.ndarray,
    signal: np.ndarray,
    prior: np.ndarray,
    estimate: np.ndarray,
    weights: np.ndarray,
    per_threshold: tuple[float, float],
) -> None:
    """Denoise displacement in place, and fade it where the speed steps; the arrays are contiguous."""
    gains = np.array([per_threshold[0], per_threshold[1] ** 2], np.float32)
    arguments = means, motion, signal, prior, estimate, weights.astype(np.float32), gains
    by_rows(lambda start, stop: shrink_rows(*arguments, start, stop), means.shape[1])


def probed_residual(images: np.ndarray, earlier: np.ndarray, displacement: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Change in probed rows that the displacement does not explain."""
    out = np.empty((len(images), len(rows), images.shape[2]), np.float32)
    residual_rows(*(np.ascontiguousarray(x, np.float32) for x in (images, earlier, displacement)), rows, out)
    return out


def resample(images: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Maps, interpolated linearly at fractional rows and columns."""
    stack = np.ascontiguousarray(images, np.float32).reshape(-1, *images.shape[-2:])
    out = np.empty((len(stack), len(rows), len(cols)), np.float32)
    (above, down), (before, right) = linear_positions(rows, stack.shape[1]), linear_positions(cols, stack.shape[2])
    positions = above, down.astype(np.float32), before, right.astype(np.float32)
    by_rows(lambda start, stop: resampled_rows(stack, *positions, start, stop, out), len(rows))
    return out.reshape(*images.shape[:-2], len(rows), len(cols))
