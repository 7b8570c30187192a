"""A region of a clip as a layer of its own, at rest, and its way back into the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import real_dtype
from vmm.backend.reference import added
from vmm.backend.threads import in_parallel

MARGIN = 24  # pixels around the region that the layer shows too, for filters that reach beyond it


@dataclass(frozen=True)
class Canvas:
    """Where a layer lies in the first frame.

    Attributes
    ----------
    origin
        Row and column of its first pixel; they may lie outside of the frame.
    size
        Its rows and columns.
    """

    origin: tuple[int, int]
    size: tuple[int, int]


def around(found: np.ndarray, box: tuple[int, int, int, int], size: tuple[int, int], wide: bool) -> Canvas:
    """The region and a margin; of a camera's motion all that comes into view, up to half a frame beyond the first."""
    first, last = np.array(box[:2]), np.array(box[:2]) + box[2:]
    if wide:
        seen = np.linalg.inv(found) @ _corners((0, 0), size)
        reach = np.array(size) // 2
        first = np.maximum(np.floor(seen[:, :2].min(axis=(0, 2))).astype(int), -reach)
        last = np.minimum(np.ceil(seen[:, :2].max(axis=(0, 2))).astype(int) + 1, size + reach)
    top, left = (int(n) for n in first - MARGIN)
    height, width = (int(n) for n in last - first + 2 * MARGIN)
    return Canvas((top, left), (height, width))


def _corners(origin: Sequence[int], size: Sequence[int]) -> np.ndarray:
    """Corners (3, 4) of a rectangle of pixels."""
    rows, cols = ((o, o + n - 1) for o, n in zip(origin, size, strict=True))
    return np.array([[row, col, 1.0] for row in rows for col in cols]).T


def at_rest(clip: np.ndarray, found: np.ndarray, canvas: Canvas) -> np.ndarray:
    """The region at rest, in floating point."""
    dtype = real_dtype(clip.dtype)

    def at(t: int) -> np.ndarray:
        return warped(clip[t].astype(dtype), found[t] @ shift(canvas.origin), canvas.size, 3, "nearest")

    return np.stack(list(in_parallel(at, range(len(clip)))))


def mean_seen(layer: np.ndarray, found: np.ndarray, canvas: Canvas, size: tuple[int, int]) -> np.ndarray:
    """Mean over time (h, w[, 3]) of what the frames show of the layer."""
    total, mean = (np.zeros(shape) for shape in (canvas.size, layer.shape[1:]))
    for frame, matrix in zip(layer, found, strict=True):
        weight = inside(matrix, canvas, size) + 1e-6  # what is never seen is as the edges go on
        total += weight
        mean += beside(weight, layer.ndim) * frame
    return (mean / beside(total, layer.ndim)).astype(layer.dtype)


def liveliness(
    layer: np.ndarray, found: np.ndarray, canvas: Canvas, size: tuple[int, int], window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Variance (h, w) of what is quicker than a window of frames, and squared slope (h, w) of what is slower."""
    light = layer if layer.ndim == 3 else layer.mean(axis=3)
    total, variance, steepness = (np.full(canvas.size, value) for value in (1e-6, 0.0, 0.0))
    for t, matrix in enumerate(found):
        slow = light[max(t - window // 2, 0) : t + window // 2 + 1].mean(axis=0)
        down, right = np.gradient(scipy.ndimage.gaussian_filter(slow, 1.0))
        weight = inside(matrix, canvas, size)
        total += weight
        variance += weight * (light[t] - slow) ** 2
        steepness += weight * (down**2 + right**2)
    return variance / total, steepness / total


def inside(matrix: np.ndarray, canvas: Canvas, size: tuple[int, int]) -> np.ndarray:
    """Where the layer shows what lies inside a frame: 1, and 0 where it lies outside."""
    matrix = matrix @ shift(canvas.origin)
    rows, cols = np.ogrid[: canvas.size[0], : canvas.size[1]]
    seen = np.ones(canvas.size)
    for row, n in zip(matrix[:2], size, strict=True):
        place = row[0] * rows + row[1] * cols + row[2]
        seen *= np.clip(np.minimum(place, n - 1 - place) + 1, 0, 1)
    return seen


def put_back(clip: np.ndarray, change: np.ndarray, matte: np.ndarray, found: np.ndarray, canvas: Canvas) -> np.ndarray:
    """The clip with the change of the layer added, where it belongs, in each frame's own place."""
    size = np.array(clip.shape[1:3])

    def at(t: int) -> np.ndarray:
        seen = (found[t] @ _corners(canvas.origin, canvas.size))[:2]
        first = np.clip(np.floor(seen.min(axis=1)).astype(int), 0, size)
        last = np.clip(np.ceil(seen.max(axis=1)).astype(int) + 1, first, size)
        frame = clip[t].copy()
        if (last > first).all():
            there = shift([-n for n in canvas.origin]) @ np.linalg.inv(found[t]) @ shift(first)
            height, width = (int(n) for n in last - first)
            put = warped(beside(matte, clip.ndim) * change[t], there, (height, width), 3, "constant")
            part = frame[first[0] : last[0], first[1] : last[1]]
            part[...] = added(part[None], put[None].astype(change.dtype))[0]
        return frame

    return np.stack(list(in_parallel(at, range(len(clip)))))


def warped(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], order: int, mode: str) -> np.ndarray:
    """The image (H, W[, 3]) where the matrix carries each pixel."""
    planes = np.moveaxis(image.reshape(*image.shape[:2], -1), -1, 0)
    linear, offset = matrix[:2, :2], matrix[:2, 2]
    out = [scipy.ndimage.affine_transform(p, linear, offset, output_shape=size, order=order, mode=mode) for p in planes]
    return np.stack(out, axis=-1).reshape(*size, *image.shape[2:])


def shift(origin: Sequence[int]) -> np.ndarray:
    """The matrix that moves by a number of pixels."""
    return np.array([[1.0, 0, origin[0]], [0, 1, origin[1]], [0, 0, 1]])


def beside(matte: np.ndarray, ndim: int) -> np.ndarray:
    """A map (h, w) beside frames that may have colours."""
    return matte if ndim == 3 else matte[..., None]
