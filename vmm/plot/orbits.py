"""Orbits: the path of points at one frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.plot.signals import BAND, COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 3


def orbit(found: Any, *, most: int = 6) -> Figure:
    """The ellipse of each point at one frequency as the screen shows it, with an arrow for its sense.

    Parameters
    ----------
    found
        What ``vmm.measure.orbit`` returned.
    most
        Points drawn at most: those that move most.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where no point is known in both directions.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> angle = 2 * np.pi * 5 * np.arange(240) / 240
    >>> found = vmm.measure.orbit(np.stack([0.1 * np.sin(angle), 0.3 * np.cos(angle)], axis=1), 5, fs=240)
    >>> len(vmm.plot.orbit(found).axes)
    1
    """
    from matplotlib.figure import Figure

    waves, error = found.phasors.reshape(-1, 2), found.stderr.reshape(-1, 2)
    sizes = np.nan_to_num(np.ravel(found.major), nan=-1.0)
    chosen = sorted(int(i) for i in np.argsort(-sizes, kind="stable")[:most] if sizes[i] >= 0)
    if not chosen:
        raise ValueError("no point is known in both directions: an orbit needs texture of both")
    columns = min(_COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = Figure(figsize=(4 * columns, 4 * rows + 0.3), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, i in zip(grid, chosen, strict=False):
        _draw(axes, waves[i], error[i], found.unit)
        if len(waves) > 1:
            axes.set_title(f"region {i}", fontsize="medium")
    for axes in grid[len(chosen) :]:
        axes.remove()
    figure.suptitle(f"{found.frequency:.4g} {found.frequency_unit}")
    return figure


def _draw(axes: Any, waves: np.ndarray, error: np.ndarray, unit: str) -> None:
    """One ellipse, its sense, and its uncertainty as a cross at the start."""
    turns = np.exp(2j * np.pi * np.linspace(0, 1, 129))
    down, right = np.real(waves[:, None] * turns)
    axes.plot(right, down, color=COLOURS[0])
    axes.annotate("", (right[6], down[6]), (right[0], down[0]), arrowprops={"arrowstyle": "-|>", "color": COLOURS[0]})
    axes.errorbar(right[0], down[0], BAND * error[0], BAND * error[1], color=COLOURS[1], capsize=3)
    reach = 1.15 * float(np.abs(waves).max() + BAND * error.max())
    axes.set(xlim=(-reach, reach), ylim=(reach, -reach), aspect="equal")  # down is down
    said = f" ({unit})" if unit else ""
    axes.set(xlabel=f"right{said}", ylabel=f"down{said}")
    axes.grid(alpha=0.3)
