"""Kernels of displacement in the levels of a pyramid: cubic splines of the displaced level.

A row is cut into segments in which the displacement, rounded down, takes at most two successive values along each axis.
The points of a segment then lie among the same 5x5 samples around each pixel, so that one loop over the columns, which
the processor vectorizes, computes them from contiguous rows. The weights are computed once for all planes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import filled_by_rows, kernel, single
from vmm.backend.cpu.levels import blur_across, blur_along, ring_taps, unrolled_taps
from vmm.backend.cpu.pyramid import copy_row, mirror, mirror_margins
from vmm.backend.taps import spline_prefilter
from vmm.backend.threads import by_rows

_f = np.float32

_TAPS = 5
"""Samples along each axis of a segment: the 4 of a cubic spline, at two successive positions."""

_MIN_SEGMENT = 32
"""Number of columns below which samples are computed one by one, because loops over few columns are slow to start."""


@kernel
def spline_rows(images: Any, taps: Any, reach: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the coefficients of cubic splines through images (n, h, w)."""
    h, w = images.shape[1:]
    padded = np.zeros(w + taps.shape[0] - 1, np.float32)
    ring, weights = np.zeros((taps.shape[0], w), np.float32), np.empty(taps.shape[0], np.float32)
    for n in range(images.shape[0]):
        row = start
        for j in range(max(start - reach, 0), min(stop + reach, h)):
            copy_row(images[n, j], padded[reach:])
            mirror_margins(padded, w, reach)
            blur_along(padded, taps, ring[j % taps.shape[0]])
            while row < stop and j >= min(row + reach, h - 1):
                ring_taps(row, h, taps, reach, weights)
                blur_across(ring, weights, out[n, row])
                row += 1


