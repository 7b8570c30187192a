"""Orbits: the ellipses along which points move at one frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.plot._signals import BAND, COLORS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 3


@checks_arguments
def orbit(ellipses: Any, *, max_points: int = 6) -> Figure:
    """Show the ellipse along which each point moves at one frequency, in the orientation of the frame.

    An arrow shows the sense of rotation. A cross at the start of the ellipse shows two standard errors in either
    direction.

    Parameters
    ----------
    ellipses
        The result of ``vmm.measure.orbit``.
    max_points
        Largest number of points to draw. Those with the longest major axes are chosen.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with one axes for each point.

    Raises
    ------
    ValueError
        If no point has an observable displacement both down and to the right.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> angle = 2 * np.pi * 5 * np.arange(240) / 240
    >>> ellipse = vmm.measure.orbit(np.stack([0.1 * np.sin(angle), 0.3 * np.cos(angle)], axis=1), 5, fs=240)
    >>> right, down = vmm.plot.orbit(ellipse).axes[0].lines[0].get_data()
    >>> np.ptp(right).round(2).item(), np.ptp(down).round(2).item()
    (0.6, 0.2)
    """
    from vmm.plot._figure import Figure

    phasors, error = ellipses.phasors.reshape(-1, 2), ellipses.stderr.reshape(-1, 2)
    sizes = np.nan_to_num(np.ravel(ellipses.major), nan=-1.0)
    points = sorted(int(i) for i in np.argsort(-sizes, kind="stable")[:max_points] if sizes[i] >= 0)
    if not points:
        raise ValueError(
            "no region has an observable displacement in both directions: "
            "an orbit needs texture with horizontal and vertical edges"
        )
    columns = min(_COLUMNS, len(points))
    rows = -(-len(points) // columns)
    figure = Figure(figsize=(4 * columns, 4 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, i in zip(panels, points, strict=False):
        _draw(axes, phasors[i], error[i], ellipses.unit)
        if len(phasors) > 1:
            axes.set_title(f"region {i}", fontsize="medium")
    for axes in panels[len(points) :]:
        axes.remove()
    figure.suptitle(f"{ellipses.frequency:.4g} {ellipses.frequency_unit}")
    return figure


def _draw(axes: Any, phasors: np.ndarray, error: np.ndarray, unit: str) -> None:
    """Draw one ellipse, its sense of rotation, and its uncertainty as a cross at the start."""
    rotations = np.exp(2j * np.pi * np.linspace(0, 1, 129))
    down, right = np.real(phasors[:, None] * rotations)
    axes.plot(right, down, color=COLORS[0])
    axes.annotate("", (right[6], down[6]), (right[0], down[0]), arrowprops={"arrowstyle": "-|>", "color": COLORS[0]})
    cross = {"color": COLORS[1], "capsize": 3, "label": f"{BAND:g} standard errors"}
    axes.errorbar(right[0], down[0], BAND * error[0], BAND * error[1], **cross)
    limit = 1.15 * float(np.abs(phasors).max() + BAND * error.max())
    axes.set(xlim=(-limit, limit), ylim=(limit, -limit), aspect="equal")  # the y axis points down, as in the frame
    suffix = f" ({unit})" if unit else ""
    axes.set(xlabel=f"right{suffix}", ylabel=f"down{suffix}")
    axes.legend(loc="upper right", fontsize="small")
    axes.grid(alpha=0.3)
