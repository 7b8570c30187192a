"""Noise tests: the same motion under ever stronger noise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.study.pairs import Point, jobs_of, names_in, score, thinned
from benchmarks.study.parts import Block, Curves, Job, Results, Setting, Table

TITLE = "Noise"
TEXT = (
    "The same with white noise of 0.01 to 100 grey levels in both frames: 0.05 px of motion magnified to 10 px, and "
    "5 px magnified to 10 px (Oh et al., ECCV 2018, whose noise grows with brightness as that of a camera does)."
)
MOTIONS = (0.05, 5.0)
OUTPUT = 10.0
LEVELS = tuple(float(f"{level:.2g}") for level in np.logspace(-2, 2, 13))
PHOTOGRAPHS = 3
BEARABLE = 10.0  # grey levels
MEAN = f"mean up to {BEARABLE:g}"


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Each entrant at each level."""
    return jobs_of(setting, [p for motion in MOTIONS for p in points(setting, motion)], PHOTOGRAPHS)


def points(setting: Setting, motion: float) -> list[Point]:
    """Levels of noise for one motion."""
    return [(motion, OUTPUT, level) for level in thinned(LEVELS, setting.points)]


def blocks(results: Results, setting: Setting) -> list[Block]:
    """For each motion a curve of each entrant, and a table of some levels."""
    names = names_in(results)
    found: list[Block] = []
    for motion in MOTIONS:
        at = points(setting, motion)
        levels = [p[2] for p in at]
        lines = {name: (levels, [score(results, name, p) for p in at]) for name in names}
        title = f"Structural similarity, {motion:g} px magnified to {OUTPUT:g} px"
        found.append(Curves(f"from-{motion:g}", title, "noise (grey levels)", "similarity", lines, "x"))
        shown = [levels.index(level) for level in thinned(levels, 5)]
        bearable = [i for i, level in enumerate(levels) if level <= BEARABLE]
        rows = [
            (name, [*(values[i] for i in shown), float(np.mean([values[i] for i in bearable]))])
            for name, (_, values) in lines.items()
        ]
        columns = [*(f"noise {levels[i]:g}" for i in shown), MEAN]
        found.append(Table(f"similarity-{motion:g}", title, columns, rows))
    return found
