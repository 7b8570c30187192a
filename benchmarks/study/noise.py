"""Noise test: constant motion with increasing noise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.study.pairs import Point, names_in, pair_jobs, score, subsampled
from benchmarks.study.types import Block, Curves, Job, Results, Setting, Table

TITLE = "Noise"
TEXT = (
    "The test of sub-pixel motion, with white noise of 0.01 to 100 gray levels in both frames: motion of 0.05 px and "
    "of 5 px is magnified to 10 px (Oh et al., ECCV 2018, with shot noise instead of white noise)."
)
MOTIONS = (0.05, 5.0)
OUTPUT = 10.0
LEVELS = tuple(float(f"{level:.2g}") for level in np.logspace(-2, 2, 13))
PHOTOGRAPHS = 3
MAX_NOISE = 10.0  # Largest noise in gray levels that the mean includes.
MEAN = f"mean up to {MAX_NOISE:g}"


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Each entrant at each noise level."""
    return pair_jobs(setting, [p for motion in MOTIONS for p in points(setting, motion)], PHOTOGRAPHS)


def points(setting: Setting, motion: float) -> list[Point]:
    """Noise levels for one motion."""
    return [(motion, OUTPUT, level) for level in subsampled(LEVELS, setting.points)]


def blocks(results: Results, setting: Setting) -> list[Block]:
    """For each motion, a curve of each entrant and a table of selected noise levels."""
    names = names_in(results)
    result: list[Block] = []
    for motion in MOTIONS:
        conditions = points(setting, motion)
        levels = [p[2] for p in conditions]
        lines = {name: (levels, [score(results, name, p) for p in conditions]) for name in names}
        title = f"Structural similarity, {motion:g} px magnified to {OUTPUT:g} px"
        result.append(Curves(f"from-{motion:g}", title, "noise (gray levels)", "similarity", lines, "x"))
        indices = [levels.index(level) for level in subsampled(levels, 5)]
        included = [i for i, level in enumerate(levels) if level <= MAX_NOISE]
        rows = [
            (name, [*(values[i] for i in indices), float(np.mean([values[i] for i in included]))])
            for name, (_, values) in lines.items()
        ]
        columns = [*(f"noise {levels[i]:g}" for i in indices), MEAN]
        result.append(Table(f"similarity-{motion:g}", title, columns, rows))
    return result
