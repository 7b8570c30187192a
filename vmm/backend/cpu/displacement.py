"""Displacement along the direction of a band, and local frequency, row by row; grids are periodic."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.phase import atan2, cross


@kernel
def parted_row(coefs: Any, parts: Any) -> None:
    """Real and imaginary part (2, w + 2) of a row, with the sample before the first and that after the last."""
    w = coefs.shape[0]
    for i in range(w):
        parts[0, i + 1], parts[1, i + 1] = coefs[i].real, coefs[i].imag
    for k in range(2):
        parts[k, 0], parts[k, w + 1] = parts[k, w], parts[k, 1]


@kernel
def turns_row(up: Any, here: Any, down: Any, turns: Any) -> None:
    """Turns (4, w) from one sample to the next added: real and imaginary part, down and right."""
    w = turns.shape[1]
    a, b = here[0, 1 : w + 1], here[1, 1 : w + 1]
    for k in range(2):
        before, after = (up, down) if k == 0 else (here, here)
        start = 1 if k == 0 else 0
        stop = 1 if k == 0 else 2
        c, d = before[0, start : start + w], before[1, start : start + w]
        e, f = after[0, stop : stop + w], after[1, stop : stop + w]
        real, imaginary = turns[2 * k], turns[2 * k + 1]
        for i in range(w):
            real[i] += a[i] * (c[i] + e[i]) + b[i] * (d[i] + f[i])
            imaginary[i] += b[i] * (c[i] - e[i]) + a[i] * (f[i] - d[i])


@kernel
def slope_row(turns: Any, carrier: Any, gains: Any, slope: Any) -> None:
    """Local frequency of turns (4, w); the carrier (4,) is that of the band's centre, gains (3,) make it radians."""
    for i in range(slope.shape[0]):
        a, b, c, d = turns[0, i], turns[1, i], turns[2, i], turns[3, i]
        down = atan2(a * carrier[1] + b * carrier[0], a * carrier[0] - b * carrier[1])
        right = atan2(c * carrier[3] + d * carrier[2], c * carrier[2] - d * carrier[3])
        slope[i] = gains[0] + gains[1] * down + gains[2] * right


@kernel
def added_turns(image: Any, r: Any, parts: Any, turns: Any) -> None:
    """Turns about row r of an image (h, w) added, by scratch (3, 2, w + 2)."""
    h = image.shape[0]
    parted_row(image[(r - 1) % h], parts[0])
    parted_row(image[r], parts[1])
    parted_row(image[(r + 1) % h], parts[2])
    turns_row(parts[0], parts[1], parts[2], turns)


@kernel
def slope(coefs: Any, carrier: Any, gains: Any, out: Any) -> None:
    """Local frequency of coefs (n, h, w)."""
    w = coefs.shape[2]
    parts, turns = np.empty((3, 2, w + 2), np.float32), np.empty((4, w), np.float32)
    for n in range(coefs.shape[0]):
        for r in range(coefs.shape[1]):
            turns[:] = 0
            added_turns(coefs[n], r, parts, turns)
            slope_row(turns, carrier, gains, out[n, r])


@kernel
def displaced_row(coefs: Any, reference: Any, slope: Any, top: Any, bottom: Any) -> None:
    """Phase and local frequency, both by amplitude; exactly 0 where nothing changed."""
    for i in range(slope.shape[0]):
        a, b, c, d = reference[i].real, reference[i].imag, coefs[i].real, coefs[i].imag
        y, x = cross(a, b, c, d), a * c + b * d
        weight = np.sqrt(x * x + y * y)
        top[i] = weight * atan2(y, x)
        bottom[i] = weight * slope[i]


@kernel
def displaced(coefs: Any, reference: Any, carrier: Any, gains: Any, out: Any) -> None:
    """Numerator and denominator (n, 2, h, w) of the displacement of coefs (n, h, w)."""
    w = coefs.shape[2]
    parts, turns = np.empty((3, 2, w + 2), np.float32), np.empty((4, w), np.float32)
    slope = np.empty(w, np.float32)
    for n in range(coefs.shape[0]):
        for r in range(coefs.shape[1]):
            turns[:] = 0
            added_turns(coefs[n], r, parts, turns)
            added_turns(reference[n], r, parts, turns)
            slope_row(turns, carrier, gains, slope)
            displaced_row(coefs[n, r], reference[n, r], slope, out[n, 0, r], out[n, 1, r])
