"""Spectra with their lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vmm.plot.signals import COLOURS, WAYS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NEAR = 0.025  # of the axis: labels nearer than that stand above one another
_STEPS = 3  # heights of labels


def spectrum(found: Any, lines: Sequence[Any] = (), *, band: tuple[float, float] | None = None) -> Figure:
    """A spectrum on a logarithmic scale, its lines marked with frequency and the largest amplitude of all signals.

    Parameters
    ----------
    found
        What ``vmm.measure.spectrum`` returned.
    lines
        What ``vmm.measure.peaks`` found in the same signals.
    band
        (low, high) in Hz that is shown; all by default.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np, vmm
    >>> noise = np.random.default_rng(0).normal(0, 0.05, 960)
    >>> wave = 0.2 * np.sin(2 * np.pi * 31.07 * np.arange(960) / 240) + noise
    >>> figure = vmm.plot.spectrum(vmm.measure.spectrum(wave, fs=240), vmm.measure.peaks(wave, fs=240))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['31.07 Hz, 0.21 px']
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    axes = figure.subplots()
    frequencies, curves = found.frequencies[1:], found.values[1:].reshape(len(found.values) - 1, -1)
    low, high = band or (0.0, float(frequencies[-1]))
    inside = (frequencies >= low) & (frequencies <= high)
    for c in np.flatnonzero(np.isfinite(curves).any(axis=0)):
        label = WAYS[c] if curves.shape[1] == 2 else ""
        axes.semilogy(frequencies, curves[:, c], color=COLOURS[c % len(COLOURS)], linewidth=0.9, label=label)
    shown = curves[inside]
    shown = shown[np.isfinite(shown) & (shown > 0)]
    if shown.size:
        bottom, top = np.percentile(shown, 1) / 3, shown.max()
        axes.set_ylim(bottom, top * (top / bottom) ** 0.5)  # room for labels
    axes.set(xlim=(low, high), xlabel=f"frequency ({found.frequency_unit})", ylabel=_with_unit(found.kind, found.unit))
    if curves.shape[1] == 2:
        axes.legend(loc="upper right")
    axes.grid(alpha=0.3)
    _label(axes, [line for line in lines if low <= line.frequency <= high], frequencies, curves, high - low)
    return figure


def _label(axes: Any, lines: Sequence[Any], frequencies: np.ndarray, curves: np.ndarray, width: float) -> None:
    """Write frequency and amplitude at each line, upright so that neighbours do not cover one another."""
    last, step = -np.inf, 0
    for line in sorted(lines, key=lambda line: line.frequency):
        i = int(np.abs(frequencies - line.frequency).argmin())
        height = float(np.nan_to_num(curves[max(i - 1, 0) : i + 2]).max())
        step = (step + 1) % _STEPS if line.frequency - last < _NEAR * width else 0
        last = line.frequency
        said = f"{line.frequency:.4g} {line.frequency_unit}, {np.nanmax(line.amplitude):.2g} {line.unit}".rstrip()
        axes.plot([line.frequency], [height], "v", color="black", markersize=5)
        axes.annotate(
            said,
            (line.frequency, height),
            xytext=(12 * step, 8),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="bottom",
            fontsize="small",
        )


def _with_unit(name: str, unit: str) -> str:
    """A name with its unit in brackets, if there is one."""
    return f"{name} ({unit})" if unit else name
