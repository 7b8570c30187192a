"""Noise: change of static scenes with noise, and motion of a neighbor that is mixed in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.picture import scenes
from benchmarks.picture.cases import Case, Row
from benchmarks.study.entrants import Entrant
from vmm.data import synthetic

TITLE = "Noise"
TEXT = (
    "White noise of 3 gray levels, 8 bits, motion of 1 to 3 Hz magnified by 20, 100 frames at 30 frames/s. The change "
    "of a static scene is the root mean square difference of output and input in gray levels. Then the left half of a "
    "texture moves by 0.1 px at 2 Hz along the border, and the right half is at rest: the output motion over the "
    "nominal output motion on the left, and over the same on the right, by the distance from the border."
)
FS, FREQUENCY, BAND, ALPHA, AMPLITUDE, FRAMES, NOISE = 30.0, 2.0, (1.0, 3.0), 19.0, 0.1, 100, 3.0
SHAPE = (120, 160)
COMPARED = slice(20, 80)
TIMES = np.arange(22, 82, 3)
"""Frames in which the motion of the two halves is measured: four periods."""

DISTANCES = ((2, 6), (6, 12), (12, 24), (24, 44))
STILL = {"flat gray": "0.00", "texture": "0.20", "leaves": ""}


def cases(quick: bool) -> Iterator[Case]:
    """Static scenes, and the two halves without and with noise."""
    for name, target in STILL.items():
        yield Case((Row(f"change of still {name}", target),), partial(still, name), change)
    for noise in (NOISE,) if quick else (0.0, NOISE):
        rows = [Row(f"moving half, {a} to {b} px, noise {noise:g}", "0.85 to 1.07") for a, b in DISTANCES]
        rows += [Row(f"still half, {a} to {b} px, noise {noise:g}", "at most 0.15") for a, b in DISTANCES]
        yield Case(tuple(rows), partial(half_moves, noise), by_distance)


def still(name: str, noise: float = NOISE) -> np.ndarray:
    """A clip (T, H, W) of a static scene with noise."""
    if name == "flat gray":
        frame = np.full(SHAPE, 128.0)
    else:
        make = partial(synthetic.texture, blur=1.0) if name == "texture" else synthetic.leaves
        frame = make(SHAPE)((0.0, 0.0))
    return synthetic.render(lambda _: frame, np.zeros((FRAMES, 2)), noise=noise).astype(np.float32)


def change(one: Entrant, frames: np.ndarray) -> list[float]:
    """Root mean square difference of output and input in gray levels, without a border of 16 px."""
    out = np.asarray(one.magnify(frames, FREQUENCY, FS, ALPHA, band=BAND))
    difference = (out - frames)[COMPARED, 16:-16, 16:-16]
    return [float(np.sqrt(np.mean(difference**2)))]


def half_moves(noise: float) -> np.ndarray:
    """The clip (T, H, W) of which the left half moves downwards and upwards."""
    moves = synthetic.sway(FRAMES, FS, FREQUENCY, AMPLITUDE, 90.0)
    return synthetic.render(scenes.halves(), moves, noise=noise, seed=3).astype(np.float32)


def by_distance(one: Entrant, frames: np.ndarray) -> list[float]:
    """Output motion over nominal output motion by distance from the border, left and then right."""
    out = np.asarray(one.magnify(frames, FREQUENCY, FS, ALPHA, band=BAND))
    nominal = (1 + ALPHA) * synthetic.sway(FRAMES, FS, FREQUENCY, AMPLITUDE, 90.0)
    rows, middle = slice(12, -12), scenes.SIDE // 2
    gains = []
    for seed, side in ((1, -1), (2, 1)):
        for near, far in DISTANCES:
            cols = slice(middle - far, middle - near) if side < 0 else slice(middle + near, middle + far)
            scene = scenes.noise_texture(scenes.HALVES_BLUR, seed=seed)
            displacement = scenes.motion(out[TIMES], scene, nominal[TIMES], 0 * nominal[TIMES], (rows, cols))[:, 0]
            gains.append(float(displacement @ nominal[TIMES, 0] / (nominal[TIMES, 0] @ nominal[TIMES, 0])))
    return gains
