"""Physical accuracy: displacement in the magnified clip compared with a sensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import vmm
from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.metrics import edge_position
from benchmarks.study.tables import failures, rows
from benchmarks.study.types import Block, Job, Results, Setting, Table, Values
from vmm.data.rods import PIXEL, plate, rod
from vmm.engine.regions import Box

TITLE = "Physical accuracy"
TEXT = (
    "Three scenes with a displacement sensor: the recording of a vertically driven rod with an ultrasonic sensor "
    "(Singh et al., WACV 2023, table 2), if its files exist; a synthetic rod with an exact sensor; and a synthetic "
    "plate that is struck by a hammer, with an accelerometer whose signal is integrated twice and zero-phase "
    "high-pass filtered (Oh et al., ECCV 2018). The scaled error is the mean absolute error after both signals are "
    "scaled to [0, 1]. In the protocol of the paper the signal is the motion of a patch from frame t - 1 of the input "
    "to frame t of the magnified clip. The second protocol uses the displacement in the magnified clip (for the "
    "recorded rod, the position of its lower edge). Signals are aligned in time with the sensor."
)
NOTE = (
    "The paper reports 0.146, 0.149 and 0.146 for classical methods, 0.144 for Oh et al., and 0.121 and 0.131 for its "
    "own networks."
)
VIDEOS = Path(__file__).parents[3] / "shared" / "videos"
CLIP, READINGS = VIDEOS / "rod_displacement.avi", VIDEOS / "rod_displacement.csv"
WINDOW = (slice(168, 312), slice(136, 328))  # Rows and columns of the recording that are magnified.
BOX = (68, 80, 26, 32)  # Region with the lower edge of the recorded rod, within the window.
REAL, SYNTHETIC, HAMMER = "recorded rod", "synthetic rod", "hammer"
ALPHAS = {REAL: 2.0, SYNTHETIC: 9.0, HAMMER: 9.0}


class Scene(NamedTuple):
    """A clip, the region of interest, and the signal of the sensor in its own unit."""

    frames: np.ndarray
    box: Box
    follow: Callable[[np.ndarray, Box], np.ndarray]  # position (T,) of the object in the box, down, in pixels
    sensor: np.ndarray
    fs: float
    sensor_fs: float
    frequency: float
    band: tuple[float, float]
    compared: tuple[float, float] | None
    unit: float  # pixels per unit of the sensor; NaN if it is not known


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Every entrant on the available scenes."""
    for one in entrants(setting).values():
        for name in (REAL, SYNTHETIC, HAMMER):
            if name != REAL or (setting.name == "full" and not missing()):
                yield Job((one.name, name), partial(_evaluate, one, name, setting))


def _evaluate(one: Entrant, name: str, setting: Setting) -> Values:
    """Both errors, correlation, and gain relative to (1 + alpha)."""
    scene, alpha = scenes(setting)[name](), ALPHAS[name]
    out = np.asarray(one.magnify(scene.frames, scene.frequency, scene.fs, alpha, band=scene.band))
    before, after = (scene.follow(clip, scene.box) for clip in (scene.frames, out))
    if not np.isfinite(after).all():
        raise ValueError("the edge of the rod was not found in every frame of the magnified clip")
    comparison = compare_to_sensor(after, scene)
    gain = comparison.gain / (compare_to_sensor(before, scene).gain if np.isnan(scene.unit) else scene.unit)
    return {
        "paper": compare_to_sensor(frame_to_frame(out, scene), scene).normalized_mae,
        "scaled": comparison.normalized_mae,
        "correlation": abs(comparison.correlation),
        "achieved": abs(gain) / (1 + alpha),
        "alpha": alpha,
    }


def down(frames: np.ndarray, box: Box) -> np.ndarray:
    """Vertical displacement (T,) of the texture in a region, down, in pixels."""
    values: np.ndarray = vmm.measure.displacement(frames, box).values[:, 0, 0]
    return values


