"""Signals over time, with the band of their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAND = 2.0
"""Standard errors on either side that are shown: of normal noise 95 in 100 values lie within."""

WAYS = ("down", "right")
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")


def waveform(values: Any, *, fs: float | None = None, rois: Sequence[Any] = (), most: int = 6) -> Figure:
    """Signals over time, each with a band of two standard errors on either side.

    Frames that do not show a region, so that its values are interpolated there, have a grey ground.

    Parameters
    ----------
    values
        A result such as that of ``vmm.measure.displacement``, ``sound`` or ``pulse``, or an array (T, ...).
    fs
        Rate in Hz; by default that of the result, else 1.
    rois
        The regions, to be named in the titles.
    most
        Regions drawn at most: those that move most.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where no signal is known.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(60, 30, 2.0, 0.1), noise=1.0)
    >>> figure = vmm.plot.waveform(vmm.measure.displacement(clip, fs=30))
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('time (s)', 'displacement (px)')
    """
    from matplotlib.figure import Figure

    signals = _pairs(values)  # (T, R, C)
    rate = float(getattr(values, "fs", 1.0) if fs is None else fs)
    error = _errors(values, signals.shape[1:])
    spread = np.nan_to_num(signals.std(axis=0), nan=-1.0).max(axis=1)
    chosen = sorted(int(i) for i in np.argsort(-spread, kind="stable")[:most] if spread[i] >= 0)
    if not chosen:
        raise ValueError("no signal is known: choose other regions")
    figure = Figure(figsize=(11, 1 + 2.2 * len(chosen)), layout="constrained")
    times = np.arange(len(signals)) / rate
    for axes, i in zip(figure.subplots(len(chosen), 1, sharex=True, squeeze=False)[:, 0], chosen, strict=True):
        if isinstance(seen := getattr(values, "is_visible", None), np.ndarray):
            _shade(axes, ~seen[:, i], rate)
        _draw(axes, times, signals[:, i], error[i], getattr(values, "unit", ""))
        axes.set_ylabel(_named(values))
        axes.margins(x=0)
        if signals.shape[1] > 1 or len(rois):
            axes.set_title(f"region {i}{_place(rois, i)}", fontsize="medium", loc="left")
    unit = getattr(values, "time_unit", None) if fs is None else "s"
    axes.set_xlabel("time (s)" if (unit or ("s" if hasattr(values, "fs") else "frame")) == "s" else "time (frames)")
    return figure


def comparison(found: Any) -> Figure:
    """A measured signal beside that of a sensor, each over its own range.

    Parameters
    ----------
    found
        What ``vmm.measure.compare`` returned.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np, vmm
    >>> wave = np.sin(2 * np.pi * 0.7 * (np.arange(300) / 30) ** 1.1)
    >>> figure = vmm.plot.comparison(vmm.measure.compare(0.2 * wave, wave, fs=30, sensor_fs=30))
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['measured', 'sensor x 0.2']
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(found.times, found.measured, color=COLOURS[0], label="measured")
    axes.plot(found.times, found.gain * found.sensor, "--", color=COLOURS[1], label=f"sensor x {found.gain:.3g}")
    axes.set(xlabel="time (s)", ylabel="displacement")
    axes.set_title(f"correlation {found.correlation:.3f}, scaled mean absolute error {found.nmae:.3f}", loc="left")
    axes.legend(loc="upper right")
    axes.margins(x=0)
    return figure


def _pairs(values: Any) -> np.ndarray:
    """Signals (T, R, C): those of regions, each with its directions."""
    data = np.asarray(getattr(values, "values", values), dtype=float)
    if data.ndim == 1:
        return data[:, None, None]
    return data.reshape(len(data), -1, data.shape[-1]) if data.shape[-1] == 2 else data.reshape(len(data), -1, 1)


def _errors(values: Any, shape: tuple[int, int]) -> np.ndarray:
    """Standard errors (R, C), NaN where none are told."""
    error = getattr(values, "stderr", None)
    if not isinstance(error, np.ndarray) or error.size != shape[0] * shape[1]:
        return np.full(shape, np.nan)
    return error.reshape(shape)


def _shade(axes: Any, hidden: np.ndarray, rate: float) -> None:
    """Grey ground where frames (T,) do not show a region."""
    edges = np.flatnonzero(np.diff(np.r_[False, hidden, False]))
    for first, end in edges.reshape(-1, 2):
        axes.fill_between(
            [(first - 0.5) / rate, (end - 0.5) / rate], 0, 1, transform=axes.get_xaxis_transform(), color="0.88", lw=0
        )


def _draw(axes: Any, times: np.ndarray, signals: np.ndarray, error: np.ndarray, unit: str) -> None:
    """The signals (T, C) of one region."""
    for c, (signal, spread) in enumerate(zip(signals.T, error, strict=True)):
        if not np.isfinite(signal).any():
            continue
        label = WAYS[c] if signals.shape[1] == 2 else ""
        if np.isfinite(spread):
            low, high = signal - BAND * spread, signal + BAND * spread
            axes.fill_between(times, low, high, color=COLOURS[c], alpha=0.3, linewidth=0)
            label = f"{label} (band: \N{PLUS-MINUS SIGN} {BAND * spread:.2g} {unit})"
        axes.plot(times, signal, color=COLOURS[c], linewidth=0.9, label=label.strip())
    if axes.get_legend_handles_labels()[1]:
        place = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.1}
        axes.legend(fontsize="small", ncols=2, frameon=False, **place)


def _named(values: Any) -> str:
    """What the axis is called."""
    unit = str(getattr(values, "unit", ""))
    quantity = getattr(values, "quantity", "signal")
    return f"{quantity} ({unit})" if unit else quantity


def _place(rois: Sequence[Any], i: int) -> str:
    """Where a region is."""
    if i >= len(rois) or not isinstance(rois[i], tuple):
        return ""
    top, left, height, width = rois[i]
    return f": rows {top} to {top + height - 1}, columns {left} to {left + width - 1}"
