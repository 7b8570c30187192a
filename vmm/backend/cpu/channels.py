"""Kernels for frames of any type: split and mix their color channels, and add a change, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel
from vmm.backend.cpu.phase import difference_row, sections_row
from vmm.backend.cpu.pyramid import add_row, binomial_row, copy_row, decimate_row, expand_row, mirror, mirror_margins

_f = np.float32


@kernel
def weighted_sum(rows: Any, weights: Any, out: Any) -> None:
    """Weighted sum (n, w) of the channels of rows (n, 3 w), which hold the three channels of each pixel in sequence."""
    a, b, c = weights[0], weights[1], weights[2]
    for r in range(out.shape[0]):
        row, to = rows[r], out[r]
        for i in range(to.shape[0]):
            to[i] = a * _f(row[3 * i]) + b * _f(row[3 * i + 1]) + c * _f(row[3 * i + 2])


@kernel
def add_rounded_row(frames: Any, change: Any, top: Any, out: Any) -> None:
    """Add a change to a row, round it, and clip it to [0, top]."""
    for i in range(out.shape[0]):
        out[i] = min(max(np.rint(_f(frames[i]) + change[i]), _f(0)), top)


@kernel
def add_to_row(frames: Any, change: Any, top: Any, out: Any) -> None:
    """Add a change to a row; round and clip it unless top is infinite, as for floating-point frames."""
    if top < np.inf:
        add_rounded_row(frames, change, top, out)
    else:
        for i in range(out.shape[0]):
            out[i] = _f(frames[i]) + change[i]


@kernel
def repeat_row(row: Any, out: Any) -> None:
    """Repeat each sample three times."""
    for i in range(row.shape[0]):
        out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = row[i]


@kernel
def add_change(frames: Any, change: Any, top: Any, out: Any) -> None:
    """Add a change (n, w) or (n, w // 3) to rows (n, w), round them, and clip them to [0, top]."""
    wide = np.empty(out.shape[1], np.float32)
    for r in range(out.shape[0]):
        if change.shape[1] < out.shape[1]:
            repeat_row(change[r], wide)
            add_rounded_row(frames[r], wide, top, out[r])
        else:
            add_rounded_row(frames[r], change[r], top, out[r])


@kernel
def split_row(row: Any, a: Any, b: Any, c: Any) -> None:
    """Split a row of pixels with three channels into three rows."""
    for i in range(a.shape[0]):
        a[i], b[i], c[i] = _f(row[3 * i]), _f(row[3 * i + 1]), _f(row[3 * i + 2])


@kernel
def split_channels(rows: Any, start: Any, stop: Any, out: Any) -> None:
    """Split rows start to stop of pixels (n, 3 w) into planes (3, n, w)."""
    for r in range(start, stop):
        split_row(rows[r], out[0, r], out[1, r], out[2, r])


@kernel
def mix_row(a: Any, b: Any, c: Any, m: Any, out: Any) -> None:
    """Mix three rows with a matrix into a row of pixels with three channels."""
    for i in range(a.shape[0]):
        x, y, z = a[i], b[i], c[i]
        out[3 * i] = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z
        out[3 * i + 1] = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z
        out[3 * i + 2] = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z


@kernel
def add_planes(frame: Any, planes: Any, coarse: Any, matrix: Any, top: Any, start: Any, stop: Any, out: Any) -> None:
    """Add planes to rows start to stop of a frame (H, 3 W).

    The sum of `planes` (3, H, W), if there are any, and the expanded `coarse` planes is mixed by the matrix.
    """
    height, width = out.shape[0], out.shape[1] // 3
    row = np.empty(coarse.shape[2] + 2, np.float32)
    even, odd = np.empty(width - width // 2, np.float32), np.empty(width // 2, np.float32)
    parts, wide = np.empty((3, width), np.float32), np.empty(3 * width, np.float32)
    for r in range(start, stop):
        for c in range(3):
            expand_row(coarse[c], r, height, row, even, odd, parts[c])
            if planes.shape[0] > 0:
                add_row(planes[c, r], parts[c])
        mix_row(parts[0], parts[1], parts[2], matrix, wide)
        add_to_row(frame[r], wide, top, out[r])


@kernel
def split_and_reduce(frames: Any, start: Any, stop: Any, out: Any) -> None:
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
            binomial_row(x[a], x[b], x[k], x[d], x[e], wide)
            split_row(wide, rows[0, 2 : w + 2], rows[1, 2 : w + 2], rows[2, 2 : w + 2])
            for c in range(3):
                mirror_margins(rows[c], w, 2)
                decimate_row(rows[c], even, odd, out[t, c, r])


@kernel
def add_filtered_difference(
    frames: Any,
    previous: Any,
    sos: Any,
    state: Any,
    coarse: Any,
    matrix: Any,
    top: Any,
    start: Any,
    stop: Any,
    out: Any,
) -> None:
    """Add the filtered difference between frames and the expanded coarse planes to rows start to stop of frames.

    The difference since the previous frame is filtered by second-order sections with the state (n, 2, H, 3 W), and the
    sum is mixed by the matrix. The frames are (T, H, 3 W); the previous frame `previous` (H, 3 W) is updated in place.
    """
    height, width = out.shape[1], out.shape[2] // 3
    row = np.empty(coarse.shape[3] + 2, np.float32)
    even, odd = np.empty(width - width // 2, np.float32), np.empty(width // 2, np.float32)
    parts, fine = np.empty((3, width), np.float32), np.empty((3, width), np.float32)
    wide = np.empty(3 * width, np.float32)
    for r in range(start, stop):
        for t in range(frames.shape[0]):
            difference_row(frames[t, r], previous[r] if t == 0 else frames[t - 1, r], wide)
            sections_row(wide, sos, state, r)
            split_row(wide, fine[0], fine[1], fine[2])
            for c in range(3):
                expand_row(coarse[t, c], r, height, row, even, odd, parts[c])
                add_row(fine[c], parts[c])
            mix_row(parts[0], parts[1], parts[2], matrix, wide)
            add_to_row(frames[t, r], wide, top, out[t, r])
        copy_row(frames[-1, r], previous[r])
