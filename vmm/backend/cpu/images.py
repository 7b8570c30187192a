"""Images: pyramids, blur, colours, and boxes of spectra, row by row.

Rows are mirrored at the border: sample -1 is sample 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel

_f = np.float32


@kernel
def mirror(i: Any, n: Any) -> Any:
    """Index of the sample that stands at i."""
    if 0 <= i < n:
        return i
    if n == 1:
        return 0
    period = 2 * n - 2
    i = i % period
    return i if i < n else period - i


@kernel
def margins(row: Any, w: Any, radius: Any) -> None:
    """Mirror the w samples of a row that start at radius to both sides."""
    for k in range(1, radius + 1):
        row[radius - k] = row[radius + mirror(k, w)]
        row[radius + w - 1 + k] = row[radius + mirror(w - 1 + k, w)]


@kernel
def five_row(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any) -> None:
    """Binomial blur across five rows."""
    for i in range(out.shape[0]):
        out[i] = (a[i] + e[i] + _f(4) * (b[i] + d[i]) + _f(6) * c[i]) * _f(1 / 16)


@kernel
def halved_row(row: Any, even: Any, odd: Any, out: Any) -> None:
    """Every second sample of the binomial blur of a row with margins of 2, by scratch rows."""
    n = out.shape[0]
    for i in range(n + 1):
        even[i], odd[i] = row[2 * i], row[2 * i + 1]
    even[n + 1] = row[2 * n + 2]
    for i in range(n):
        out[i] = (even[i] + even[i + 2] + _f(4) * (odd[i] + odd[i + 1]) + _f(6) * even[i + 1]) * _f(1 / 16)


@kernel
def reduce(x: Any, out: Any) -> None:
    """Every second sample of the binomial blur of images (n, h, w)."""
    h, w = x.shape[1], x.shape[2]
    row = np.zeros(w + 5, np.float32)
    even, odd = np.empty(out.shape[2] + 2, np.float32), np.empty(out.shape[2] + 1, np.float32)
    for n in range(x.shape[0]):
        for r in range(out.shape[1]):
            k = 2 * r
            a, b, d, e = mirror(k - 2, h), mirror(k - 1, h), mirror(k + 1, h), mirror(k + 2, h)
            five_row(x[n, a], x[n, b], x[n, k], x[n, d], x[n, e], row[2 : w + 2])
            margins(row, w, 2)
            halved_row(row, even, odd, out[n, r])


@kernel
def even_row(a: Any, b: Any, c: Any, out: Any) -> None:
    """A row where samples stand, between its neighbours."""
    for i in range(a.shape[0]):
        out[i] = (a[i] + c[i] + _f(6) * b[i]) * _f(1 / 8)


@kernel
def odd_row(a: Any, b: Any, out: Any) -> None:
    """A row between samples."""
    for i in range(a.shape[0]):
        out[i] = (a[i] + b[i]) * _f(1 / 2)


@kernel
def doubled_row(row: Any, even: Any, odd: Any) -> None:
    """Samples of a row with margins of 1, blurred, and those between them."""
    for i in range(even.shape[0]):
        even[i] = (row[i] + row[i + 2] + _f(6) * row[i + 1]) * _f(1 / 8)
    for i in range(odd.shape[0]):
        odd[i] = (row[i + 1] + row[i + 2]) * _f(1 / 2)


@kernel
def woven_row(even: Any, odd: Any, out: Any) -> None:
    """Even and odd samples in turn."""
    for i in range(odd.shape[0]):
        out[2 * i], out[2 * i + 1] = even[i], odd[i]
    if even.shape[0] > odd.shape[0]:
        out[2 * odd.shape[0]] = even[odd.shape[0]]


@kernel
def more_row(row: Any, out: Any) -> None:
    """A row added to another."""
    for i in range(out.shape[0]):
        out[i] += row[i]


@kernel
def expanded_row(x: Any, r: Any, height: Any, row: Any, even: Any, odd: Any, out: Any) -> None:
    """Row r of an image with twice as many samples, by scratch rows."""
    w, width = x.shape[1], out.shape[0]
    k = r // 2
    after = mirror(2 * k + 2, height) // 2
    if r % 2 == 0:
        even_row(x[mirror(2 * k - 2, height) // 2], x[k], x[after], row[1 : w + 1])
    else:
        odd_row(x[k], x[after], row[1 : w + 1])
    row[0] = row[1 + mirror(-2, width) // 2]
    row[w + 1] = row[1 + mirror(2 * w, width) // 2]
    doubled_row(row, even, odd)
    woven_row(even, odd, out)


@kernel
def expand(x: Any, onto: Any, out: Any) -> None:
    """Images (n, h, w) with twice as many samples, added to others (n, H, W) unless those are no images."""
    height, width = out.shape[1], out.shape[2]
    row = np.empty(x.shape[2] + 2, np.float32)
    even, odd = np.empty(width - width // 2, np.float32), np.empty(width // 2, np.float32)
    for n in range(x.shape[0]):
        for r in range(height):
            expanded_row(x[n], r, height, row, even, odd, out[n, r])
            if onto.shape[0] > 0:
                more_row(onto[n, r], out[n, r])


@kernel
def paired_row(a: Any, b: Any, weight: Any, out: Any) -> None:
    """Two rows of equal weight added to a total."""
    for i in range(out.shape[0]):
        out[i] += weight * (a[i] + b[i])


@kernel
def paired_rows(a: Any, b: Any, u: Any, c: Any, d: Any, v: Any, e: Any, f: Any, w: Any, out: Any) -> None:
    """Three pairs of rows, each of equal weight, added to a total."""
    for i in range(out.shape[0]):
        out[i] += u * (a[i] + b[i]) + v * (c[i] + d[i]) + w * (e[i] + f[i])


@kernel
def blurred_row(row: Any, taps: Any, out: Any) -> None:
    """A row with margins, by symmetric taps, the centre first."""
    n, m = out.shape[0], taps.shape[0] - 1
    for i in range(n):
        out[i] = taps[0] * row[i + m]
    k = 1
    while k + 2 <= m:
        a, b, c = row[m - k : m - k + n], row[m - k - 1 : m - k - 1 + n], row[m - k - 2 : m - k - 2 + n]
        d, e, f = row[m + k : m + k + n], row[m + k + 1 : m + k + 1 + n], row[m + k + 2 : m + k + 2 + n]
        paired_rows(a, d, taps[k], b, e, taps[k + 1], c, f, taps[k + 2], out)
        k += 3
    while k <= m:
        paired_row(row[m - k : m - k + n], row[m + k : m + k + n], taps[k], out)
        k += 1


@kernel
def blur(x: Any, down: Any, right: Any, out: Any) -> None:
    """Images (n, h, w) blurred by symmetric taps along both axes."""
    h, w = x.shape[1], x.shape[2]
    radius = right.shape[0] - 1
    row = np.empty(w + 2 * radius, np.float32)
    across = np.empty((h, w), np.float32)
    for n in range(x.shape[0]):
        for r in range(h):
            row[radius : radius + w] = x[n, r]
            margins(row, w, radius)
            blurred_row(row, right, across[r])
        for r in range(h):
            for i in range(w):
                out[n, r, i] = down[0] * across[r, i]
            for k in range(1, down.shape[0]):
                paired_row(across[mirror(r - k, h)], across[mirror(r + k, h)], down[k], out[n, r])


@kernel
def taken_row(row: Any, weights: Any, gain: Any, out: Any) -> None:
    """A row of a spectrum, weighted."""
    for i in range(weights.shape[0]):
        out[i] = row[i] * (gain * weights[i])


@kernel
def opposite_row(row: Any, weights: Any, gain: Any, out: Any) -> None:
    """The conjugate of a row from its end, weighted."""
    n = weights.shape[0]
    for i in range(n):
        out[i] = row[n - 1 - i].conjugate() * (gain * weights[i])


@kernel
def take(half: Any, weights: Any, gain: Any, top: Any, left: Any, out: Any) -> None:
    """A weighted box of spectra (T, H, W // 2 + 1), zeros after it up to the size of out."""
    m, n = weights.shape
    height = half.shape[1]
    across = min(max(-left, 0), n)  # columns left of 0
    for r in range(m):
        w = weights[r]
        for t in range(out.shape[0]):
            to = out[t, r]
            if across > 0:
                row = half[t, (-top - r) % height]
                opposite_row(row[1 - left - across : 1 - left], w[:across], gain, to[:across])
            if across < n:
                row = half[t, (top + r) % height]
                taken_row(row[left + across : left + n], w[across:], gain, to[across:n])
            to[n:] = 0
    out[:, m:] = 0


@kernel
def put_row(total: Any, row: Any, weights: Any, gain: Any) -> None:
    """A weighted row added to a spectrum."""
    for i in range(weights.shape[0]):
        total[i] += row[i] * (gain * weights[i])


@kernel
def put_opposite_row(total: Any, row: Any, weights: Any, gain: Any) -> None:
    """The conjugate of a weighted row added to a spectrum from its end."""
    n = weights.shape[0]
    for i in range(n):
        total[n - 1 - i] += row[i].conjugate() * (gain * weights[i])


@kernel
def put(half: Any, box: Any, weights: Any, gain: Any, top: Any, left: Any) -> None:
    """What belongs into a box, weighted, added in place; column 0 holds its own opposite."""
    m, n = weights.shape
    height = half.shape[1]
    across = min(max(-left, 0), n)  # columns left of 0
    below = min(max(1 - left, 0), n)  # and with it
    for r in range(m):
        w = weights[r]
        for t in range(box.shape[0]):
            row = box[t, r]
            if below > 0:
                to = half[t, (-top - r) % height]
                put_opposite_row(to[1 - left - below : 1 - left], row[:below], w[:below], gain)
            if across < n:
                to = half[t, (top + r) % height]
                put_row(to[left + across : left + n], row[across:n], w[across:], gain)


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
        if top < np.inf:
            rounded_row(frame[r], wide, top, out[r])
        else:
            more_row(frame[r], wide)
            out[r] = wide
