"""Frames with displaced pixels: the factor of the displacement, color planes, and values in the type of the frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype


def displacement_gain(alpha: Any, visible: Array | None, frame: Array) -> Array:
    """The factor of displacements: a number or a map (H, W), which is alpha times the mask `visible`, if there is one.

    Raises
    ------
    ValueError
        If `alpha` is a map with another shape than that of a frame.
    """
    value = namespace(frame).asarray(alpha, dtype=np.float32)
    if value.ndim == 2 and value.shape != frame.shape[1:3]:
        raise ValueError(f"a map of alpha of shape {value.shape} must have the shape of a frame, {frame.shape[1:3]}")
    return value if visible is None else value * visible.astype(np.float32)


def color_planes(frame: Array) -> Array:
    """The color planes (C, H, W), in floating point, of one frame (1, H, W[, 3])."""
    xp = namespace(frame)
    planes = xp.moveaxis(frame[0].reshape(*frame.shape[1:3], -1), -1, 0)
    return xp.ascontiguousarray(planes, dtype=real_dtype(frame.dtype))


def as_frame(planes: Array, frame: Array, where: Array | None = None) -> Array:
    """Color planes (C, H, W) in the shape and type of a frame (1, H, W[, 3]); integers are rounded and clipped.

    The pixels outside of the map `where` (H, W) of bool keep the values of the frame.
    """
    xp = namespace(frame)
    result = xp.moveaxis(planes, 0, -1).reshape(frame.shape)
    if frame.dtype.kind == "u":
        result = xp.clip(xp.rint(result), 0, np.iinfo(frame.dtype).max)
    result = result.astype(frame.dtype)
    return result if where is None else xp.where(where.reshape(where.shape + (1,) * (frame.ndim - 3)), result, frame)
