"""Direction: motion along one direction is magnified, and motion across it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmarks.picture import scenes
from benchmarks.picture.cases import Case, Row
from benchmarks.picture.gain import ALPHA, AMPLITUDE, BAND, COMPARED, FRAMES, FREQUENCY, FS
from benchmarks.study.entrants import Entrant
from vmm.data.synthetic import Scene, render

TITLE = "Direction"
TEXT = (
    "The scenes of the gain move by a sine of 0.1 px along a direction and by a cosine of 0.1 px across it, both at "
    "3 Hz. Motion along the direction is magnified by 11. The gain along is the output motion over the nominal output "
    "motion; the gain across is the change of the motion across, over alpha times this motion."
)
ANGLES = (0.0, 30.0, 45.0, 90.0)
CANVASES = ("noise texture", "camera, sharp", "chelsea, sharp")
PHASE = 2 * np.pi * FREQUENCY * np.arange(FRAMES) / FS


class Clip(NamedTuple):
    """Frames (T, H, W) of a scene, the scene, and the unit vectors (2, 2) along and across, down and right."""

    frames: np.ndarray
    scene: Scene
    axes: np.ndarray
    angle: float


def cases(quick: bool) -> Iterator[Case]:
    """Each scene in each direction."""
    for name in CANVASES[:2] if quick else CANVASES:
        for angle in ANGLES[1:2] if quick else ANGLES:
            rows = (
                Row(f"{name}, {angle:g} degrees, along", "0.95 to 1.05"),
                Row(f"{name}, {angle:g} degrees, across", "at most 0.05"),
            )
            yield Case(rows, partial(clip, scenes.CANVASES[name], angle), gains)


def clip(make: Callable[[], Scene], angle: float) -> Clip:
    """The clip of a scene that moves along an ellipse."""
    sine, cosine = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    axes, scene = np.array([[sine, cosine], [cosine, -sine]]), make()
    moves = AMPLITUDE * np.stack([np.sin(PHASE), np.cos(PHASE)], axis=1) @ axes
    return Clip(render(scene, moves, dtype=np.float32), scene, axes, angle)


def gains(one: Entrant, source: Clip) -> list[float]:
    """Gain along and across; NaN if the method has no option for the direction."""
    if "direction" not in one.options and one.kind != "nothing":
        return [float("nan")] * 2
    out = np.asarray(one.magnify(source.frames, FREQUENCY, FS, ALPHA, band=BAND, direction=source.angle))
    waves = AMPLITUDE * np.stack([np.sin(PHASE), np.cos(PHASE)], axis=1)[COMPARED]
    start = waves * [1 + ALPHA, 1] @ source.axes
    measured = scenes.motion(out[COMPARED], source.scene, start, waves @ source.axes) @ source.axes.T
    columns = np.concatenate([waves, np.ones((len(waves), 1))], axis=1)
    along, across = np.linalg.lstsq(columns, measured, rcond=None)[0].T
    return [float(along[0]) / (1 + ALPHA), float(np.hypot(across[0], across[1] - 1)) / ALPHA]
