"""Several results for one clip beside one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.backend.arrays import to_host
from vmm.plot.slices import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def beside(
    clips: Mapping[str, Any],
    *,
    row: int | None = None,
    col: int | None = None,
    frame: int | None = None,
    columns: int = 5,
    size: float = 2.6,
) -> Figure:
    """One frame of each of several clips and, below it, one line of the clip over time.

    Parameters
    ----------
    clips
        Arrays (T, H, W[, 3]) of one size, by title.
    row
        Row to follow: position along it is drawn downwards, time to the right.
    col
        Column to follow, in place of a row; by default the one in the middle.
    frame
        Number of the frame that is shown; by default the one in the middle.
    columns
        Clips side by side at most.
    size
        Width of each in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where there is no clip, they differ in size, or both a row and a column are given or lie outside the frame.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.plot.beside import beside
    >>> clip = np.zeros((30, 16, 24), np.uint8)
    >>> len(beside({"before": clip, "after": clip}, row=8).axes)
    4
    """
    from matplotlib.figure import Figure

    if not clips or len({np.shape(clip)[1:3] for clip in clips.values()}) != 1:
        raise ValueError(f"clips must be one or more of one size, not {[np.shape(clip) for clip in clips.values()]}")
    height, width = np.shape(next(iter(clips.values())))[1:3]
    if row is not None and col is not None:
        raise ValueError(f"row={row} and col={col} cannot both be followed: give one of them")
    col = width // 2 if row is None and col is None else col
    if not (0 <= (row or 0) < height and 0 <= (col or 0) < width):
        raise ValueError(f"row={row}, col={col} must lie inside the frame, {(height, width)}")
    across = min(columns, len(clips))
    down = -(-len(clips) // across)
    tall = size * height / width
    figure = Figure(figsize=(size * across, down * (2 * tall + 0.35)), layout="constrained")
    grid = figure.subplots(2 * down, across, squeeze=False)
    for axes in grid.ravel():
        axes.axis("off")
    for i, (title, clip) in enumerate(clips.items()):
        top, below = grid[2 * (i // across), i % across], grid[2 * (i // across) + 1, i % across]
        line = to_host(clip[:, row] if row is not None else clip[:, :, col])
        limits = {"cmap": "gray", "vmin": 0, "vmax": 255} if line.dtype == np.uint8 else {"cmap": "gray"}
        top.imshow(shown(to_host(clip[len(clip) // 2 if frame is None else frame])), **limits)
        top.set_title(title, fontsize="small")
        getattr(top, "axhline" if row is not None else "axvline")(row if row is not None else col, color="red", lw=0.6)
        below.imshow(shown(np.swapaxes(line, 0, 1)), aspect="auto", interpolation="nearest", **limits)
    for axes in grid.ravel():
        if not axes.images:
            axes.remove()
    return figure
