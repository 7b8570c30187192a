"""Drift: small motion of things that move far, the ends of a clip, and steps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.picture import scenes
from benchmarks.picture.cases import Case, Row
from benchmarks.picture.truth import (
    AMPLITUDE,
    ANGLE,
    COMPARED,
    FRAMES,
    FREQUENCY,
    FS,
    SCENES,
    SHAPE,
    Clip,
    exact,
    similarity,
)
from benchmarks.study.entrants import Entrant
from vmm.data import synthetic
from vmm.temporal import fir

TITLE = "Drift, ends and steps"
TEXT = (
    "The disc of the first table, with noise of 1 gray level, vibrates and drifts to the right: structural similarity "
    "to exact renders of the magnified vibration and the unchanged drift. Then a texture of 128x128 px vibrates by "
    "0.05 px at 3 Hz, and motion of 2 to 4 Hz is magnified by 11: the root mean square error of the position over "
    "eight phases (two with --quick), in px of the nominal 0.55 px. In the last rows the texture also jumps: the gain "
    "is that after one length of the zero-phase filter from the jump on."
)
DRIFTS = {0.1: "0.993", 0.5: "0.98", 1.0: "0.96"}
ALPHA = 19.0
ENDS = {
    "frames 0 to 4": slice(0, 5),
    "frames 5 to 12": slice(5, 13),
    "the middle": slice(40, 56),
    "the last 5": slice(-5, None),
}
END_ALPHA, END_AMPLITUDE, END_FREQUENCY, END_BAND, END_FRAMES = 10.0, 0.05, 3.0, (2.0, 4.0), 96
STEPS = ((3.0, 1), (10.0, 1), (3.0, 5), (10.0, 5))
"""Length of a step in pixels, and the number of frames that it takes."""

FILTER_LENGTH = 2 * fir(END_BAND, FS).delay + 1


def cases(quick: bool) -> Iterator[Case]:
    """The drifting disc, the ends, and the steps."""
    for speed, target in DRIFTS.items():
        row = Row(f"disc, drift of {speed:g} px a frame", target, digits=4)
        yield Case((row,), partial(drifting, speed), similarity)
    for noise in (0.0,) if quick else (0.0, 3.0):
        rows = tuple(Row(f"error in {name}, px, noise {noise:g}", "", digits=3) for name in ENDS)
        yield Case(rows, partial(phases, noise, 2 if quick else 8), end_errors)
    for length, frames in STEPS[::3] if quick else STEPS:
        row = Row(f"gain after a step of {length:g} px in {frames} frames", "0.88 to 1.07")
        yield Case((row,), partial(stepping, length, frames), gain_after_step)


def drifting(speed: float) -> Clip:
    """The clip of the drifting disc, and its truth."""
    scene = SCENES["disc"](SHAPE)
    drift = speed * (np.arange(FRAMES)[:, None] - FRAMES / 2) * np.array([0.0, 1.0])
    sway = synthetic.sway(FRAMES, FS, FREQUENCY, AMPLITUDE, ANGLE)
    truth = exact(scene, (drift + (1 + ALPHA) * sway)[COMPARED])
    return Clip(synthetic.render(scene, drift + sway, noise=1.0), truth, ALPHA)


def _vibration(phase: float, frames: int = END_FRAMES) -> np.ndarray:
    """Displacement (T, 2) of the texture, with a phase in periods."""
    wave = END_AMPLITUDE * np.sin(2 * np.pi * (END_FREQUENCY * np.arange(frames) / FS + phase))
    return np.outer(wave, [np.sin(np.deg2rad(25.0)), np.cos(np.deg2rad(25.0))])


def phases(noise: float, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Clips and their motion, for phases at even distances."""
    moves = [_vibration((i + 0.3) / count) for i in range(count)]
    scene = scenes.noise_texture()
    return [(synthetic.render(scene, m, noise=noise, seed=i, dtype=np.float32), m) for i, m in enumerate(moves)]


def end_errors(one: Entrant, sources: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """Root mean square error of the position in each part of the clip."""
    errors = []
    for frames, moves in sources:
        out = np.asarray(one.magnify(frames, END_FREQUENCY, FS, END_ALPHA, band=END_BAND))
        nominal = (1 + END_ALPHA) * moves
        errors.append(
            [
                scenes.motion(out[part], scenes.noise_texture(), nominal[part], moves[part]) - nominal[part]
                for part in ENDS.values()
            ]
        )
    by_part = zip(*errors, strict=True)
    return [float(np.sqrt(np.mean([np.sum(e**2, axis=1) for e in part]))) for part in by_part]


def stepping(length: float, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A clip with a step, its large motion, and its vibration."""
    before = FILTER_LENGTH + 12
    count = before + frames + FILTER_LENGTH + 40
    ramp = np.clip((np.arange(count) - before + 1) / frames, 0, 1)
    large = np.outer(length * ramp, [np.sin(0.3), np.cos(0.3)])
    small = 2 * _vibration(0.0, count)
    return synthetic.render(scenes.noise_texture(), large + small, noise=1.0, dtype=np.float32), large, small


def gain_after_step(one: Entrant, source: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[float]:
    """Gain in 20 frames, two periods, from one length of the filter after the end of the step on."""
    frames, large, small = source
    out = np.asarray(one.magnify(frames, END_FREQUENCY, FS, END_ALPHA, band=END_BAND))
    at = slice(len(frames) - 40, len(frames) - 20)
    nominal = (1 + END_ALPHA) * small[at]
    displacement = scenes.motion(out[at], scenes.noise_texture(), large[at] + nominal, (large + small)[at]) - large[at]
    return [float(np.sum(displacement * nominal) / np.sum(nominal**2))]