def frame_to_frame(out: np.ndarray, scene: Scene) -> np.ndarray:
    """Displacement (T,), down, from frame t - 1 of the input to frame t of the magnified clip; 0 for the first."""
    both = np.concatenate([scene.frames[:-1], out[1:]])
    before, after = scene.follow(both, scene.box).reshape(2, -1)
    return np.concatenate([[0.0], after - before])


def compare_to_sensor(values: np.ndarray, scene: Scene) -> vmm.measure.Comparison:
    """Comparison of a signal with that of the sensor."""
    return vmm.measure.compare(
        values, scene.sensor, fs=scene.fs, sensor_fs=scene.sensor_fs, band=scene.compared, max_lag=0.6
    )


SIZES = {"full": ((96, 128), 120, 360), "quick": ((60, 80), 72, 240), "tiny": ((60, 64), 60, 240)}
"""Frame shape and number of frames of the synthetic rod, and number of frames of the hammer."""


def scenes(setting: Setting) -> dict[str, Callable[[], Scene]]:
    """Functions that make the scenes, by name."""
    shape, count, hammer_count = SIZES[setting.name]
    return {
        REAL: recorded,
        SYNTHETIC: partial(_synthetic, shape, count),
        HAMMER: partial(_hammer, 64, hammer_count),
    }


def missing() -> str:
    """Message about missing files of the recording; empty if all files exist."""
    names = [path.name for path in (CLIP, READINGS) if not path.exists()]
    return f"{' and '.join(names)} not found in {VIDEOS}" if names else ""


@cache
def recorded() -> Scene:
    """The recording and its sensor, whose sampling rate follows from the spectral peak in both signals."""
    if message := missing():
        raise FileNotFoundError(message)
    whole, fs = vmm.io.read(CLIP)
    frames = np.ascontiguousarray(whole[:, WINDOW[0], WINDOW[1]])
    text = READINGS.read_text(encoding="utf-8").splitlines()
    readings = np.array([float(line.split(":")[1]) for line in text if ":" in line])
    frequency = vmm.measure.peaks(edge_position(frames, BOX), fs=fs)[0].frequency
    sensor_fs = frequency / vmm.measure.peaks(readings, fs=1)[0].frequency
    return Scene(
        frames,
        BOX,
        edge_position,
        readings,
        fs,
        sensor_fs,
        frequency,
        (0.6 * frequency, 1.6 * frequency),
        None,
        float("nan"),
    )


@cache
def _synthetic(shape: tuple[int, int], count: int) -> Scene:
    one = rod(shape, frames=count)
    band = 0.6 * one.frequency, 2.6 * one.frequency
    return Scene(one.frames, one.roi, down, one.readings, one.fs, one.sensor_fs, one.frequency, band, None, 1.0)


@cache
def _hammer(side: int, count: int) -> Scene:
    one = plate(side, frames=count)
    displacement = vmm.measure.integrate(one.readings, fs=one.sensor_fs, highpass=3.0)
    band = (5.0, 16.0)
    return Scene(one.frames, one.roi, down, displacement, one.fs, one.sensor_fs, one.frequency, band, band, 1 / PIXEL)


def blocks(results: Results, setting: Setting) -> list[Block]:
    """A table for each scene."""
    columns = {
        "paper": "scaled error, protocol of the paper",
        "scaled": "scaled error, displacement",
        "correlation": "correlation",
        "achieved": "measured over nominal gain",
        "alpha": "alpha",
    }
    result: list[Block] = []
    for name in (REAL, SYNTHETIC, HAMMER):
        selected = {key: values for key, values in results.items() if key[1:] == (name,)}
        if not selected:
            reason = missing() or f"not part of the setting {setting.name!r}"
            result.append(Table(name.replace(" ", "-"), name.capitalize(), ("",), [("excluded", [reason])]))
            continue
        cells = [[c[0] for _, c in rows(selected, [(name,)], column)] for column in columns]
        names = [key[0] for key in selected]
        table = [(one, list(row)) for one, row in zip(names, zip(*cells, strict=True), strict=True)]
        note = f"{NOTE if name == REAL else ''} {failures(selected)}".strip()
        result.append(Table(name.replace(" ", "-"), name.capitalize(), list(columns.values()), table, note))
    return result
