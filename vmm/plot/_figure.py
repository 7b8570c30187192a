"""Figures that notebooks show, and axes of the user in which a function draws."""

from __future__ import annotations

import io
from typing import Any

import matplotlib.figure


class Figure(matplotlib.figure.Figure):
    """A figure that a notebook shows as a picture if it is the last value of a cell.

    The formatter of ``%matplotlib inline`` takes precedence, so that no figure is shown twice.
    """

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        self.savefig(out, format="png", dpi="figure")
        return out.getvalue()


def single_axes(ax: Any, size: tuple[float, float]) -> tuple[Any, Any]:
    """The figure and the axes of `ax`, or a new figure of a size in inches with one axes if `ax` is None."""
    if ax is None:
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots()
    if not hasattr(ax, "imshow"):
        raise TypeError(f"ax={type(ax).__name__} must be a Matplotlib axes, such as plt.subplots()[1]")
    return ax.get_figure(), ax
