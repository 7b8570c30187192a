"""What commands measure of regions, and the tables that tell it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Literal

import vmm
from vmm.cli.liveliest import liveliest
from vmm.cli.outputs import with_error
from vmm.cli.sources import asked, opened, scale

_WAYS = ("down", "right")


def measured(options: argparse.Namespace, method: Literal["phase", "linear"] = "phase") -> vmm.measure.RegionSignal:
    """Displacement of the regions that were asked for, or else where the strongest vibration shows most clearly."""
    rois = asked(options)
    if rois is None:
        found = vmm.measure.suggest(opened(options))
        rois = liveliest(lambda: opened(options), found)
        print(_chosen(rois, found))
    return vmm.measure.displacement(opened(options), rois, method=method, **scale(options))


def _chosen(rois: list[Any] | None, found: list[vmm.measure.Suggestion]) -> str:
    if rois is None:
        return "Nothing vibrates by more than noise: the whole frame less a margin is measured as one; --roi chooses"
    line = next(line for line in found if line.kind == "motion")
    box = " ".join(map(str, rois[0]))
    return f"Measured where {line.frequency:.4g} Hz shows most clearly, as by --roi {box}"


def region_rows(moved: vmm.measure.RegionSignal) -> list[tuple[str, ...]]:
    """Titles, and a row for each region and direction."""
    import numpy as np

    rows: list[tuple[str, ...]] = [("region", "top left height width", "direction", "rms", "peak to peak", "error")]
    for r, roi in enumerate(moved.rois):
        where = " ".join(map(str, roi)) if isinstance(roi, tuple) else "mask"
        for axis, way in enumerate(_WAYS):
            values = moved.values[:, r, axis]
            numbers = float(np.std(values)), float(np.ptp(values)), float(moved.stderr[r, axis])
            told = moved.is_known[r, axis]
            rows.append((str(r), where, way, *(f"{n:.3g} {moved.unit}" if told else "unknown" for n in numbers)))
    return rows


def line_rows(lines: Sequence[vmm.measure.Peak]) -> list[tuple[str, ...]]:
    """Titles, and a row for each line: its amplitude is that of the region and direction that move most."""
    rows: list[tuple[str, ...]] = [("frequency", "amplitude", "region", "direction", "strength", "")]
    for line in lines:
        region, axis, amplitude, error = most_of(line)
        said = with_error(line.frequency, line.frequency_stderr, line.frequency_unit)
        size = with_error(amplitude, error, line.unit)
        steady = "" if line.is_steady else "not steady"
        rows.append((said, size, str(region), _WAYS[axis], f"{line.snr:.0f} dB", steady))
    return rows


def most_of(line: vmm.measure.Peak) -> tuple[int, int, float, float]:
    """Region and direction that move most at a line, its amplitude there and the standard error."""
    import numpy as np

    flat = int(np.nan_to_num(line.amplitude, nan=-1.0).argmax())
    region, axis = divmod(flat, line.amplitude.shape[1])
    return region, axis, float(line.amplitude[region, axis]), float(line.amplitude_stderr[region, axis])


def liveliest_signal(moved: vmm.measure.RegionSignal) -> Any:
    """The displacement of the region and direction that move most, as a signal."""
    import numpy as np

    from vmm.measure.signals._signal import Signals

    spread = np.where(moved.is_known, np.nan_to_num(moved.values.std(axis=0)), -1.0)
    region, axis = divmod(int(spread.argmax()), 2)
    if not moved.is_known[region, axis]:
        raise ValueError("no region's displacement is known: choose others")
    return Signals(moved.values[:, region, axis], moved.fs, moved.unit)
