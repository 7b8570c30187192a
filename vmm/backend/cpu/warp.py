"""Kernels of displacement fields: interpolation, trajectories, averages over similar motion, and forward warps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.cpu.compiling import filled_by_rows, kernel, single
from vmm.backend.cpu.pyramid import mirror

_f = np.float32


@kernel
def bilinear_at(image: Any, y: Any, x: Any) -> Any:
    """Value of an image at a point, by bilinear interpolation; the edges are repeated."""
    h, w = image.shape
    y, x = min(max(y, _f(0)), _f(h - 1)), min(max(x, _f(0)), _f(w - 1))
    i, j = min(int(y), h - 2), min(int(x), w - 2)
    p, q = y - _f(i), x - _f(j)
    upper = image[i, j] + q * (image[i, j + 1] - image[i, j])
    lower = image[i + 1, j] + q * (image[i + 1, j + 1] - image[i + 1, j])
    return upper + p * (lower - upper)


@kernel
def bilinear_rows(fields: Any, points: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the fields (C, h, w) at points (2, H, W), by bilinear interpolation."""
    for r in range(start, stop):
        for c in range(out.shape[2]):
            y, x = points[0, r, c], points[1, r, c]
            for n in range(fields.shape[0]):
                out[n, r, c] = bilinear_at(fields[n], y, x)


@kernel
def spline_weights(t: Any, out: Any) -> None:
    """Weights of a cubic B-spline for the four samples around a point at distance t from the second of them."""
    s = _f(1) - t
    out[0] = s * s * s * _f(1 / 6)
    out[1] = _f(2 / 3) - t * t * (_f(1) - _f(0.5) * t)
    out[2] = _f(2 / 3) - s * s * (_f(1) - _f(0.5) * s)
    out[3] = t * t * t * _f(1 / 6)


@kernel
def spline_at(image: Any, i: Any, j: Any, down: Any, right: Any) -> Any:
    """Weighted sum of 4 x 4 samples around a point, of which the second in each direction is (i, j)."""
    h, w = image.shape
    value = _f(0)
    if i >= 1 and j >= 1 and i < h - 2 and j < w - 2:
        for m in range(4):
            row = image[i - 1 + m]
            across = right[0] * row[j - 1] + right[1] * row[j]
            value += down[m] * (across + right[2] * row[j + 1] + right[3] * row[j + 2])
        return value
    first, second, third, fourth = mirror(j - 1, w), mirror(j, w), mirror(j + 1, w), mirror(j + 2, w)
    for m in range(4):
        row = image[mirror(i - 1 + m, h)]
        across = right[0] * row[first] + right[1] * row[second]
        value += down[m] * (across + right[2] * row[third] + right[3] * row[fourth])
    return value


@kernel
def bicubic_rows(splines: Any, points: Any, start: Any, stop: Any, out: Any) -> None:
    """Rows start to stop of the splines (C, h, w) at points (2, H, W), mirrored at the border."""
    down, right = np.empty(4, np.float32), np.empty(4, np.float32)
    for r in range(start, stop):
        for c in range(out.shape[2]):
            y, x = points[0, r, c], points[1, r, c]
            i, j = int(np.floor(y)), int(np.floor(x))
            spline_weights(y - _f(i), down)
            spline_weights(x - _f(j), right)
            for n in range(splines.shape[0]):
                out[n, r, c] = spline_at(splines[n], i, j, down, right)


@kernel
def follow_point(flows: Any, patterns: Any, slots: Any, noise: Any, tolerance: Any, r: Any, c: Any, path: Any) -> Any:
    """Follow a point along flows, and fill `path` (n, 2) with its displacement after each step.

    The number of steps is returned for which the pattern at the point stays similar to that at the start.
    """
    h, w = patterns.shape[1:]
    row, col, value = _f(r), _f(c), patterns[slots[0], r, c]
    y, x = row, col
    for k in range(path.shape[0]):
        flow = flows[slots[k]]
        down, right = bilinear_at(flow[0], y, x), bilinear_at(flow[1], y, x)
        y += down
        x += right
        path[k, 0], path[k, 1] = y - row, x - col
        if not (y >= _f(-0.5) and x >= _f(-0.5) and y <= _f(h - 0.5) and x <= _f(w - 0.5)):
            return k
        change = bilinear_at(patterns[slots[k + 1]], y, x) - value
        if change * change > noise[k] + tolerance:
            return k
    return path.shape[0]


