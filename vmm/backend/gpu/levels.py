"""Displacement in the levels of a pyramid, for CuPy arrays in single precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.gpu.launching import alphas, contiguous, on_device, start, tile
from vmm.backend.levels import CHROMA_WEIGHT, RIDGE, RIDGE_CONTRAST, SLOPE, SMOOTH, TINY, spline_coefs
from vmm.backend.taps import one_sided


def gradient_displacement(images: Array, earlier: Array, sigma: float) -> Array:
    """Displacement (T, 2, h', w') from earlier images to images, on every second sample."""
    return _solution(images, earlier, sigma, has_evidence=False)


def gradient_evidence(images: Array, earlier: Array, sigma: float) -> Array:
    """Displacement, structure tensor and residual (T, 6, h', w')."""
    return _solution(images, earlier, sigma, has_evidence=True)


def _solution(images: Array, earlier: Array, sigma: float, has_evidence: bool) -> Array:
    """Solution of the normal equations of images (T, h, w), or of luma and chroma (T, n, h, w)."""
    import cupy

    (n, *other_planes), (h, w) = images.shape[:-2], images.shape[-2:]
    planes, half = math.prod(other_planes), ((h + 1) // 2, (w + 1) // 2)
    products = 10 if has_evidence or planes > 1 else 9  # the last one is needed for the residual only
    total = n * planes * products
    sums, blurred = (cupy.empty((n * planes, products, *half), np.float32) for _ in range(2))
    out, side = cupy.empty((n, 6 if has_evidence else 2, *half), np.float32), one_sided(sigma / 2)
    taps, reach = on_device(side), len(side) - 1
    other = contiguous(cupy.broadcast_to(earlier, images.shape))
    constants, sizes = (SMOOTH[0], SMOOTH[1], SLOPE[2]), (products, planes, n * planes, h, w)
    start("gradient_products", tile(n * planes, *half), contiguous(images), other, *constants, sums, *sizes)
    start("blur_across", tile(total, *half), sums, taps, reach, blurred, total, *half)
    ridges, shape = (RIDGE, RIDGE_CONTRAST, TINY, CHROMA_WEIGHT), (int(has_evidence), products, planes, n, *half)
    start("gradient_solution", tile(n, *half), blurred, taps, reach, *ridges, out, *shape)
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
