"""Local phase: read, filtered along time, and written, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel

_f = np.float32
_PI, _HALF = _f(np.pi), _f(np.pi / 2)
_PER_PI = _f(1 / np.pi)
_PI_HIGH, _PI_LOW = _f(3.140625), _f(np.pi - 3.140625)  # the first has so few digits that its multiples are exact


@kernel
def atan2(y: Any, x: Any) -> Any:
    """Angle of (x, y) to 3e-7, by a minimax polynomial of the smaller over the larger."""
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
    """Sine of x, and its cosine less 1, to 2e-7, by minimax polynomials over half a turn."""
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
    c = (c * q + _f(-0.49999999358575553)) * q  # the cosine less 1
    odd = k - _f(2) * np.floor(k * _f(0.5))
    sign = _f(1) - _f(2) * odd
    return s * sign, c * sign - _f(2) * odd


@kernel
def cross(a: Any, b: Any, c: Any, d: Any) -> Any:
    """``a d - b c`` by differences: exactly 0 where (c, d) is (a, b), which fused products are not."""
    return a * (d - b) - b * (c - a)


@kernel
def since_row(coefs: Any, before: Any, phase: Any) -> None:
    """Phase of a row relative to that of the frame before; exactly 0 where nothing changed."""
    for i in range(coefs.shape[0]):
        a, b, c, d = before[i].real, before[i].imag, coefs[i].real, coefs[i].imag
        phase[i] = atan2(cross(a, b, c, d), a * c + b * d)


@kernel
def biquad_row(x: Any, z1: Any, z2: Any, s: Any) -> None:
    """One second-order section along time on a row, in place; transposed direct form II."""
    b0, b1, b2, a1, a2 = s[0], s[1], s[2], s[4], s[5]
    for i in range(x.shape[0]):
        v = x[i]
        y = b0 * v + z1[i]
        z1[i] = b1 * v - a1 * y + z2[i]
        z2[i] = b2 * v - a2 * y
        x[i] = y


@kernel
def sections_row(x: Any, sos: Any, registers: Any, r: Any) -> None:
    """Second-order sections along time on a row, in place, by row r of their registers (n, 2, h, w)."""
    for k in range(sos.shape[0]):
        biquad_row(x, registers[k, 0, r], registers[k, 1, r], sos[k])


@kernel
def fade(angle: Any, per_limit: Any) -> Any:
    """An angle that fades out beyond a limit."""
    part = angle * per_limit
    square = part * part
    return angle / (_f(1) + square * square)


@kernel
def turned_row(coefs: Any, angle: Any) -> None:
    """What turning changes in a row, in its place."""
    for i in range(coefs.shape[0]):
        s, c = sin_cos1(angle[i])
        a, b = coefs[i].real, coefs[i].imag
        coefs[i] = complex(a * c - b * s, a * s + b * c)


@kernel
def weighted_row(total: Any, weights: Any, rows: Any, r: Any) -> None:
    """Row r of each of rows (n, h, w) by its weight, added to a total (w,)."""
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
def since(coefs: Any, reference: Any, phase: Any) -> None:
    """Phase of rows (n, w) relative to a reference."""
    for r in range(coefs.shape[0]):
        since_row(coefs[r], reference[r], phase[r])


@kernel
def since_each(coefs: Any, references: Any, phases: Any) -> None:
    """Phase of coefs (G, T, w), each (T, w) relative to a reference of its own (G, w)."""
    for g in range(coefs.shape[0]):
        for t in range(coefs.shape[1]):
            since_row(coefs[g, t], references[g], phases[g, t])


@kernel
def since_filtered(coefs: Any, before: Any, sos: Any, registers: Any, signal: Any) -> None:
    """Phase of coefs (T, h, w) since the frame before, through second-order sections; before (h, w) is brought up."""
    for r in range(coefs.shape[1]):
        for t in range(coefs.shape[0]):
            since_row(coefs[t, r], before[r] if t == 0 else coefs[t - 1, r], signal[t, r])
            sections_row(signal[t, r], sos, registers, r)
        before[r] = coefs[-1, r]


@kernel
def since_gathered(coefs: Any, before: Any, columns: Any, total: Any) -> None:
    """Phase of coefs (T, h, w) since the frame before, by columns (m, T), added to a total (m, h, w)."""
    phase = np.empty((coefs.shape[0], 1, coefs.shape[2]), np.float32)
    for r in range(coefs.shape[1]):
        for t in range(coefs.shape[0]):
            since_row(coefs[t, r], before[r] if t == 0 else coefs[t - 1, r], phase[t, 0])
        for m in range(columns.shape[0]):
            weighted_row(total[m, r], columns[m], phase, 0)
    before[:] = coefs[-1]


@kernel
def turned(coefs: Any, angle: Any) -> None:
    """What turning changes in rows (n, w), in their place."""
    for r in range(coefs.shape[0]):
        turned_row(coefs[r], angle[r])


@kernel
def written(coefs: Any, signal: Any, per_limit: Any, alpha: Any) -> None:
    """What turning coefs (T, h, w) by alpha (h, w) times a signal, faded, changes, in their place."""
    angle = np.empty(coefs.shape[2], np.float32)
    for t in range(coefs.shape[0]):
        for r in range(coefs.shape[1]):
            for i in range(coefs.shape[2]):
                angle[i] = fade(alpha[r, i] * signal[t, r, i], per_limit)
            turned_row(coefs[t, r], angle)


@kernel
def faded(angle: Any, per_limit: Any) -> None:
    """Angles (n, w) that fade out beyond a limit, in their place."""
    for r in range(angle.shape[0]):
        row = angle[r]
        for i in range(row.shape[0]):
            row[i] = fade(row[i], per_limit)


@kernel
def biquads(x: Any, sos: Any, registers: Any) -> None:
    """Second-order sections along time on x (T, n, w), in place."""
    for r in range(x.shape[1]):
        for t in range(x.shape[0]):
            sections_row(x[t, r], sos, registers, r)


@kernel
def change_row(x: Any, before: Any, out: Any) -> None:
    """Change of value in a row of any type."""
    for i in range(x.shape[0]):
        out[i] = _f(x[i]) - _f(before[i])


@kernel
def change_filtered(x: Any, before: Any, sos: Any, registers: Any, start: Any, stop: Any, out: Any) -> None:
    """Change of rows start to stop of x (T, n, w) since the frame before, through sections; before is brought up."""
    for r in range(start, stop):
        for t in range(x.shape[0]):
            change_row(x[t, r], before[r] if t == 0 else x[t - 1, r], out[t, r])
            sections_row(out[t, r], sos, registers, r)
        before[r] = x[-1, r]


@kernel
def product(rows: Any, matrix: Any, out: Any) -> None:
    """The matrix (m, n) applied along the first axis of rows (n, h, w)."""
    for r in range(rows.shape[1]):
        for m in range(matrix.shape[0]):
            out[m, r] = 0
            weighted_row(out[m, r], matrix[m], rows, r)


def phase_sums(coefs: np.ndarray, reference: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Phase relative to a reference, summed over regions by two weights."""
    groups, n = coefs.shape[:2]
    phases = np.empty((groups, n, reference[0].size), np.float32)
    since_each(np.ascontiguousarray(coefs).reshape(phases.shape), reference.reshape(groups, -1), phases)
    return phases @ np.ascontiguousarray(weights, np.float32).reshape(groups, 2, -1).swapaxes(1, 2)


def phase_since_written(coefs: np.ndarray, signal: np.ndarray, limit: float, alpha: Any) -> np.ndarray:
    """What turning by alpha times a signal, faded beyond a limit, changes, in the place of coefs."""
    coefs = np.ascontiguousarray(coefs)
    frames = coefs.reshape(len(coefs), -1, coefs.shape[-1])
    signals = np.ascontiguousarray(signal, np.float32).reshape(frames.shape)
    alphas = np.ascontiguousarray(np.broadcast_to(np.asarray(alpha, np.float32), coefs.shape[1:]))
    written(frames, signals, _f(1 / limit), alphas.reshape(frames.shape[1:]))
    return coefs
