"""Every kernel in plain array code: what the operations mean, on NumPy and CuPy alike.

| kernel | what it does |
| --- | --- |
| ``phase_since`` | phase of one complex array relative to another, wrapped |
| ``turn`` | complex coefficients turned by an angle |
| ``quaternion_since`` | quaternionic phase of one Riesz triple relative to another |
| ``quaternion_turn`` | Riesz triples turned by a quaternionic phase |
| ``blur`` | Gaussian blur over the last two axes |
| ``correlate`` | one-dimensional correlation along an axis, mirrored at the border |
| ``biquads`` | second-order sections along time with explicit registers |
| ``resample`` | linear interpolation of a map at the samples of a grid |
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vmm.backend.arrays import Array, namespace, ndimage


def phase_since(coefs: Array, reference: Array) -> Array:
    """Phase of coefs relative to reference, in (-pi, pi]."""
    xp = namespace(coefs)
    product = coefs * xp.conj(reference)
    return xp.arctan2(product.imag, product.real)


def turn(coefs: Array, angle: Array) -> Array:
    """Coefficients turned by an angle in radians: ``coefs * exp(1j * angle)``."""
    xp = namespace(coefs)
    rotation = xp.empty_like(coefs)
    rotation.real, rotation.imag = xp.cos(angle), xp.sin(angle)
    rotation *= coefs
    return rotation


def quaternion_since(coefs: Array, reference: Array) -> Array:
    """Quaternionic phase (phi cos theta, phi sin theta), (T, 2, h, w), of Riesz triples (T, 3, h, w)."""
    xp = namespace(coefs)
    i, ri = coefs[:, :1], coefs[:, 1:]
    j, rj = reference[:, :1], reference[:, 1:]
    real = (coefs * reference).sum(axis=1, keepdims=True)
    vector = j * ri - i * rj
    norm = xp.sqrt((vector**2).sum(axis=1, keepdims=True))
    phase = xp.arctan2(norm, real)
    return vector * (phase / (norm + (norm == 0)))


def quaternion_turn(coefs: Array, angle: Array) -> Array:
    """Riesz triples (T, 3, h, w) turned by a quaternionic phase (T, 2, h, w)."""
    xp = namespace(coefs)
    size = xp.sqrt((angle**2).sum(axis=1, keepdims=True))
    sinc = xp.sinc(size / np.pi)  # sin(size) / size
    along = sinc * (angle * coefs[:, 1:]).sum(axis=1, keepdims=True)
    cosine = xp.cos(size)
    turned = cosine * coefs
    turned[:, :1] -= along
    turned[:, 1:] += sinc * angle * coefs[:, :1]
    return turned


def blur(x: Array, sigma: tuple[float, float]) -> Array:
    """Gaussian blur of the last two axes, sigma (rows, columns) in samples, mirrored at the border."""
    widths = (0.0,) * (x.ndim - 2) + tuple(sigma)
    return ndimage(x).gaussian_filter(x, widths, mode="mirror", truncate=3.0)


def correlate(x: Array, taps: Sequence[float], axis: int) -> Array:
    """Correlation with odd-length taps along one axis, mirrored at the border."""
    xp = namespace(x)
    return ndimage(x).correlate1d(x, xp.asarray(taps, dtype=x.dtype), axis=axis, mode="mirror")


def biquads(sos: np.ndarray, x: Array, registers: Array) -> tuple[Array, Array]:
    """Second-order sections (n, 6) along axis 0 of x, with registers (n, 2, ...); transposed direct form II."""
    xp = namespace(x)
    y = xp.empty_like(x)
    registers = registers.copy()
    for t in range(len(x)):
        value = x[t]
        for (b0, b1, b2, _, a1, a2), z in zip(sos.tolist(), registers, strict=True):
            result = b0 * value + z[0]
            z[0] = b1 * value - a1 * result + z[1]
            z[1] = b2 * value - a2 * result
            value = result
        y[t] = value
    return y, registers


def resample(image: Array, rows: np.ndarray, cols: np.ndarray) -> Array:
    """The map (H, W) at fractional rows (h,) and columns (w,), linearly interpolated, edges repeated."""
    xp = namespace(image)
    points = xp.meshgrid(xp.asarray(rows), xp.asarray(cols), indexing="ij")
    return ndimage(image).map_coordinates(image, xp.stack(points), order=1, mode="nearest")
