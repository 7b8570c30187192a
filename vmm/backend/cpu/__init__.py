"""Kernels compiled by Numba for NumPy arrays in single precision, with the names of the reference kernels.

| module | contents |
| --- | --- |
| ``compiling``, ``cache`` | compilation of kernels, and its cache on disk |
| ``phase`` | local phase and temporal filters |
| ``displacement`` | displacement along the direction of a subband |
| ``riesz_pyramid`` | Riesz triples, and magnification of a level in one pass |
| ``levels`` | displacement of pyramid levels by least squares |
| ``level_warp`` | interpolation of displaced levels |
| ``denoising`` | running means, shrinkage and interpolation of displacement |
| ``smoothing`` | weighted averages, and deviations from them |
| ``pairs`` | displacement between two frames by least squares |
| ``pyramid`` | image pyramids and blur |
| ``fourier_boxes`` | boxes of half spectra |
| ``chroma`` | chroma of full or half size split from frames, and added to them |
| ``channels`` | frames: color channels split and mixed, and changes added |
| ``warp`` | motion fields and trajectories |
| ``fourier`` | Fourier transforms, if Rocket-FFT is installed |

The functions in this module make their arguments contiguous and divide the work among the cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vmm.backend.buffers import empty
from vmm.backend.cpu import channels, displacement, fourier_boxes, phase, pyramid, riesz_pyramid
from vmm.backend.cpu.chroma import add_luma_and_chroma, halved_planes, mixed_planes  # noqa: F401
from vmm.backend.cpu.compiling import single
from vmm.backend.cpu.denoising import (  # noqa: F401
    probed_residual,
    resample,
    shrink_displacement,
    structure_terms,
    update_mean_product,
    update_means,
    weighing,
)
from vmm.backend.cpu.level_warp import displaced_level, displaced_level_change, spline_coefs  # noqa: F401
from vmm.backend.cpu.levels import gradient_displacement, gradient_evidence  # noqa: F401
from vmm.backend.cpu.pairs import contrast_terms, pair_slopes, slope_products, window_displacement  # noqa: F401
from vmm.backend.cpu.phase import add_product, phase_shift_put, phase_sums  # noqa: F401
from vmm.backend.cpu.smoothing import deviations, shrink_deviations, weighted_averages  # noqa: F401
from vmm.backend.cpu.warp import average_similar, bicubic, bilinear, follow_points, forward_warp  # noqa: F401
from vmm.backend.taps import paired_taps
from vmm.backend.threads import MIN_SAMPLES, by_share, cores, in_parallel, split


def phase_shift(coefs: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Phase shift of coefs relative to a reference, in (-pi, pi]."""
    out = empty(coefs.shape, np.float32)
    phase.phase_shift(_rows(coefs), _rows(np.broadcast_to(reference, coefs.shape)), _rows(out))
    return out


