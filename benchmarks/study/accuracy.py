"""Physical accuracy: what a magnified clip moves, beside a sensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import vmm
from benchmarks.study.cells import failures, rows
from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.measured import edge
from benchmarks.study.parts import Block, Job, Results, Setting, Table, Values
from vmm.data.rods import PIXEL, plate, rod
from vmm.engine.regions import Box

TITLE = "Physical accuracy"
TEXT = (
    "A rod that is driven up and down beside an ultrasonic sensor (Singh et al., WACV 2023, table 2): the recording, "
    "where it is at hand, and a made rod whose sensor is exact. A made plate that a hammer hits, beside an "
    "accelerometer that is integrated twice and high-passed without delay (Oh et al., ECCV 2018). The scaled mean "
    "absolute error scales both signals to 0 to 1. In the paper's way the signal is the motion of a patch from frame "
    "t - 1 of the clip to frame t of the magnified one; in the better way it is displacement in the magnified clip "
    "(of the recorded rod, where its lower edge stands). "
    "Either is aligned in time with the sensor's."
)
NOTE = (
    "The paper prints 0.146, 0.149 and 0.146 for hand-made methods, 0.144 for Oh et al., 0.121 and 0.131 for its own."
)
VIDEOS = Path(__file__).parents[3] / "shared" / "videos"
CLIP, READINGS = VIDEOS / "rod_displacement.avi", VIDEOS / "rod_displacement.csv"
WINDOW = (slice(168, 312), slice(136, 328))  # of the recording that is magnified
BOX = (68, 80, 26, 32)  # of the lower edge of the recorded rod, in the window
REAL, MADE, HAMMER = "recorded rod", "made rod", "hammer"
ALPHAS = {REAL: 2.0, MADE: 9.0, HAMMER: 9.0}


class Scene(NamedTuple):
    """A clip, where to look, and what the sensor says in its own unit."""

    frames: np.ndarray
    box: Box
    follow: Callable[[np.ndarray, Box], np.ndarray]  # position (T,) of what is in the box, down, in pixels
    sensor: np.ndarray
    fs: float
    sensor_fs: float
    frequency: float
    band: tuple[float, float]
    compared: tuple[float, float] | None
    unit: float  # pixels per unit of the sensor, where it is known


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Every entrant on the scenes that are at hand."""
    for one in entrants(setting).values():
        for name in (REAL, MADE, HAMMER):
            if name != REAL or (setting.name == "full" and not missing()):
                yield Job((one.name, name), partial(_judged, one, name, setting))


def _judged(one: Entrant, name: str, setting: Setting) -> Values:
    """Both errors, correlation, and gain over (1 + alpha)."""
    scene, alpha = scenes(setting)[name](), ALPHAS[name]
    out = np.asarray(one.magnify(scene.frames, scene.frequency, scene.fs, alpha, band=scene.band))
    plain, moved = (scene.follow(clip, scene.box) for clip in (scene.frames, out))
    if not np.isfinite(moved).all():
        raise ValueError("the rod cannot be followed in the magnified clip")
    better = against(moved, scene)
    gain = better.gain / (against(plain, scene).gain if np.isnan(scene.unit) else scene.unit)
    return {
        "paper": against(steps(out, scene), scene).nmae,
        "scaled": better.nmae,
        "correlation": abs(better.correlation),
        "achieved": abs(gain) / (1 + alpha),
        "alpha": alpha,
    }


def down(frames: np.ndarray, box: Box) -> np.ndarray:
    """Displacement (T,) of a region's texture down, in pixels."""
    values: np.ndarray = vmm.measure.displacement(frames, box).values[:, 0, 0]
    return values


