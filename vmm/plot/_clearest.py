"""The line and the frame in which two clips differ most clearly."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import to_host
from vmm.backend.luma import luma

_BLUR = 2.0
"""Standard deviation in pixels of the blur of the change, so that noise in single pixels does not decide."""


def clearest_line(before: Any, after: Any) -> tuple[dict[str, int], int]:
    """The row or column of which an x-t slice shows most of the difference of two clips, and the frame that does.

    A column shows motion down, and a row motion to the right. The direction is that of the gradient of the picture
    where the clips differ most. Clips that do not differ have the middle column.

    Parameters
    ----------
    before, after
        Arrays (T, H, W[, 3]) of one shape.

    Returns
    -------
    dict, int
        ``{"row": index}`` or ``{"col": index}``, and the index of the frame.
    """
    pictures, changed = (to_host(luma(clip)).astype(np.float32) for clip in (before, after))
    change = np.abs(changed - pictures)
    energy = scipy.ndimage.gaussian_filter(np.square(change).mean(axis=0), _BLUR, mode="nearest")
    if not energy.any():
        return {"col": energy.shape[1] // 2}, len(change) // 2
    row, col = (int(n) for n in np.unravel_index(np.argmax(energy), energy.shape))
    weight = energy * np.exp(-(np.square(np.arange(energy.shape[0]) - row)[:, None]) / (2 * (4 * _BLUR) ** 2))
    weight = weight * np.exp(-np.square(np.arange(energy.shape[1]) - col) / (2 * (4 * _BLUR) ** 2))
    down, right = np.gradient(pictures.mean(axis=0)) if min(energy.shape) > 1 else (0.0, 1.0)
    is_vertical = (weight * np.square(down)).sum() > (weight * np.square(right)).sum()
    line = {"col": col} if is_vertical else {"row": row}
    return line, int(np.argmax(np.square(change).mean(axis=(1, 2))))
