"""Displacement in the levels of a pyramid, for CuPy arrays in single precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.gpu.launching import alphas, contiguous, on_device, start, tile
from vmm.backend.levels import CUBIC, RIDGE, RIDGE_CONTRAST, SIGMA, TINY
from vmm.backend.taps import one_sided

_PRODUCTS = 9
"""Number of products in the normal equations, as in ``levels.cu``."""


def gradient_displacement(images: Array, earlier: Array) -> Array:
    """Displacement (T, 2, h', w') from earlier images to images, on every second sample."""
    import cupy

    n, h, w = images.shape
    half = (h + 1) // 2, (w + 1) // 2
    products, blurred = (cupy.empty((n, _PRODUCTS, *half), np.float32) for _ in range(2))
    out, taps = cupy.empty((n, 2, *half), np.float32), one_sided(SIGMA / 2)
    weights, reach = on_device(taps), len(taps) - 1
    other = contiguous(cupy.broadcast_to(earlier, images.shape))
    start("gradient_products", tile(n, *half), contiguous(images), other, products, n, h, w)
    start("blur_across", tile(n * _PRODUCTS, *half), products, weights, reach, blurred, n * _PRODUCTS, *half)
    arguments = blurred, weights, reach, RIDGE, RIDGE_CONTRAST, TINY, out
    start("gradient_solution", tile(n, *half), *arguments, n, *half)
    return out


def displaced_level(images: Array, displacement: Array, alpha: Any, limit: float) -> Array:
    """Images (T, h, w) or (T, P, h, w), displaced by alpha times a displacement that fades out beyond the limit."""
    import cupy

    (n, *parts), (h, w) = images.shape[:-2], images.shape[-2:]
    out = cupy.empty(images.shape, np.float32)
    arguments = contiguous(images), contiguous(displacement), *alphas(alpha, (h, w)), 1 / float(limit), CUBIC
    start("displaced_level", tile(n, h, w), *arguments, out, math.prod(parts), n, h, w)
    return out
