"""Edges and stripes of one direction, which show the motion along their normal only."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import vmm
from benchmarks.measuring.camera import FS, Camera, rendered, sway
from benchmarks.measuring.clips import boxes
from benchmarks.measuring.scenes import along, edge, stripes
from benchmarks.measuring.scores import Box, attempt, has_pyidi, pyidi_reading, rms
from benchmarks.measuring.tables import ON_TARGET, Cell, Effort, Lines, Row, Table, yes
from vmm.data.synthetic import Scene

ANGLES = (0.0, 10.0, 30.0, 45.0, 60.0, 75.0, 90.0)
QUICK_ANGLES = (0.0, 30.0)
SIDES = (21, 41)
MAX_GAIN = 1.0
"""Largest deviation of the gain in percent."""

SPREAD = (0.8, 1.25)


def normal_part(signal: Any, normal: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Displacement (T, R) along the normal, its stated error (R,), and the error of its direction (R,) in degrees."""
    is_used = np.abs(normal) > 1e-9
    is_known = (signal.is_known | ~is_used).all(axis=1)
    values = np.where(is_known, np.nan_to_num(signal.values) @ normal, np.nan)
    stderr = np.where(is_known, np.sqrt(np.square(np.nan_to_num(signal.stderr)) @ normal**2), np.nan)
    cosine = np.nan_to_num(signal.direction) @ normal
    is_one = np.isfinite(signal.direction).all(axis=1)
    off = np.where(is_one, np.rad2deg(np.arccos(np.minimum(np.abs(cosine), 1))), np.nan)
    values = np.where(is_one, signal.along * np.sign(cosine), values)
    return values, np.where(is_one, signal.along_stderr, stderr), off


def lines(make: Callable[[float], Scene], angle: float, effort: Effort) -> Lines:
    """One line for each size of region."""
    normal, results = along(angle), []
    clips = []
    for seed in range(effort.seeds):
        moves = sway(effort.frames, seed, angle=angle)
        clips.append((Camera().record(rendered(make(angle), moves), seed), (moves - moves.mean(axis=0)) @ normal))
    for side in SIDES:
        figures = [figure(frames, truth, boxes(side, 1), normal) for frames, truth in clips]
        gain, spread, off = (float(np.mean([one[i] for one in figures])) for i in range(3))
        cells: list[Cell] = [f"{angle:g}", str(side), off, 100 * (gain - 1), spread]
        if has_pyidi():
            cells.append(directional(*clips[0], boxes(side, 1), normal))
        is_true = abs(100 * (gain - 1)) <= MAX_GAIN and SPREAD[0] <= spread <= SPREAD[1]
        results.append([*cells, yes(is_true)])
    return results


def figure(frames: np.ndarray, truth: np.ndarray, rois: list[Box], normal: np.ndarray) -> tuple[float, float, float]:
    """Gain, scatter over stated error, and error of the direction in degrees; NaN if the motion is not known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values, stderr, off = normal_part(vmm.measure.displacement(frames, rois, fs=FS), normal)
    if not np.isfinite(values).all():
        return math.nan, math.nan, math.nan
    gain = float(values[:, 0] @ truth / (truth @ truth))
    return gain, rms(values[:, 0] - truth) / float(stderr[0]), float(off[0])


def directional(frames: np.ndarray, truth: np.ndarray, rois: list[Box], normal: np.ndarray) -> Cell:
    """Deviation of the gain in percent of the directional Lucas-Kanade method of pyidi for the true direction."""
    dij = (float(normal[0]), float(normal[1]))
    reading = attempt(partial(pyidi_reading, name="DirectionalLucasKanade", dij=dij), frames, rois)
    if isinstance(reading, str):
        return reading
    return 100 * (float(reading.values[:, 0] @ normal @ truth / (truth @ truth)) - 1)


def rows(effort: Effort) -> Iterator[Row]:
    """A row for each kind and angle."""
    for name, make in {"edge": edge, "stripes": stripes}.items():
        for angle in ANGLES:
            yield Row(name, partial(lines, make, angle, effort), angle in QUICK_ANGLES)


def columns() -> dict[str, int]:
    """The columns of the table."""
    names = {"scene": 0, "normal, degrees": 0, "region, px": 0, "direction off by, degrees": 2, "gain, %": 1}
    peer = {"directional LK: gain, %": 1} if has_pyidi() else {}
    return names | {"scatter/stated": 2} | peer | {ON_TARGET: 0}


TABLE = Table(
    "One direction only",
    "A straight edge with a profile of 1 px, and stripes with periods of 9 and 23 px, move by 0.2 px along their "
    "normal, whose angle is counted from the right downwards. Only the motion along the normal can be known: a dash "
    "means that it is not. *Directional LK* is the method of pyidi that takes the direction from the user, here the "
    f"true one. On target: gain within {MAX_GAIN:g} %, scatter over stated error from 0.8 to 1.25.",
    columns,
    rows,
)
