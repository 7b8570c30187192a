"""Regions drawn on a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.plot._shapes import center
from vmm.plot._slices import displayable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_NUMBERS = 60
"""Largest number of regions that are numbered: the labels of more would overlap."""


def regions(frame: np.ndarray, rois: Sequence[Any], *, names: Sequence[str] = ()) -> Figure:
    """Draw the outlines of regions on a frame, with their numbers or names.

    Parameters
    ----------
    frame
        Picture (H, W) or (H, W, 3).
    rois
        Boxes (top, left, height, width) in pixels or masks (H, W) of bool, such as ``rois`` of
        ``vmm.measure.displacement``.
    names
        Names of the regions. The default is their numbers, from 0.

    Returns
    -------
    matplotlib.figure.Figure
        The figure. Up to 60 regions have their number or name.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> figure = vmm.plot.regions(np.zeros((48, 64), np.uint8), [(8, 8, 21, 21), (8, 32, 21, 21)])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0', '1']
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    height, width = frame.shape[:2]
    figure = Figure(figsize=(11, min(9.5 * height / width + 0.9, 7)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(displayable(frame), cmap="gray")
    for i, roi in enumerate(rois):
        if isinstance(roi, np.ndarray):
            axes.contour(roi.astype(float), [0.5], colors="red", linewidths=1)
        else:
            top, first_col, tall, wide = roi
            axes.add_patch(Rectangle((first_col - 0.5, top - 0.5), wide, tall, fill=False, edgecolor="red"))
        if len(rois) <= _MAX_NUMBERS:
            row, col = center(roi)
            label = str(names[i] if names else i)
            number = axes.text(col, row, label, color="red", ha="center", va="center", fontweight="bold")
            number.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    axes.set(xlabel="column", ylabel="row")
    return figure
