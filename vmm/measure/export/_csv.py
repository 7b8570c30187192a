"""Results as CSV tables: columns with a name and a unit."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vmm.measure.modal._deflection import Modes
from vmm.measure.signals._comparison import Comparison
from vmm.measure.signals._peaks import Peak
from vmm.measure.signals._signal import RegionSignal
from vmm.measure.signals._spectrum import Spectrum

Column = tuple[str, np.ndarray]


def write_csv(path: Path, result: Any) -> None:
    """Write the columns of a result, with names and units in the first line."""
    columns = as_table(result)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _ in columns])
        for row in zip(*(values.tolist() for _, values in columns), strict=True):
            writer.writerow([f"{value:.9g}" if isinstance(value, float) else value for value in row])


def as_table(result: Any) -> list[Column]:
    """Columns of a result: names with units, and values (N,).

    Parameters
    ----------
    result
        Signals over time such as a ``RegionSignal``, ``Sound`` or ``Rate``; a ``Spectrum``; ``Modes`` of regions; a
        ``Comparison``; or a list of ``Peak``.

    Returns
    -------
    list of (str, ndarray)
        The columns.

    Raises
    ------
    ValueError
        If such a result has no table.
    """
    if isinstance(result, Spectrum):
        frequencies = (f"frequency ({result.frequency_unit})", result.frequencies)
        return [frequencies, *_signal_columns(result.values, result.unit, result.names)]
    if isinstance(result, Comparison):
        return [("time (s)", result.times), ("measured", result.measured), ("sensor", result.sensor)]
    if isinstance(result, Modes):
        return _shape_columns(result)
    if isinstance(result, Sequence) and result and all(isinstance(part, Peak) for part in result):
        return _peak_columns(list(result))
    if hasattr(result, "values") and hasattr(result, "fs"):
        unit = "frames" if getattr(result, "time_unit", "s") == "frame" else "s"
        times = getattr(result, "times", None)
        times = np.arange(len(result.values)) / result.fs if times is None else times
        columns = _signal_columns(result.values, getattr(result, "unit", ""), getattr(result, "labels", ()))
        return [(f"time ({unit})", times), *_with_directions(columns, result)]
    raise ValueError(f"{type(result).__name__} has no table: save it as .npz")


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _signal_columns(values: np.ndarray, unit: str, labels: Sequence[str] = ()) -> list[Column]:
    """A column for each of signals (N, ...); `labels` names their regions."""
    flat = np.asarray(values, dtype=float).reshape(len(values), -1)
    return [(_with_unit(name, unit), flat[:, i]) for i, name in enumerate(_signal_names(values.shape[1:], labels))]


def _with_directions(columns: list[Column], result: Any) -> list[Column]:
    """The columns; one along its direction replaces both of a region that is known in an oblique direction only."""
    if not isinstance(result, RegionSignal) or result.direction is None:
        return columns
    out = []
    for i, direction in enumerate(result.direction):
        if np.isfinite(direction).all() and not result.is_known[i].any():
            name = f"{result.labels[i]} along ({direction[0]:.4g} down, {direction[1]:.4g} right)"
            out.append((_with_unit(name, result.unit), result.along[:, i]))
        else:
            out += columns[2 * i : 2 * i + 2]
    return out


def _signal_names(shape: tuple[int, ...], labels: Sequence[str]) -> list[str]:
    """Names of signals of this shape: regions with their directions, or indices."""
    if not shape:
        return ["value"]
    if shape == (2,):
        return ["down", "right"]
    if len(shape) == 2 and shape[1] == 2:
        regions = labels or [f"region {i}" for i in range(shape[0])]
        return [f"{region} {direction}" for region in regions for direction in ("down", "right")]
    return ["value " + " ".join(map(str, index)) for index in np.ndindex(*shape)]


def _peak_columns(peaks: list[Peak]) -> list[Column]:
    """One row for each peak."""
    unit = peaks[0].frequency_unit
    columns = [
        (f"frequency ({unit})", np.array([peak.frequency for peak in peaks])),
        (f"frequency stderr ({unit})", np.array([peak.frequency_stderr for peak in peaks])),
        (f"clock stderr ({unit})", np.array([peak.clock_stderr for peak in peaks])),
        ("snr (dB)", np.array([peak.snr for peak in peaks])),
    ]
    for attribute in ("amplitude", "amplitude_stderr", "phase"):
        unit, name = "rad" if attribute == "phase" else peaks[0].unit, attribute.replace("_", " ")
        values = np.stack([np.asarray(getattr(peak, attribute)) for peak in peaks])
        if values.ndim == 1:
            columns.append((_with_unit(name, unit), values))
        else:
            signals = _signal_columns(values, unit, peaks[0].names)
            columns += [(f"{name} {signal}", column) for signal, column in signals]
    columns += _along_columns(peaks)
    notes = ["; ".join(_notes(peak)) for peak in peaks]
    return [*columns, ("note", np.array(notes))]


def _along_columns(peaks: list[Peak]) -> list[Column]:
    """Amplitudes of regions whose displacement is known in one direction only, along that direction."""
    if peaks[0].direction is None:
        return []
    labels, unit = peaks[0].names or [f"region {i}" for i in range(len(peaks[0].direction))], peaks[0].unit
    return [
        (_with_unit(f"{name} {labels[r]} along ({down:.3f} down, {right:.3f} right)", unit), np.array(values))
        for r, (down, right) in enumerate(peaks[0].direction)
        if np.isfinite(down)
        for name, values in (
            ("amplitude", [peak.along[r] for peak in peaks]),
            ("amplitude stderr", [peak.along_stderr[r] for peak in peaks]),
        )
    ]


def _notes(peak: Peak) -> list[str]:
    """The reason why a peak is uncertain, its relation to a stronger one, and the rhythm of the codec, if any."""
    harmonic = [peak.harmonic.text(peak.frequency_unit)] if peak.harmonic else []
    return [*filter(None, [peak.reason]), *harmonic, *["perhaps made by the codec"] * peak.is_codec_rhythm]


def _shape_columns(modes: Modes) -> list[Column]:
    """One row for each frequency and region."""
    if modes.shapes.ndim != 3:
        raise ValueError("shapes of every pixel have no table: save them as .npz, or choose regions")
    count, n_regions = modes.shapes.shape[:2]
    columns: list[Column] = [
        (f"frequency ({modes.frequency_unit})", np.repeat(modes.frequencies, n_regions)),
        ("region", np.tile(modes.names or np.arange(n_regions), count)),
    ]
    for i, direction in enumerate(("down", "right")):
        flat = modes.shapes[..., i].ravel()
        columns += [
            (_with_unit(f"{direction} real", modes.unit), flat.real),
            (_with_unit(f"{direction} imaginary", modes.unit), flat.imag),
        ]
        stderr = np.broadcast_to(modes.stderr, modes.shapes.shape)[..., i]
        columns.append((_with_unit(f"{direction} stderr", modes.unit), stderr.ravel()))
    return columns
