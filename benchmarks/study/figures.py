"""Curves as figures, and frames as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.study.parts import Curves

_MARKS = "osD^v<>ph*XPd"
_DASHES = ((0, (1, 1)), (0, (4, 2)), (0, (4, 2, 1, 2)))


def drawn(curves: Curves) -> Any:
    """A figure of lines, each with a colour and a mark of its own."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5.2), layout="constrained")
    axes = figure.subplots()
    colours = matplotlib.colormaps["tab20"]
    for i, (name, (x, y)) in enumerate(curves.lines.items()):
        plain = {"color": "black", "linestyle": ":"} if name == "nothing" else {"color": colours(2 * i % 20 + i // 10)}
        axes.plot(x, y, marker=_MARKS[i % len(_MARKS)], markersize=4, linewidth=1.2, label=name, **plain)
    for i, (name, (x, y)) in enumerate(curves.guides.items()):
        axes.plot(x, y, color="grey", linestyle=_DASHES[i % len(_DASHES)], linewidth=1.2, label=name)
    axes.set(xlabel=curves.x, ylabel=curves.y, xscale="log" if "x" in curves.log else "linear")
    axes.set_yscale("log" if "y" in curves.log else "linear")
    axes.grid(alpha=0.3, which="both" if curves.log else "major")
    figure.legend(loc="outside right upper", fontsize="small")
    return figure


def montage(pictures: Sequence[tuple[str, np.ndarray]], path: Path, columns: int = 4, size: float = 2.6) -> None:
    """Write pictures (H, W[, 3]) of grey levels side by side, each under its name."""
    from matplotlib.figure import Figure

    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    height, width = pictures[0][1].shape[:2]
    figure = Figure(figsize=(size * columns, (size * height / width + 0.3) * rows), layout="constrained")
    every = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes in every:
        axes.set_axis_off()
    for axes, (name, picture) in zip(every, pictures, strict=False):
        shown = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        axes.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(name, fontsize=8, pad=3)
    figure.savefig(path, dpi=110)
