"""Reference kernels: every kernel in array code that runs on NumPy and on CuPy.

For arrays in single precision, the compiled kernel of the same name replaces the reference kernel, if there is one:
that in ``cpu`` for NumPy arrays, that in ``gpu`` for CuPy arrays. ``kernel.plain`` is always the reference kernel.

| kernel | operation |
| --- | --- |
| ``value_change`` | change of value relative to a reference |
| ``phase_shift`` | wrapped phase shift of a complex array relative to a reference |
| ``quaternion_shift`` | quaternionic phase of Riesz triples relative to a reference |
| ``phase_sums`` | phase shift of many frames, summed over regions with weights |
| ``rotate``, ``rotation_change`` | rotation of complex coefficients by an angle, and the change by it |
| ``quaternion_rotate`` | rotation of Riesz triples by a quaternionic phase |
| ``displacement_terms``, ``local_frequency`` | displacement along the direction of a subband, and local frequency |
| ``soft_limit`` | attenuation of angles beyond a limit |
| ``amplitude`` | local amplitude of Riesz triples |
| ``riesz`` | images and their approximate Riesz transform |
| ``blur``, ``weighted_blur`` | Gaussian blur of the last two axes, without and with a weight |
| ``correlate`` | one-dimensional correlation along an axis, mirrored at the border |
| ``reduce``, ``expand`` | decimation by 2 after a binomial blur, and interpolation by 2 |
| ``biquads`` | second-order sections over time with an explicit state |
| ``product``, ``add_product`` | a small matrix applied along the first axis, and added to a total |
| ``read_box``, ``add_box`` | a weighted box of a half spectrum, and its addition to one |
| ``weigh_channels`` | weighted sum of the color channels of frames |
| ``split_channels``, ``split_and_reduce`` | color channels as planes, of full or half the size |
| ``add_clipped``, ``add_planes`` | frames of any type with a change added |
| ``resample`` | bilinear interpolation of a map at the samples of a grid |
| ``robust_std`` | robust standard deviation |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, ndimage
from vmm.backend.dispatch import fast, fast_on_frames
from vmm.backend.taps import linear_positions

BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def value_change(coefs: Array, reference: Array) -> Array:
    """Change of value relative to the reference."""
    return coefs - reference


@fast
def phase_shift(coefs: Array, reference: Array) -> Array:
    """Phase shift of coefs relative to the reference, in (-pi, pi]."""
    xp = namespace(coefs)
    product = coefs * xp.conj(reference)
    return xp.arctan2(product.imag, product.real)


@fast
def phase_sums(coefs: Array, reference: Array, weights: Array) -> Array:
    """Phase shift of coefs (G, T, h, w) relative to reference (G, h, w), summed with two sets of weights (G, 2, h, w).

    The result is (G, T, 2).
    """
    xp = namespace(coefs)
    phases = phase_shift(coefs, xp.broadcast_to(reference[:, None], coefs.shape))
    flat = phases.reshape(*phases.shape[:2], -1)
    return flat @ weights.reshape(len(weights), 2, -1).swapaxes(1, 2)


@fast
def add_amplitude_sums(
    coefs: Array, previous: Array, columns: np.ndarray, step: int, power: Array, stretch: Array
) -> None:
    """Add the squared amplitude of coefs (T, h, w) to `power` (h, w), and the changes of its logarithm to `stretch`.

    `stretch` (r, h', w) is the sum over the frames of the columns of a matrix (r, T) times half the change of the
    logarithm since the previous frame, in every row whose index is divisible by `step`. The change is that of a
    rational function of the ratio of the powers, which is finite where the amplitude is 0, and close to the logarithm
    where the amplitude changes by less than a factor of 3.
    """
    xp = namespace(coefs)
    squares = coefs.real**2 + coefs.imag**2
    power += squares.sum(axis=0)
    before = previous[::step]
    earlier = xp.concatenate([(before.real**2 + before.imag**2)[None], squares[:-1, ::step]])
    later = squares[:, ::step]
    add_product(log_change(later, earlier), columns, stretch)


def log_change(later: Array, earlier: Array) -> Array:
    """Half the change of the logarithm between two powers: a rational function that is finite where the power is 0."""
    x = (later - earlier) / (later + earlier + 1e-30)
    y = x * x
    change: Array = x * (15 - 4 * y) / (15 - 9 * y)
    return change


def rotate(coefs: Array, angle: Array) -> Array:
    """Coefficients, rotated by an angle in radians: ``coefs * exp(1j * angle)``."""
    xp = namespace(coefs)
    rotation = xp.empty_like(coefs)
    rotation.real, rotation.imag = xp.cos(angle), xp.sin(angle)
    rotation *= coefs
    return rotation


@fast
def rotation_change(coefs: Array, angle: Array) -> Array:
    """Change by a rotation: ``coefs * (exp(1j * angle) - 1)``. coefs may be overwritten."""
    return rotate(coefs, angle) - coefs


@fast
def displacement_terms(
    coefs: Array, reference: Array, frequency: Sequence[float], step: Sequence[float], phase_advance: Sequence[float]
) -> Array:
    """Numerator and denominator (T, 2, h, w) of the displacement in pixels along the direction of a subband.

    These are the phase shift relative to the reference and the local frequency, both weighted by amplitude.
    """
    xp = namespace(coefs)
    product = coefs * reference.conj()
    weight = abs(product)
    products = _neighbor_products(coefs) + _neighbor_products(reference)
    return xp.stack([weight * xp.angle(product), weight * _frequency(products, frequency, step, phase_advance)], axis=1)


@fast
def local_frequency(
    coefs: Array, frequency: Sequence[float], step: Sequence[float], phase_advance: Sequence[float]
) -> Array:
    """Local frequency of coefs (T, h, w) in radians per pixel, along the direction of a subband.

    `frequency` (down, right) is the center frequency of the subband in radians per pixel, `step` the distance of two
    samples in pixels, and `phase_advance` the phase by which the center frequency advances per sample, in radians.
    """
    return _frequency(_neighbor_products(coefs), frequency, step, phase_advance)


def _neighbor_products(coefs: Array) -> Array:
    """Products (2, T, h, w) of coefficients with their conjugate neighbors, down and right, on a periodic grid.

    Their angle is the phase advance per sample, weighted by amplitude.
    """
    xp = namespace(coefs)
    products = [coefs * xp.roll(coefs, 1, axis).conj() for axis in (-2, -1)]
    return xp.stack([product + xp.roll(product, -1, axis) for product, axis in zip(products, (-2, -1), strict=True)])


def _frequency(
    products: Array, frequency: Sequence[float], step: Sequence[float], phase_advance: Sequence[float]
) -> Array:
    """Local frequency in radians per pixel along a subband's direction, from products of neighboring coefficients."""
    xp = namespace(products)
    total = math.hypot(*frequency)
    result: Any = total
    for product, center, distance, advance in zip(products, frequency, step, phase_advance, strict=True):
        result = result + center / (total * distance) * xp.angle(product * complex(np.exp(-1j * advance)))
    return result


@fast
def soft_limit(angle: Array, limit: float) -> Array:
    """Angles, attenuated beyond a limit: ``angle / (1 + (angle / limit)^4)``, in place.

    For quaternionic angles (T, 2, h, w), the magnitude is compared with the limit.
    """
    square = (angle**2).sum(axis=1, keepdims=True) if angle.shape[1:-2] == (2,) else angle**2
    angle /= 1 + (square / limit / limit) ** 2  # The square of a large limit may overflow.
    return angle


@fast
def quaternion_shift(coefs: Array, reference: Array) -> Array:
    """Quaternionic phase (phi cos theta, phi sin theta), (T, 2, h, w), of Riesz triples (T, 3, h, w)."""
    xp = namespace(coefs)
    i, ri = coefs[:, :1], coefs[:, 1:]
    j, rj = reference[:, :1], reference[:, 1:]
    real = (coefs * reference).sum(axis=1, keepdims=True)
    vector = j * ri - i * rj
    norm = xp.sqrt((vector**2).sum(axis=1, keepdims=True))
    phase = xp.arctan2(norm, real)
    return vector * (phase / (norm + (norm == 0)))


@fast
def quaternion_rotate(coefs: Array, angle: Array) -> Array:
    """Riesz triples (T, 3, h, w), rotated by a quaternionic phase (T, 2, h, w)."""
    xp = namespace(coefs)
    size = xp.sqrt((angle**2).sum(axis=1, keepdims=True))
    sinc = xp.sinc(size / np.pi)  # sin(size) / size
    along = sinc * (angle * coefs[:, 1:]).sum(axis=1, keepdims=True)
    cosine = xp.cos(size)
    result = cosine * coefs
    result[:, :1] -= along
    result[:, 1:] += sinc * angle * coefs[:, :1]
    return result


@fast
def amplitude(coefs: Array) -> Array:
    """Local amplitude (T, 1, h, w) of Riesz triples (T, 3, h, w)."""
    return namespace(coefs).sqrt((coefs**2).sum(axis=1, keepdims=True))


@fast
def riesz(images: Array, along: Sequence[float], across: Sequence[float]) -> Array:
    """Images (T, h, w) and the two parts of their Riesz transform, x and y, together (T, 3, h, w)."""
    right = correlate(correlate(images, along, -1), across, -2)
    down = correlate(correlate(images, along, -2), across, -1)
    return namespace(images).stack([images, right, down], axis=1)


MAX_BLUR = 2.0
"""Largest standard deviation of a blur relative to the side of an image: with mirrors, it averages the whole image."""


@fast
def blur(x: Array, sigma: tuple[float, float]) -> Array:
    """Gaussian blur of the last two axes, with sigma (rows, columns) in samples, mirrored at the border."""
    widths = (0.0,) * (x.ndim - 2) + tuple(sigma)
    return ndimage(x).gaussian_filter(x, widths, mode="mirror", truncate=3.0)


@fast
def weighted_blur(x: Array, weight: Array, sigma: tuple[float, float]) -> Array:
    """Blur of x times a weight, divided by the blur of the weight; 0 where the latter is 0."""
    total = blur(weight, sigma)
    return blur(x * weight, sigma) / (total + (total == 0))


def correlate(x: Array, taps: Sequence[float], axis: int) -> Array:
    """Correlation with an odd number of taps along one axis, mirrored at the border."""
    xp = namespace(x)
    return ndimage(x).correlate1d(x, xp.asarray(taps, dtype=x.dtype), axis=axis, mode="mirror")


@fast
def reduce(x: Array) -> Array:
    """Every second sample of the binomial blur of x (..., h, w)."""
    x = correlate(x, BINOMIAL, -1)[..., ::2]
    return correlate(x, BINOMIAL, -2)[..., ::2, :]


@fast
def expand(x: Array, size: tuple[int, int], onto: Array | None = None, weight: float = 1.0) -> Array:
    """Interpolate x (..., h, w) to twice as many samples with the binomial filter.

    If `onto` is given, the result times a weight is added to it.
    """
    doubled = tuple(2 * weight for weight in BINOMIAL)
    x = correlate(interleave(x, (size[0], x.shape[-1])), doubled, -2)
    x = correlate(interleave(x, size), doubled, -1)
    return x if onto is None else onto + weight * x


def interleave(x: Array, size: tuple[int, int]) -> Array:
    """Insert zeros between the samples of x (..., h, w), up to the given size."""
    y = namespace(x).zeros(x.shape[:-2] + size, x.dtype)
    y[..., :: 2 if size[0] > x.shape[-2] else 1, :: 2 if size[1] > x.shape[-1] else 1] = x
    return y


@fast
def biquads(x: Array, sos: np.ndarray, state: Array) -> Array:
    """Filter x along axis 0 with second-order sections (n, 6) in direct form II; the state (n, 2, ...) is updated."""
    y = namespace(x).empty_like(x)
    for t in range(len(x)):
        value = x[t]
        for (b0, b1, b2, _, a1, a2), z in zip(sos.tolist(), state, strict=True):
            result = b0 * value + z[0]
            z[0] = b1 * value - a1 * result + z[1]
            z[1] = b2 * value - a2 * result
            value = result
        y[t] = value
    return y


@fast
def product(x: Array, matrix: np.ndarray) -> Array:
    """Apply a matrix (m, n) along the first axis of x (n, ...)."""
    values = namespace(x).asarray(matrix, dtype=x.dtype)
    return (values @ x.reshape(len(x), -1)).reshape(-1, *x.shape[1:])


@fast
def add_product(x: Array, matrix: np.ndarray, total: Array) -> None:
    """Add a matrix (m, n), applied along the first axis of x (n, ...), to a total (m, ...)."""
    total += product(x, matrix)


@fast
def read_box(half: Array, weights: Array, gain: float, corner: tuple[int, int], shape: tuple[int, int]) -> Array:
    """A box of the half spectra (T, H, W // 2 + 1) of real images, times weights and gain, zero-padded to a shape.

    The box begins at the corner (row, column), which may be negative. A coefficient to the left of column 0 is the
    conjugate of the opposite coefficient.
    """
    xp = namespace(half)
    rows, cols = _box(half, weights, corner)
    values = xp.where(cols < 0, half[:, -rows, abs(cols)].conj(), half[:, rows, abs(cols)]) * (gain * weights)
    return xp.pad(values, [(0, 0)] + [(0, n - m) for n, m in zip(shape, weights.shape, strict=True)])


@fast
def add_box(half: Array, box: Array, weights: Array, gain: float, corner: tuple[int, int]) -> None:
    """Add a box, times weights and gain, to half spectra in place.

    The inverse transform of the half spectra increases by twice the real part of the inverse transform of the box.
    """
    rows, cols = _box(half, weights, corner)
    values = box[:, : weights.shape[0], : weights.shape[1]] * (gain * weights)
    direct, mirrored = cols[0] >= 0, cols[0] <= 0  # Column 0 holds each coefficient and the conjugate of its opposite.
    half[:, rows, cols[:, direct]] += values[:, :, direct]
    half[:, -rows, -cols[:, mirrored]] += values[:, :, mirrored].conj()


def _box(half: Array, weights: Array, corner: tuple[int, int]) -> tuple[Array, Array]:
    """Rows (m, 1) and columns (1, n) of a box."""
    xp = namespace(half)
    return (corner[0] + xp.arange(weights.shape[0]))[:, None], (corner[1] + xp.arange(weights.shape[1]))[None]


@fast_on_frames
def weigh_channels(frames: Array, weights: Sequence[float], dtype: Any) -> Array:
    """Weighted sum (T, H, W) of the color channels of frames (T, H, W, 3) of any type."""
    return frames @ namespace(frames).asarray(weights, dtype=dtype)


@fast_on_frames
def split_channels(frames: Array, dtype: Any) -> Array:
    """The color channels of frames (T, H, W, 3) of any type as planes (T, 3, H, W)."""
    xp = namespace(frames)
    return xp.ascontiguousarray(xp.moveaxis(frames, -1, 1), dtype=dtype)


@fast_on_frames
def split_and_reduce(frames: Array, dtype: Any) -> Array:
    """The color channels of frames (T, H, W, 3) of any type as planes of half the size."""
    return reduce(split_channels(frames, dtype))


@fast_on_frames
def add_planes(frames: Array, planes: Array | None, coarse: Array, matrix: np.ndarray) -> Array:
    """Add planes (T, 3, H, W) and the expanded coarser planes, mixed by a matrix, to frames (T, H, W, 3)."""
    xp = namespace(frames)
    change = expand(coarse, frames.shape[1:3], planes)
    return add_clipped(frames, xp.moveaxis(change, 1, -1) @ xp.asarray(matrix.T, dtype=change.dtype))


@fast_on_frames
def add_clipped(frames: Array, change: Array) -> Array:
    """Frames with a change (T, H, W[, 1 or 3]) added; integers are rounded and clipped to their range."""
    total = frames + change
    if frames.dtype.kind == "f":
        return total.astype(frames.dtype, copy=False)
    xp = namespace(frames)
    limits = np.iinfo(frames.dtype)
    return xp.clip(xp.rint(total), limits.min, limits.max).astype(frames.dtype)


@fast
def resample(image: Array, rows: np.ndarray, cols: np.ndarray) -> Array:
    """Maps (..., H, W), interpolated linearly at fractional rows (h,) and columns (w,); the edges are repeated."""
    xp = namespace(image)
    for axis, positions in ((-2, rows), (-1, cols)):
        whole, fraction = linear_positions(positions, image.shape[axis])
        part = xp.asarray(fraction.reshape(-1, *[1] * (-1 - axis)), dtype=image.dtype)
        before = xp.take(image, xp.asarray(whole), axis=axis)
        after = xp.take(image, xp.asarray(np.minimum(whole + 1, image.shape[axis] - 1)), axis=axis)
        image = before + part * (after - before)
    return image


def robust_std(values: Array) -> float:
    """Robust standard deviation of values with mean 0: 1.4826 times the median of their absolute values."""
    return float(robust_stds(values[None])[0])


def robust_stds(values: Array) -> Array:
    """Robust standard deviations (N,) of N sets of values (N, ...)."""
    return 1.4826 * namespace(values).median(abs(values).reshape(len(values), -1), axis=1)
