"""Truth: similarity of the magnified frames to exact renders of the magnified motion."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import vmm
from benchmarks.picture.cases import Case, Row
from benchmarks.study.entrants import Entrant
from vmm.data import synthetic
from vmm.measure import structural_similarity

TITLE = "Truth"
TEXT = (
    "A texture, discs that occlude one another, and a textured disc before a static texture vibrate by 0.1 px at 2 Hz "
    "at 30 degrees: 100 frames of 320x240 in 8 bits at 30 frames/s. Motion of 1 to 3 Hz is magnified by 20 to 2 px, or "
    "by 40 and 80 to 4 and 8 px. The figure is the structural similarity to exact renders of the output motion, "
    "without noise, in every fourth frame from 20 to 84 and without a border of 16 px."
)
FS, FREQUENCY, BAND, AMPLITUDE, ANGLE, FRAMES = 30.0, 2.0, (1.0, 3.0), 0.1, 30.0, 100
SHAPE = (240, 320)
COMPARED = slice(20, 85, 4)
BORDER = 16
SCENES: dict[str, Callable[[tuple[int, int]], synthetic.Scene]] = {
    "texture": partial(synthetic.texture, blur=1.0, contrast=24.0),
    "leaves": synthetic.leaves,
    "disc": partial(synthetic.disc, radius=50.0, contrast=19.0),
}
TARGETS = {
    0.0: {"texture": "0.998", "leaves": "0.998", "disc": "0.997"},
    1.0: {"texture": "0.9965", "leaves": "0.992", "disc": "0.994"},
    3.0: {"texture": "0.987", "leaves": "0.955", "disc": "0.976"},
}
COMPRESSED_TARGETS = {"texture": "0.867", "leaves": "0.944", "disc": "0.969"}
LARGE_TARGETS = {"texture": "0.99", "leaves": "", "disc": "0.96"}


class Clip(NamedTuple):
    """Frames (T, H, W), and the compared part (N, h, w) of the truth."""

    frames: np.ndarray
    truth: np.ndarray
    alpha: float


def cases(quick: bool) -> Iterator[Case]:
    """Every scene with noise, compression and large output."""
    names = [name for name in SCENES if not (quick and name == "leaves")]
    for noise in (0.0, 3.0) if quick else TARGETS:
        for name, target in TARGETS[noise].items():
            yield _case(f"{name}, noise {noise:g}", target, partial(clip, name, noise))
    for name in names:
        yield _case(f"{name}, noise 3, H.264", COMPRESSED_TARGETS[name], partial(clip, name, 3.0, compressed=True))
    for alpha in (39.0,) if quick else (39.0, 79.0):
        for name in names:
            title = f"{name}, output of {(1 + alpha) * AMPLITUDE:g} px"
            yield _case(title, LARGE_TARGETS[name], partial(clip, name, 0.0, alpha))


def _case(name: str, target: str, make: partial[Clip]) -> Case:
    return Case((Row(name, target, digits=4),), make, similarity)


def clip(name: str, noise: float, alpha: float = 19.0, compressed: bool = False) -> Clip:
    """The clip of a scene, and its truth."""
    scene = SCENES[name](SHAPE)
    moves = synthetic.sway(FRAMES, FS, FREQUENCY, AMPLITUDE, ANGLE)
    frames = synthetic.render(scene, moves, noise=noise)
    return Clip(encoded(frames) if compressed else frames, exact(scene, (1 + alpha) * moves[COMPARED]), alpha)


def exact(scene: synthetic.Scene, moves: np.ndarray) -> np.ndarray:
    """Renders of a scene in gray levels from 0 to 255, without the border."""
    return np.clip(np.stack([scene(move) for move in moves]), 0, 255)[:, BORDER:-BORDER, BORDER:-BORDER]


def encoded(frames: np.ndarray) -> np.ndarray:
    """Luma of frames that were written as H.264 and read again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        vmm.io.write(path, frames, FS)
        luma: np.ndarray = vmm.io.read(path, gray=True)[0]
    return luma


def similarity(one: Entrant, source: Clip) -> list[float]:
    """Structural similarity of the magnified clip to the truth."""
    out = np.asarray(one.magnify(source.frames, FREQUENCY, FS, source.alpha, band=BAND))
    return [structural_similarity(out[COMPARED, BORDER:-BORDER, BORDER:-BORDER], source.truth)]
