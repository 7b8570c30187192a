"""Spectra with their peaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.plot._signals import COLORS, COMPONENTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MIN_DISTANCE = 0.025
"""Distance between two peaks, as a fraction of the frequency axis, below which their labels are shifted."""

_SHIFTS = 3
"""Number of label positions that neighboring peaks use in turn."""


@checks_arguments
def spectrum(
    density: Any, peaks: Sequence[Any] = (), *, band: tuple[float, float] | None = None, ax: Any = None
) -> Figure:
    """Draw a spectrum on a logarithmic scale and label its peaks by frequency and amplitude.

    Parameters
    ----------
    density
        The result of ``vmm.measure.spectrum``.
    peaks
        The result of ``vmm.measure.peaks`` for the same signals. The label of a peak gives the largest amplitude
        among the signals.
    band
        Frequencies (low, high) in Hz to show. By default all.
    ax
        Matplotlib axes to draw into. By default a new figure is made.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with one curve for each signal.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> noise = np.random.default_rng(0).normal(0, 0.05, 960)
    >>> wave = 0.2 * np.sin(2 * np.pi * 31.07 * np.arange(960) / 240) + noise
    >>> figure = vmm.plot.spectrum(vmm.measure.spectrum(wave, fs=240), vmm.measure.peaks(wave, fs=240))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['31.07 Hz, 0.21']
    """
    from vmm.plot._figure import single_axes

    figure, axes = single_axes(ax, (11, 5))
    frequencies, curves = density.frequencies[1:], density.values[1:].reshape(len(density.values) - 1, -1)
    low, high = band or (0.0, float(frequencies[-1]))
    inside = (frequencies >= low) & (frequencies <= high)
    for c in np.flatnonzero(np.isfinite(curves).any(axis=0)):
        label = COMPONENTS[c] if curves.shape[1] == 2 else ""
        axes.semilogy(frequencies, curves[:, c], color=COLORS[c % len(COLORS)], linewidth=0.9, label=label)
    visible = curves[inside]
    visible = visible[np.isfinite(visible) & (visible > 0)]
    if visible.size:
        bottom, top = np.percentile(visible, 1) / 3, visible.max()
        axes.set_ylim(bottom, top * (top / bottom) ** 0.5)  # the upper third is left free for the labels
    axes.set(
        xlim=(low, high), xlabel=f"frequency ({density.frequency_unit})", ylabel=_with_unit(density.kind, density.unit)
    )
    if curves.shape[1] == 2:
        axes.legend(loc="upper right")
    axes.grid(alpha=0.3)
    _label(axes, [peak for peak in peaks if low <= peak.frequency <= high], frequencies, curves, high - low)
    return cast("Figure", figure)


def _with_unit(name: str, unit: str) -> str:
    """A name with its unit in parentheses, if there is one."""
    return f"{name} ({unit})" if unit else name


def _label(axes: Any, peaks: Sequence[Any], frequencies: np.ndarray, curves: np.ndarray, width: float) -> None:
    """Mark each peak and write its frequency and amplitude, upright so that neighboring labels do not overlap."""
    last, shift = -np.inf, 0
    for peak in sorted(peaks, key=lambda peak: peak.frequency):
        i = int(np.abs(frequencies - peak.frequency).argmin())
        height = float(np.nan_to_num(curves[max(i - 1, 0) : i + 2]).max())
        shift = (shift + 1) % _SHIFTS if peak.frequency - last < _MIN_DISTANCE * width else 0
        last = peak.frequency
        axes.plot([peak.frequency], [height], "v", color="black", markersize=5)
        axes.annotate(
            f"{peak.frequency:.4g} {peak.frequency_unit}, {np.nanmax(peak.amplitude):.2g} {peak.unit}".rstrip(),
            (peak.frequency, height),
            xytext=(12 * shift, 8),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="bottom",
            fontsize="small",
        )
