"""Small motion combined with drift, shake or a step; and false motion in static scenes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import scipy.ndimage
from skimage.registration import phase_cross_correlation

from benchmarks.study.entrants import Entrant, entrants, forms
from benchmarks.study.tables import cell, failures, rows
from benchmarks.study.types import Block, Job, Results, Setting, Table, Values
from vmm.data.synthetic import disc, pink, render, step, sway, texture
from vmm.measure import displacement, phasors

TITLE = "Large motion, flicker and noise"
TEXT = (
    "A textured disc oscillates with an amplitude of 0.1 px at 2.5 Hz, which is magnified to 2 px (alpha 19), while it "
    "drifts or jumps by 3 px, or the camera shakes (after Zhang et al., CVPR 2017, and Takeda et al., CVPR 2018). Then "
    "a static scene with illumination that flickers by 2 % in the band, and with noise of 3 gray levels: every change "
    "of the output is an error."
)
FS, FREQUENCY, AMPLITUDE, ALPHA = 30.0, 2.5, 0.1, 19.0
FAST = "drift 1 px/frame"
MOTIONS = ("alone", "drift 0.5 px/frame", FAST, "shake", "step 3 px")
STATIC = ("flicker 2 %", "noise 3", "flicker and noise")


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Every entrant in every case; in the full setting also the published forms."""
    participants = entrants(setting) | (forms() if setting.name == "full" else {})
    motions, static = cases(setting)
    for one in participants.values():
        for case in motions:
            yield Job((one.name, case), partial(moving_scene, one, case, setting))
        for case in static:
            yield Job((one.name, case), partial(static_scene, one, case, setting))


def cases(setting: Setting) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cases with motion, and static cases; in settings with few points without fast drift and combinations."""
    if setting.points >= len(MOTIONS):
        return MOTIONS, STATIC
    return tuple(case for case in MOTIONS if case != FAST), STATIC[:2]


def paths(case: str, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """The small motion (T, 2) and the large motion (T, 2), in pixels."""
    small, large = sway(frames, FS, FREQUENCY, AMPLITUDE), np.zeros((frames, 2))
    if case.startswith("drift"):
        large[:, 1] = float(case.split()[1]) * (np.arange(frames) - (frames - 1) / 2)
    elif case.startswith("step"):
        large = step(frames, frames // 2, 3.0)
    elif case == "shake":
        walk = np.random.default_rng(0).normal(size=(frames, 2)).cumsum(axis=0)
        slow = scipy.ndimage.gaussian_filter1d(walk, 8, axis=0)
        large = 3 * (slow - slow.mean(axis=0)) / np.abs(slow - slow.mean(axis=0)).max()
    return small, large


def moving_scene(one: Entrant, case: str, setting: Setting) -> Values:
    """Gain of the small motion, deviation from the true path, and error of the frames."""
    height, width = setting.shape
    radius = 0.4 * min(height, width)
    small, large = paths(case, setting.frames)
    scene = texture(setting.shape) if case == "shake" else disc(setting.shape, radius=radius)
    frames = render(scene, large + small, noise=1.0)
    truth = render(scene, large + (1 + ALPHA) * small)
    out = np.asarray(one.magnify(frames, FREQUENCY, FS, ALPHA))
    side = int(radius)
    box = ((height - side) // 2, (width - side) // 2, side, side)
    inner = slice(len(frames) // 6, -(len(frames) // 6))
    deviation = deviation_from(truth, out, box, large)[inner]
    target = (1 + ALPHA) * small[inner]
    gain = phasors(target + deviation, [FREQUENCY], fs=FS)[0, 1] / phasors(target, [FREQUENCY], fs=FS)[0, 1]
    error = float(np.mean((out[inner].astype(float) - truth[inner]) ** 2))
    return {"gain": float(abs(gain)), "path": float(np.sqrt(np.mean(np.sum(deviation**2, axis=1)))), "frames": error}


def deviation_from(truth: np.ndarray, out: np.ndarray, box: tuple[int, int, int, int], path: np.ndarray) -> np.ndarray:
    """Displacement (T, 2) of frames relative to the ground truth, in a box along a path, by cross-correlation."""
    first_row, first_col, height, width = box
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    shifts = []
    for frame, true_frame, move in zip(out, truth, np.rint(path).astype(int), strict=True):
        row = int(np.clip(first_row + move[0], 0, truth.shape[1] - height))
        col = int(np.clip(first_col + move[1], 0, truth.shape[2] - width))
        parts = [f[row : row + height, col : col + width].astype(float) for f in (true_frame, frame)]
        parts = [(part - part.mean()) * window for part in parts]
        shifts.append(-phase_cross_correlation(*parts, upsample_factor=50, normalization=None)[0])
    return np.array(shifts)


def static_scene(one: Entrant, case: str, setting: Setting) -> Values:
    """False motion at the frequency in pixels, and false change in gray levels, of a static scene."""
    count = setting.frames
    wave = np.sin(2 * np.pi * FREQUENCY * np.arange(count) / FS)
    light = 1 + 0.02 * wave if "flicker" in case else np.ones(count)
    noise = 3.0 if "noise" in case else 0.0
    scene = pink(setting.shape)
    frames = render(scene, np.zeros((count, 2)), noise=noise, light=light)
    out = np.asarray(one.magnify(frames, FREQUENCY, FS, ALPHA)).astype(float)
    edge = min(setting.shape) // 6
    box = (edge, edge, setting.shape[0] - 2 * edge, setting.shape[1] - 2 * edge)
    motion = displacement(out.astype(np.float32), box, fs=FS).values[:, 0]
    false = np.linalg.norm(np.abs(phasors(motion, [FREQUENCY], fs=FS)[0]))
    clean = render(scene, np.zeros((count, 2)), light=light)
    change = np.sqrt(np.mean((out - clean)[:, edge:-edge, edge:-edge] ** 2))
    input_change = np.sqrt(np.mean((frames.astype(float) - clean)[:, edge:-edge, edge:-edge] ** 2))
    return {
        "false": float(false),
        "change": float(change),
        "over": float(change / input_change) if input_change else float("nan"),
    }


def blocks(results: Results, setting: Setting) -> list[Block]:
    """Tables of gain, path and error for the cases with motion, and of false motion and change for static cases."""
    motions, static = cases(setting)
    keys = [(case,) for case in motions]
    result: list[Block] = [
        Table("gain", "Measured over nominal gain", motions, rows(results, keys, "gain"), "The correct value is 1."),
        Table("path", "RMS deviation from the true path, px", motions, rows(results, keys, "path")),
        Table("frames", "Mean squared error of the frames", motions, rows(results, keys, "frames")),
    ]
    columns = [(case, name) for case in static for name in ("false", "change")]
    heads = [f"{case}: " + ("false motion, px" if name == "false" else "false change") for case, name in columns]
    names = dict.fromkeys(key[0] for key in results)
    table = [(one, [cell(results, (one, case), name) for case, name in columns]) for one in names]
    note = "The false change is the RMS difference to the clip without noise, in gray levels. "
    return [*result, Table("still", "Static scenes", heads, table, note + failures(results))]
