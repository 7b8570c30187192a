"""Frames as networks take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.learned.network import Size


def white_of(dtype: Any) -> float:
    """The value of white: the largest of an integer type, 255 for floating point."""
    return float(np.iinfo(dtype).max) if np.dtype(dtype).kind == "u" else 255.0


def seen(frame: Array, white: float, size: Size) -> Array:
    """A frame (H, W[, 3]) as (1, 3, H', W') in [-1, 1], continued by reflection."""
    xp = namespace(frame)
    x = frame.astype(xp.float32) / np.float32(white / 2) - np.float32(1)
    x = xp.stack([x] * 3) if x.ndim == 2 else xp.moveaxis(x, -1, 0)
    sides = [(b, w - n - b) for b, w, n in zip(size.before, size.whole, size.frame, strict=True)]
    return xp.pad(x, [(0, 0), *sides], mode="reflect")[None]


def shown(picture: Array, gray: bool, white: float, size: Size) -> Array:
    """A picture (1, 3, H', W') in [-1, 1] as a floating-point frame (H, W[, 3])."""
    (top, left), (height, width) = size.before, size.frame
    cut = picture[0, :, top : top + height, left : left + width]
    values = (cut + 1) * np.float32(white / 2)
    return values.mean(axis=0) if gray else namespace(values).moveaxis(values, 0, -1)
