"""Kernels of image pyramids and blur, row by row.

Images are mirrored at the border: sample -1 equals sample 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import kernel

_f = np.float32

LANE = 1024
"""Values in a row of images that are blurred side by side: short rows take longer to call than to blur, and long ones
do not fit into the fastest cache together with their neighbors."""


@kernel
def mirror(i: Any, n: Any) -> Any:
    """Index of the sample that replaces sample i at a mirrored border."""
    i, period = abs(i), 2 * n - 2
    if i < n:
        return i
    if i > period:  # a division takes longer than all else
        i = i % period if n > 1 else 0
    return min(i, period - i)


@kernel
def mirror_margins(row: Any, w: Any, radius: Any) -> None:
    """Fill the margins of a row, whose w samples begin at index radius, with the mirrored samples."""
    for k in range(1, radius + 1):
        row[radius - k] = row[radius + mirror(k, w)]
        row[radius + w - 1 + k] = row[radius + mirror(w - 1 + k, w)]


@kernel
def copy_row(row: Any, out: Any) -> None:
    """Copy a row. Numba takes some seconds to compile an assignment to a slice, for the text of its error."""
    for i in range(row.shape[0]):
        out[i] = row[i]


@kernel
def binomial_row(a: Any, b: Any, c: Any, d: Any, e: Any, out: Any) -> None:
    """Binomial blur across five rows of any type."""
    for i in range(out.shape[0]):
        out[i] = (_f(a[i]) + _f(e[i]) + _f(4) * (_f(b[i]) + _f(d[i])) + _f(6) * _f(c[i])) * _f(1 / 16)


@kernel
def decimate_row(row: Any, even: Any, odd: Any, out: Any) -> None:
    """Every second sample of the binomial blur of a row with margins of 2; even and odd are scratch memory."""
    n = out.shape[0]
    for i in range(n + 1):
        even[i], odd[i] = row[2 * i], row[2 * i + 1]
    even[n + 1] = row[2 * n + 2]
    for i in range(n):
        out[i] = (even[i] + even[i + 2] + _f(4) * (odd[i] + odd[i + 1]) + _f(6) * even[i + 1]) * _f(1 / 16)


@kernel
def reduce(x: Any, out: Any) -> None:
    """Every second sample of the binomial blur of images (n, h, w), in both directions."""
    h, w = x.shape[1], x.shape[2]
    row = np.zeros(w + 5, np.float32)
    even, odd = np.empty(out.shape[2] + 2, np.float32), np.empty(out.shape[2] + 1, np.float32)
    for n in range(x.shape[0]):
        for r in range(out.shape[1]):
            k = 2 * r
            a, b, d, e = mirror(k - 2, h), mirror(k - 1, h), mirror(k + 1, h), mirror(k + 2, h)
            binomial_row(x[n, a], x[n, b], x[n, k], x[n, d], x[n, e], row[2 : w + 2])
            mirror_margins(row, w, 2)
            decimate_row(row, even, odd, out[n, r])


@kernel
def even_row(a: Any, b: Any, c: Any, out: Any) -> None:
    """Interpolated row at the position of an input row, from it and its neighbors."""
    for i in range(a.shape[0]):
        out[i] = (a[i] + c[i] + _f(6) * b[i]) * _f(1 / 8)


@kernel
def odd_row(a: Any, b: Any, out: Any) -> None:
    """Interpolated row halfway between two input rows."""
    for i in range(a.shape[0]):
        out[i] = (a[i] + b[i]) * _f(1 / 2)


@kernel
def upsample_row(row: Any, even: Any, odd: Any) -> None:
    """Even and odd samples of a row with margins of 1, interpolated to twice as many samples."""
    for i in range(even.shape[0]):
        even[i] = (row[i] + row[i + 2] + _f(6) * row[i + 1]) * _f(1 / 8)
    for i in range(odd.shape[0]):
        odd[i] = (row[i + 1] + row[i + 2]) * _f(1 / 2)


@kernel
def interleave_row(even: Any, odd: Any, out: Any) -> None:
    """A row of alternating even and odd samples."""
    for i in range(odd.shape[0]):
        out[2 * i], out[2 * i + 1] = even[i], odd[i]
    if even.shape[0] > odd.shape[0]:
        out[2 * odd.shape[0]] = even[odd.shape[0]]


@kernel
def add_row(row: Any, out: Any) -> None:
    """Add a row to another."""
    for i in range(out.shape[0]):
        out[i] += row[i]


@kernel
def expand_row(x: Any, r: Any, height: Any, row: Any, even: Any, odd: Any, out: Any) -> None:
    """Row r of an image with twice as many samples; row, even and odd are scratch memory."""
    w, width = x.shape[1], out.shape[0]
    k = r // 2
    after = mirror(2 * k + 2, height) // 2
    if r % 2 == 0:
        even_row(x[mirror(2 * k - 2, height) // 2], x[k], x[after], row[1 : w + 1])
    else:
        odd_row(x[k], x[after], row[1 : w + 1])
    row[0] = row[1 + mirror(-2, width) // 2]
    row[w + 1] = row[1 + mirror(2 * w, width) // 2]
    upsample_row(row, even, odd)
    interleave_row(even, odd, out)


@kernel
def scale_and_add_row(row: Any, weight: Any, out: Any) -> None:
    """Multiply a row by a weight in place, and add another row."""
    for i in range(out.shape[0]):
        out[i] = row[i] + weight * out[i]


@kernel
def expand(x: Any, onto: Any, weight: Any, out: Any) -> None:
    """Expand images (n, h, w) to twice as many samples; unless `onto` is empty, add weight times the result to it."""
    height, width = out.shape[1], out.shape[2]
    row = np.empty(x.shape[2] + 2, np.float32)
    even, odd = np.empty(width - width // 2, np.float32), np.empty(width // 2, np.float32)
    for n in range(x.shape[0]):
        for r in range(height):
            expand_row(x[n], r, height, row, even, odd, out[n, r])
            if onto.shape[0] > 0:
                scale_and_add_row(onto[n, r], weight, out[n, r])


@kernel
def scaled_row(row: Any, weight: Any, out: Any) -> None:
    """A row times a weight."""
    for i in range(out.shape[0]):
        out[i] = weight * row[i]


@kernel
def add_pair_rows(a: Any, b: Any, u: Any, c: Any, d: Any, v: Any, e: Any, f: Any, w: Any, out: Any) -> None:
    """Add three pairs of rows, the rows of each pair with equal weight, to a total."""
    for i in range(out.shape[0]):
        out[i] += u * (a[i] + b[i]) + v * (c[i] + d[i]) + w * (e[i] + f[i])


@kernel
def blur_row(row: Any, taps: Any, out: Any) -> None:
    """Blur a row with margins by symmetric taps, of which the center is the first; the number of pairs is 3, 6, ..."""
    n, m = out.shape[0], taps.shape[0] - 1
    scaled_row(row[m : m + n], taps[0], out)
    for k in range(1, m, 3):
        a, b, c = row[m - k : m - k + n], row[m - k - 1 : m - k - 1 + n], row[m - k - 2 : m - k - 2 + n]
        d, e, f = row[m + k : m + k + n], row[m + k + 1 : m + k + 1 + n], row[m + k + 2 : m + k + 2 + n]
        add_pair_rows(a, d, taps[k], b, e, taps[k + 1], c, f, taps[k + 2], out)


@kernel
def blur_across_rows(ring: Any, r: Any, height: Any, taps: Any, out: Any) -> None:
    """Row r of the blur across the rows of an image, of which the ring (n, w) holds row i at index i % n."""
    n = ring.shape[0]
    scaled_row(ring[r % n], taps[0], out)
    for k in range(1, taps.shape[0] - 1, 3):
        a, d = ring[mirror(r - k, height) % n], ring[mirror(r + k, height) % n]
        b, e = ring[mirror(r - k - 1, height) % n], ring[mirror(r + k + 1, height) % n]
        c, f = ring[mirror(r - k - 2, height) % n], ring[mirror(r + k + 2, height) % n]
        add_pair_rows(a, d, taps[k], b, e, taps[k + 1], c, f, taps[k + 2], out)


@kernel
def blur(x: Any, down: Any, right: Any, out: Any) -> None:
    """Blur images (n, h, w) by symmetric taps in both directions."""
    h, w = x.shape[1], x.shape[2]
    radius, reach = right.shape[0] - 1, down.shape[0] - 1
    span = w + 2 * radius
    side_by_side = min(x.shape[0], max(1, LANE // span))
    row = np.zeros(side_by_side * span, np.float32)
    ring = np.zeros((min(h, 2 * reach + 1), row.shape[0] - 2 * radius), np.float32)
    sums = np.empty(ring.shape[1], np.float32)
    for first in range(0, x.shape[0], side_by_side):
        count = min(side_by_side, x.shape[0] - first)
        for i in range(h + reach):
            if i < h:
                for n in range(count):
                    copy_row(x[first + n, i], row[n * span + radius :])
                    mirror_margins(row[n * span :], w, radius)
                blur_row(row, right, ring[i % ring.shape[0]])
            if i >= reach:
                blur_across_rows(ring, i - reach, h, down, sums)
                for n in range(count):
                    copy_row(sums[n * span : n * span + w], out[first + n, i - reach])


@kernel
def product_row(a: Any, b: Any, out: Any) -> None:
    """Product of two rows."""
    for i in range(out.shape[0]):
        out[i] = a[i] * b[i]


@kernel
def quotient_row(a: Any, b: Any, out: Any) -> None:
    """A row divided by another, and 0 where the divisor is 0."""
    for i in range(out.shape[0]):
        out[i] = a[i] / b[i] if b[i] != 0 else _f(0)


@kernel
def weighted_blur(x: Any, weight: Any, down: Any, right: Any, out: Any) -> None:
    """Blur images (n, h, w) times a weight by symmetric taps, and divide the result by the blur of the weight."""
    h, w = x.shape[1], x.shape[2]
    radius, reach = right.shape[0] - 1, down.shape[0] - 1
    span = w + 2 * radius  # the product and the weight of an image each take this part of a row
    side_by_side = min(x.shape[0], max(1, LANE // (2 * span)))
    row = np.zeros(2 * side_by_side * span, np.float32)
    ring = np.zeros((min(h, 2 * reach + 1), row.shape[0] - 2 * radius), np.float32)
    sums = np.empty(ring.shape[1], np.float32)
    for first in range(0, x.shape[0], side_by_side):
        count = min(side_by_side, x.shape[0] - first)
        for i in range(h + reach):
            if i < h:
                for n in range(count):
                    a, b = 2 * n * span, (2 * n + 1) * span
                    product_row(x[first + n, i], weight[first + n, i], row[a + radius : a + radius + w])
                    copy_row(weight[first + n, i], row[b + radius :])
                    mirror_margins(row[a:], w, radius)
                    mirror_margins(row[b:], w, radius)
                blur_row(row, right, ring[i % ring.shape[0]])
            if i >= reach:
                blur_across_rows(ring, i - reach, h, down, sums)
                for n in range(count):
                    a, b = 2 * n * span, (2 * n + 1) * span
                    quotient_row(sums[a : a + w], sums[b : b + w], out[first + n, i - reach])
