"""Signals over time, with their uncertainty bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from vmm.backend.arguments import checks_arguments

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAND = 2.0
"""Half width of the uncertainty band in standard errors: it holds 95 % of normally distributed values."""

COMPONENTS = ("down", "right")
COLORS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")


@checks_arguments
def waveform(
    values: Any, *, fs: float | None = None, rois: Sequence[Any] = (), max_regions: int = 6, ax: Any = None
) -> Figure:
    """Draw signals over time, each with a band of two standard errors on either side.

    The background is gray over frames in which a region is hidden, so that its values are interpolated.

    Parameters
    ----------
    values
        A result such as that of ``vmm.measure.displacement``, ``sound`` or ``pulse``, or an array (T, ...).
    fs
        Sampling rate in Hz. By default that of the result. Without either, time is drawn in frames.
    rois
        The measured regions, for the titles of the panels.
    max_regions
        Largest number of regions to draw. Those with the largest standard deviation are chosen.
    ax
        Matplotlib axes to draw into, for one region. By default a new figure is made.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with one axes for each region.

    Raises
    ------
    ValueError
        If every signal is unknown (NaN), or if `ax` is given and there are several regions.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(60, 30, 2.0, 0.1), noise=1.0)
    >>> figure = vmm.plot.waveform(vmm.measure.displacement(clip, fs=30))
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('time (s)', 'displacement (px)')
    """
    from vmm.plot._figure import Figure, single_axes

    signals = _by_region(values)  # (T, R, C)
    rate = float(getattr(values, "fs", 1.0) if fs is None else fs)
    error = _errors(values, signals.shape[1:])
    spread = np.nan_to_num(signals.std(axis=0), nan=-1.0).max(axis=1)
    regions = sorted(int(i) for i in np.argsort(-spread, kind="stable")[:max_regions] if spread[i] >= 0)
    if not regions:
        raise ValueError("no signal is known: all values are NaN, so choose regions with more texture")
    if ax is not None and len(regions) > 1:
        raise ValueError(f"ax: one axes shows one region, but there are {len(regions)}; give max_regions=1, or no ax")
    times = getattr(values, "frame_times", None) if fs is None else None
    times = np.arange(len(signals)) / rate if times is None else times
    if ax is None:
        figure: Any = Figure(figsize=(11, 1 + 2.2 * len(regions)), layout="constrained")
        panels = figure.subplots(len(regions), 1, sharex=True, squeeze=False)[:, 0]
    else:
        figure, panels = single_axes(ax, (11, 3.2))[0], [ax]
    for axes, i in zip(panels, regions, strict=True):
        if isinstance(visible := getattr(values, "is_visible", None), np.ndarray):
            _shade(axes, ~visible[:, i], times)
        _draw(axes, times, *_components(values, signals, error, i), unit=getattr(values, "unit", ""))
        axes.set_ylabel(_named(values))
        axes.margins(x=0)
        if signals.shape[1] > 1 or len(rois):
            axes.set_title(f"{_label(values, i)}{_extent(rois, i)}", fontsize="medium", loc="left")
    in_frames = fs is None and getattr(values, "time_unit", "s" if hasattr(values, "fs") else "frame") == "frame"
    axes.set_xlabel("time (frames)" if in_frames else "time (s)")
    return cast("Figure", figure)


@checks_arguments
def comparison(result: Any, *, ax: Any = None) -> Figure:
    """Draw a measured signal and the signal of a sensor, scaled by the fitted gain, over time.

    Parameters
    ----------
    result
        The result of ``vmm.measure.compare``.
    ax
        Matplotlib axes to draw into. By default a new figure is made.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; its title gives the correlation and the error.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 0.7 * (np.arange(300) / 30) ** 1.1)
    >>> figure = vmm.plot.comparison(vmm.measure.compare(0.2 * wave, wave, fs=30, sensor_fs=30))
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['measured', 'sensor x 0.2']
    """
    from vmm.plot._figure import single_axes

    figure, axes = single_axes(ax, (11, 4))
    axes.plot(result.times, result.measured, color=COLORS[0], label="measured")
    axes.plot(result.times, result.gain * result.sensor, "--", color=COLORS[1], label=f"sensor x {result.gain:.3g}")
    axes.set(xlabel="time (s)", ylabel="displacement")
    axes.set_title(
        f"correlation {result.correlation:.3f}, scaled mean absolute error {result.normalized_mae:.3f}", loc="left"
    )
    axes.legend(loc="upper right")
    axes.margins(x=0)
    return cast("Figure", figure)


def _by_region(values: Any) -> np.ndarray:
    """Signals (T, R, C) of R regions, each with C components: down and right, or a single one."""
    data = np.asarray(getattr(values, "values", values), dtype=float)
    if data.ndim == 1:
        return data[:, None, None]
    return data.reshape(len(data), -1, data.shape[-1]) if data.shape[-1] == 2 else data.reshape(len(data), -1, 1)


def _errors(values: Any, shape: tuple[int, int]) -> np.ndarray:
    """Standard errors (R, C), all NaN if the result has none."""
    error = getattr(values, "stderr", None)
    if not isinstance(error, np.ndarray) or error.size != shape[0] * shape[1]:
        return np.full(shape, np.nan)
    return error.reshape(shape)


def _shade(axes: Any, hidden: np.ndarray, times: np.ndarray) -> None:
    """Draw a gray background over the frames in which a region is hidden, a mask (T,)."""
    limits = np.interp(np.arange(len(times) + 1) - 0.5, np.arange(len(times)), times)
    edges = np.flatnonzero(np.diff(np.r_[False, hidden, False]))
    for first, end in edges.reshape(-1, 2):
        axes.fill_between(limits[[first, end]], 0, 1, transform=axes.get_xaxis_transform(), color="0.88", lw=0)


def _components(
    values: Any, signals: np.ndarray, error: np.ndarray, i: int
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Signals (T, C) of region `i`, their standard errors (C,) and names.

    A displacement that is known in an oblique direction only is one signal.
    """
    direction = getattr(values, "direction", None)
    if direction is not None and np.isfinite(direction[i]).all() and not values.is_known[i].any():
        name = f"along ({direction[i, 0]:.2f} down, {direction[i, 1]:.2f} right)"
        return values.along[:, [i]], values.along_stderr[[i]], (name,)
    return signals[:, i], error[i], COMPONENTS if signals.shape[2] == 2 else ("",)


