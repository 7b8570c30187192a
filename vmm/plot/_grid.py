"""Several results for one clip in one figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import is_array, to_host
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
        Arrays (T, H, W[, 3]) with the same height and width, by title, or iterators of such chunks, of which only the
        frame and the row or column are held in memory.
    row
        Row of the slice. Position along the row is drawn downwards and time to the right.
    col
        Column of the slice, instead of a row. By default the middle column.
    frame
        Index of the frame to show. By default the middle frame of an array, and the first frame of an iterator.
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
    from vmm.plot._figure import Figure

    views = {title: _frame_and_line(clip, row, col, frame) for title, clip in clips.items()}
    sizes = [still.shape[:2] for still, *_ in views.values()]
    if len(set(sizes)) != 1:
        raise ValueError(f"clips must be one or more of one size (H, W), but their sizes are {sizes}")
    height, width = sizes[0]
    across = min(columns, len(clips))
    down = -(-len(clips) // across)
    tall = size * height / width
    figure = Figure(figsize=(size * across, down * (2 * tall + 0.35)), layout="constrained")
    panels = figure.subplots(2 * down, across, squeeze=False)
    for axes in panels.ravel():
        axes.axis("off")
    for i, (title, (still, line, marker, position)) in enumerate(views.items()):
        upper, lower = panels[2 * (i // across), i % across], panels[2 * (i // across) + 1, i % across]
        limits = {"cmap": "gray", "vmin": 0, "vmax": 255} if line.dtype == np.uint8 else {"cmap": "gray"}
        upper.imshow(displayable(still), **limits)
        upper.set_title(title, fontsize="small")
        getattr(upper, marker)(position, color="red", lw=0.6)
        lower.imshow(displayable(np.swapaxes(line, 0, 1)), aspect="auto", interpolation="nearest", **limits)
    for axes in panels.ravel():
        if not axes.images:
            axes.remove()
    return figure


def _frame_and_line(
    clip: Any, row: int | None, col: int | None, frame: int | None
) -> tuple[np.ndarray, np.ndarray, str, int]:
    """A frame of a clip, and its row or column over time with the axis that marks it and its position."""
    if is_array(clip):
        return to_host(clip[len(clip) // 2 if frame is None else frame]), *line_over_time(clip, row, col)
    stills: list[np.ndarray] = []

    def chunks() -> Iterator[Any]:
        position, index = 0, frame or 0
        for chunk in clip:
            if position <= index < position + len(chunk):
                stills.append(to_host(chunk[index - position]).copy())
            position += len(chunk)
            yield chunk

    line = line_over_time(chunks(), row, col)
    if not stills:
        raise ValueError(f"frame={frame} must be an index of the {len(line[0])} frames of the clips")
    return stills[0], *line
