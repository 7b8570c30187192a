"""x-t slices of clips, and figures of several frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import is_array, to_host
from vmm.engine.frames import FramesLike, as_array
from vmm.io.values import full_range, white_of_source

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@checks_arguments
def slices(
    before: Any,
    after: Any = None,
    *,
    row: int | None = None,
    col: int | None = None,
    fs: float | None = None,
    ax: Any = None,
) -> Figure:
    """Show an x-t slice: one row or column of a clip over time, in which motion appears as a wave.

    Parameters
    ----------
    before
        Array (T, H, W[, 3]), or an iterator of such chunks, of which only the row or column is held in memory.
    after
        Second clip of either kind, shown to the right of the first, such as the magnified one. By default none.
    row
        Row of the slice.
    col
        Column of the slice, instead of a row. By default the middle column.
    fs
        Rate of the camera in Hz. If given, the time axis is in seconds, else in frames.
    ax
        Matplotlib axes to draw into, for one clip. By default a new figure is made.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; ``figure.savefig(path)`` writes it.

    Raises
    ------
    ValueError
        If both `row` and `col` are given, if either is outside the frame, or if `ax` is given for two clips.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> figure = vmm.plot.slices(np.zeros((30, 16, 16), np.uint8), row=8, fs=30)
    >>> float(figure.axes[0].get_xlim()[1])  # 30 frames at 30 Hz last a second
    1.0
    """
    from vmm.plot._figure import Figure, single_axes

    if ax is not None:
        if after is not None:
            raise ValueError("ax: one axes shows one clip: call slices for each of the two clips")
        _draw(single_axes(ax, (6, 5))[1], before, "before", row, col, fs)
        return cast("Figure", ax.get_figure())
    clips = {"before": before} if after is None else {"before": before, "after": after}
    figure = Figure(figsize=(6 * len(clips), 5), layout="constrained")
    for axes, (title, clip) in zip(figure.subplots(1, len(clips), squeeze=False)[0], clips.items(), strict=True):
        _draw(axes, clip, title, row, col, fs)
    return figure


@checks_arguments
def contact_sheet(frames: FramesLike, *, count: int = 12, fs: float | None = None) -> Figure:
    """Show evenly spaced frames of a clip in one figure.

    Parameters
    ----------
    frames
        Array (T, H, W[, 3]).
    count
        Largest number of frames to show.
    fs
        Rate of the camera in Hz. If given, each frame is labeled by its time in seconds, else by its number.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with one axes for each frame.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> figure = vmm.plot.contact_sheet(np.zeros((31, 16, 16), np.uint8), count=3, fs=30)
    >>> [axes.get_title() for axes in figure.axes]
    ['0.00 s', '0.50 s', '1.00 s']
    """
    from vmm.plot._figure import Figure

    clip = as_array(frames)
    indices = np.unique(np.linspace(0, len(clip) - 1, count).round().astype(int))
    columns = int(np.ceil(np.sqrt(len(indices))))
    rows = -(-len(indices) // columns)
    figure = Figure(figsize=(3 * columns, 3 * rows * clip.shape[1] / clip.shape[2] + 0.3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, t in zip(panels, indices, strict=False):
        axes.imshow(displayable(to_host(clip[t])), cmap="gray")
        axes.set_title(f"{t / fs:.2f} s" if fs else f"frame {t}", fontsize="small")
        axes.axis("off")
    for axes in panels[len(indices) :]:
        axes.remove()
    return figure


@checks_arguments
def gallery(
    clips: Mapping[str, tuple[Any, Any]], lines: Mapping[str, Mapping[str, int]], *, fs: Mapping[str, float]
) -> Figure:
    """Show several clips in one figure, a row each: a frame of the result, and x-t slices before and after.

    Parameters
    ----------
    clips
        Pairs of arrays (before, after), each (T, H, W[, 3]), by title.
    lines
        Line of each slice, by title: ``{"row": r}`` or ``{"col": c}``. A title that is missing gets the middle column.
    fs
        Rate of the camera in Hz, by title.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with three axes for each clip.

    Raises
    ------
    ValueError
        If a line is outside the frame.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.zeros((30, 16, 16), np.uint8)
    >>> figure = vmm.plot.gallery({"black": (clip, clip)}, {"black": {"row": 3}}, fs={"black": 30})
    >>> [axes.get_title() for axes in figure.axes]
    ['black', 'before, row 3', 'after, row 3']
    """
    from vmm.plot._figure import Figure

    figure = Figure(figsize=(15, 4 * len(clips)), layout="constrained")
    rows = figure.subplots(len(clips), 3, squeeze=False)
    for panels, (title, (before, after)) in zip(rows, clips.items(), strict=True):
        row, col = (lines.get(title, {}).get(name) for name in ("row", "col"))
        panels[0].imshow(displayable(to_host(after[len(after) // 2])), cmap="gray")
        panels[0].set_title(title)
        _, marker, position = line_over_time(after, row, col)
        getattr(panels[0], marker)(position, color="red", linewidth=0.7)
        panels[0].axis("off")
        _draw(panels[1], before, "before", row, col, fs[title])
        _draw(panels[2], after, "after", row, col, fs[title])
    return figure


def _draw(axes: Any, clip: Any, title: str, row: int | None, col: int | None, fs: float | None) -> None:
    """Draw the x-t slice of a clip."""
    line, marker, position = line_over_time(clip, row, col)
    extent = (0, len(line) / fs if fs else len(line), line.shape[1], 0)
    axes.imshow(
        displayable(np.swapaxes(line, 0, 1)), aspect="auto", cmap="gray", extent=extent, interpolation="nearest"
    )
    along, across = ("row", "column") if marker == "axhline" else ("column", "row")
    axes.set(title=f"{title}, {along} {position}", xlabel="time (s)" if fs else "time (frames)", ylabel=across)


def line_over_time(clip: Any, row: int | None, col: int | None) -> tuple[np.ndarray, str, int]:
    """One row or column of a clip (T, n[, 3]), the method of an axes that marks it in a frame, and its index."""
    if row is not None and col is not None:
        raise ValueError(f"row={row} and col={col} cannot be given together: choose one of them")
    lines = []
    for chunk in [clip] if is_array(clip) else clip:
        height, width = chunk.shape[1:3]
        if row is None and col is None:
            col = width // 2
        if not (0 <= (row or 0) < height and 0 <= (col or 0) < width):
            line = f"col={col}" if row is None else f"row={row}"
            raise ValueError(f"{line} must be inside the frame, which has {height} rows and {width} columns")
        lines.append(to_host(chunk[:, :, col] if row is None else chunk[:, row]).copy())  # A view would hold the chunk.
    if not lines:
        raise ValueError("the clip holds no frame: give at least one")
    line_values = lines[0] if len(lines) == 1 else np.concatenate(lines)
    return line_values, "axvline" if row is None else "axhline", int((col if row is None else row) or 0)


def displayable(image: np.ndarray) -> np.ndarray:
    """The image as matplotlib can show it: a color image in 8 bits, a gray image unchanged."""
    if image.ndim == 2 or image.shape[-1] != 3:
        return image
    white = white_of_source(float(image.max(initial=0)), image.dtype, least_bits=8)
    scaled = next(full_range([image], white))
    return scaled if scaled.dtype == np.uint8 else (scaled >> 8).astype(np.uint8)
