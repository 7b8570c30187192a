"""Kernels of displacement along the direction of a subband, and of local frequency, row by row; grids are periodic."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.phase import atan2, cross


@kernel
def split_complex_row(coefs: Any, parts: Any) -> None:
    """Real and imaginary part (2, w + 2) of a row, with one periodic sample on each side."""
    w = coefs.shape[0]
    for i in range(w):
        parts[0, i + 1], parts[1, i + 1] = coefs[i].real, coefs[i].imag
    for k in range(2):
        parts[k, 0], parts[k, w + 1] = parts[k, w], parts[k, 1]


@kernel
def add_products_row(above: Any, here: Any, down: Any, products: Any) -> None:
    """Add the products of a row with its conjugate neighbors to (4, w): real and imaginary part, down and right."""
    w = products.shape[1]
    a, b = here[0, 1 : w + 1], here[1, 1 : w + 1]
    for k in range(2):
        before, after = (above, down) if k == 0 else (here, here)
        start = 1 if k == 0 else 0
        stop = 1 if k == 0 else 2
        c, d = before[0, start : start + w], before[1, start : start + w]
        e, f = after[0, stop : stop + w], after[1, stop : stop + w]
        real, imaginary = products[2 * k], products[2 * k + 1]
        for i in range(w):
            real[i] += a[i] * (c[i] + e[i]) + b[i] * (d[i] + f[i])
            imaginary[i] += b[i] * (c[i] - e[i]) + a[i] * (f[i] - d[i])


@kernel
def local_frequency_row(products: Any, carrier: Any, gains: Any, frequency: Any) -> None:
    """Local frequency in radians per pixel from the products (4, w) of neighboring coefficients.

    The carrier (4,) is the phase advance of the subband's center per sample, as complex numbers down and right; the
    gains (3,) are the center's frequency and the factors from radians per sample to radians per pixel.
    """
    for i in range(frequency.shape[0]):
        a, b, c, d = products[0, i], products[1, i], products[2, i], products[3, i]
        down = atan2(a * carrier[1] + b * carrier[0], a * carrier[0] - b * carrier[1])
        right = atan2(c * carrier[3] + d * carrier[2], c * carrier[2] - d * carrier[3])
        frequency[i] = gains[0] + gains[1] * down + gains[2] * right


@kernel
def add_neighbor_products(image: Any, r: Any, parts: Any, products: Any) -> None:
    """Add the products of row r of an image (h, w) with its neighbors; `parts` (3, 2, w + 2) is scratch memory."""
    h = image.shape[0]
    split_complex_row(image[(r - 1) % h], parts[0])
    split_complex_row(image[r], parts[1])
    split_complex_row(image[(r + 1) % h], parts[2])
    add_products_row(parts[0], parts[1], parts[2], products)


@kernel
def local_frequency(coefs: Any, carrier: Any, gains: Any, out: Any) -> None:
    """Local frequency of coefs (n, h, w)."""
    w = coefs.shape[2]
    parts, products = np.empty((3, 2, w + 2), np.float32), np.empty((4, w), np.float32)
    for n in range(coefs.shape[0]):
        for r in range(coefs.shape[1]):
            products[:] = 0
            add_neighbor_products(coefs[n], r, parts, products)
            local_frequency_row(products, carrier, gains, out[n, r])


@kernel
def displacement_row(coefs: Any, reference: Any, frequency: Any, top: Any, bottom: Any) -> None:
    """Phase shift and local frequency, both times amplitude; exactly 0 where nothing has changed."""
    for i in range(frequency.shape[0]):
        a, b, c, d = reference[i].real, reference[i].imag, coefs[i].real, coefs[i].imag
        y, x = cross(a, b, c, d), a * c + b * d
        weight = np.sqrt(x * x + y * y)
        top[i] = weight * atan2(y, x)
        bottom[i] = weight * frequency[i]


@kernel
def displacement_terms(coefs: Any, reference: Any, carrier: Any, gains: Any, out: Any) -> None:
    """Numerator and denominator (n, 2, h, w) of the displacement of coefs (n, h, w)."""
    w = coefs.shape[2]
    parts, products = np.empty((3, 2, w + 2), np.float32), np.empty((4, w), np.float32)
    frequency = np.empty(w, np.float32)
    for n in range(coefs.shape[0]):
        for r in range(coefs.shape[1]):
            products[:] = 0
            add_neighbor_products(coefs[n], r, parts, products)
            add_neighbor_products(reference[n], r, parts, products)
            local_frequency_row(products, carrier, gains, frequency)
            displacement_row(coefs[n, r], reference[n, r], frequency, out[n, 0, r], out[n, 1, r])
