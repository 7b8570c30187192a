"""Line plots, and montages of frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.study.types import Curves

_MARKERS = "osD^v<>ph*XPd"
_DASHES = ((0, (1, 1)), (0, (4, 2)), (0, (4, 2, 1, 2)))


def line_plot(curves: Curves) -> Any:
    """A line plot in which each line has its own color and marker."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5.2), layout="constrained")
    axes = figure.subplots()
    colors = matplotlib.colormaps["tab20"]
    for i, (name, (x, y)) in enumerate(curves.lines.items()):
        style = {"color": "black", "linestyle": ":"} if name == "nothing" else {"color": colors(2 * i % 20 + i // 10)}
        axes.plot(x, y, marker=_MARKERS[i % len(_MARKERS)], markersize=4, linewidth=1.2, label=name, **style)
    for i, (name, (x, y)) in enumerate(curves.guides.items()):
        axes.plot(x, y, color="gray", linestyle=_DASHES[i % len(_DASHES)], linewidth=1.2, label=name)
    axes.set(xlabel=curves.x, ylabel=curves.y, xscale="log" if "x" in curves.log else "linear")
    axes.set_yscale("log" if "y" in curves.log else "linear")
    axes.grid(alpha=0.3, which="both" if curves.log else "major")
    figure.legend(loc="outside right upper", fontsize="small")
    return figure


def montage(pictures: Sequence[tuple[str, np.ndarray]], path: Path, columns: int = 4, size: float = 2.6) -> None:
    """Write a grid of images (H, W[, 3]) in gray levels, each with its name as the title."""
    from matplotlib.figure import Figure

    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    height, width = pictures[0][1].shape[:2]
    figure = Figure(figsize=(size * columns, (size * height / width + 0.3) * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, (name, picture) in zip(grid, pictures, strict=False):
        image = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(name, fontsize=8, pad=3)
    figure.savefig(path, dpi=110)