def _draw(
    axes: Any, times: np.ndarray, signals: np.ndarray, error: np.ndarray, names: Sequence[str], *, unit: str
) -> None:
    """Draw the signals (T, C) of one region."""
    for c, (signal, spread, label) in enumerate(zip(signals.T, error, names, strict=True)):
        if not np.isfinite(signal).any():
            continue
        if np.isfinite(spread):
            low, high = signal - BAND * spread, signal + BAND * spread
            axes.fill_between(times, low, high, color=COLORS[c], alpha=0.3, linewidth=0)
            label = f"{label} (\N{PLUS-MINUS SIGN} {BAND * spread:.2g} {unit}: {BAND:g} standard errors)"
        axes.plot(times, signal, color=COLORS[c], linewidth=0.9, label=label.strip())
    if axes.get_legend_handles_labels()[1]:
        position = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.1}
        axes.legend(fontsize="small", ncols=2, frameon=False, **position)


def _named(values: Any) -> str:
    """Label of the axis: the name of the quantity and its unit."""
    unit = str(getattr(values, "unit", ""))
    quantity = getattr(values, "quantity", "signal")
    return f"{quantity} ({unit})" if unit else quantity


def _label(values: Any, i: int) -> str:
    """Name of a region."""
    return str(values.labels[i]) if hasattr(values, "labels") else f"region {i}"


def _extent(rois: Sequence[Any], i: int) -> str:
    """Rows and columns of a box, for a title; empty for a mask."""
    if i >= len(rois) or not isinstance(rois[i], tuple):
        return ""
    row, col, height, width = rois[i]
    return f": rows {row} to {row + height - 1}, columns {col} to {col + width - 1}"
