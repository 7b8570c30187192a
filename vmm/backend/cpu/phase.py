"""Kernels of local phase: read it, filter it over time, and write it, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.pyramid import copy_row

_f = np.float32
_PI, _HALF = _f(np.pi), _f(np.pi / 2)
_PER_PI = _f(1 / np.pi)
_PI_HIGH, _PI_LOW = _f(3.140625), _f(np.pi - 3.140625)  # The first has few digits, so that its multiples are exact.


@kernel
def atan2(y: Any, x: Any) -> Any:
    """Angle of (x, y) with an error below 3e-7, by a minimax polynomial in the ratio of the smaller to the larger."""
    a, b = abs(y), abs(x)
    z = min(a, b) / (max(a, b) + _f(1e-37))
    q = z * z
    p = _f(-0.004054567310959101) * q + _f(0.021862957626581192)
    p = p * q + _f(-0.0559123270213604)
    p = p * q + _f(0.0964219719171524)
    p = p * q + _f(-0.1390862911939621)
    p = p * q + _f(0.19946566224098206)
    p = p * q + _f(-0.33329859375953674)
    p = (p * q + _f(0.9999993443489075)) * z
    p = _HALF - p if a > b else p
    p = _PI - p if x < 0 else p
    return -p if y < 0 else p


@kernel
def sin_cos1(x: Any) -> Any:
    """Sine of x and cosine of x minus 1, with errors below 2e-7, by minimax polynomials on half a period."""
    k = np.rint(x * _PER_PI)
    r = (x - k * _PI_HIGH) - k * _PI_LOW
    q = r * r
    s = _f(2.5904885202327294e-06) * q + _f(-0.0001980089777432665)
    s = s * q + _f(0.00833289982358326)
    s = s * q + _f(-0.1666664763465774)
    s = s * q * r + r
    c = _f(-2.6051508213079603e-07) * q + _f(2.4760162235004958e-05)
    c = c * q + _f(-0.0013888361422063756)
    c = c * q + _f(0.04166663626042357)
    c = (c * q + _f(-0.49999999358575553)) * q  # the cosine minus 1
    odd = k - _f(2) * np.floor(k * _f(0.5))
    sign = _f(1) - _f(2) * odd
    return s * sign, c * sign - _f(2) * odd


@kernel
def cross(a: Any, b: Any, c: Any, d: Any) -> Any:
    """``a d - b c``, computed from differences: exactly 0 if (c, d) equals (a, b), which fused products are not."""
    return a * (d - b) - b * (c - a)


@kernel
def phase_shift_row(coefs: Any, previous: Any, phase: Any) -> None:
    """Phase shift of a row since the previous frame; exactly 0 where nothing has changed."""
    for i in range(coefs.shape[0]):
        a, b, c, d = previous[i].real, previous[i].imag, coefs[i].real, coefs[i].imag
        phase[i] = atan2(cross(a, b, c, d), a * c + b * d)


@kernel
def biquad_row(x: Any, z1: Any, z2: Any, s: Any) -> None:
    """Filter a row in place with one second-order section over time, in transposed direct form II."""
    b0, b1, b2, a1, a2 = s[0], s[1], s[2], s[4], s[5]
    for i in range(x.shape[0]):
        v = x[i]
        y = b0 * v + z1[i]
        z1[i] = b1 * v - a1 * y + z2[i]
        z2[i] = b2 * v - a2 * y
        x[i] = y


@kernel
def sections_row(x: Any, sos: Any, state: Any, r: Any) -> None:
    """Filter a row in place with second-order sections over time; row r of the state (n, 2, h, w) is updated."""
    for k in range(sos.shape[0]):
        biquad_row(x, state[k, 0, r], state[k, 1, r], sos[k])


@kernel
def attenuate(angle: Any, per_limit: Any) -> Any:
    """An angle, attenuated beyond a limit: ``angle / (1 + (angle / limit)^4)``."""
    part = angle * per_limit
    square = part * part
    return angle / (_f(1) + square * square)


@kernel
def rotation_change_row(coefs: Any, angle: Any) -> None:
    """Replace a row of coefficients by the change that a rotation by `angle` makes in it."""
    for i in range(coefs.shape[0]):
        s, c = sin_cos1(angle[i])
        a, b = coefs[i].real, coefs[i].imag
        coefs[i] = complex(a * c - b * s, a * s + b * c)


@kernel
def weighted_sum_row(total: Any, weights: Any, rows: Any, r: Any) -> None:
    """Add row r of each of the arrays rows (n, h, w), multiplied by its weight, to a total (w,)."""
    n = rows.shape[0] - rows.shape[0] % 4
    for k in range(0, n, 4):
        a, b, c, d = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        o, p, q, s = rows[k, r], rows[k + 1, r], rows[k + 2, r], rows[k + 3, r]
        for i in range(total.shape[0]):
            total[i] += (a * o[i] + b * p[i]) + (c * q[i] + d * s[i])
    for k in range(n, rows.shape[0]):
        a, o = weights[k], rows[k, r]
        for i in range(total.shape[0]):
            total[i] += a * o[i]


@kernel
def phase_shift(coefs: Any, reference: Any, phase: Any) -> None:
    """Phase shift of rows (n, w) relative to a reference."""
    for r in range(coefs.shape[0]):
        phase_shift_row(coefs[r], reference[r], phase[r])


@kernel
def phase_shift_each(coefs: Any, references: Any, phases: Any) -> None:
    """Phase shift of coefs (G, T, w), where each of the G groups has its own reference (w,)."""
    for g in range(coefs.shape[0]):
        for t in range(coefs.shape[1]):
            phase_shift_row(coefs[g, t], references[g], phases[g, t])


@kernel
def filtered_phase_shift(coefs: Any, previous: Any, sos: Any, state: Any, signal: Any) -> None:
    """Phase shift of coefs (T, h, w) since the previous frame, filtered; `previous` (h, w) is updated in place."""
    for r in range(coefs.shape[1]):
        for t in range(coefs.shape[0]):
            phase_shift_row(coefs[t, r], previous[r] if t == 0 else coefs[t - 1, r], signal[t, r])
            sections_row(signal[t, r], sos, state, r)
        copy_row(coefs[-1, r], previous[r])


@kernel
def projected_phase_shift(coefs: Any, previous: Any, columns: Any, total: Any) -> None:
    """Add the phase shift of coefs (T, h, w) since the previous frame, times columns (m, T), to total (m, h, w)."""
    phase = np.empty((coefs.shape[0], 1, coefs.shape[2]), np.float32)
    for r in range(coefs.shape[1]):
        for t in range(coefs.shape[0]):
            phase_shift_row(coefs[t, r], previous[r] if t == 0 else coefs[t - 1, r], phase[t, 0])
        for m in range(columns.shape[0]):
            weighted_sum_row(total[m, r], columns[m], phase, 0)
        copy_row(coefs[-1, r], previous[r])


@kernel
def square_row(coefs: Any, squares: Any) -> None:
    """Squared amplitude of a row."""
    for i in range(coefs.shape[0]):
        squares[i] = coefs[i].real * coefs[i].real + coefs[i].imag * coefs[i].imag


@kernel
def add_square_row(total: Any, coefs: Any) -> None:
    """Add the squared amplitude of a row to a total."""
    for i in range(total.shape[0]):
        total[i] += coefs[i].real * coefs[i].real + coefs[i].imag * coefs[i].imag


@kernel
def stretch_row(later: Any, earlier: Any, out: Any) -> None:
    """Half the change of the logarithm of the squared amplitude, by a Pade approximant that is finite for 0."""
    for i in range(out.shape[0]):
        x = (later[i] - earlier[i]) / (later[i] + earlier[i] + _f(1e-30))
        y = x * x
        out[i] = x * (_f(15) - _f(4) * y) / (_f(15) - _f(9) * y)


@kernel
def amplitude_sums(coefs: Any, previous: Any, columns: Any, step: Any, power: Any, stretch: Any) -> None:
    """Add the squared amplitude of coefs (T, h, w), and a matrix times the changes of its logarithm in some rows."""
    count, height, width = coefs.shape
    squares = np.empty((count + 1, width), np.float32)
    changes = np.empty((count, 1, width), np.float32)
    for r in range(height):
        for t in range(count):
            add_square_row(power[r], coefs[t, r])
        if r % step == 0:
            square_row(previous[r], squares[0])
            for t in range(count):
                square_row(coefs[t, r], squares[t + 1])
                stretch_row(squares[t + 1], squares[t], changes[t, 0])
            for m in range(columns.shape[0]):
                weighted_sum_row(stretch[m, r // step], columns[m], changes, 0)


@kernel
def rotation_change(coefs: Any, angle: Any) -> None:
    """Replace rows (n, w) of coefficients by the change that a rotation by `angle` makes in them."""
    for r in range(coefs.shape[0]):
        rotation_change_row(coefs[r], angle[r])


@kernel
def attenuated_row(x: Any, alpha: Any, per_limit: Any, out: Any) -> None:
    """A row times alpha, attenuated beyond a limit."""
    for i in range(out.shape[0]):
        out[i] = attenuate(alpha[i] * x[i], per_limit)


@kernel
def limited_rotation_change(coefs: Any, signal: Any, per_limit: Any, alpha: Any) -> None:
    """Replace coefs (T, h, w) by the change that a rotation makes in them.

    The angle is alpha (h, w) or (1, w) times the signal, attenuated beyond the limit.
    """
    angle = np.empty(coefs.shape[2], np.float32)
    for t in range(coefs.shape[0]):
        for r in range(coefs.shape[1]):
            attenuated_row(signal[t, r], alpha[r % alpha.shape[0]], per_limit, angle)
            rotation_change_row(coefs[t, r], angle)


@kernel
def magnified_phase_shift(coefs: Any, previous: Any, sos: Any, state: Any, per_limit: Any, alpha: Any) -> None:
    """Replace coefs (T, h, w) by the change that the magnification of their filtered phase shift makes in them.

    The coefficients of the frame before, `previous` (h, w), and the state are updated; alpha is (h, w) or (1, w).
    """
    angle = np.empty(coefs.shape[2], np.float32)
    for r in range(coefs.shape[1]):
        for t in range(coefs.shape[0]):
            row = coefs[t, r]
            phase_shift_row(row, previous[r], angle)
            previous[r] = row
            sections_row(angle, sos, state, r)
            attenuated_row(angle, alpha[r % alpha.shape[0]], per_limit, angle)
            rotation_change_row(row, angle)


@kernel
def attenuate_rows(angle: Any, per_limit: Any) -> None:
    """Attenuate angles (n, w) beyond a limit, in place."""
    for r in range(angle.shape[0]):
        row = angle[r]
        for i in range(row.shape[0]):
            row[i] = attenuate(row[i], per_limit)


@kernel
def biquads(x: Any, sos: Any, state: Any) -> None:
    """Filter x (T, n, w) in place with second-order sections over time."""
    for r in range(x.shape[1]):
        for t in range(x.shape[0]):
            sections_row(x[t, r], sos, state, r)


@kernel
def difference_row(x: Any, previous: Any, out: Any) -> None:
    """Change of value in a row of any type."""
    for i in range(x.shape[0]):
        out[i] = _f(x[i]) - _f(previous[i])


@kernel
def filtered_difference(x: Any, previous: Any, sos: Any, state: Any, start: Any, stop: Any, out: Any) -> None:
    """Change of rows start to stop of x (T, n, w) since the previous frame, filtered; `previous` is updated."""
    for r in range(start, stop):
        for t in range(x.shape[0]):
            difference_row(x[t, r], previous[r] if t == 0 else x[t - 1, r], out[t, r])
            sections_row(out[t, r], sos, state, r)
        copy_row(x[-1, r], previous[r])


@kernel
def add_products(rows: Any, matrix: Any, total: Any) -> None:
    """Add a matrix (m, n), applied along the first axis of rows (n, h, w), to a total (m, h, w)."""
    for r in range(rows.shape[1]):
        for m in range(matrix.shape[0]):
            weighted_sum_row(total[m, r], matrix[m], rows, r)


@kernel
def product(rows: Any, matrix: Any, out: Any) -> None:
    """Apply a matrix (m, n) along the first axis of rows (n, h, w)."""
    for r in range(rows.shape[1]):
        for m in range(matrix.shape[0]):
            out[m, r] = 0
            weighted_sum_row(out[m, r], matrix[m], rows, r)


def add_product(x: np.ndarray, matrix: np.ndarray, total: np.ndarray) -> None:
    """Add a matrix, applied along the first axis, to a contiguous total."""
    rows, totals = (np.ascontiguousarray(a, np.float32).reshape(len(a), -1, a.shape[-1]) for a in (x, total))
    add_products(rows, np.ascontiguousarray(matrix, np.float32), totals)


def phase_sums(coefs: np.ndarray, reference: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Phase shift relative to a reference, summed over regions with two sets of weights."""
    groups, n = coefs.shape[:2]
    phases = np.empty((groups, n, reference[0].size), np.float32)
    phase_shift_each(np.ascontiguousarray(coefs).reshape(phases.shape), reference.reshape(groups, -1), phases)
    return phases @ np.ascontiguousarray(weights, np.float32).reshape(groups, 2, -1).swapaxes(1, 2)


def phase_shift_put(coefs: np.ndarray, signal: np.ndarray, limit: float, alpha: Any) -> np.ndarray:
    """Replace coefs by the change that a rotation makes in them.

    The angle is alpha times the signal, attenuated beyond the limit.
    """
    coefs = np.ascontiguousarray(coefs)
    frames = coefs.reshape(len(coefs), -1, coefs.shape[-1])
    signals = np.ascontiguousarray(signal, np.float32).reshape(frames.shape)
    limited_rotation_change(frames, signals, _f(1 / limit), alpha_rows(alpha, coefs.shape[1:]))
    return coefs


def alpha_rows(alpha: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Alpha for coefficients (..., w) as rows (n, w), a single one if it is a number."""
    alpha = np.asarray(alpha, np.float32)
    return np.array(np.broadcast_to(alpha, shape if alpha.ndim else shape[-1:])).reshape(-1, shape[-1])
