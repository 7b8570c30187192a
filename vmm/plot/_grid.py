"""Several results for one clip in one figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import to_host
from vmm.plot._slices import displayable, line_over_time

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@checks_arguments
def grid(
    clips: Mapping[str, Any],
    *,
    row: int | None = None,
    col: int | None = None,
    frame: int | None = None,
    columns: int = 5,
    size: float = 2.6,
) -> Figure:
    """Show one frame of each of several clips and, below it, an x-t slice of the clip.

    Parameters
    ----------
    clips
        Arrays (T, H, W[, 3]) with the same height and width, by title.
    row
        Row of the slice. Position along the row is drawn downwards and time to the right.
    col
        Column of the slice, instead of a row. By default the middle column.
    frame
        Index of the frame to show. By default the middle frame.
    columns
        Largest number of clips in a row of the figure.
    size
        Width of each clip in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with two axes for each clip.

    Raises
    ------
    ValueError
        If `clips` is empty, if the clips differ in size, if both `row` and `col` are given, or if either is outside
        the frame.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.zeros((30, 16, 24), np.uint8)
    >>> len(vmm.plot.grid({"before": clip, "after": clip}, row=8).axes)
    4
    """
    from matplotlib.figure import Figure

    if not clips or len({np.shape(clip)[1:3] for clip in clips.values()}) != 1:
        shapes = [np.shape(clip) for clip in clips.values()]
        raise ValueError(f"clips must be one or more of one size (H, W), but their shapes are {shapes}")
    height, width = np.shape(next(iter(clips.values())))[1:3]
    across = min(columns, len(clips))
    down = -(-len(clips) // across)
    tall = size * height / width
    figure = Figure(figsize=(size * across, down * (2 * tall + 0.35)), layout="constrained")
    panels = figure.subplots(2 * down, across, squeeze=False)
    for axes in panels.ravel():
        axes.axis("off")
    for i, (title, clip) in enumerate(clips.items()):
        upper, lower = panels[2 * (i // across), i % across], panels[2 * (i // across) + 1, i % across]
        line, marker, position = line_over_time(clip, row, col)
        limits = {"cmap": "gray", "vmin": 0, "vmax": 255} if line.dtype == np.uint8 else {"cmap": "gray"}
        upper.imshow(displayable(to_host(clip[len(clip) // 2 if frame is None else frame])), **limits)
        upper.set_title(title, fontsize="small")
        getattr(upper, marker)(position, color="red", lw=0.6)
        lower.imshow(displayable(np.swapaxes(line, 0, 1)), aspect="auto", interpolation="nearest", **limits)
    for axes in panels.ravel():
        if not axes.images:
            axes.remove()
    return figure
