"""Kernels of Riesz pyramids: the transform, and the magnification of a level in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.phase import atan2, biquad_row, cross, sin_cos1
from vmm.backend.cpu.pyramid import blur_across_rows, blur_row, copy_row, mirror, mirror_margins

_f = np.float32


@kernel
def three_tap_row(a: Any, b: Any, c: Any, taps: Any, out: Any) -> None:
    """Sum of three rows, multiplied by three taps."""
    p, q, r = taps[0], taps[1], taps[2]
    for i in range(out.shape[0]):
        out[i] = p * a[i] + q * b[i] + r * c[i]


@kernel
def riesz_row(image: Any, r: Any, along: Any, across: Any, row: Any, x: Any, y: Any) -> None:
    """Row r of the Riesz transform (x, y) of an image; `row` is scratch memory."""
    h, w = image.shape
    inner = row[1 : w + 1]
    a, b, c = image[mirror(r - 1, h)], image[r], image[mirror(r + 1, h)]
    three_tap_row(a, b, c, across, inner)
    mirror_margins(row, w, 1)
    three_tap_row(row[:w], inner, row[2:], along, x)
    three_tap_row(a, b, c, along, inner)
    mirror_margins(row, w, 1)
    three_tap_row(row[:w], inner, row[2:], across, y)


@kernel
def riesz(images: Any, along: Any, across: Any, out: Any) -> None:
    """Images (n, h, w) and their Riesz transform, together (n, 3, h, w), with 3 taps along and 3 across."""
    row = np.empty(images.shape[2] + 2, np.float32)
    for n in range(images.shape[0]):
        for r in range(images.shape[1]):
            copy_row(images[n, r], out[n, 0, r])
            riesz_row(images[n], r, along, across, row, out[n, 1, r], out[n, 2, r])


@kernel
def quaternion_phase_row(i: Any, x: Any, y: Any, j: Any, u: Any, v: Any, p: Any, q: Any) -> None:
    """Quaternionic phase (p, q) of the triple (i, x, y) relative to (j, u, v); exactly 0 where nothing has changed."""
    for k in range(p.shape[0]):
        real = i[k] * j[k] + x[k] * u[k] + y[k] * v[k]
        right, down = cross(j[k], u[k], i[k], x[k]), cross(j[k], v[k], i[k], y[k])
        norm = np.sqrt(right * right + down * down)
        scale = atan2(norm, real) / (norm + _f(1e-37))
        p[k], q[k] = right * scale, down * scale


@kernel
def amplitude_weighted_row(i: Any, x: Any, y: Any, p: Any, q: Any, a: Any, b: Any, c: Any) -> None:
    """The phase (p, q) times the local amplitude of the triple, and the amplitude."""
    for k in range(p.shape[0]):
        amplitude = np.sqrt(i[k] * i[k] + x[k] * x[k] + y[k] * y[k])
        a[k], b[k], c[k] = p[k] * amplitude, q[k] * amplitude, amplitude


@kernel
def rotation_change_row(
    i: Any, x: Any, y: Any, p: Any, q: Any, weight: Any, alpha: Any, per_limit: Any, out: Any
) -> None:
    """Change of the first part of a triple under rotation by alpha times the phase (p, q) / weight, attenuated."""
    for k in range(out.shape[0]):
        scale = _f(1) / (weight[k] + _f(1e-37))  # Multiplied by alpha first, this could be infinite.
        right, down = p[k] * scale * alpha[k], q[k] * scale * alpha[k]
        square = (right * right + down * down) * per_limit * per_limit
        fade = _f(1) / (_f(1) + square * square)
        right, down = right * fade, down * fade
        size = np.sqrt(right * right + down * down)
        s, c = sin_cos1(size)
        out[k] = i[k] * c - (s / (size + _f(1e-37))) * (right * x[k] + down * y[k])


@kernel
def attenuate(angle: Any, per_limit: Any) -> None:
    """Attenuate quaternionic phases (n, 2, w) in place if their magnitude exceeds a limit."""
    for n in range(angle.shape[0]):
        p, q = angle[n, 0], angle[n, 1]
        for i in range(p.shape[0]):
            square = (p[i] * p[i] + q[i] * q[i]) * per_limit * per_limit
            fade = _f(1) / (_f(1) + square * square)
            p[i] *= fade
            q[i] *= fade


@kernel
def magnified_change(
    images: Any,
    along: Any,
    across: Any,
    previous: Any,
    sos: Any,
    state: Any,
    above: Any,
    below: Any,
    down: Any,
    right: Any,
    alpha: Any,
    per_limit: Any,
    start: Any,
    stop: Any,
    out: Any,
) -> None:
    """Change of the images (T, h, w) by magnification, for rows from start to stop.

    The quaternionic phase of their Riesz transform since the previous frame (h, w) is filtered by second-order
    sections, blurred with the local amplitude as weight, and multiplied by alpha to give the angle of rotation. The
    state (n, 2, 2, h, w) of these rows is updated; `above` and `below` are copies of the state of the neighboring rows
    that the blur needs.
    """
    h, w = images.shape[1], images.shape[2]
    reach, margin = down.shape[0] - 1, right.shape[0] - 1
    signal = np.empty((2, w), np.float32)
    span = w + 2 * margin  # A row holds two weighted phases and the amplitude, each with its mirror_margins.
    wide = np.empty(3 * span, np.float32)
    ring = np.empty((min(2 * reach + 2, h), 3 * span - 2 * margin), np.float32)
    blurs = np.empty(ring.shape[1], np.float32)
    row, earlier_parts = np.empty(w + 2, np.float32), np.empty((2, w), np.float32)
    parts = np.empty((2, ring.shape[0], w), np.float32)  # the Riesz transform of the rows in the ring buffer
    p, q, amplitude = blurs[:w], blurs[span : span + w], blurs[2 * span :]
    first, last = max(0, start - reach), min(h, stop + reach)
    for t in range(images.shape[0]):
        image = images[t]
        earlier = previous if t == 0 else images[t - 1]
        next_row = start
        for j in range(first, last):
            k = j % ring.shape[0]
            riesz_row(image, j, along, across, row, parts[0, k], parts[1, k])
            riesz_row(earlier, j, along, across, row, earlier_parts[0], earlier_parts[1])
            quaternion_phase_row(
                image[j], parts[0, k], parts[1, k], earlier[j], earlier_parts[0], earlier_parts[1], signal[0], signal[1]
            )
            for n in range(sos.shape[0]):
                for part in range(2):
                    if j < start:
                        z1, z2 = above[n, 0, part, j - first], above[n, 1, part, j - first]
                    elif j >= stop:
                        z1, z2 = below[n, 0, part, j - stop], below[n, 1, part, j - stop]
                    else:
                        z1, z2 = state[n, 0, part, j], state[n, 1, part, j]
                    biquad_row(signal[part], z1, z2, sos[n])
            a, b, c = wide[margin:span], wide[span + margin : 2 * span], wide[2 * span + margin :]
            amplitude_weighted_row(image[j], parts[0, k], parts[1, k], signal[0], signal[1], a[:w], b[:w], c[:w])
            for part in range(3):
                mirror_margins(wide[part * span : (part + 1) * span], w, margin)
            blur_row(wide, right, ring[k])
            while next_row < stop and j >= min(next_row + reach, h - 1):
                blur_across_rows(ring, next_row, h, down, blurs)
                k = next_row % ring.shape[0]
                rotation_change_row(
                    image[next_row],
                    parts[0, k],
                    parts[1, k],
                    p,
                    q,
                    amplitude,
                    alpha[next_row],
                    per_limit,
                    out[t, next_row],
                )
                next_row += 1
