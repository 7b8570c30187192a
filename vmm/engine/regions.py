"""Regions of a frame: boxes and masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vmm.backend.arrays import Array, DeviceArray, is_array, to_host
from vmm.backend.checks import short_text

Box = tuple[int, int, int, int]
"""(top, left, height, width) in pixels."""

Mask: TypeAlias = NDArray[Any] | DeviceArray | Sequence[int]
"""Where to magnify: a map (H, W) in [0, 1], or a box."""

Roi: TypeAlias = NDArray[Any] | DeviceArray | Sequence[int]
"""A region to measure: a box, or a mask (H, W) of bool."""


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the frame.

    Attributes
    ----------
    box
        The bounding box (top, left, height, width) in pixels.
    mask
        Bool array (height, width): the pixels of the box that belong to the region. None means all of them.
    """

    box: Box
    mask: np.ndarray | None = None

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the box, for the index of a frame."""
        row, col, height, width = self.box
        return slice(row, row + height), slice(col, col + width)

    def pixels(self) -> np.ndarray:
        """Array (height, width): 1.0 for pixels of the box that belong to the region, else 0.0."""
        return np.ones(self.box[2:]) if self.mask is None else self.mask.astype(np.float64)

    def as_roi(self, shape: tuple[int, int]) -> Any:
        """The region as a user describes it: its box, or its mask in a frame of this shape (H, W)."""
        return self.box if self.mask is None else self.in_frame(shape)

    def in_frame(self, shape: tuple[int, int]) -> np.ndarray:
        """Bool array of this shape (H, W): the pixels of a frame that belong to the region."""
        result = np.zeros(shape, bool)
        result[self.slices] = True if self.mask is None else self.mask
        return result


def box_center(box: Sequence[int]) -> tuple[float, float]:
    """Row and column of the center of a box."""
    row, col, height, width = box
    return row + (height - 1) / 2, col + (width - 1) / 2


def as_region(roi: Any, shape: tuple[int, ...], *, name: str = "roi", min_side: int = 1) -> Region:
    """The region that a box or a mask describes, in a frame of shape (H, W).

    Parameters
    ----------
    roi
        A box (top, left, height, width) in pixels; a mask (H, W) of bool, or of integers that are all 0 or one other
        value, such as 0 and 255; or a region. None means the whole frame.
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
    if isinstance(roi, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: fill its masked values first, with {name}.filled(value)")
    if roi is None:
        return Region((0, 0, shape[0], shape[1]))
    mask = to_host(roi) if is_array(roi) else roi
    if isinstance(mask, np.ndarray) and mask.ndim == 2:
        return _from_mask(mask, shape, name, min_side)
    return Region(_checked_box(roi, shape, name, min_side))


def _checked_box(roi: Any, shape: tuple[int, ...], name: str, min_side: int) -> Box:
    try:
        row, col, height, width = (_whole(edge) for edge in roi)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(
            f"{name}={short_text(roi)} must be a box (top, left, height, width) in pixels or a mask (H, W)"
        ) from None
    if min(row, col) < 0 or min(height, width) < min_side or row + height > shape[0] or col + width > shape[1]:
        raise ValueError(
            f"{name}={(row, col, height, width)} (top, left, height, width) must lie inside the frame, "
            f"{tuple(shape)}, and hold at least {min_side}x{min_side} pixels"
        )
    return row, col, height, width


def _whole(edge: Any) -> int:
    """An edge of a box, which must be a whole number."""
    result = int(edge)
    if result != edge:
        raise ValueError(edge)
    return result


def is_binary(mask: Array) -> bool:
    """Whether a mask holds integers that are all 0 or one other value, such as 0 and 255."""
    return mask.dtype.kind in "ui" and bool(((mask == 0) | (mask == mask.max())).all())


def _from_mask(mask: np.ndarray, shape: tuple[int, ...], name: str, min_side: int) -> Region:
    """The region of a mask, with its bounding box."""
    if is_binary(mask):
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