@kernel
def doubled_row(near: Any, far: Any, mixed: Any, n: Any, out: Any) -> None:
    """A row of full size between two rows of half size, by linear interpolation with repeated ends."""
    m = near.shape[0]
    for i in range(m):
        mixed[i + 1] = _f(0.75) * near[i] + _f(0.25) * far[i]
    mixed[0], mixed[m + 1] = mixed[1], mixed[m]
    for i in range(n // 2):
        out[2 * i] = _f(0.25) * mixed[i] + _f(0.75) * mixed[i + 1]
        out[2 * i + 1] = _f(0.75) * mixed[i + 1] + _f(0.25) * mixed[i + 2]
    if n % 2:
        out[n - 1] = _f(0.25) * mixed[n // 2] + _f(0.75) * mixed[n // 2 + 1]


@kernel
def multiply_row(alpha: Any, down: Any, right: Any) -> None:
    """Multiply a displacement by alpha, which has one value or as many as the row."""
    if alpha.shape[0] == 1:
        for i in range(down.shape[0]):
            down[i], right[i] = alpha[0] * down[i], alpha[0] * right[i]
    else:
        for i in range(down.shape[0]):
            down[i], right[i] = alpha[i] * down[i], alpha[i] * right[i]


@kernel
def source_row(per_limit: Any, down: Any, right: Any, rows: Any, cols: Any) -> None:
    """Replace a displacement by the fractions of the row and column of its source, after the fade beyond the limit.

    `rows` and `cols` receive the whole parts, relative to the pixel.
    """
    for i in range(down.shape[0]):
        square = (down[i] * down[i] + right[i] * right[i]) * per_limit * per_limit
        by = _f(-1) / (_f(1) + square * square)
        y, x = by * down[i], by * right[i]
        row, col = _f(np.int32(y)), _f(np.int32(x))
        row, col = row - _f(y < row), col - _f(x < col)  # np.floor is not vectorized
        rows[i], cols[i], down[i], right[i] = row, col, y - row, x - col


@kernel
def segment_end(rows: Any, cols: Any, start: Any) -> Any:
    """End of the segment that begins at a column, and its first row and column relative to the pixel."""
    y, x = rows[start], cols[start]
    low_y, high_y, low_x, high_x = y, y, x, x
    i = start + 1
    while i < rows.shape[0]:
        if rows[i] != y or cols[i] != x:
            y, x = rows[i], cols[i]
            if max(high_y, y) - min(low_y, y) > 1 or max(high_x, x) - min(low_x, x) > 1:
                break
            low_y, high_y, low_x, high_x = min(low_y, y), max(high_y, y), min(low_x, x), max(high_x, x)
        i += 1
    return i, low_y, low_x


@kernel
def tap_weights(position: Any, whole: Any, low: Any, out: Any) -> None:
    """Weights (5, n) of a cubic B-spline for the samples from low - 1 to low + 3, at positions whole + position."""
    n = position.shape[0]
    p, q, r, u, v = out[0][:n], out[1][:n], out[2][:n], out[3][:n], out[4][:n]
    for i in range(n):
        t = position[i]
        s = _f(1) - t
        w0, w3 = s * s * s * _f(1 / 6), t * t * t * _f(1 / 6)
        w1, w2 = _f(2 / 3) - t * t * (_f(1) + s) * _f(0.5), _f(2 / 3) - s * s * (_f(1) + t) * _f(0.5)
        later = whole[i] - low
        earlier = _f(1) - later
        p[i] = earlier * w0
        q[i] = earlier * w1 + later * w0
        r[i] = earlier * w2 + later * w1
        u[i] = earlier * w3 + later * w2
        v[i] = later * w3


@kernel
def add_samples(row: Any, weight: Any, wx: Any, keep: Any, out: Any) -> None:
    """Add a weight times weighted sums (n,) of 5 successive samples of a row (n + 4,) to `keep` times the output."""
    n = out.shape[0]
    a, b, c, d, e = wx[0][:n], wx[1][:n], wx[2][:n], wx[3][:n], wx[4][:n]
    for i in range(n):
        total = a[i] * row[i] + b[i] * row[i + 1] + c[i] * row[i + 2] + d[i] * row[i + 3] + e[i] * row[i + 4]
        out[i] = keep * out[i] + weight[i] * total


@kernel
def spline_taps(t: Any) -> Any:
    """Weights of a cubic B-spline for the four samples around a point at t after the second."""
    s = _f(1) - t
    second, third = _f(2 / 3) - t * t * (_f(1) + s) * _f(0.5), _f(2 / 3) - s * s * (_f(1) + t) * _f(0.5)
    return s * s * s * _f(1 / 6), second, third, t * t * t * _f(1 / 6)


@kernel
def four_samples(row: Any, j: Any, weights: Any) -> Any:
    """Weighted sum of the samples from j - 1 to j + 2 of a row."""
    a, b, c, d = weights
    return a * row[j - 1] + b * row[j] + c * row[j + 1] + d * row[j + 2]


@kernel
def mirrored_samples(image: Any, i: Any, j: Any, weights: Any) -> Any:
    """Weighted sum of the samples from j - 1 to j + 2 of row i of a mirrored image."""
    (h, w), (a, b, c, d) = image.shape, weights
    row = image[mirror(i, h)]
    total = a * row[mirror(j - 1, w)] + b * row[mirror(j, w)]
    return total + c * row[mirror(j + 1, w)] + d * row[mirror(j + 2, w)]


@kernel
def single_samples(planes: Any, r: Any, start: Any, stop: Any, source: Any, whole: Any, out: Any) -> None:
    """Columns start to stop of row r of planes (n, h, w), one sample at a time; beyond the border they are mirrored."""
    h, w = planes.shape[1:]
    for c in range(start, stop):
        i, j = r + int(whole[0, c]), c + int(whole[1, c])
        a, b, d, e = spline_taps(source[0, c])
        wx = spline_taps(source[1, c])
        for n in range(planes.shape[0]):
            image = planes[n]
            if i >= 1 and j >= 1 and i < h - 2 and j < w - 2:
                total = a * four_samples(image[i - 1], j, wx) + b * four_samples(image[i], j, wx)
                total += d * four_samples(image[i + 1], j, wx) + e * four_samples(image[i + 2], j, wx)
            else:
                total = a * mirrored_samples(image, i - 1, j, wx) + b * mirrored_samples(image, i, j, wx)
                total += d * mirrored_samples(image, i + 1, j, wx) + e * mirrored_samples(image, i + 2, j, wx)
            out[n, r, c] = total


@kernel
def segment(planes: Any, r: Any, y: Any, x: Any, start: Any, stop: Any, wy: Any, wx: Any, out: Any) -> None:
    """Columns start to stop of row r of planes (n, h, w), from 5x5 samples that begin at row y and column start + x."""
    size = stop - start
    for n in range(planes.shape[0]):
        for p in range(_TAPS):
            row = planes[n, mirror(y + p, planes.shape[1])]
            inside = row[start + x : stop + x + _TAPS - 1]
            add_samples(inside, wy[p][:size], wx, _f(p > 0), out[n, r][start:stop])


@kernel
def displaced_row(planes: Any, r: Any, source: Any, whole: Any, wy: Any, wx: Any, out: Any) -> None:
    """Row r of planes (n, h, w), from the positions of its sources."""
    w = planes.shape[2]
    start = np.int64(0)  # not a constant, for which Numba would compile the functions below once more
    while start < w:
        stop, low_y, low_x = segment_end(whole[0], whole[1], start)
        y, x = int(low_y), int(low_x)
        first, last = max(start, 1 - x), min(stop, w - 3 - x)
        if last - first < _MIN_SEGMENT:
            first = last = start
            stop = min(max(stop, start + 2 * _MIN_SEGMENT), w)  # the next segments are probably short, too
        else:
            inside = slice(first, last)
            tap_weights(source[0][inside], whole[0][inside], low_y, wy)
            tap_weights(source[1][inside], whole[1][inside], low_x, wx)
            segment(planes, r, r + y - 1, x - 1, first, last, wy, wx, out)
        single_samples(planes, r, start, first, source, whole, out)
        single_samples(planes, r, last, stop, source, whole, out)
        start = stop


@kernel
def finish_row(values: Any, part: Any, down: Any, right: Any, rows: Any, cols: Any, out: Any) -> None:
    """Give the samples of a row whose displacement is 0 their exact values, and subtract `part` of the values."""
    for i in range(out.shape[0]):
        value, result = values[i], out[i]
        moves = down[i] + right[i] + (abs(rows[i]) + abs(cols[i]))
        out[i] = (result if moves > _f(0) else value) - part * value


@kernel
def displaced_rows(
    planes: Any, splines: Any, displacement: Any, alpha: Any, per_limit: Any, part: Any, start: Any, stop: Any, out: Any
) -> None:
    """Rows start to stop of planes (T, n, h, w) displaced by alpha times the displacement (T, 2, h', w').

    A part of the planes is subtracted.
    """
    w, half = planes.shape[3], displacement.shape[2]
    mixed = np.empty(displacement.shape[3] + 2, np.float32)
    source, whole = np.empty((2, w), np.float32), np.empty((2, w), np.float32)
    wy, wx = np.empty((_TAPS, w), np.float32), np.empty((_TAPS, w), np.float32)
    for t in range(planes.shape[0]):
        for r in range(start, stop):
            near = r // 2
            far = min(max(near - 1 if r % 2 == 0 else near + 1, 0), half - 1)
            for k in range(2):
                doubled_row(displacement[t, k, near], displacement[t, k, far], mixed, w, source[k])
            multiply_row(alpha[r % alpha.shape[0]], source[0], source[1])
            source_row(per_limit, source[0], source[1], whole[0], whole[1])
            displaced_row(splines[t], r, source, whole, wy, wx, out[t])
            for k in range(planes.shape[1]):
                finish_row(planes[t, k, r], part, source[0], source[1], whole[0], whole[1], out[t, k, r])


def spline_coefs(images: np.ndarray) -> np.ndarray:
    """Coefficients of cubic splines through images."""
    stack = single(images).reshape(-1, *images.shape[-2:])
    return filled_by_rows(spline_rows, stack.shape, stack, *unrolled_taps(spline_prefilter())).reshape(images.shape)


def displaced_level(images: np.ndarray, displacement: np.ndarray, alpha: Any, limit: float) -> np.ndarray:
    """Images displaced by alpha times a displacement that fades out beyond a limit."""
    return _displaced(images, displacement, alpha, limit, 0)


def displaced_level_change(images: np.ndarray, displacement: np.ndarray, alpha: Any, limit: float) -> np.ndarray:
    """The difference that ``displaced_level`` makes."""
    return _displaced(images, displacement, alpha, limit, 1)


def _displaced(images: np.ndarray, displacement: np.ndarray, alpha: Any, limit: float, part: float) -> np.ndarray:
    """Displaced images, from which a part of the images is subtracted."""
    h, w = images.shape[-2:]
    planes = single(images).reshape(len(images), -1, h, w)
    out, splines = np.zeros_like(planes), spline_coefs(planes)
    common = planes, splines, single(displacement), single(np.atleast_2d(alpha)), _f(1 / limit), _f(part)
    by_rows(lambda start, stop: displaced_rows(*common, start, stop, out), h)
    return out.reshape(images.shape)
