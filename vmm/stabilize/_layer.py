"""A tracked region as a layer of its own, at rest, and its composition with the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import real_dtype
from vmm.backend.reference import add_clipped
from vmm.backend.threads import in_parallel

MARGIN = 24
"""Width in pixels of the surroundings of the region that the layer shows too, for filters that reach beyond it."""


@dataclass(frozen=True)
class Canvas:
    """Rectangle of the first frame's plane that a layer covers.

    Attributes
    ----------
    origin
        Row and column of its first pixel. They may lie outside the frame.
    size
        Height and width in pixels.
    """

    origin: tuple[int, int]
    size: tuple[int, int]


def layer_canvas(
    transforms: np.ndarray, box: tuple[int, int, int, int], size: tuple[int, int], is_camera: bool
) -> Canvas:
    """The canvas of a region with a margin.

    If the camera moves, it covers everything that comes into view, up to half a frame beyond the first frame.
    """
    first, last = np.array(box[:2]), np.array(box[:2]) + box[2:]
    if is_camera:
        corners = np.linalg.inv(transforms) @ _corners((0, 0), size)
        reach = np.array(size) // 2
        first = np.maximum(np.floor(corners[:, :2].min(axis=(0, 2))).astype(int), -reach)
        last = np.minimum(np.ceil(corners[:, :2].max(axis=(0, 2))).astype(int) + 1, size + reach)
    row, col = (int(n) for n in first - MARGIN)
    height, width = (int(n) for n in last - first + 2 * MARGIN)
    return Canvas((row, col), (height, width))


def _corners(origin: Sequence[int], size: Sequence[int]) -> np.ndarray:
    """Homogeneous coordinates (3, 4) of the corners of a rectangle of pixels."""
    rows, cols = ((o, o + n - 1) for o, n in zip(origin, size, strict=True))
    return np.array([[row, col, 1.0] for row in rows for col in cols]).T


def warp_to_rest(clip: np.ndarray, transforms: np.ndarray, canvas: Canvas) -> np.ndarray:
    """The layer (T, h, w[, 3]) in which the region is at rest, in floating point."""
    dtype = real_dtype(clip.dtype)

    def frame_at_rest(t: int) -> np.ndarray:
        return warp(clip[t].astype(dtype), transforms[t] @ translation(canvas.origin), canvas.size, 3, "nearest")

    return np.stack(list(in_parallel(frame_at_rest, range(len(clip)))))


def visible_mean(layer: np.ndarray, transforms: np.ndarray, canvas: Canvas, size: tuple[int, int]) -> np.ndarray:
    """Mean (h, w[, 3]) of the layer over the frames in which each pixel is visible."""
    total, mean = (np.zeros(shape) for shape in (canvas.size, layer.shape[1:]))
    for frame, transform in zip(layer, transforms, strict=True):
        weight = visibility(transform, canvas, size) + 1e-6  # pixels that are never visible continue the edges
        total += weight
        mean += broadcast_map(weight, layer.ndim) * frame
    return (mean / broadcast_map(total, layer.ndim)).astype(layer.dtype)


def change_and_gradient(
    layer: np.ndarray, transforms: np.ndarray, canvas: Canvas, size: tuple[int, int], window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Variance (h, w) of changes faster than a window of frames, and mean squared gradient (h, w) of slower ones."""
    gray = layer if layer.ndim == 3 else layer.mean(axis=3)
    total, variance, gradient = (np.full(canvas.size, value) for value in (1e-6, 0.0, 0.0))
    for t, transform in enumerate(transforms):
        moving_mean = gray[max(t - window // 2, 0) : t + window // 2 + 1].mean(axis=0)
        down, right = np.gradient(scipy.ndimage.gaussian_filter(moving_mean, 1.0))
        weight = visibility(transform, canvas, size)
        total += weight
        variance += weight * (gray[t] - moving_mean) ** 2
        gradient += weight * (down**2 + right**2)
    return variance / total, gradient / total


def visibility(transform: np.ndarray, canvas: Canvas, size: tuple[int, int]) -> np.ndarray:
    """Map (h, w) of the layer: 1 for pixels inside the frame, 0 outside, with a linear edge."""
    transform = transform @ translation(canvas.origin)
    rows, cols = np.ogrid[: canvas.size[0], : canvas.size[1]]
    inside = np.ones(canvas.size)
    for row, n in zip(transform[:2], size, strict=True):
        position = row[0] * rows + row[1] * cols + row[2]
        inside *= np.clip(np.minimum(position, n - 1 - position) + 1, 0, 1)
    return inside


def composite(
    clip: np.ndarray, change: np.ndarray, matte: np.ndarray, transforms: np.ndarray, canvas: Canvas
) -> np.ndarray:
    """The clip with the change of the layer, times the matte, added at the position of the region in each frame."""
    size = np.array(clip.shape[1:3])

    def composite_frame(t: int) -> np.ndarray:
        corners = (transforms[t] @ _corners(canvas.origin, canvas.size))[:2]
        first = np.clip(np.floor(corners.min(axis=1)).astype(int), 0, size)
        last = np.clip(np.ceil(corners.max(axis=1)).astype(int) + 1, first, size)
        frame = clip[t].copy()
        if (last > first).all():
            to_layer = translation([-n for n in canvas.origin]) @ np.linalg.inv(transforms[t]) @ translation(first)
            height, width = (int(n) for n in last - first)
            weighted = broadcast_map(matte, clip.ndim) * change[t]
            warped = warp(weighted, to_layer, (height, width), 3, "constant")
            part = frame[first[0] : last[0], first[1] : last[1]]
            part[...] = add_clipped(part[None], warped[None].astype(change.dtype))[0]
        return frame

    return np.stack(list(in_parallel(composite_frame, range(len(clip)))))


def warp(image: np.ndarray, transform: np.ndarray, size: tuple[int, int], order: int, mode: str) -> np.ndarray:
    """Backward warp: the image (H, W[, 3]) sampled where the transform maps each pixel of the result."""
    planes = np.moveaxis(image.reshape(*image.shape[:2], -1), -1, 0)
    linear, offset = transform[:2, :2], transform[:2, 2]
    out = [scipy.ndimage.affine_transform(p, linear, offset, output_shape=size, order=order, mode=mode) for p in planes]
    return np.stack(out, axis=-1).reshape(*size, *image.shape[2:])


def translation(offset: Sequence[int]) -> np.ndarray:
    """The matrix (3, 3) of a translation, down and right."""
    return np.array([[1.0, 0, offset[0]], [0, 1, offset[1]], [0, 0, 1]])


def broadcast_map(values: np.ndarray, ndim: int) -> np.ndarray:
    """A map (h, w) that broadcasts with the frames of a clip of `ndim` axes."""
    return values if ndim == 3 else values[..., None]