@kernel
def trajectory_rows(
    forth: Any,
    back: Any,
    patterns: Any,
    ahead: Any,
    behind: Any,
    noise_ahead: Any,
    noise_behind: Any,
    tolerance: Any,
    weights: Any,
    level_behind: Any,
    level_ahead: Any,
    start: Any,
    stop: Any,
    out: Any,
) -> None:
    """Filtered displacement, visibility and velocity, (5, H, W), of the points of rows start to stop."""
    f, b = len(ahead) - 1, len(behind) - 1
    onward, earlier = np.zeros((f, 2), np.float32), np.zeros((b, 2), np.float32)
    for r in range(start, stop):
        for c in range(out.shape[2]):
            m = follow_point(forth, patterns, ahead, noise_ahead, tolerance[r, c], r, c, onward)
            n = follow_point(back, patterns, behind, noise_behind, tolerance[r, c], r, c, earlier)
            row = weights[level_behind[n], level_ahead[m]]
            down, right = _f(0), _f(0)
            for k in range(m):
                down += row[b + 1 + k] * onward[k, 0]
                right += row[b + 1 + k] * onward[k, 1]
            for k in range(n):
                down += row[b - 1 - k] * earlier[k, 0]
                right += row[b - 1 - k] * earlier[k, 1]
            out[0, r, c], out[1, r, c] = down, right
            out[2, r, c] = _f(m + n) / _f(max(f + b, 1))
            # The velocity is defined for a point that is occluded at once, too.
            near, far = min(max(m, 1), 3, f), min(max(n, 1), 3, b)
            for q in range(2):
                path = (onward[near - 1, q] if near > 0 else _f(0)) - (earlier[far - 1, q] if far > 0 else _f(0))
                out[3 + q, r, c] = path / _f(max(near + far, 1))


@kernel
def accumulate_neighbors(
    field: Any, weights: Any, velocity: Any, r: Any, i: Any, j: Any, weight: Any, sharpness: Any, total: Any
) -> None:
    """Accumulate in the sums (3, W) of row r the contribution of the neighbors at offset (i, j)."""
    w = weights.shape[1]
    low, high = max(0, -j), min(w, w - j)
    a, b, t = (
        field[0, r + i, low + j : high + j],
        field[1, r + i, low + j : high + j],
        weights[r + i, low + j : high + j],
    )
    p, q = velocity[0, r + i, low + j : high + j], velocity[1, r + i, low + j : high + j]
    u, v = velocity[0, r, low:high], velocity[1, r, low:high]
    x, y, z = total[0, low:high], total[1, low:high], total[2, low:high]
    for c in range(high - low):
        similarity = max(_f(1) - sharpness * ((p[c] - u[c]) * (p[c] - u[c]) + (q[c] - v[c]) * (q[c] - v[c])), _f(0))
        s = weight * t[c] * similarity * similarity
        x[c] += s * a[c]
        y[c] += s * b[c]
        z[c] += s


@kernel
def average_similar_rows(
    field: Any, weights: Any, velocity: Any, taps: Any, sharpness: Any, start: Any, stop: Any, out: Any
) -> None:
    """Weighted average of a field (2, H, W) over neighbors of similar velocity, for rows start to stop."""
    h, w = weights.shape
    reach = len(taps) - 1
    total = np.empty((3, w), np.float32)
    for r in range(start, stop):
        total[:] = _f(0)
        for i in range(max(-reach, -r), min(reach, h - 1 - r) + 1):
            for j in range(max(-reach, 1 - w), min(reach, w - 1) + 1):
                accumulate_neighbors(field, weights, velocity, r, i, j, taps[abs(i)] * taps[abs(j)], sharpness, total)
        for c in range(w):
            out[0, r, c], out[1, r, c] = total[0, c] / total[2, c], total[1, c] / total[2, c]


