"""Dense flow: how far each pixel moves from one frame to another."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, ndimage, to_host
from vmm.backend.dispatch import fast
from vmm.backend.reference import blur

Flow = Callable[[Array, Array], Array]

_SMALLEST = 12  # pixels that the coarsest level has at least
_STEPS = (2, 3, 6)  # at the finest level, the next, and all others
_LIGHT = 1e-6  # share of the mean gradient below which there is no texture


def flow(a: Array, b: Array, *, sigma: float = 2.5) -> Array:
    """Displacement of each pixel of a in b, by least squares on brightness within a Gaussian window, coarse to fine.

    The slopes are those of both frames together, so that noise makes the displacement neither smaller nor larger.

    Parameters
    ----------
    a, b
        Brightness (H, W) of two frames, in any unit.
    sigma
        Standard deviation of the window in pixels.

    Returns
    -------
    array
        Displacement (2, H, W) down and right in pixels, float32; towards 0 where there is no texture.

    Raises
    ------
    ValueError
        Where the frames are not of one size (H, W) of at least 4 x 4, or sigma is not positive.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.
    .. [2] Bouguet: Pyramidal implementation of the Lucas Kanade feature tracker. Intel 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import synthetic
    >>> from vmm.motion.flow import flow
    >>> scene = synthetic.texture((48, 64))
    >>> flow(scene((0, 0)), scene((0, 0.25)))[1, 8:-8, 8:-8].mean().round(2).item()
    0.25
    """
    if a.ndim != 2 or a.shape != b.shape or min(a.shape) < 4:
        raise ValueError(f"frames of shape {a.shape} and {b.shape} must be of one size (H, W), at least 4 x 4")
    if not sigma > 0:
        raise ValueError(f"sigma={sigma!r} must be a positive number of pixels")
    if bool((a == b).all()):  # not even rounding moves anything
        return namespace(a).zeros((2, *a.shape), np.float32)
    levels = [(a.astype(np.float32), b.astype(np.float32))]
    while min(levels[-1][0].shape) >= 2 * _SMALLEST:
        levels.append(tuple(blur(image, (1.0, 1.0))[::2, ::2] for image in levels[-1]))
    found = namespace(a).zeros((2, *levels[-1][0].shape), np.float32)
    for level, (one, other) in reversed(list(enumerate(levels))):
        if found.shape[1:] != one.shape:
            found = 2 * linear(found, positions(one) / 2)
        found = _refined(one, other, found, sigma, _STEPS[min(level, 2)])
    return found


def named(flow: Any) -> Flow:
    """The flow itself, or that of another library by its name.

    Raises
    ------
    ValueError
        Where there is none of that name.
    ImportError
        Where its library is not installed.
    """
    if callable(flow):
        return flow
    if flow == "farneback":
        return _farneback()
    if flow in ("tvl1", "ilk"):
        from skimage import registration

        of_skimage = getattr(registration, f"optical_flow_{flow}")
        return lambda a, b: namespace(a).asarray(of_skimage(*_unit(a, b)), dtype=np.float32)
    raise ValueError(
        f"flow={flow!r} must be None, 'tvl1', 'ilk', 'farneback', a function (a, b) -> (2, H, W), "
        "or displacements (T, 2, H, W) of the first frame's pixels"
    )


@fast
def linear(fields: Array, points: Array) -> Array:
    """Fields (C, h, w) at points (2, H, W), linearly interpolated, edges repeated."""
    between = ndimage(fields).map_coordinates
    return namespace(fields).stack([between(field, points, order=1, mode="nearest") for field in fields])


@fast
def cubic(splines: Array, points: Array) -> Array:
    """Cubic splines (C, h, w), mirrored at the border, at points (2, H, W)."""
    between = ndimage(splines).map_coordinates
    values = [between(spline, points, order=3, mode="mirror", prefilter=False) for spline in splines]
    return namespace(splines).stack(values)


@fast
def arriving(moves: Array, least: float = 1e-4, torn: float = 64.0) -> Array:
    """Displacement (2, H, W) of what comes to each pixel, from that of what leaves it.

    The pixels are the corners of a mesh of triangles that stretches where things part, up to so many pixels. Where it
    folds, what has moved farthest lies in front. Where nothing comes, things move as they do there.
    """
    xp, (height, width) = namespace(moves), moves.shape[1:]
    index = xp.arange(height * width).reshape(height, width)
    a, b, c, d = (index[i : i + height - 1, j : j + width - 1].ravel() for i in (0, 1) for j in (0, 1))
    corners = xp.concatenate([xp.stack([a, b, c]), xp.stack([d, c, b])], axis=1)  # (3, triangles)
    shifts = moves.reshape(2, -1)[:, corners]
    y, x = positions(moves).reshape(2, -1)[:, corners] + shifts
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    whole = (area > least) & (xp.ptp(y, axis=0) <= torn) & (xp.ptp(x, axis=0) <= torn)
    y, x, area, shifts = y[:, whole], x[:, whole], area[whole], shifts[:, :, whole]
    (top, bottom), (left, right) = (
        (xp.maximum(xp.ceil(v.min(axis=0)), 0), xp.minimum(xp.floor(v.max(axis=0)), n - 1))
        for v, n in ((y, height), (x, width))
    )
    out, depth = moves.reshape(2, -1).copy(), xp.full(height * width, -1, moves.dtype)
    tallest, widest = (int(span.max()) if span.size else -1 for span in (bottom - top, right - left))
    for i in range(tallest + 1):
        for j in range(widest + 1):
            row, col = top + i, left + j
            one = ((col - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (row - y[0])) / area
            two = ((x[1] - x[0]) * (row - y[0]) - (col - x[0]) * (y[1] - y[0])) / area
            shares = xp.stack([1 - one - two, one, two])
            hit = (shares.min(axis=0) >= -least) & (row <= bottom) & (col <= right)
            pixel = (row * width + col)[hit].astype(np.int64)
            value = (shares * shifts).sum(axis=1)[:, hit]
            far = (value**2).sum(axis=0)
            xp.maximum.at(depth, pixel, far)
            front = far >= depth[pixel]
            out[:, pixel[front]] = value[:, front]
    return out.reshape(moves.shape)


def splines(images: Array) -> Array:
    """Cubic splines through images (C, h, w), mirrored at the border."""
    fitted = ndimage(images).spline_filter1d
    return fitted(fitted(images, axis=-1, output=images.dtype), axis=-2, output=images.dtype)


def positions(image: Array) -> Array:
    """Row and column (2, H, W) of each pixel."""
    return namespace(image).indices(image.shape[-2:], dtype=np.float32)


def deviation(values: Array) -> float:
    """Standard deviation of values most of which are normal: by the median."""
    return float(1.4826 * namespace(values).median(abs(values)))


def _refined(a: Array, b: Array, found: Array, sigma: float, steps: int) -> Array:
    """A displacement made better by a few steps of Gauss and Newton."""
    xp, spline, here = namespace(a), splines(b[None]), positions(a)
    slopes_a = xp.stack(xp.gradient(a))
    for _ in range(steps):
        there = cubic(spline, here + found)[0]
        error = a - there
        down, right = (slopes_a + xp.stack(xp.gradient(there))) / 2
        products = xp.stack([down * down, right * right, down * right, down * error, right * error])
        dd, rr, dr, de, re = blur(products, (sigma, sigma))
        least = 2 * deviation(error) ** 2 + _LIGHT * float(dd.mean() + rr.mean()) + 1e-15  # noise has slopes, too
        dd, rr = dd + least, rr + least
        step = xp.stack([rr * de - dr * re, dd * re - dr * de]) / (dd * rr - dr * dr)
        found = found + xp.clip(step, -1, 1)
    return found


def _farneback() -> Flow:
    """That of OpenCV."""
    try:
        cv2 = import_module("cv2")
    except ImportError:
        raise ImportError("flow='farneback' needs OpenCV: pip install opencv-python-headless") from None

    def between(a: Array, b: Array) -> Array:
        one, other = ((255 * x).astype(np.uint8) for x in _unit(a, b))
        right_down = cv2.calcOpticalFlowFarneback(one, other, None, 0.5, 5, 15, 3, 5, 1.1, 0)
        return namespace(a).asarray(np.moveaxis(right_down[..., ::-1], -1, 0), dtype=np.float32)

    return between


def _unit(*images: Array) -> list[np.ndarray]:
    """Images on the host, by one scale in [0, 1]."""
    values = np.stack([to_host(image) for image in images]).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    return list((values - low) / (high - low or 1.0))
