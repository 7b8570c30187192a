"""Frames of any type: their colours apart, mixed, and with a change added, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.phase import change_row, sections_row
from vmm.backend.cpu.pyramid import expanded_row, five_row, halved_row, margins, mirror, more_row

_f = np.float32


@kernel
def brightness(rows: Any, weights: Any, out: Any) -> None:
    """Weighted sum (n, w) of three colours in turn (n, 3 w)."""
    a, b, c = weights[0], weights[1], weights[2]
    for r in range(out.shape[0]):
        row, to = rows[r], out[r]
        for i in range(to.shape[0]):
            to[i] = a * _f(row[3 * i]) + b * _f(row[3 * i + 1]) + c * _f(row[3 * i + 2])


@kernel
def rounded_row(frames: Any, change: Any, top: Any, out: Any) -> None:
    """Samples with a change added, rounded, and kept within 0 and top."""
    for i in range(out.shape[0]):
        out[i] = min(max(np.rint(_f(frames[i]) + change[i]), _f(0)), top)


@kernel
def finished_row(frames: Any, change: Any, top: Any, out: Any) -> None:
    """The same, or where top is infinite samples that stay as they are."""
    if top < np.inf:
        rounded_row(frames, change, top, out)
    else:
        for i in range(out.shape[0]):
            out[i] = _f(frames[i]) + change[i]


@kernel
def thrice_row(row: Any, out: Any) -> None:
    """Each sample three times."""
    for i in range(row.shape[0]):
        out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = row[i]


@kernel
def added(frames: Any, change: Any, top: Any, out: Any) -> None:
    """Rows of samples (n, w) with a change (n, w or w // 3) added, rounded, and kept within 0 and top."""
    wide = np.empty(out.shape[1], np.float32)
    for r in range(out.shape[0]):
        if change.shape[1] < out.shape[1]:
            thrice_row(change[r], wide)
            rounded_row(frames[r], wide, top, out[r])
        else:
            rounded_row(frames[r], change[r], top, out[r])


@kernel
def apart_row(row: Any, a: Any, b: Any, c: Any) -> None:
    """Three colours in turn as three rows."""
    for i in range(a.shape[0]):
        a[i], b[i], c[i] = _f(row[3 * i]), _f(row[3 * i + 1]), _f(row[3 * i + 2])


@kernel
def apart(rows: Any, start: Any, stop: Any, out: Any) -> None:
    """Three colours in turn (n, 3 w) as planes (3, n, w), rows start to stop."""
    for r in range(start, stop):
        apart_row(rows[r], out[0, r], out[1, r], out[2, r])


@kernel
def mixed_row(a: Any, b: Any, c: Any, m: Any, out: Any) -> None:
    """Three rows mixed by a matrix, in turn."""
    for i in range(a.shape[0]):
        x, y, z = a[i], b[i], c[i]
        out[3 * i] = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z
        out[3 * i + 1] = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z
        out[3 * i + 2] = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z


@kernel
def added_planes(frame: Any, planes: Any, coarse: Any, matrix: Any, top: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of a frame (H, 3 W) with planes (3, H, W), or none, and coarser ones added, mixed."""
    height, width = out.shape[0], out.shape[1] // 3
    row = np.empty(coarse.shape[2] + 2, np.float32)
    even, odd = np.empty(width - width // 2, np.float32), np.empty(width // 2, np.float32)
    parts, wide = np.empty((3, width), np.float32), np.empty(3 * width, np.float32)
    for r in range(start, stop):
        for c in range(3):
            expanded_row(coarse[c], r, height, row, even, odd, parts[c])
            if planes.shape[0] > 0:
                more_row(planes[c, r], parts[c])
        mixed_row(parts[0], parts[1], parts[2], matrix, wide)
        finished_row(frame[r], wide, top, out[r])


@kernel
def reduce_apart(frames: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the planes (T, 3, h, w) of frames (T, H, 3 W), blurred and decimated."""
    h, w = frames.shape[1], frames.shape[2] // 3
    wide = np.empty(3 * w, np.float32)
    rows = np.zeros((3, w + 5), np.float32)
    even, odd = np.empty(out.shape[3] + 2, np.float32), np.empty(out.shape[3] + 1, np.float32)
    for t in range(out.shape[0]):
        x = frames[t]
        for r in range(start, stop):
            k = 2 * r
            a, b, d, e = mirror(k - 2, h), mirror(k - 1, h), mirror(k + 1, h), mirror(k + 2, h)
            five_row(x[a], x[b], x[k], x[d], x[e], wide)
            apart_row(wide, rows[0, 2 : w + 2], rows[1, 2 : w + 2], rows[2, 2 : w + 2])
            for c in range(3):
                margins(rows[c], w, 2)
                halved_row(rows[c], even, odd, out[t, c, r])


@kernel
def change_added(
    frames: Any,
    before: Any,
    sos: Any,
    registers: Any,
    coarse: Any,
    matrix: Any,
    top: Any,
    start: Any,
    stop: Any,
    out: Any,
) -> None:
    """Rows start to stop of frames (T, H, 3 W) with their change since the frame before, filtered, and coarse planes.

    The change goes through second-order sections with registers (n, 2, H, 3 W); the colours of both are mixed. The
    frame before, (H, 3 W), is brought up.
    """
    height, width = out.shape[1], out.shape[2] // 3
    row = np.empty(coarse.shape[3] + 2, np.float32)
    even, odd = np.empty(width - width // 2, np.float32), np.empty(width // 2, np.float32)
    parts, fine = np.empty((3, width), np.float32), np.empty((3, width), np.float32)
    wide = np.empty(3 * width, np.float32)
    for r in range(start, stop):
        for t in range(frames.shape[0]):
            change_row(frames[t, r], before[r] if t == 0 else frames[t - 1, r], wide)
            sections_row(wide, sos, registers, r)
            apart_row(wide, fine[0], fine[1], fine[2])
            for c in range(3):
                expanded_row(coarse[t, c], r, height, row, even, odd, parts[c])
                more_row(fine[c], parts[c])
            mixed_row(parts[0], parts[1], parts[2], matrix, wide)
            finished_row(frames[t, r], wide, top, out[t, r])
        before[r] = frames[-1, r]