@kernel
def draw_triangle(
    points: Any, displacement: Any, rest: Any, tolerance: Any, max_extent: Any, depth: Any, out: Any
) -> None:
    """Draw a triangle with corners (3, 2) and their displacements; that which differs most from `rest` is in front."""
    h, w = depth.shape
    y, x = points[:, 0], points[:, 1]
    min_row, max_row = min(y[0], y[1], y[2]), max(y[0], y[1], y[2])
    min_col, max_col = min(x[0], x[1], x[2]), max(x[0], x[1], x[2])
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    if not (area > tolerance and max_row - min_row <= max_extent and max_col - min_col <= max_extent):
        return
    for r in range(max(int(np.ceil(min_row)), 0), min(int(np.floor(max_row)), h - 1) + 1):
        for c in range(max(int(np.ceil(min_col)), 0), min(int(np.floor(max_col)), w - 1) + 1):
            b = ((_f(c) - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (_f(r) - y[0])) / area
            d = ((x[1] - x[0]) * (_f(r) - y[0]) - (_f(c) - x[0]) * (y[1] - y[0])) / area
            a = _f(1) - b - d
            if min(a, b, d) < -tolerance:
                continue
            down = a * displacement[0, 0] + b * displacement[1, 0] + d * displacement[2, 0]
            across = a * displacement[0, 1] + b * displacement[1, 1] + d * displacement[2, 1]
            far = (down - rest[0]) * (down - rest[0]) + (across - rest[1]) * (across - rest[1])
            if far > depth[r, c]:
                depth[r, c], out[0, r, c], out[1, r, c] = far, down, across


@kernel
def draw_mesh(displacement: Any, rest: Any, tolerance: Any, max_extent: Any, depth: Any, out: Any) -> None:
    """Forward warp of displacements (2, H, W): draw a mesh of triangles whose corners are the displaced pixels."""
    h, w = depth.shape
    points, corners = np.empty((3, 2), np.float32), np.empty((3, 2), np.float32)
    for r in range(h - 1):
        for c in range(w - 1):
            for half in range(2):
                for k in range(3):
                    i = r + (half if k == 0 else (k == 2) != (half == 1))
                    j = c + (half if k == 0 else (k == 1) != (half == 1))
                    corners[k, 0], corners[k, 1] = displacement[0, i, j], displacement[1, i, j]
                    points[k, 0], points[k, 1] = _f(i) + displacement[0, i, j], _f(j) + displacement[1, i, j]
                draw_triangle(points, corners, rest, tolerance, max_extent, depth, out)


def bilinear(fields: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The fields at the points, by bilinear interpolation."""
    return filled_by_rows(bilinear_rows, (len(fields), *points.shape[1:]), single(fields), single(points))


def bicubic(splines: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The cubic splines at the points."""
    return filled_by_rows(bicubic_rows, (len(splines), *points.shape[1:]), single(splines), single(points))


def forward_warp(
    displacement: np.ndarray,
    rest: tuple[float, float] = (0.0, 0.0),
    tolerance: float = 1e-4,
    max_extent: float = 64.0,
) -> np.ndarray:
    """Forward warp of a displacement field."""
    displacement = single(displacement)
    out, depth = displacement.copy(), np.full(displacement.shape[1:], -1, np.float32)
    draw_mesh(displacement, single(rest), _f(tolerance), _f(max_extent), depth, out)
    return out


def follow_points(
    forth: np.ndarray,
    back: np.ndarray,
    patterns: np.ndarray,
    ahead: Sequence[int],
    behind: Sequence[int],
    noise: tuple[np.ndarray, np.ndarray],
    tolerance: np.ndarray,
    weights: np.ndarray,
    levels: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Filtered displacement, visibility and velocity of every point."""
    arrays = (
        forth,
        back,
        patterns,
        np.array(ahead),
        np.array(behind),
        *map(single, (*noise, tolerance, weights)),
        *levels,
    )
    return filled_by_rows(trajectory_rows, (5, *tolerance.shape), *arrays)


def average_similar(
    field: np.ndarray, weights: np.ndarray, velocity: np.ndarray, taps: np.ndarray, max_difference: float
) -> np.ndarray:
    """Weighted average of a field over neighbors of similar velocity."""
    arrays = map(single, (field, weights, velocity, taps))
    return filled_by_rows(average_similar_rows, field.shape, *arrays, _f(1 / max_difference**2))
