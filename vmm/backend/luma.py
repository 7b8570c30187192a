"""Luma of frames."""

from __future__ import annotations

from vmm.backend.arrays import Array, namespace, real_dtype
from vmm.backend.reference import weigh_channels

LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luma (ITU-R BT.601)."""


def luma(frames: Array) -> Array:
    """Luma (T, H, W) of frames (T, H, W) or (T, H, W, 3), in floating point.

    Gray frames keep their values. Floating types are kept, and integers become float32.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.backend.luma import luma
    >>> luma(np.full((1, 1, 1, 3), 100, np.uint8)).round(1)
    array([[[100.]]], dtype=float32)
    """
    dtype = real_dtype(frames.dtype)
    if frames.ndim == 3:
        return frames.astype(dtype, copy=False)
    return weigh_channels(namespace(frames).ascontiguousarray(frames), LUMA_WEIGHTS, dtype)
