"""Slices of a clip through time, and sheets of frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.backend.arrays import to_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def slices(
    before: Any, after: Any = None, *, row: int | None = None, col: int | None = None, fs: float | None = None
) -> Figure:
    """One line of a clip over time, before and after: motion shows as a wave.

    Parameters
    ----------
    before, after
        Arrays (T, H, W[, 3]); `after` may be left out.
    row
        Row to follow: position along it is drawn upwards.
    col
        Column to follow, in place of a row; by default the one in the middle.
    fs
        Rate of the camera in Hz, so that time is drawn in seconds.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``.

    Raises
    ------
    ValueError
        Where both a row and a column are given, or they lie outside the frame.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> figure = vmm.plot.slices(np.zeros((30, 16, 16), np.uint8), row=8, fs=30)
    >>> len(figure.axes)
    1
    """
    from matplotlib.figure import Figure

    clips = {"before": before} if after is None else {"before": before, "after": after}
    figure = Figure(figsize=(6 * len(clips), 5), layout="constrained")
    for axes, (title, clip) in zip(figure.subplots(1, len(clips), squeeze=False)[0], clips.items(), strict=True):
        _draw(axes, clip, title, row, col, fs)
    return figure


def contact_sheet(frames: Any, *, count: int = 12, fs: float | None = None) -> Figure:
    """Some frames of a clip, evenly spaced, on one sheet.

    Parameters
    ----------
    frames
        Array (T, H, W[, 3]).
    count
        Number of frames shown, at most.
    fs
        Rate of the camera in Hz, so that each frame's time is written in seconds.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np, vmm
    >>> len(vmm.plot.contact_sheet(np.zeros((30, 16, 16), np.uint8), count=6).axes)
    6
    """
    from matplotlib.figure import Figure

    chosen = np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int))
    columns = int(np.ceil(np.sqrt(len(chosen))))
    rows = -(-len(chosen) // columns)
    figure = Figure(
        figsize=(3 * columns, 3 * rows * frames.shape[1] / frames.shape[2] + 0.3 * rows), layout="constrained"
    )
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, t in zip(grid, chosen, strict=False):
        axes.imshow(shown(to_host(frames[t])), cmap="gray")
        axes.set_title(f"{t / fs:.2f} s" if fs else f"frame {t}", fontsize="small")
        axes.axis("off")
    for axes in grid[len(chosen) :]:
        axes.remove()
    return figure


def gallery(
    clips: Mapping[str, tuple[Any, Any]], lines: Mapping[str, Mapping[str, int]], *, fs: Mapping[str, float]
) -> Figure:
    """Clips before and after on one sheet, a row each: a frame of the result, and a slice of either.

    Parameters
    ----------
    clips
        Arrays (before, after), each (T, H, W[, 3]), by title.
    lines
        ``{"row": r}`` or ``{"col": c}`` to follow, by title; the middle column where it is left out.
    fs
        Rate of the camera in Hz, by title.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.zeros((30, 16, 16), np.uint8)
    >>> len(vmm.plot.gallery({"black": (clip, clip)}, {}, fs={"black": 30}).axes)
    3
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 4 * len(clips)), layout="constrained")
    for row, (title, (before, after)) in zip(figure.subplots(len(clips), 3, squeeze=False), clips.items(), strict=True):
        line = dict(lines.get(title, {}))
        row[0].imshow(shown(to_host(after[len(after) // 2])), cmap="gray")
        row[0].set_title(title)
        followed, at = ("axhline", line["row"]) if "row" in line else ("axvline", line.get("col", after.shape[2] // 2))
        getattr(row[0], followed)(at, color="red", linewidth=0.7)
        row[0].axis("off")
        _draw(row[1], before, "before", line.get("row"), line.get("col"), fs[title])
        _draw(row[2], after, "after", line.get("row"), line.get("col"), fs[title])
    return figure


def _draw(axes: Any, clip: Any, title: str, row: int | None, col: int | None, fs: float | None) -> None:
    """One line of a clip over time."""
    if row is not None and col is not None:
        raise ValueError(f"row={row} and col={col} cannot both be followed: give one of them")
    height, width = clip.shape[1:3]
    if row is None and col is None:
        col = width // 2
    if not (0 <= (row or 0) < height and 0 <= (col or 0) < width):
        raise ValueError(f"row={row}, col={col} must lie inside the frame, {(height, width)}")
    line = to_host(clip[:, row] if row is not None else clip[:, :, col])  # (T, n[, 3])
    extent = (0, len(line) / fs if fs else len(line), line.shape[1], 0)
    axes.imshow(shown(np.swapaxes(line, 0, 1)), aspect="auto", cmap="gray", extent=extent, interpolation="nearest")
    axes.set(title=title, xlabel="time (s)" if fs else "time (frames)", ylabel="column" if row is not None else "row")


def shown(image: np.ndarray) -> np.ndarray:
    """The image as matplotlib shows it: colour in 8 bits, grey as it is."""
    if image.ndim == 2 or image.shape[-1] != 3:
        return image
    return (image >> 8).astype(np.uint8) if image.dtype == np.uint16 else image.astype(np.uint8)
