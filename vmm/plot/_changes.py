"""Spectra of two recordings, with the lines that changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.plot._signals import COMPONENTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLORS = {"new": "tab:red", "larger": "tab:red", "gone": "tab:green", "smaller": "tab:green"}
"""Color of the labels: growth in red and decline in green."""


@checks_arguments
def changes(before: Any, after: Any, lines: Sequence[Any], *, max_panels: int = 6) -> Figure:
    """Draw the spectra of two recordings over each other, and label the lines that changed.

    Parameters
    ----------
    before, after
        Spectra of the signals, the results of ``vmm.measure.spectrum``.
    lines
        Changes between the recordings, the result of ``vmm.measure.changes``.
    max_panels
        Largest number of signals to draw. Those that show changes are drawn first.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with one axes for each signal.

    Raises
    ------
    ValueError
        If there are no lines.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> t, noise = np.arange(480) / 240, np.random.default_rng(0).normal(0, 0.01, (2, 480))
    >>> pair = [a * np.sin(2 * np.pi * 25 * t) + part for a, part in zip((0.1, 0.2), noise)]
    >>> spectra = [vmm.measure.spectrum(values, fs=240) for values in pair]
    >>> figure = vmm.plot.changes(*spectra, vmm.measure.changes(*pair, fs=240))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['25 Hz, larger']
    """
    from vmm.plot._figure import Figure

    if not lines:
        raise ValueError("there are no lines to draw: no recording has a peak above its noise")
    changed = [line.index for line in lines if line.verdict in _COLORS]
    indices = list(dict.fromkeys([*changed, *(line.index for line in lines)]))[:max_panels]
    figure = Figure(figsize=(11, 1 + 2.6 * len(indices)), layout="constrained")
    panels = figure.subplots(len(indices), 1, sharex=True, squeeze=False)[:, 0]
    for axes, index in zip(panels, indices, strict=True):
        for spectrum, color, name in ((before, "0.6", "before"), (after, "tab:blue", "after")):
            axes.semilogy(
                spectrum.frequencies[1:], spectrum.values[(slice(1, None), *index)], color=color, lw=0.9, label=name
            )
        _label(axes, [line for line in lines if line.index == index])
        visible = np.concatenate([spectrum.values[(slice(1, None), *index)] for spectrum in (before, after)])
        bottom, top = np.nanpercentile(visible, 1) / 3, np.nanmax(visible)
        axes.set_ylim(bottom, top * (top / bottom) ** 0.7)  # The upper part is left free for the labels.
        axes.set_ylabel(f"amplitude ({after.unit})" if after.unit else "amplitude")
        axes.set_title(_name(index), fontsize="medium", loc="left")
        axes.legend(loc="upper right")
        axes.grid(alpha=0.3)
        axes.margins(x=0)
    axes.set_xlabel(f"frequency ({after.frequency_unit})")
    return figure


def _label(axes: Any, lines: Sequence[Any]) -> None:
    """Mark lines at the larger of their amplitudes; the labels are upright, so that neighbors do not overlap."""
    for line in lines:
        height = float(np.nanmax([line.before, line.after]))
        color = _COLORS.get(line.verdict, "0.3")
        axes.plot([line.frequency], [height], "v", color=color, markersize=5)
        axes.annotate(
            f"{line.frequency:.4g} {line.frequency_unit}, {line.verdict}",
            (line.frequency, height),
            xytext=(0, 7),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="bottom",
            fontsize="small",
            color=color,
        )


def _name(index: tuple[int, ...]) -> str:
    """Name of a signal."""
    if len(index) == 2 and index[1] < len(COMPONENTS):
        return f"region {index[0]}, {COMPONENTS[index[1]]}"
    return "signal " + " ".join(map(str, index)) if index else ""
