"""Small motion beside large: drift, shake and a step; and what is magnified where nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import scipy.ndimage
from skimage.registration import phase_cross_correlation

from benchmarks.study.cells import cell, failures, rows
from benchmarks.study.entrants import Entrant, entrants, forms
from benchmarks.study.parts import Block, Job, Results, Setting, Table, Values
from vmm.data.synthetic import disc, pink, render, step, sway, texture
from vmm.measure import displacement, phasors

TITLE = "Large motion, flicker and noise"
TEXT = (
    "A textured disc sways by 0.1 px at 2.5 Hz, and should by 2 px (alpha 19), while it drifts, jumps by 3 px, or the "
    "camera shakes; after Zhang et al. (CVPR 2017) and Takeda et al. (CVPR 2018). Then a scene that stands still, "
    "under a lamp that flickers by 2 % in the band, and with noise of 3 grey levels: all that changes is false."
)
FS, FREQUENCY, AMPLITUDE, ALPHA = 30.0, 2.5, 0.1, 19.0
FAST = "drift 1 px a frame"
MOTIONS = ("alone", "drift 0.5 px a frame", FAST, "shake", "step 3 px")
STILL = ("flicker 2 %", "noise 3", "flicker and noise")


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Every entrant, and published forms in the full setting, in every case."""
    taking_part = entrants(setting) | (forms() if setting.name == "full" else {})
    motions, stills = cases(setting)
    for one in taking_part.values():
        for case in motions:
            yield Job((one.name, case), partial(moving, one, case, setting))
        for case in stills:
            yield Job((one.name, case), partial(still, one, case, setting))


def cases(setting: Setting) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that move and those that stand still; where points are few, one drift, and no two evils at once."""
    if setting.points >= len(MOTIONS):
        return MOTIONS, STILL
    return tuple(case for case in MOTIONS if case != FAST), STILL[:2]


def paths(case: str, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """The small motion (T, 2), and the large one beside it."""
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


def moving(one: Entrant, case: str, setting: Setting) -> Values:
    """Gain of the small motion, what else the object does, and the error of the frames."""
    height, width = setting.shape
    radius = 0.4 * min(height, width)
    small, large = paths(case, setting.frames)
    made = texture(setting.shape) if case == "shake" else disc(setting.shape, radius=radius)
    frames = render(made, large + small, noise=1.0)
    truth = render(made, large + (1 + ALPHA) * small)
    out = np.asarray(one.magnify(frames, FREQUENCY, FS, ALPHA))
    side = int(radius)
    box = ((height - side) // 2, (width - side) // 2, side, side)
    inner = slice(len(frames) // 6, -(len(frames) // 6))
    other = beyond(out, truth, box, large)[inner]
    wanted = (1 + ALPHA) * small[inner]
    gain = phasors(wanted + other, [FREQUENCY], fs=FS)[0, 1] / phasors(wanted, [FREQUENCY], fs=FS)[0, 1]
    error = float(np.mean((out[inner].astype(float) - truth[inner]) ** 2))
    return {"gain": float(abs(gain)), "path": float(np.sqrt(np.mean(np.sum(other**2, axis=1)))), "frames": error}


def beyond(out: np.ndarray, truth: np.ndarray, box: tuple[int, int, int, int], path: np.ndarray) -> np.ndarray:
    """Shift (T, 2) in pixels of frames against the truth, in a box that goes along a path, by cross-correlation."""
    top, left, height, width = box
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    found = []
    for made, true, move in zip(out, truth, np.rint(path).astype(int), strict=True):
        row = int(np.clip(top + move[0], 0, truth.shape[1] - height))
        col = int(np.clip(left + move[1], 0, truth.shape[2] - width))
        parts = [frame[row : row + height, col : col + width].astype(float) for frame in (true, made)]
        parts = [(part - part.mean()) * window for part in parts]
        found.append(-phase_cross_correlation(*parts, upsample_factor=50, normalization=None)[0])
    return np.array(found)


def still(one: Entrant, case: str, setting: Setting) -> Values:
    """False motion in pixels at the frequency, and false change in grey levels, of a scene that stands still."""
    count = setting.frames
    wave = np.sin(2 * np.pi * FREQUENCY * np.arange(count) / FS)
    light = 1 + 0.02 * wave if "flicker" in case else np.ones(count)
    noise = 3.0 if "noise" in case else 0.0
    scene = pink(setting.shape)
    frames = render(scene, np.zeros((count, 2)), noise=noise, light=light)
    out = np.asarray(one.magnify(frames, FREQUENCY, FS, ALPHA)).astype(float)
    edge = min(setting.shape) // 6
    box = (edge, edge, setting.shape[0] - 2 * edge, setting.shape[1] - 2 * edge)
    moved = displacement(out.astype(np.float32), box, fs=FS).values[:, 0]
    false = np.linalg.norm(np.abs(phasors(moved, [FREQUENCY], fs=FS)[0]))
    clean = render(scene, np.zeros((count, 2)), light=light)
    change = np.sqrt(np.mean((out - clean)[:, edge:-edge, edge:-edge] ** 2))
    given = np.sqrt(np.mean((frames.astype(float) - clean)[:, edge:-edge, edge:-edge] ** 2))
    return {"false": float(false), "change": float(change), "over": float(change / given) if given else float("nan")}


def blocks(results: Results, setting: Setting) -> list[Block]:
    """Tables of gain, path and error in the cases that move; of false motion and change in those that do not."""
    motions, stills = cases(setting)
    moved = [(case,) for case in motions]
    found: list[Block] = [
        Table("gain", "Gain over that asked for", motions, rows(results, moved, "gain"), "1 is right."),
        Table("path", "Distance from the true path, px (root mean square)", motions, rows(results, moved, "path")),
        Table("frames", "Mean squared error of the frames", motions, rows(results, moved, "frames")),
    ]
    columns = [(case, name) for case in stills for name in ("false", "change")]
    heads = [f"{case}: " + ("false motion, px" if name == "false" else "false change") for case, name in columns]
    names = dict.fromkeys(key[0] for key in results)
    table = [(one, [cell(results, (one, case), name) for case, name in columns]) for one in names]
    note = "False change is the root mean square difference to the clip without noise, in grey levels. "
    return [*found, Table("still", "Where nothing moves", heads, table, note + failures(results))]
