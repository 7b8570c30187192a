"""CUDA kernels for CuPy arrays in single precision, with the names of the reference kernels.

| file | contents |
| --- | --- |
| ``launching`` | compilation and launch of kernels |
| ``phase.cu`` | local phase, temporal filters, and rotation of coefficients |
| ``riesz_pyramid.cu`` | Riesz triples |
| ``pyramid.cu`` | image pyramids and blur |
| ``fourier_boxes.cu`` | boxes of half spectra |
| ``displacement.cu``, ``displacement`` | displacement along the direction of a subband |
| ``levels.cu``, ``levels`` | displacement in the levels of a pyramid |
| ``denoising.cu``, ``denoising`` | noise of displacement |
| ``channels.cu``, ``channels`` | frames: color channels split and mixed, and changes added |
| ``chroma.cu``, ``chroma`` | frames: chroma of full or half the size |
| ``warp.cu`` | motion fields |

Each kernel reads each value about once and keeps intermediate results in registers; memory bandwidth limits the speed
of all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.gpu.channels import add_clipped, add_planes, split_and_reduce, split_channels, weigh_channels  # noqa: F401
from vmm.backend.gpu.chroma import add_luma_and_chroma, halved_planes, mixed_planes  # noqa: F401
from vmm.backend.gpu.denoising import (  # noqa: F401
    probed_residual,
    resample,
    shrink_displacement,
    structure_terms,
    update_means,
    weighing,
)
from vmm.backend.gpu.displacement import displacement_terms, local_frequency  # noqa: F401
from vmm.backend.gpu.launching import alphas, contiguous, on_device, row, start, tile
from vmm.backend.gpu.levels import displaced_level, gradient_displacement, gradient_evidence  # noqa: F401
from vmm.backend.taps import one_sided, spline_prefilter

MAX_SECTIONS = 4
"""Number of second-order sections whose state a kernel keeps in registers."""

MAX_SUMS = 16
"""Number of sums over time that a kernel keeps in registers."""


def phase_shift(coefs: Array, reference: Array) -> Array:
    """Phase shift of coefs relative to a reference, in (-pi, pi]."""
    import cupy

    out, other = cupy.empty(coefs.shape, np.float32), cupy.broadcast_to(reference, coefs.shape)
    start("phase_shift", row(out.size), contiguous(coefs, "F"), contiguous(other, "F"), out, np.int64(out.size))
    return out


def phase_shift_filtered(coefs: Array, previous: Array, sos: np.ndarray, state: Array) -> Array:
    """Phase shift since the previous frame, filtered by second-order sections."""
    return _filtered("phase_shift_filtered", contiguous(coefs, "F"), coefs.shape, previous, sos, state)


def phase_shift_projected(coefs: Array, previous: Array, columns: np.ndarray, total: Array) -> None:
    """Add the phase shift since the previous frame, times columns, to a total."""
    coefs, n = contiguous(coefs, "F"), math.prod(coefs.shape[1:])
    for i in range(0, len(columns), MAX_SUMS):
        batch, last = columns[i : i + MAX_SUMS], i + MAX_SUMS >= len(columns)
        arguments = (
            coefs,
            previous,
            on_device(batch),
            total[i : i + MAX_SUMS],
            len(coefs),
            len(batch),
            int(last),
            np.int64(n),
        )
        start("phase_shift_projected", row(n), *arguments)


def phase_shift_put(coefs: Array, signal: Array, limit: float, alpha: Any) -> Array:
    """Replace coefs by the change that a rotation makes in them.

    The angle is alpha times the signal, attenuated beyond the limit.
    """
    coefs, n = contiguous(coefs, "F"), math.prod(coefs.shape[1:])
    arguments = coefs, contiguous(signal), 1 / float(limit), *alphas(alpha, coefs.shape[1:])
    start("phase_shift_put", row(n, len(coefs)), *arguments, len(coefs), np.int64(n))
    return coefs


def phase_shift_magnified(
    coefs: Array,
    previous: Array,
    sos: np.ndarray,
    state: Array,
    sigma: tuple[float, float],
    limit: float,
    alpha: Any,
) -> Array:
    """Replace coefs by the change that their magnification makes; the motion is filtered and, with sigma, blurred."""
    coefs = contiguous(coefs, "F")
    if any(sigma) or len(sos) > MAX_SECTIONS:
        signal = phase_shift_filtered(coefs, previous, sos, state)
        if any(sigma):
            signal = weighted_blur(signal, abs(coefs), sigma)
        return phase_shift_put(coefs, signal, limit, alpha)
    n = math.prod(coefs.shape[1:])
    arguments = coefs, previous, on_device(sos), state, 1 / float(limit), *alphas(alpha, coefs.shape[1:])
    start("phase_shift_magnified", row(n), *arguments, len(coefs), len(sos), np.int64(n))
    return coefs


def value_change_filtered(coefs: Array, previous: Array, sos: np.ndarray, state: Array) -> Array:
    """Change of value since the previous frame, filtered by second-order sections."""
    return _filtered("value_change_filtered", contiguous(coefs), coefs.shape, previous, sos, state)


def value_change_magnified(
    coefs: Array, previous: Array, sos: np.ndarray, state: Array, sigma: Any, limit: Any, alpha: Any
) -> Array:
    """Alpha times the filtered change of value since the previous frame; no blur is applied."""
    if np.ndim(alpha) > 0:
        signal = value_change_filtered(coefs, previous, sos, state)
        signal *= contiguous(alpha)
        return signal
    by = np.array(sos, dtype=float)
    by[0, :3] *= alpha
    return value_change_filtered(coefs, previous, by, state)


def quaternion_shift_filtered(coefs: Array, previous: Array, sos: np.ndarray, state: Array) -> Array:
    """Quaternionic phase (T, 2, h, w) since the previous frame, filtered by second-order sections."""
    shape = len(coefs), 2, *coefs.shape[2:]
    return _filtered("quaternion_shift_filtered", contiguous(coefs), shape, previous, sos, state, parts=2)


def _filtered(
    name: str, coefs: Array, shape: tuple[int, ...], previous: Array, sos: np.ndarray, state: Array, parts: int = 1
) -> Array:
    """Motion since the previous frame, filtered by any number of sections; the filter state is updated in place."""
    import cupy

    signal = cupy.empty(shape, np.float32)
    n = math.prod(shape[1:]) // parts
    first = sos[:MAX_SECTIONS]
    batch = state[: len(first)]
    arguments = coefs, previous, on_device(first), batch, signal, len(coefs), len(first), np.int64(n)
    start(name, row(n), *arguments)
    return signal if len(sos) == len(first) else biquads(signal, sos[MAX_SECTIONS:], state[MAX_SECTIONS:])


def biquads(x: Array, sos: np.ndarray, state: Array) -> Array:
    """Filter with second-order sections over time."""
    import cupy

    y = contiguous(x)
    n = math.prod(x.shape[1:])
    for i in range(0, len(sos), MAX_SECTIONS):
        batch, source, y = sos[i : i + MAX_SECTIONS], y, cupy.empty(x.shape, np.float32)
        arguments = on_device(batch), state[i : i + MAX_SECTIONS], y, len(x), len(batch), np.int64(n)
        start("biquads", row(n), source, *arguments)
    return y


def rotation_change(coefs: Array, angle: Array) -> Array:
    """Replace coefs by the change that a rotation by `angle` makes in them."""
    coefs = contiguous(coefs, "F")
    start("rotation_change", row(coefs.size), coefs, contiguous(angle), np.int64(coefs.size))
    return coefs


def soft_limit(angle: Array, limit: float) -> Array:
    """Angles, attenuated beyond a limit, in place."""
    angle = contiguous(angle)
    parts = 2 if angle.shape[1:-2] == (2,) else 1
    frames = len(angle) if parts == 2 else 1
    n = angle.size // (parts * frames)
    start("soft_limit", row(n, frames), angle, 1 / float(limit), parts, frames, np.int64(n))
    return angle


def quaternion_shift(coefs: Array, reference: Array) -> Array:
    """Quaternionic phase (T, 2, h, w) of Riesz triples relative to a reference."""
    import cupy

    n, _, h, w = coefs.shape
    out, other = cupy.empty((n, 2, h, w), np.float32), cupy.broadcast_to(reference, coefs.shape)
    start("quaternion_shift", row(h * w, n), contiguous(coefs), contiguous(other), out, n, np.int64(h * w))
    return out


def quaternion_rotate(coefs: Array, angle: Array) -> Array:
    """Riesz triples, rotated by a quaternionic phase."""
    import cupy

    n, _, h, w = coefs.shape
    out = cupy.empty(coefs.shape, np.float32)
    start("quaternion_rotate", row(h * w, n), contiguous(coefs), contiguous(angle), out, n, np.int64(h * w))
    return out


def quaternion_shift_put(coefs: Array, signal: Array, limit: float, alpha: Any) -> Array:
    """Change (T, 1, h, w) that a rotation makes in the first part of Riesz triples.

    The angle is alpha times the signal, attenuated beyond the limit.
    """
    import cupy

    n, _, h, w = coefs.shape
    out = cupy.empty((n, 1, h, w), np.float32)
    arguments = contiguous(coefs), contiguous(signal), 1 / float(limit), *alphas(alpha, (h, w))
    start("quaternion_shift_put", row(h * w, n), *arguments, out, n, np.int64(h * w))
    return out


def amplitude(coefs: Array) -> Array:
    """Local amplitude of Riesz triples."""
    import cupy

    n, _, h, w = coefs.shape
    out = cupy.empty((n, 1, h, w), np.float32)
    start("amplitude", row(h * w, n), contiguous(coefs), out, n, np.int64(h * w))
    return out


def riesz(images: Array, along: Sequence[float], across: Sequence[float]) -> Array:
    """Images and the two parts of their Riesz transform."""
    import cupy

    n, h, w = images.shape
    out = cupy.empty((n, 3, h, w), np.float32)
    taps = along, across if len(across) == 3 else (0.0, across[0], 0.0)
    start("riesz", tile(n, h, w), contiguous(images), *map(on_device, taps), out, n, h, w)
    return out


def blur(x: Array, sigma: tuple[float, float]) -> Array:
    """Gaussian blur of the last two axes."""
    return _filtered_by(x, one_sided(sigma[0]), one_sided(sigma[1]))


def spline_coefs(images: Array) -> Array:
    """Coefficients of cubic splines through images."""
    taps = spline_prefilter()
    return _filtered_by(images, taps, taps)


def _filtered_by(x: Array, down: np.ndarray, right: np.ndarray) -> Array:
    """Symmetric filters down and along the rows, from halves of their taps."""
    import cupy

    n, h, w = _images(x)
    x = contiguous(x)
    for name, taps in (("blur_down", down), ("blur_across", right)):
        if len(taps) > 1:
            x, source = cupy.empty(x.shape, np.float32), x
            start(name, tile(n, h, w), source, on_device(taps), len(taps) - 1, x, n, h, w)
    return x


def weighted_blur(x: Array, weight: Array, sigma: tuple[float, float]) -> Array:
    """Blur of x times a weight, divided by the blur of the weight."""
    import cupy

    parts, (n, h, w) = x.size // weight.size, _images(weight)
    sums, out = cupy.empty((n, parts + 1, h, w), np.float32), cupy.empty(x.shape, np.float32)
    down, right = (one_sided(s) for s in sigma)
    arguments = contiguous(x), contiguous(weight), on_device(right), len(right) - 1
    start("weigh_across", tile(n, h, w), *arguments, sums, parts, n, h, w)
    start("weigh_down", tile(n, h, w), sums, on_device(down), len(down) - 1, out, parts, n, h, w)
    return out


def reduce(x: Array) -> Array:
    """Every second sample of the binomial blur."""
    import cupy

    n, h, w = _images(x)
    out = cupy.empty((*x.shape[:-2], (h + 1) // 2, (w + 1) // 2), np.float32)
    start("reduce", tile(n, *out.shape[-2:]), contiguous(x), out, n, h, w)
    return out


def expand(x: Array, size: tuple[int, int], onto: Array | None = None, weight: float = 1.0) -> Array:
    """Interpolate to twice as many samples; the result times a weight is added to `onto`, if that is given."""
    import cupy

    n, h, w = _images(x)
    out, x = cupy.empty((*x.shape[:-2], *size), np.float32), contiguous(x)
    more = (x, 0.0) if onto is None else (contiguous(onto), float(weight))
    start("expand", tile(n, *size), x, *more, out, n, *size, h, w)
    return out


def read_box(half: Array, weights: Array, gain: float, corner: tuple[int, int], shape: tuple[int, int]) -> Array:
    """A weighted box of the half spectra of real images."""
    import cupy

    n, h, w = half.shape
    out = cupy.empty((n, *shape), np.complex64)
    arguments = contiguous(half, "F"), contiguous(weights), float(gain), *map(int, corner), *weights.shape
    start("read_box", tile(n, *shape), *arguments, out, n, h, w, *shape)
    return out


def add_box(half: Array, box: Array, weights: Array, gain: float, corner: tuple[int, int]) -> None:
    """Add a weighted box to half spectra in place."""
    n, h, w = half.shape
    arguments = half, contiguous(box, "F"), contiguous(weights), float(gain), *map(int, corner), *weights.shape
    reach = min(w, max(abs(corner[1]), abs(corner[1] + weights.shape[1] - 1)) + 1)  # columns that are modified
    start("add_box", tile(n, h, reach), *arguments, n, h, w, *box.shape[1:])


def average_similar(field: Array, weights: Array, velocity: Array, taps: np.ndarray, max_difference: float) -> Array:
    """Weighted average of a field over neighbors of similar velocity."""
    import cupy

    (h, w), out = weights.shape, cupy.empty(field.shape, np.float32)
    arguments = (
        *map(contiguous, (field, weights, velocity)),
        on_device(taps),
        len(taps) - 1,
        1 / float(max_difference) ** 2,
    )
    start("average_similar", tile(1, h, w), *arguments, out, h, w)
    return out


def _images(x: Array) -> tuple[int, int, int]:
    """Number, height and width of the images in an array (..., h, w)."""
    return math.prod(x.shape[:-2]), x.shape[-2], x.shape[-1]
