"""Interpolation of fields at arbitrary points, and forward warps, as reference kernels."""

from __future__ import annotations

import numpy as np

from vmm.backend.arrays import Array, namespace, ndimage
from vmm.backend.dispatch import fast


@fast
def bilinear(fields: Array, points: Array) -> Array:
    """Interpolate fields (C, h, w) linearly at points (2, H, W); edge values continue beyond the border."""
    interpolate = ndimage(fields).map_coordinates
    return namespace(fields).stack([interpolate(field, points, order=1, mode="nearest") for field in fields])


@fast
def bicubic(spline_coefs: Array, points: Array) -> Array:
    """Evaluate cubic splines (C, h, w), mirrored at the border, at points (2, H, W)."""
    interpolate = ndimage(spline_coefs).map_coordinates
    values = [interpolate(spline, points, order=3, mode="mirror", prefilter=False) for spline in spline_coefs]
    return namespace(spline_coefs).stack(values)


def pixel_positions(image: Array) -> Array:
    """Row and column (2, H, W) of each pixel."""
    return namespace(image).indices(image.shape[-2:], dtype=np.float32)


@fast
def forward_warp(
    displacement: Array, rest: tuple[float, float] = (0.0, 0.0), tolerance: float = 1e-4, max_extent: float = 64.0
) -> Array:
    """Forward warp of a displacement field: the displacement of each source pixel, at its target pixel.

    The pixels are the vertices of a triangle mesh, which is splatted at the displaced positions. The mesh stretches
    where objects separate. If it folds, the content is in front whose displacement differs most from `rest`. A target
    pixel that no triangle covers keeps its own displacement.

    Parameters
    ----------
    displacement
        Displacement (2, H, W), down and right, in pixels, of the content of each pixel.
    rest
        Displacement (down, right) in pixels of the content that is behind all other content. The default is (0, 0).
    tolerance
        Area in square pixels up to which a triangle counts as degenerate, and tolerance of barycentric coordinates. The
        default is 0.0001.
    max_extent
        Largest height and width in pixels of a stretched triangle. Larger ones are torn and leave a gap. The default is
        64.

    Returns
    -------
    array
        Displacement (2, H, W) of the content that arrives at each pixel.
    """
    xp, (height, width) = namespace(displacement), displacement.shape[1:]
    index = xp.arange(height * width).reshape(height, width)
    a, b, c, d = (index[i : i + height - 1, j : j + width - 1].ravel() for i in (0, 1) for j in (0, 1))
    corners = xp.concatenate([xp.stack([a, b, c]), xp.stack([d, c, b])], axis=1)  # (3, triangles)
    shifts = displacement.reshape(2, -1)[:, corners]
    y, x = pixel_positions(displacement).reshape(2, -1)[:, corners] + shifts
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])  # twice the area; negative if folded
    valid = (area > tolerance) & (xp.ptp(y, axis=0) <= max_extent) & (xp.ptp(x, axis=0) <= max_extent)
    y, x, area, shifts = y[:, valid], x[:, valid], area[valid], shifts[:, :, valid]
    (min_row, max_row), (min_col, max_col) = (
        (xp.maximum(xp.ceil(v.min(axis=0)), 0), xp.minimum(xp.floor(v.max(axis=0)), n - 1))
        for v, n in ((y, height), (x, width))
    )
    out, depth = displacement.reshape(2, -1).copy(), xp.full(height * width, -1, displacement.dtype)
    n_rows, n_cols = (int(span.max()) if span.size else -1 for span in (max_row - min_row, max_col - min_col))
    for i in range(n_rows + 1):  # the pixel (i, j) of the bounding boxes of all triangles at once
        for j in range(n_cols + 1):
            row, col = min_row + i, min_col + j
            second = ((col - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (row - y[0])) / area
            third = ((x[1] - x[0]) * (row - y[0]) - (col - x[0]) * (y[1] - y[0])) / area
            weights = xp.stack([1 - second - third, second, third])  # barycentric coordinates
            covered = (weights.min(axis=0) >= -tolerance) & (row <= max_row) & (col <= max_col)
            pixel = (row * width + col)[covered].astype(np.int64)
            value = (weights * shifts).sum(axis=1)[:, covered]
            distance = (value[0] - rest[0]) ** 2 + (value[1] - rest[1]) ** 2
            xp.maximum.at(depth, pixel, distance)
            front = distance >= depth[pixel]
            out[:, pixel[front]] = value[:, front]
    return out.reshape(displacement.shape)
