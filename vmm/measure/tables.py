"""Results as tables: columns with a name and a unit."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vmm.measure.modes import Modes
from vmm.measure.peaks import Peak
from vmm.measure.sensor import Comparison
from vmm.measure.spectrum import Spectrum

Column = tuple[str, np.ndarray]


def write_csv(path: Path, result: Any) -> None:
    """Write the columns of a result, their units in the first line."""
    columns = table(result)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _ in columns])
        for row in zip(*(values.tolist() for _, values in columns), strict=True):
            writer.writerow([f"{value:.9g}" if isinstance(value, float) else value for value in row])


def table(result: Any) -> list[Column]:
    """Columns of a result: names with units, and values of one length.

    Parameters
    ----------
    result
        Signals over time such as a ``Displacement``, ``Sound`` or ``Rate``; a ``Spectrum``, ``Modes`` of regions, a
        ``Comparison``, or a list of ``Peak``.

    Returns
    -------
    list of (str, ndarray)

    Raises
    ------
    ValueError
        Where such a result has no table.
    """
    if isinstance(result, Spectrum):
        return [("frequency (Hz)", result.frequencies), *_signals(result.values, result.unit)]
    if isinstance(result, Comparison):
        pairs = (("time (s)", result.times), ("measured", result.measured), ("sensor", result.sensor))
        return list(pairs)
    if isinstance(result, Modes):
        return _shapes(result)
    if isinstance(result, Sequence) and result and all(isinstance(part, Peak) for part in result):
        return _lines(list(result))
    if hasattr(result, "values") and hasattr(result, "fs"):
        times = np.arange(len(result.values)) / result.fs
        return [("time (s)", times), *_signals(result.values, getattr(result, "unit", ""))]
    raise ValueError(f"{type(result).__name__} has no table: save it as .npz")


def _signals(values: np.ndarray, unit: str) -> list[Column]:
    """A column for each of signals (N, ...)."""
    names = _names(values.shape[1:])
    flat = np.asarray(values, dtype=float).reshape(len(values), -1)
    said = f" ({unit})" if unit else ""
    return [(name + said, flat[:, i]) for i, name in enumerate(names)]


def _names(shape: tuple[int, ...]) -> list[str]:
    """What signals of this shape are called: those of regions down and right, or numbers."""
    if not shape:
        return ["value"]
    if shape == (2,):
        return ["down", "right"]
    if len(shape) == 2 and shape[1] == 2:
        return [f"region {i} {way}" for i in range(shape[0]) for way in ("down", "right")]
    return ["value " + " ".join(map(str, place)) for place in np.ndindex(*shape)]


def _lines(lines: list[Peak]) -> list[Column]:
    """One row a line."""
    columns = [
        ("frequency (Hz)", np.array([line.frequency for line in lines])),
        ("its error (Hz)", np.array([line.frequency_error for line in lines])),
        ("strength (dB)", np.array([line.strength for line in lines])),
    ]
    for what in ("amplitude", "amplitude_error", "phase"):
        unit = "rad" if what == "phase" else lines[0].unit
        values = np.stack([np.asarray(getattr(line, what)) for line in lines])
        said = what.replace("_", " ")
        named = _signals(values, unit)
        columns += [(f"{said} ({unit})" if values.ndim == 1 else f"{said} {name}", column) for name, column in named]
    return columns


def _shapes(modes: Modes) -> list[Column]:
    """One row for each frequency and region."""
    if modes.shapes.ndim != 3:
        raise ValueError("shapes of every pixel have no table: save them as .npz, or take regions")
    count, regions = modes.shapes.shape[:2]
    columns: list[Column] = [
        ("frequency (Hz)", np.repeat(modes.frequencies, regions)),
        ("region", np.tile(np.arange(regions), count)),
    ]
    for i, way in enumerate(("down", "right")):
        flat = modes.shapes[..., i].ravel()
        columns += [(f"{way} real ({modes.unit})", flat.real), (f"{way} imaginary ({modes.unit})", flat.imag)]
        error = np.broadcast_to(modes.error, modes.shapes.shape)[..., i]
        columns.append((f"{way} error ({modes.unit})", error.ravel()))
    return columns
