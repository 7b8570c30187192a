"""Lists of regions, and grids of boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import is_array, to_host
from vmm.backend.checks import Range, check_count, short_text
from vmm.engine.regions import Box, Region, Roi, as_region, box_center

Layout = Callable[[tuple[int, int]], list[Box]]

Rois: TypeAlias = Roi | Sequence[Roi] | Mapping[str, Roi] | Layout
"""One region, a list of them, a dict of them by name, or a function such as ``grid(32)``."""

_MIN_SIDE = 3
"""Smallest height and width of a region in pixels, so that a gradient exists inside it."""

_SIDES = Range(1, 65_536, " px")
"""Height and width of a frame for which a mask is made."""

_MIN_CORNERS = 3


@checks_arguments
def grid(size: int = 21, step: int | None = None, *, margin: int = 8) -> Layout:
    """Square boxes on a regular grid over the frame.

    Parameters
    ----------
    size
        Height and width of a box in pixels, at least 3.
    step
        Distance between neighboring boxes in pixels, at least 1. The default is `size`, so that boxes touch.
    margin
        Width in pixels of the border without boxes. Filters reach beyond the frame there.

    Returns
    -------
    callable
        Function from the shape (H, W) of a frame to the list of boxes (top, left, height, width), row by row. The grid
        is centered in the frame. Pass it as ``rois``.

    Raises
    ------
    ValueError
        If `size`, `step` or `margin` is too small, or no box fits into the frame.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.grid(21, 40)((64, 128))
    [(21, 13, 21, 21), (21, 53, 21, 21), (21, 93, 21, 21)]
    """
    spacing = size if step is None else step
    if size < _MIN_SIDE or spacing < 1 or margin < 0:
        raise ValueError(
            f"grid(size={size}, step={step}, margin={margin}): size must be at least {_MIN_SIDE} px, step at least "
            "1 px and margin at least 0 px"
        )

    def boxes(shape: tuple[int, int]) -> list[Box]:
        starts = []
        for n in shape:
            room = n - 2 * margin - size
            if room < 0:
                raise ValueError(f"no box of {size} px fits a frame of {shape} px with a margin of {margin} px")
            starts.append(np.arange(margin + room % spacing // 2, margin + room + 1, spacing).tolist())
        return [(row, col, size, size) for row in starts[0] for col in starts[1]]

    return boxes


@checks_arguments
def polygon(corners: Sequence[Sequence[float]] | NDArray[Any], size: tuple[int, int]) -> np.ndarray:
    """Mask of the pixels inside a polygon, as a region or as the mask of a magnification.

    Parameters
    ----------
    corners
        At least three corners (row, column) in pixels, in order around the polygon. The corner (0, 0) is that of the
        frame, as for boxes, so that the middle of the first pixel is at (0.5, 0.5). Edges may cross one another.
        Corners may be outside the frame.
    size
        Height and width of the frame in pixels.

    Returns
    -------
    numpy.ndarray
        Bool array (height, width): the pixels whose middle is inside.

    Raises
    ------
    ValueError
        If there are fewer than three corners, one is not finite, or no pixel is inside.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.polygon([(0, 0), (0, 4), (4, 0)], (3, 5)).astype(int)
    array([[1, 1, 1, 0, 0],
           [1, 1, 0, 0, 0],
           [1, 0, 0, 0, 0]])
    """
    height, width = _frame_size(size)
    try:
        places = np.asarray(corners, float)
    except (TypeError, ValueError):
        places = np.empty(0)
    if places.ndim != 2 or places.shape[1] != 2 or len(places) < _MIN_CORNERS or not np.isfinite(places).all():
        raise ValueError(
            f"corners={short_text(corners)} must be at least {_MIN_CORNERS} finite pairs (row, column) in pixels"
        )
    rows, cols = np.arange(height) + 0.5, np.arange(width) + 0.5
    inside = np.zeros((len(rows), len(cols)), bool)
    # A pixel is inside if a line from it to the right crosses the edges an odd number of times.
    for (row, col), (next_row, next_col) in zip(places, np.roll(places, -1, axis=0), strict=True):
        which = (row <= rows) != (next_row <= rows)
        place = col + (rows[which] - row) / (next_row - row) * (next_col - col) if which.any() else np.empty(0)
        inside[which] ^= cols < place[:, None]
    if not inside.any():
        raise ValueError(f"corners={short_text(corners)}: no pixel of a frame of {height}x{width} is inside")
    return inside


def _frame_size(size: Any) -> tuple[int, int]:
    """The height and width of a frame, as whole numbers; raise if they are none."""
    if not isinstance(size, Sequence | np.ndarray) or isinstance(size, str) or len(size) != 2:
        raise TypeError(f"size={short_text(size)} must be the height and the width of a frame in pixels")
    height, width = (check_count(f"size[{i}]", side, _SIDES) for i, side in enumerate(size))
    return height, width


def as_regions(rois: Rois | None, shape: tuple[int, int], name: str = "rois") -> list[Region]:
    """The regions that `rois` describes in a frame of shape (H, W).

    `rois` is one box or mask, a list of them, or a function such as ``grid(32)``. None means the whole frame
    without a margin of an eighth of its shorter side. Messages use the `name` of the argument.
    """
    if rois is None:
        margin = max(min(shape) // 8, 1)
        rois = [(margin, margin, shape[0] - 2 * margin, shape[1] - 2 * margin)]
    listed: Any = _boxes_of(rois, shape, name) if callable(rois) else rois
    if is_array(listed):
        listed = to_host(listed)
    if isinstance(listed, Mapping):
        listed = list(listed.values())
    is_list = isinstance(listed, Region | Sequence | np.ndarray) and not isinstance(listed, str | bytes)
    if not is_list or getattr(listed, "shape", None) == ():
        raise TypeError(
            f"{name}={short_text(listed)} must be a box (top, left, height, width), a mask (H, W), or a list of them"
        )
    listed = [listed] if _is_single(listed) else list(listed)
    if not listed:
        raise ValueError(f"{name} is empty: give at least one box (top, left, height, width) or mask (H, W)")
    return [as_region(roi, shape, name=f"{name}[{i}]", min_side=_MIN_SIDE) for i, roi in enumerate(listed)]


def _boxes_of(layout: Callable[..., Any], shape: tuple[int, int], name: str) -> Any:
    """The boxes of a function such as ``grid(32)``."""
    if isinstance(layout, type):
        raise TypeError(
            f"{name}={short_text(layout)} must be a box (top, left, height, width), a mask (H, W), or a list of them"
        )
    return layout(shape)


def roi_center(roi: Any) -> tuple[float, float]:
    """Row and column of the center of a region: a box, or a mask (H, W)."""
    if isinstance(roi, Region):
        roi = roi.box
    if isinstance(roi, np.ndarray) and roi.ndim == 2:
        rows, cols = np.nonzero(roi)
        return float(rows.mean()), float(cols.mean())
    return box_center(roi)


def _is_single(rois: Any) -> bool:
    """Whether `rois` is one box or mask, not a list of them."""
    if isinstance(rois, Region):
        return True
    if isinstance(rois, np.ndarray):
        return rois.ndim == 1 or (rois.ndim == 2 and (rois.dtype == bool or rois.shape[1] != 4))
    return len(rois) == 4 and all(isinstance(edge, (int, np.integer)) for edge in rois)
