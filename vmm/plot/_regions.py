"""Regions drawn on a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.plot._shapes import center
from vmm.plot._signals import COLORS
from vmm.plot._slices import displayable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_NUMBERS = 60
"""Largest number of regions that are numbered: the labels of more would overlap."""


_LABEL_HEIGHT, _LABEL_WIDTH = 0.05, 0.12
"""Size of a label, as a fraction of the frame. Labels that would overlap are moved down."""


@checks_arguments
def regions(frame: np.ndarray, rois: Sequence[Any], *, labels: Sequence[str] = (), ax: Any = None) -> Figure:
    """Draw the outlines of regions on a frame, with their numbers or labels.

    Parameters
    ----------
    frame
        Picture (H, W) or (H, W, 3).
    rois
        Boxes (top, left, height, width) in pixels or masks (H, W) of bool, such as ``rois`` of
        ``vmm.measure.displacement``.
    labels
        Text of each region, such as the frequency of each suggestion of ``vmm.measure.suggest``. By default the
        regions are numbered from 0.
    ax
        Matplotlib axes to draw into. By default a new figure is made.

    Returns
    -------
    matplotlib.figure.Figure
        The figure. Up to 60 regions have a number or label.

    Raises
    ------
    ValueError
        If there are `labels`, but not one for each region.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> figure = vmm.plot.regions(np.zeros((48, 64), np.uint8), [(8, 8, 21, 21), (8, 32, 21, 21)])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0', '1']
    """
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    from vmm.plot._figure import single_axes

    if labels and len(labels) != len(rois):
        raise ValueError(f"labels has {len(labels)} entries for {len(rois)} regions: give one for each region")
    height, width = frame.shape[:2]
    figure, axes = single_axes(ax, (11, min(9.5 * height / width + 0.9, 7)))
    axes.imshow(displayable(frame), cmap="gray")
    texts = list(labels) or [str(i) for i in range(len(rois))]
    colors = COLORS if labels else ("red",)
    positions: list[tuple[float, float]] = []
    for i, (roi, text) in enumerate(zip(rois, texts, strict=True)):
        color = colors[i % len(colors)]
        if isinstance(roi, np.ndarray):
            axes.contour(roi.astype(float), [0.5], colors=[color], linewidths=1)
        else:
            top, first_col, tall, wide = roi
            axes.add_patch(Rectangle((first_col - 0.5, top - 0.5), wide, tall, fill=False, edgecolor=color))
        if len(rois) <= _MAX_NUMBERS:
            row, col = center(roi) if not labels else _free_position(center(roi), positions, (height, width))
            positions.append((row, col))
            number = axes.text(col, row, text, color=color, ha="center", va="center", fontweight="bold")
            number.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    axes.set(xlabel="column", ylabel="row")
    return cast("Figure", figure)


def _free_position(
    position: tuple[float, float], others: list[tuple[float, float]], size: tuple[int, int]
) -> tuple[float, float]:
    """Row and column at or below a position at which a label overlaps none of the others."""
    row, col = position
    tall, wide = _LABEL_HEIGHT * size[0], _LABEL_WIDTH * size[1]
    while any(abs(row - y) < tall and abs(col - x) < wide for y, x in others):
        row += tall
    return row, col
