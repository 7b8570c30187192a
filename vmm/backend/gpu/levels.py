"""Displacement in the levels of a pyramid, for CuPy arrays in single precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.gpu.launching import alphas, contiguous, on_device, start, tile
from vmm.backend.levels import RIDGE, RIDGE_CONTRAST, SLOPE, SMOOTH, TINY, least_squares, spline_coefs
from vmm.backend.taps import one_sided


def gradient_displacement(images: Array, earlier: Array, sigma: float) -> Array:
    """Displacement (T, 2, h', w') from earlier images to images, on every second sample."""
    return _solution(images, earlier, sigma, products=9, planes=2)


def gradient_evidence(images: Array, earlier: Array, sigma: float) -> Array:
    """Displacement, structure tensor and residual (T, 6, h', w')."""
    return _solution(images, earlier, sigma, products=10, planes=6)


def _solution(images: Array, earlier: Array, sigma: float, products: int, planes: int) -> Array:
    """Solution of the normal equations from all 10 products, or from 9 without the residual."""
    import cupy

    if images.ndim == 4:  # Chroma takes part in the least squares, for which there is no kernel.
        return least_squares(images, earlier, sigma)[:, :planes]
    n, h, w = images.shape
    half, total = ((h + 1) // 2, (w + 1) // 2), n * products
    sums, blurred = (cupy.empty((n, products, *half), np.float32) for _ in range(2))
    out, side = cupy.empty((n, planes, *half), np.float32), one_sided(sigma / 2)
    taps, reach = on_device(side), len(side) - 1
    other = contiguous(cupy.broadcast_to(earlier, images.shape))
    constants = SMOOTH[0], SMOOTH[1], SLOPE[2]
    start("gradient_products", tile(n, *half), contiguous(images), other, *constants, sums, products, n, h, w)
    start("blur_across", tile(total, *half), sums, taps, reach, blurred, total, *half)
    ridges = RIDGE, RIDGE_CONTRAST, TINY
    start("gradient_solution", tile(n, *half), blurred, taps, reach, *ridges, out, products, n, *half)
    return out


def displaced_level(images: Array, displacement: Array, alpha: Any, limit: float) -> Array:
    """Images (T, h, w) or (T, P, h, w), displaced by alpha times a displacement that fades out beyond the limit."""
    import cupy

    (n, *parts), (h, w) = images.shape[:-2], images.shape[-2:]
    out = cupy.empty(images.shape, np.float32)
    images = contiguous(images)
    splines = contiguous(spline_coefs(images))
    arguments = images, splines, contiguous(displacement), *alphas(alpha, (h, w)), 1 / float(limit)
    start("displaced_level", tile(n, h, w), *arguments, out, math.prod(parts), n, h, w)
    return out