def phase_shift_filtered(coefs: np.ndarray, previous: np.ndarray, sos: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Phase shift since the previous frame, filtered by second-order sections."""
    signal = empty(coefs.shape, np.float32)
    phase.filtered_phase_shift(_frames(coefs), _rows(previous), single(sos), _state(state), _frames(signal))
    return signal


def phase_shift_projected(coefs: np.ndarray, previous: np.ndarray, columns: np.ndarray, total: np.ndarray) -> None:
    """Add the phase shift since the previous frame, times columns, to a total."""
    phase.projected_phase_shift(_frames(coefs), _rows(previous), single(columns), _frames(total))


def phase_shift_magnified(
    coefs: np.ndarray,
    previous: np.ndarray,
    sos: np.ndarray,
    state: np.ndarray,
    sigma: tuple[float, float],
    limit: float,
    alpha: Any,
) -> np.ndarray:
    """Replace coefs by the change that their magnification makes; the motion is filtered and, with sigma, blurred."""
    if any(sigma):
        signal = phase_shift_filtered(coefs, previous, sos, state)
        return phase_shift_put(coefs, weighted_blur(signal, abs(coefs), sigma), limit, alpha)
    coefs = np.ascontiguousarray(coefs)
    arguments = _rows(previous), single(sos), _state(state), np.float32(1 / limit)
    phase.magnified_phase_shift(_frames(coefs), *arguments, phase.alpha_rows(alpha, coefs.shape[1:]))
    return coefs


def add_amplitude_sums(
    coefs: np.ndarray, previous: np.ndarray, columns: np.ndarray, step: int, power: np.ndarray, stretch: np.ndarray
) -> None:
    """Add the squared amplitude, and the projected changes of its logarithm in some rows."""
    phase.amplitude_sums(coefs, previous, single(columns), step, power, stretch)


def rotation_change(coefs: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Replace coefs by the change that a rotation by `angle` makes in them."""
    coefs = np.ascontiguousarray(coefs)
    phase.rotation_change(_rows(coefs), _rows(single(angle)))
    return coefs


def displacement_terms(
    coefs: np.ndarray,
    reference: np.ndarray,
    frequency: Sequence[float],
    step: Sequence[float],
    phase_advance: Sequence[float],
) -> np.ndarray:
    """Numerator and denominator of the displacement along the direction of a subband."""
    out = empty((len(coefs), 2, *coefs.shape[1:]), np.float32)
    reference = np.ascontiguousarray(np.broadcast_to(reference, coefs.shape))
    displacement.displacement_terms(
        np.ascontiguousarray(coefs), reference, *_direction(frequency, step, phase_advance), out
    )
    return out


def local_frequency(
    coefs: np.ndarray, frequency: Sequence[float], step: Sequence[float], phase_advance: Sequence[float]
) -> np.ndarray:
    """Local frequency along the direction of a subband."""
    out = empty(coefs.shape, np.float32)
    displacement.local_frequency(np.ascontiguousarray(coefs), *_direction(frequency, step, phase_advance), out)
    return out


def _direction(
    frequency: Sequence[float], step: Sequence[float], phase_advance: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Carrier of a subband, and the factors that convert its phase advance to radians per pixel."""
    (down, right), total = frequency, math.hypot(*frequency)
    parts = [part for carrier in np.exp(-1j * np.asarray(phase_advance)) for part in (carrier.real, carrier.imag)]
    return single(parts), single([total, down / (total * step[0]), right / (total * step[1])])


def soft_limit(angle: np.ndarray, limit: float) -> np.ndarray:
    """Angles, attenuated beyond a limit."""
    angle = np.ascontiguousarray(angle)
    per_limit = np.float32(1 / limit)
    if angle.shape[1:-2] == (2,):
        riesz_pyramid.attenuate(angle.reshape(len(angle), 2, -1), per_limit)
    else:
        phase.attenuate_rows(_rows(angle), per_limit)
    return angle


def biquads(x: np.ndarray, sos: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Filter with second-order sections over time."""
    y = np.array(x, np.float32, order="C")
    phase.biquads(_frames(y), single(sos), _state(state))
    return y


def value_change_magnified(
    coefs: np.ndarray, previous: np.ndarray, sos: np.ndarray, state: np.ndarray, sigma: Any, limit: Any, alpha: Any
) -> np.ndarray:
    """Alpha times the change of value since the previous frame, filtered by second-order sections and not blurred."""
    out = empty(coefs.shape, np.float32)
    sos = np.array(sos, np.float32)
    if np.ndim(alpha) == 0:
        sos[0, :3] *= alpha
    x, y = _frames(coefs), _frames(out)
    arguments = _rows(previous), sos, _state(state)
    by_share(lambda start, stop: phase.filtered_difference(x, *arguments, start, stop, y), x.shape[1], x.size)
    return out if np.ndim(alpha) == 0 else out * single(alpha)


def product(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply the matrix along the first axis."""
    out = empty((len(matrix), *x.shape[1:]), np.float32)
    phase.product(_frames(x), single(matrix), _frames(out))
    return out


def quaternion_shift_magnified(
    images: np.ndarray,
    along: Sequence[float],
    across: Sequence[float],
    previous: np.ndarray,
    sos: np.ndarray,
    state: np.ndarray,
    sigma: tuple[float, float],
    limit: float,
    alpha: Any,
) -> np.ndarray:
    """Change (T, 1, h, w) of images (T, h, w) by magnification with their Riesz transform."""
    n, h, w = images.shape
    out = empty((n, 1, h, w), np.float32)
    down, right = (paired_taps(s) for s in sigma)
    reach = len(down) - 1
    alphas = np.ascontiguousarray(np.broadcast_to(single(alpha), (h, w)))
    images = np.ascontiguousarray(images)
    common = images, *_taps(along, across), previous, single(sos), state
    strips = max(1, min(cores(), n * h * w // MIN_SAMPLES, h // max(8, 4 * reach)))
    jobs = []
    for start, stop in split(h, strips):
        beyond = slice(max(0, start - reach), start), slice(stop, stop + reach)
        around = [np.ascontiguousarray(state[..., rows, :]) for rows in beyond]
        jobs.append((*around, down, right, alphas, np.float32(1 / limit), start, stop, out[:, 0]))
    for _ in in_parallel(lambda job: riesz_pyramid.magnified_change(*common, *job), jobs):
        pass
    previous[:] = images[-1]
    return out


def riesz(x: np.ndarray, along: Sequence[float], across: Sequence[float]) -> np.ndarray:
    """Images and the two parts of their Riesz transform."""
    out = empty((len(x), 3, *x.shape[1:]), np.float32)
    taps = _taps(along, across)
    _each(lambda images, to: riesz_pyramid.riesz(images, *taps, to), _stack(x), out)
    return out


def blur(x: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """Gaussian blur of the last two axes."""
    out = empty(x.shape, np.float32)
    down, right = (paired_taps(s) for s in sigma)
    _each(lambda batch, to: pyramid.blur(batch, down, right, to), _stack(x), _stack(out))
    return out


def weighted_blur(x: np.ndarray, weight: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """Blur of x times a weight, divided by the blur of the weight."""
    out = empty(np.broadcast_shapes(x.shape, weight.shape), np.float32)
    down, right = (paired_taps(s) for s in sigma)
    images = [_stack(np.broadcast_to(a, out.shape)) for a in (x, single(weight))]
    _each(lambda x, weight, to: pyramid.weighted_blur(x, weight, down, right, to), *images, _stack(out))
    return out


def reduce(x: np.ndarray) -> np.ndarray:
    """Every second sample of the binomial blur."""
    out = empty((*x.shape[:-2], (x.shape[-2] + 1) // 2, (x.shape[-1] + 1) // 2), np.float32)
    _each(pyramid.reduce, _stack(x), _stack(out))
    return out


def expand(x: np.ndarray, size: tuple[int, int], onto: np.ndarray | None = None, weight: float = 1.0) -> np.ndarray:
    """Interpolate to twice as many samples; the result times a weight is added to `onto`, if that is given."""
    out = empty((*x.shape[:-2], *size), np.float32)
    base = _stack(out)[:0] if onto is None else _stack(onto)
    w = np.float32(weight)
    _each(lambda batch, onto, to: pyramid.expand(batch, onto, w, to), _stack(x), base, _stack(out))
    return out


def read_box(
    half: np.ndarray, weights: np.ndarray, gain: float, corner: tuple[int, int], shape: tuple[int, int]
) -> np.ndarray:
    """A weighted box of the half spectra of real images."""
    out = empty((len(half), *shape), np.complex64)
    fourier_boxes.read_box(half, weights, np.float32(gain), *corner, out)
    return out


def add_box(half: np.ndarray, box: np.ndarray, weights: np.ndarray, gain: float, corner: tuple[int, int]) -> None:
    """Add a weighted box to half spectra in place."""
    fourier_boxes.add_box(half, np.ascontiguousarray(box), weights, np.float32(gain), *corner)


def weigh_channels(frames: np.ndarray, weights: Sequence[float], dtype: Any) -> np.ndarray:
    """Weighted sum of the color channels of frames."""
    out = empty(frames.shape[:3], np.float32)
    values = single(weights)
    _each(
        lambda batch, to: channels.weighted_sum(batch, values, to),
        _rows(frames.reshape(*frames.shape[:2], -1)),
        _rows(out),
    )
    return out


def split_channels(frames: np.ndarray, dtype: Any) -> np.ndarray:
    """The color channels of frames as planes."""
    n, h, w = frames.shape[:3]
    out = empty((n, 3, h, w), np.float32)
    rows = np.ascontiguousarray(frames).reshape(n, h, 3 * w)

    def job(start: int, stop: int) -> None:
        for t in range(n):
            channels.split_channels(rows[t], start, stop, out[t])

    by_share(job, h, rows.size)
    return out


def split_and_reduce(frames: np.ndarray, dtype: Any) -> np.ndarray:
    """The color channels of frames as planes of half the size."""
    n, h, w = frames.shape[:3]
    out = empty((n, 3, (h + 1) // 2, (w + 1) // 2), np.float32)
    rows = np.ascontiguousarray(frames).reshape(n, h, 3 * w)
    by_share(lambda start, stop: channels.split_and_reduce(rows, start, stop, out), out.shape[2], rows.size)
    return out


def value_change_added(
    frames: np.ndarray,
    previous: np.ndarray,
    sos: np.ndarray,
    state: np.ndarray,
    alpha: float,
    coarse: np.ndarray,
    matrix: np.ndarray,
) -> np.ndarray:
    """Frames with alpha times their filtered change and the coarser planes added, in one pass."""
    n, h, w = frames.shape[:3]
    out = np.empty(frames.shape, frames.dtype)
    sos = np.array(sos, np.float32)
    sos[0, :3] *= alpha
    rows, to = (np.ascontiguousarray(x).reshape(n, h, 3 * w) for x in (frames, out))
    arguments = rows, previous.reshape(h, 3 * w), sos, state, single(coarse), single(matrix)
    top = _top(frames)
    by_share(lambda start, stop: channels.add_filtered_difference(*arguments, top, start, stop, to), h, rows.size)
    return out


def add_planes(frames: np.ndarray, planes: np.ndarray | None, coarse: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Frames with planes and the coarser planes added, mixed by a matrix."""
    n, h, w = frames.shape[:3]
    out = np.empty(frames.shape, frames.dtype)
    rows, to = (np.ascontiguousarray(x).reshape(n, h, 3 * w) for x in (frames, out))
    fine = empty((n, 0, h, w), np.float32) if planes is None else planes
    mix, top = single(matrix), _top(frames)

    def job(start: int, stop: int) -> None:
        for t in range(n):
            channels.add_planes(rows[t], fine[t], coarse[t], mix, top, start, stop, to[t])

    by_share(job, h, rows.size)
    return out


def add_clipped(frames: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Frames with a change added."""
    out = np.empty(frames.shape, frames.dtype)
    if frames.dtype.kind == "f":
        return np.add(frames, change, out=out, casting="same_kind")
    top = _top(frames)
    n = frames.shape[0] * frames.shape[1]
    rows = [np.ascontiguousarray(x).reshape(n, -1) for x in (frames, single(change), out)]
    _each(lambda batch, more, to: channels.add_change(batch, more, top, to), *rows)
    return out


def _each(kernel: Callable[..., None], *arrays: np.ndarray) -> None:
    """Run a kernel on arrays; if they are large, each core processes a share of their first axis."""
    last = arrays[-1]
    by_share(lambda start, stop: kernel(*(array[start:stop] for array in arrays)), len(last), last.size)


def _taps(along: Sequence[float], across: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Three taps along the direction of the transform, and three across it."""
    return single(along), single(across if len(across) == 3 else (0.0, across[0], 0.0))


def _top(frames: np.ndarray) -> np.float32:
    """Largest value of the frames' type, or infinity for floating point."""
    return np.float32(np.iinfo(frames.dtype).max if frames.dtype.kind == "u" else np.inf)


def _rows(x: np.ndarray) -> np.ndarray:
    """The array as contiguous (n, w)."""
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


def _frames(x: np.ndarray) -> np.ndarray:
    """The array as contiguous (T, n, w)."""
    return np.ascontiguousarray(x).reshape(len(x), -1, x.shape[-1] if x.ndim > 1 else 1)


def _stack(x: np.ndarray) -> np.ndarray:
    """The array as contiguous (n, h, w)."""
    return np.ascontiguousarray(x).reshape(-1, *x.shape[-2:])


def _state(z: np.ndarray) -> np.ndarray:
    """View of a filter state as (sections, 2, n, w); it must be contiguous, because kernels update it in place."""
    return z.reshape(*z.shape[:2], -1, z.shape[-1] if z.ndim > 2 else 1)
