"""Displacement along the direction of a subband, for CuPy arrays in single precision."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.gpu.launching import contiguous, on_device, start, tile


def displacement_terms(
    coefs: Array, reference: Array, frequency: Sequence[float], step: Sequence[float], phase_advance: Sequence[float]
) -> Array:
    """Numerator and denominator of the displacement along the direction of a subband."""
    import cupy

    n, h, w = coefs.shape
    out, other = cupy.empty((n, 2, h, w), np.float32), cupy.broadcast_to(reference, coefs.shape)
    arguments = contiguous(coefs, "F"), contiguous(other, "F"), *_direction(frequency, step, phase_advance)
    start("displacement_terms", tile(n, h, w), *arguments, out, n, h, w)
    return out


def local_frequency(
    coefs: Array, frequency: Sequence[float], step: Sequence[float], phase_advance: Sequence[float]
) -> Array:
    """Local frequency along the direction of a subband."""
    import cupy

    n, h, w = coefs.shape
    out = cupy.empty((n, h, w), np.float32)
    start(
        "local_frequency",
        tile(n, h, w),
        contiguous(coefs, "F"),
        *_direction(frequency, step, phase_advance),
        out,
        n,
        h,
        w,
    )
    return out


def _direction(
    frequency: Sequence[float], step: Sequence[float], phase_advance: Sequence[float]
) -> tuple[Array, Array]:
    """Carrier of a subband, and the factors that convert its phase advance to radians per pixel."""
    (down, right), total = frequency, math.hypot(*frequency)
    carrier = [part for angle in phase_advance for part in (math.cos(angle), math.sin(angle))]
    return on_device(carrier), on_device([total, down / (total * step[0]), right / (total * step[1])])
