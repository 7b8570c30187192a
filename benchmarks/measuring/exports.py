"""Comparison of two recordings, and properties of exported files."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

import vmm
from benchmarks.measuring.camera import FS, Camera, rendered, sway
from benchmarks.measuring.scenes import texture
from benchmarks.measuring.scores import rms
from benchmarks.measuring.tables import ON_TARGET, Cell, Effort, Lines, Row, Table, yes

NOISE = 0.01
"""Standard deviation of the noise of the signals in pixels."""

COUNT = 960
MACHINE = {
    "as before": (25.0, 0.1, 0.1),
    "larger": (37.0, 0.04, 0.06),
    "smaller": (48.5, 0.06, 0.04),
    "gone": (55.0, 0.02, 0.0),
    "new": (71.0, 0.0, 0.02),
}
"""Frequency in Hz and amplitude in pixels before and after, by the true verdict."""

MAX_FALSE = 3.0
"""Largest percentage on target of verdicts that are wrong."""


def recording(index: int, seed: int) -> np.ndarray:
    """Signals (T, 2) of the first (0) or second (1) recording of the machine, in pixels."""
    rng, t = np.random.default_rng([seed, 22 + index]), np.arange(COUNT) / FS
    lines = [(frequency, amplitudes[index], rng.uniform(0, 2 * np.pi)) for frequency, *amplitudes in MACHINE.values()]
    wave = sum((a * np.cos(2 * np.pi * f * t + p) for f, a, p in lines), np.zeros(COUNT))
    return np.outer(wave, [0.5, 1.0]) + rng.normal(0, NOISE, (COUNT, 2))


def changes(effort: Effort) -> Lines:
    """One line for each true verdict: how often it is given, and the scatter of the difference."""
    right = dict.fromkeys(MACHINE, 0)
    z: dict[str, list[float]] = {name: [] for name in MACHINE}
    n_other = 0
    runs = max(10, effort.runs // 2)
    for seed in range(runs):
        results = vmm.measure.changes(recording(0, seed), recording(1, seed), fs=FS)
        for name, (frequency, before, after) in MACHINE.items():
            near = [one for one in results if abs(one.frequency - frequency) < 0.5]
            right[name] += any(one.verdict == name for one in near)
            z[name] += [deviation(one, after - before) for one in near if np.isfinite(one.ratio)]
            results = [one for one in results if one not in near]
        n_other += len(results)
    cells: list[list[Cell]] = []
    for name, count in right.items():
        share = 100 * count / runs
        cells.append([name, share, rms(np.array(z[name])), n_other / runs, yes(share >= 100 - MAX_FALSE)])
    return cells


def deviation(change: vmm.measure.Change, true: float) -> float:
    """Error of the difference of two amplitudes in the second signal, over its stated error."""
    factor = 0.5 if change.index == (0,) else 1.0
    stderr = np.hypot(change.before_stderr, change.after_stderr)
    return float((change.after - change.before - factor * true) / stderr)


def signal(unit: str = "mm", pixel_size: float = 0.1) -> vmm.measure.RegionSignal:
    """A displacement of two regions in millimeters."""
    frames = Camera().record(rendered(texture(), sway(64, 0)), 0)
    return vmm.measure.displacement(
        frames, [(20, 20, 31, 31), (60, 60, 31, 31)], fs=FS, pixel_size=pixel_size, unit=unit
    )


def sets(result: vmm.measure.RegionSignal) -> list[dict[str, object]]:
    """The datasets of a result in the Universal File Format."""
    import pyuff

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.uff"
        vmm.measure.save(path, result)
        file = pyuff.UFF(str(path))
        return [file.read_sets(n) for n in range(file.get_n_sets())]


def has_units() -> bool:
    """Whether there is a dataset 164 in millimeters: 1 m is 1000 of them."""
    return any(one["type"] == 164 and one["length"] == 1000 for one in sets(signal()))


def has_code(derivative: Callable[[vmm.measure.RegionSignal], vmm.measure.RegionSignal], code: int) -> bool:
    """Whether the time histories of a derivative have the code of their quantity."""
    codes = {one["ordinate_spec_data_type"] for one in sets(derivative(signal())) if one["type"] == 58}
    return codes == {code}


def is_ascii() -> bool:
    """Whether a file with an acceleration holds ASCII characters only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.uff"
        vmm.measure.save(path, vmm.measure.acceleration(signal()))
        return path.read_bytes().isascii()


def refuses_unit() -> bool:
    """Whether millimeters without the size of a pixel are refused."""
    frames = Camera().record(rendered(texture(), sway(32, 0)), 0)
    try:
        vmm.measure.displacement(frames, (20, 20, 31, 31), fs=FS, unit="mm")
    except ValueError:
        return True
    return False


def has_pixel_size() -> bool:
    """Whether the size of a pixel follows from a known length."""
    size, unit = vmm.measure.pixel_size(210, "50mm")
    return unit == "mm" and abs(size - 50 / 210) < 1e-12


CHECKS: dict[str, Callable[[], bool]] = {
    "`.uff`: units in dataset 164": has_units,
    "`.uff`: type of a velocity": partial(has_code, vmm.measure.velocity, 11),
    "`.uff`: type of an acceleration": partial(has_code, vmm.measure.acceleration, 12),
    "`.uff`: units in ASCII": is_ascii,
    "`unit='mm'` without the size of a pixel is refused": refuses_unit,
    "size of a pixel from a known length": has_pixel_size,
}


def check(one: Callable[[], bool]) -> Lines:
    """Whether a check holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [[yes(one())]]


def change_rows(effort: Effort) -> Iterator[Row]:
    """The row of the machine."""
    yield Row("machine with five lines", partial(changes, effort))


def check_rows(effort: Effort) -> Iterator[Row]:
    """A row for each check."""
    for name, one in CHECKS.items():
        yield Row(name, partial(check, one))


def change_columns() -> dict[str, int]:
    """Columns of the comparison."""
    names = {"signals": 0, "true verdict": 0, "given, %": 0, "difference: scatter/stated": 2}
    return names | {"invented lines": 2, ON_TARGET: 0}


def check_columns() -> dict[str, int]:
    """Columns of the checks."""
    return {"property": 0, ON_TARGET: 0}


TABLES = {
    "changes": Table(
        "Comparison of two recordings",
        "Two recordings of a machine, 960 samples at 240 Hz of two signals with noise of 0.01 px, at most 50 draws. "
        "Lines of 0.02 to 0.1 px are unchanged, larger, smaller, gone or new in the second. *Given* is the "
        "percentage of the draws in which `changes` gives the true verdict; *scatter/stated* is that of the "
        "difference of the amplitudes; *invented lines* are others, per draw. On target: given in "
        f"{100 - MAX_FALSE:g} %.",
        change_columns,
        change_rows,
    ),
    "export": Table(
        "Units and files",
        "Properties of results and of exported files (`pip install pyuff`).",
        check_columns,
        check_rows,
    ),
}