def steps(out: np.ndarray, scene: Scene) -> np.ndarray:
    """Motion (T,) down from frame t - 1 of a clip to frame t of the magnified one; 0 for the first."""
    turns = np.stack([scene.frames[:-1], out[1:]], axis=1)  # (T - 1, 2, ...): before, after, before, after
    moved = scene.follow(turns.reshape(-1, *out.shape[1:]), scene.box).reshape(-1, 2)
    return np.concatenate([[0.0], moved[:, 1] - moved[:, 0]])


def against(values: np.ndarray, scene: Scene) -> vmm.measure.Comparison:
    """A signal beside the sensor's."""
    return vmm.measure.compare(
        values, scene.sensor, fs=scene.fs, sensor_fs=scene.sensor_fs, band=scene.compared, max_lag=0.6
    )


SIZES = {"full": ((96, 128), 120, 360), "quick": ((60, 80), 72, 240), "tiny": ((60, 64), 60, 240)}
"""Frame and number of frames of the made rod, and frames of the hammer."""


def scenes(setting: Setting) -> dict[str, Callable[[], Scene]]:
    """The scenes by name, each made when it is asked for."""
    shape, count, struck = SIZES[setting.name]
    return {
        REAL: recorded,
        MADE: partial(_made, shape, count),
        HAMMER: partial(_hammer, 64, struck),
    }


def missing() -> str:
    """What of the recording is not at hand; empty where all is."""
    names = [path.name for path in (CLIP, READINGS) if not path.exists()]
    return f"{' and '.join(names)} not at hand" if names else ""


@cache
def recorded() -> Scene:
    """The recording and its sensor, whose rate follows from the line that both show."""
    if gone := missing():
        raise FileNotFoundError(gone)
    whole, fs = vmm.io.read(CLIP)
    frames = np.ascontiguousarray(whole[:, WINDOW[0], WINDOW[1]])
    text = READINGS.read_text(encoding="utf-8").splitlines()
    readings = np.array([float(line.split(":")[1]) for line in text if ":" in line])
    ours = vmm.measure.peaks(edge(frames, BOX), fs=fs)[0].frequency
    sensor_fs = ours / vmm.measure.peaks(readings, fs=1)[0].frequency
    return Scene(frames, BOX, edge, readings, fs, sensor_fs, ours, (0.6 * ours, 1.6 * ours), None, float("nan"))


@cache
def _made(shape: tuple[int, int], count: int) -> Scene:
    one = rod(shape, frames=count)
    band = 0.6 * one.frequency, 2.6 * one.frequency
    return Scene(one.frames, one.box, down, one.readings, one.fs, one.sensor_fs, one.frequency, band, None, 1.0)


@cache
def _hammer(side: int, count: int) -> Scene:
    one = plate(side, frames=count)
    moved = vmm.measure.integrate(one.readings, fs=one.sensor_fs, highpass=3.0)
    band = (5.0, 16.0)
    return Scene(one.frames, one.box, down, moved, one.fs, one.sensor_fs, one.frequency, band, band, 1 / PIXEL)


def blocks(results: Results, setting: Setting) -> list[Block]:
    """A table for each scene."""
    columns = {
        "paper": "scaled error, as the paper",
        "scaled": "scaled error, better way",
        "correlation": "correlation",
        "achieved": "gain over that asked for",
        "alpha": "alpha",
    }
    found: list[Block] = []
    for name in (REAL, MADE, HAMMER):
        mine = {key: values for key, values in results.items() if key[1:] == (name,)}
        if not mine:
            why = missing() or f"not at the setting {setting.name!r}"
            found.append(Table(name.replace(" ", "-"), name.capitalize(), ("",), [("left out", [why])]))
            continue
        cells = [[c[0] for _, c in rows(mine, [(name,)], column)] for column in columns]
        names = [key[0] for key in mine]
        table = [(one, list(row)) for one, row in zip(names, zip(*cells, strict=True), strict=True)]
        said = f"{NOTE if name == REAL else ''} {failures(mine)}".strip()
        found.append(Table(name.replace(" ", "-"), name.capitalize(), list(columns.values()), table, said))
    return found
