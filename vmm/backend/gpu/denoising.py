"""Denoising of displacement, for CuPy arrays in single precision."""

from __future__ import annotations

import math

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.denoising import LARGEST_CORRELATION, LEAST_STRUCTURE, NOISE_RIDGE, NOISE_STRUCTURE
from vmm.backend.gpu.launching import contiguous, on_device, row, start, tile
from vmm.backend.levels import SLOPE, SMOOTH
from vmm.backend.taps import linear_positions


def structure_terms(evidence: Array, noise: Array) -> Array:
    """Structure tensor without that of noise, variance of the displacement, and weight."""
    import cupy

    out = cupy.empty((5, *noise.shape), np.float32)
    constants = NOISE_STRUCTURE, LEAST_STRUCTURE, LARGEST_CORRELATION, NOISE_RIDGE
    arguments = contiguous(evidence), contiguous(noise), *constants, out, np.int64(noise.size)
    start("structure_terms", row(noise.size), *arguments)
    return out


def weighing(structure: Array, noise: Array, true: Array) -> Array:
    """Matrix of the shrinkage and error that remains."""
    import cupy

    out = cupy.empty((4, *noise.shape), np.float32)
    maps = (contiguous(x) for x in (structure, noise, true))
    start("weighing", row(noise.size), *maps, out, np.int64(noise.size))
    return out


def update_means(means: Array, reading: Array, signal: Array, prior: Array, weights: np.ndarray) -> None:
    """Update means of evidence, displacement and products of filtered displacement in place."""
    n = means[0].size
    maps = (contiguous(x) for x in (reading, signal, prior))
    start("update_means", row(n), means, *maps, on_device(weights), len(signal), np.int64(n))


def shrink_displacement(
    means: Array,
    motion: Array,
    signal: Array,
    prior: Array,
    estimate: Array,
    weights: np.ndarray,
    per_threshold: tuple[float, float],
) -> None:
    """Denoise displacement in place, and fade it where the speed steps; the arrays are contiguous."""
    n, factors = means[0].size, map(float, per_threshold)
    arguments = means, contiguous(motion), motion.shape[1], signal, prior, estimate, on_device(weights), *factors
    start("shrink_displacement", row(n), *arguments, len(signal), np.int64(n))


def probed_residual(images: Array, earlier: Array, displacement: Array, rows: np.ndarray) -> Array:
    """Change in probed rows that the displacement does not explain."""
    import cupy

    n, h, w = images.shape
    out = cupy.empty((n, len(rows), w), np.float32)
    maps = contiguous(images), contiguous(earlier), contiguous(displacement), displacement.shape[1]
    probes = cupy.asarray(np.ascontiguousarray(rows, np.int32))
    taps = SMOOTH[0], SMOOTH[1], SLOPE[2]
    start("probed_residual", tile(n, len(rows), w), *maps, probes, *taps, out, len(rows), n, h, w)
    return out


def resample(images: Array, rows: np.ndarray, cols: np.ndarray) -> Array:
    """Maps, interpolated linearly at fractional rows and columns."""
    import cupy

    n, (h, w) = math.prod(images.shape[:-2]), images.shape[-2:]
    out = cupy.empty((*images.shape[:-2], len(rows), len(cols)), np.float32)
    positions = []
    for whole, part in (linear_positions(rows, h), linear_positions(cols, w)):
        positions += [cupy.asarray(whole.astype(np.int32)), on_device(part)]
    start("resample", tile(n, *out.shape[-2:]), contiguous(images), *positions, out, n, h, w, *out.shape[-2:])
    return out
