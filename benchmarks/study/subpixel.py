"""Sub-pixel test: decreasing motion, magnified to the same output motion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.study.pairs import Point, names_in, pair_jobs, score, subsampled
from benchmarks.study.types import Block, Curves, Job, Results, Setting, Table

TITLE = "Sub-pixel motion"
TEXT = (
    "Two frames of a photograph, shifted as a whole by 0.04 to 1 px and magnified so that the output moves by 10 px: "
    "structural similarity to the ground truth, as the mean over photographs on which no network of the library was "
    "trained (Oh et al., ECCV 2018, section 5.3; their test has a thousand pairs of synthetic scenes with several "
    "moving objects). The same for an output motion of 2 px. Methods that filter accelerations need a clip: they get "
    "the two frames in alternation, each twice in succession."
)
MOTIONS = (0.04, 0.05, 0.063, 0.079, 0.1, 0.13, 0.16, 0.2, 0.25, 0.32, 0.4, 0.5, 0.63, 0.79, 1.0)
OUTPUTS = (10.0, 2.0)
PHOTOGRAPHS = 6


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Each entrant at each motion."""
    return pair_jobs(setting, points(setting), PHOTOGRAPHS)


def points(setting: Setting) -> list[Point]:
    """All motions to 10 px, and five of them to 2 px."""
    few = min(5, setting.points - 1)
    return [
        (motion, output, 0.0)
        for output, count in zip(OUTPUTS, (setting.points, few), strict=True)
        for motion in subsampled(MOTIONS, count)
    ]


def blocks(results: Results, setting: Setting) -> list[Block]:
    """A curve for each entrant, and a table of the means."""
    names = names_in(results)
    conditions = {output: [p for p in points(setting) if p[1] == output] for output in OUTPUTS}
    result: list[Block] = []
    for output in OUTPUTS:
        x = [p[0] for p in conditions[output]]
        lines = {name: (x, [score(results, name, p) for p in conditions[output]]) for name in names}
        title = f"Structural similarity at {output:g} px of output motion"
        result.append(Curves(f"to-{output:g}", title, "input motion (px)", "similarity", lines, "x"))
    rows = [
        (name, [float(np.mean([score(results, name, p) for p in conditions[output]])) for output in OUTPUTS])
        for name in names
    ]
    columns = [f"to {output:g} px" for output in OUTPUTS]
    return [*result, Table("mean", "Mean over the motions: structural similarity", columns, rows)]
