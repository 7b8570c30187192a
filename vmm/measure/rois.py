"""Regions of the frame: boxes, masks and grids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import is_array, to_host

Box = tuple[int, int, int, int]
Layout = Callable[[tuple[int, int]], list[Box]]
_LEAST = 3  # pixels along a side


@dataclass(frozen=True)
class Region:
    """A part of the frame.

    Attributes
    ----------
    box
        (top, left, height, width) in pixels.
    mask
        Pixels (height, width) of the box that belong to it; None for all.
    """

    box: Box
    mask: np.ndarray | None = None

    def pixels(self) -> np.ndarray:
        """1.0 where a pixel (height, width) of the box belongs to the region."""
        return np.ones(self.box[2:]) if self.mask is None else self.mask.astype(np.float64)

    def given(self, shape: tuple[int, int]) -> Any:
        """The region as it was given: its box, or its mask in a frame of this size."""
        if self.mask is None:
            return self.box
        whole = np.zeros(shape, bool)
        top, left, height, width = self.box
        whole[top : top + height, left : left + width] = self.mask
        return whole


def grid(size: int = 21, step: int | None = None, *, margin: int = 8) -> Layout:
    """Boxes side by side over the whole frame.

    Parameters
    ----------
    size
        Height and width of a box in pixels.
    step
        From one box to the next in pixels; `size` by default.
    margin
        Pixels at the border that are left out, for filters would see beyond the frame there.

    Returns
    -------
    callable
        For ``rois=``: given the size (H, W) of a frame it lists the boxes, row by row, the whole centred in the frame.

    Raises
    ------
    ValueError
        Where size or step is too small, or no box fits the frame.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.grid(21, 40)((64, 128))
    [(21, 13, 21, 21), (21, 53, 21, 21), (21, 93, 21, 21)]
    """
    apart = size if step is None else step
    if size < _LEAST or apart < 1 or margin < 0:
        raise ValueError(
            f"grid(size={size}, step={step}, margin={margin}): size must be at least {_LEAST} px, step 1, margin 0"
        )

    def boxes(shape: tuple[int, int]) -> list[Box]:
        places = []
        for n in shape:
            room = n - 2 * margin - size
            if room < 0:
                raise ValueError(f"no box of {size} px fits a frame of {shape} less a margin of {margin} px")
            places.append(np.arange(margin + room % apart // 2, margin + room + 1, apart).tolist())
        return [(top, left, size, size) for top in places[0] for left in places[1]]

    return boxes


def regions(rois: Any, shape: tuple[int, int]) -> list[Region]:
    """The regions that came, in a frame of this size; the whole frame less a margin where none came."""
    if rois is None:
        margin = max(min(shape) // 8, 1)
        rois = [(margin, margin, shape[0] - 2 * margin, shape[1] - 2 * margin)]
    if callable(rois):
        rois = rois(shape)
    if is_array(rois):
        rois = to_host(rois)
    rois = [rois] if _single(rois) else list(rois)
    if not rois:
        raise ValueError("rois is empty: give at least one box (top, left, height, width) or mask (H, W)")
    return [_region(roi, i, shape) for i, roi in enumerate(rois)]


def _single(rois: Any) -> bool:
    """Whether one box or mask came in place of several."""
    if isinstance(rois, np.ndarray):
        return rois.ndim == (2 if rois.dtype == bool else 1)
    return len(rois) == 4 and all(isinstance(edge, (int, np.integer)) for edge in rois)


def _region(roi: Any, i: int, shape: tuple[int, int]) -> Region:
    if isinstance(roi, Region):
        return roi
    mask = to_host(roi) if is_array(roi) else roi
    if isinstance(mask, np.ndarray) and mask.ndim == 2:
        return _masked(mask, i, shape)
    return Region(_box(roi, i, shape))


def _box(roi: Sequence[int], i: int, shape: tuple[int, int]) -> Box:
    try:
        top, left, height, width = (int(edge) for edge in roi)
    except (TypeError, ValueError):
        raise TypeError(
            f"rois[{i}]={roi!r} must be a box (top, left, height, width) in pixels or a mask (H, W) of bool"
        ) from None
    if min(top, left) < 0 or min(height, width) < _LEAST or top + height > shape[0] or left + width > shape[1]:
        raise ValueError(
            f"rois[{i}]={(top, left, height, width)} (top, left, height, width) must lie inside the frame, {shape}, "
            f"and hold {_LEAST}x{_LEAST} pixels"
        )
    return top, left, height, width


def _masked(mask: np.ndarray, i: int, shape: tuple[int, int]) -> Region:
    """The region of a mask, and the box around it."""
    if mask.shape != tuple(shape) or mask.dtype != bool:
        raise ValueError(f"rois[{i}] is a mask {mask.shape} of {mask.dtype}: it must be {tuple(shape)} of bool")
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows) or min(np.ptp(rows), np.ptp(cols)) + 1 < _LEAST:
        raise ValueError(f"rois[{i}] is a mask of {int(mask.sum())} pixels: it must hold {_LEAST}x{_LEAST} at least")
    inside = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
    box = int(rows[0]), int(cols[0]), int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1
    return Region(box, mask[inside])
