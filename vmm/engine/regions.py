"""Regions of a frame: boxes and masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import is_array, to_host

Box = tuple[int, int, int, int]
"""(top, left, height, width) in pixels."""


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the frame.

    Attributes
    ----------
    box
        The bounding box (top, left, height, width) in pixels.
    mask
        Bool array (height, width): the pixels of the box that belong to the region. None stands for all of them.
    """

    box: Box
    mask: np.ndarray | None = None

    def pixels(self) -> np.ndarray:
        """Array (height, width): 1.0 for pixels of the box that belong to the region, else 0.0."""
        return np.ones(self.box[2:]) if self.mask is None else self.mask.astype(np.float64)

    def as_roi(self, shape: tuple[int, int]) -> Any:
        """The region as a user describes it: its box, or its mask in a frame of this shape (H, W)."""
        if self.mask is None:
            return self.box
        frame_mask = np.zeros(shape, bool)
        top, left, height, width = self.box
        frame_mask[top : top + height, left : left + width] = self.mask
        return frame_mask


def as_region(roi: Any, shape: tuple[int, ...], *, name: str = "roi", min_side: int = 1) -> Region:
    """The region that a box or a mask describes, in a frame of shape (H, W).

    Parameters
    ----------
    roi
        A box (top, left, height, width) in pixels; a mask (H, W) of bool, or of integers that are all 0 or one other
        value, such as 0 and 255; or a region. None stands for the whole frame.
    shape
        Height and width of the frame in pixels.
    name
        Name of the argument, for messages.
    min_side
        Smallest height and width of the region in pixels.

    Raises
    ------
    TypeError
        If `roi` is neither a box nor a mask.
    ValueError
        If the region does not lie inside the frame, or is smaller than `min_side`.

    Examples
    --------
    >>> from vmm.engine.regions import as_region
    >>> as_region((4, 8, 16, 16), (48, 64)).box
    (4, 8, 16, 16)
    """
    if isinstance(roi, Region):
        return roi
    if roi is None:
        return Region((0, 0, shape[0], shape[1]))
    mask = to_host(roi) if is_array(roi) else roi
    if isinstance(mask, np.ndarray) and mask.ndim == 2:
        return _from_mask(mask, shape, name, min_side)
    return Region(_checked_box(roi, shape, name, min_side))


def _checked_box(roi: Any, shape: tuple[int, ...], name: str, min_side: int) -> Box:
    try:
        top, left, height, width = (int(edge) for edge in roi)
    except (TypeError, ValueError):
        raise TypeError(f"{name}={roi!r} must be a box (top, left, height, width) in pixels or a mask (H, W)") from None
    if min(top, left) < 0 or min(height, width) < min_side or top + height > shape[0] or left + width > shape[1]:
        raise ValueError(
            f"{name}={(top, left, height, width)} (top, left, height, width) must lie inside the frame, "
            f"{tuple(shape)}, and hold at least {min_side}x{min_side} pixels"
        )
    return top, left, height, width


def _from_mask(mask: np.ndarray, shape: tuple[int, ...], name: str, min_side: int) -> Region:
    """The region of a mask, with its bounding box."""
    if mask.dtype.kind in "ui" and np.isin(mask, (0, mask.max())).all():
        mask = mask > 0
    if mask.shape != tuple(shape) or mask.dtype != bool:
        raise ValueError(
            f"{name} is a mask {mask.shape} of {mask.dtype}: it must be {tuple(shape)} of bool, or of 0 and 255"
        )
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows) or min(np.ptp(rows), np.ptp(cols)) + 1 < min_side:
        raise ValueError(
            f"{name} is a mask of {int(mask.sum())} pixels: it must hold at least {min_side}x{min_side} pixels"
        )
    inside = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
    box = int(rows[0]), int(cols[0]), int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1
    return Region(box, mask[inside])
