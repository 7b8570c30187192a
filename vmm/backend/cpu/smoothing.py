"""Kernels of the smoothing that follows the noise: weighted averages around each sample, and deviations from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.buffers import empty, zeros
from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.pyramid import LANE, blur_across_rows, blur_row, mirror_margins, product_row, quotient_row
from vmm.backend.taps import paired_taps


@kernel
def deviation_row(x: Any, mean: Any, square: Any) -> None:
    """Subtract averages from a row, and add the squares of the differences to a sum."""
    for i in range(x.shape[0]):
        deviation = x[i] - mean[i]
        x[i] = deviation
        square[i] += deviation * deviation


@kernel
def averages(x: Any, weight: Any, total: Any, down: Any, right: Any, mean: Any, square: Any) -> None:
    """Weighted averages of images (n, h, w) by symmetric taps; `total` (h, w) is the blur of the weight.

    Unless `square` (h, w) is empty, the averages are subtracted from the images, and the squares of the differences
    are added to it. A row is no longer needed when its average is known.
    """
    h, w = x.shape[1], x.shape[2]
    radius, reach = right.shape[0] - 1, down.shape[0] - 1
    span = w + 2 * radius
    side_by_side = min(x.shape[0], max(1, LANE // span))
    row = np.zeros(side_by_side * span, np.float32)
    ring = np.zeros((min(h, 2 * reach + 1), row.shape[0] - 2 * radius), np.float32)
    sums = np.empty(ring.shape[1], np.float32)
    for first in range(0, x.shape[0], side_by_side):
        count = min(side_by_side, x.shape[0] - first)
        for i in range(h + reach):
            if i < h:
                for n in range(count):
                    product_row(x[first + n, i], weight[i], row[n * span + radius : n * span + radius + w])
                    mirror_margins(row[n * span :], w, radius)
                blur_row(row, right, ring[i % ring.shape[0]])
            k = i - reach
            if k >= 0:
                blur_across_rows(ring, k, h, down, sums)
                for n in range(count):
                    quotient_row(sums[n * span : n * span + w], total[k], mean[first + n, k])
                    if square.shape[0] > 0:
                        deviation_row(x[first + n, k], mean[first + n, k], square[k])


@kernel
def shrunk_row(x: Any, mean: Any, wider: Any, near_share: Any, wide_share: Any) -> None:
    """Shrink two deviations, and add them to the average in the wider window."""
    for i in range(x.shape[0]):
        x[i] = near_share[i] * x[i] + (wide_share[i] * mean[i] + wider[i])


@kernel
def shrink_rows(x: Any, mean: Any, wider: Any, near_share: Any, wide_share: Any) -> None:
    """Shrink the deviations of images (n, h, w)."""
    for n in range(x.shape[0]):
        for r in range(x.shape[1]):
            shrunk_row(x[n, r], mean[n, r], wider[n, r], near_share[r], wide_share[r])


def weighted_averages(x: np.ndarray, weight: np.ndarray, total: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """Weighted averages of images around each sample."""
    return _averages(x, weight, total, sigma, np.empty((0, 0), np.float32))


def deviations(
    x: np.ndarray, weight: np.ndarray, total: np.ndarray, sigma: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Replace contiguous images by their deviations from the averages; the averages and the sum of the squares."""
    square = zeros(total.shape)
    return _averages(x, weight, total, sigma, square), square


def _averages(
    x: np.ndarray, weight: np.ndarray, total: np.ndarray, sigma: tuple[float, float], square: np.ndarray
) -> np.ndarray:
    mean = empty(x.shape, np.float32)
    down, right = (paired_taps(s) for s in sigma)
    maps = (np.ascontiguousarray(a, np.float32) for a in (weight, total))
    averages(x, *maps, down, right, mean, square)
    return mean


def shrink_deviations(
    x: np.ndarray, mean: np.ndarray, wider: np.ndarray, near_share: np.ndarray, wide_share: np.ndarray
) -> None:
    """Shrink the deviations of contiguous images in place."""
    shares = (np.ascontiguousarray(a, np.float32) for a in (near_share, wide_share))
    shrink_rows(x, mean, wider, *shares)
