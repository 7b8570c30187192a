"""Images: pyramids and blur, row by row.

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
    """Binomial blur across five rows of any type."""
    for i in range(out.shape[0]):
        out[i] = (_f(a[i]) + _f(e[i]) + _f(4) * (_f(b[i]) + _f(d[i])) + _f(6) * _f(c[i])) * _f(1 / 16)


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
def onto_row(row: Any, weight: Any, out: Any) -> None:
    """A row with another by a weight, in the place of that."""
    for i in range(out.shape[0]):
        out[i] = row[i] + weight * out[i]


@kernel
def expand(x: Any, onto: Any, weight: Any, out: Any) -> None:
    """Images (n, h, w) with twice as many samples, by a weight onto others (n, H, W) unless those are no images."""
    height, width = out.shape[1], out.shape[2]
    row = np.empty(x.shape[2] + 2, np.float32)
    even, odd = np.empty(width - width // 2, np.float32), np.empty(width // 2, np.float32)
    for n in range(x.shape[0]):
        for r in range(height):
            expanded_row(x[n], r, height, row, even, odd, out[n, r])
            if onto.shape[0] > 0:
                onto_row(onto[n, r], weight, out[n, r])


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
