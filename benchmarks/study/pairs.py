"""Common parts of the experiments on two frames of photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.types import Job, Results, Setting, Values
from vmm.data.shifts import HELD_OUT, similarities

SIDES = {"full": 192, "quick": 96, "tiny": 64}
Point = tuple[float, float, float]
"""Motion and output motion in pixels, and noise in gray levels."""


def subsampled(values: Sequence[float], points: int) -> list[float]:
    """At most `points` of the values, evenly spaced, with both ends."""
    indices = np.unique(np.rint(np.linspace(0, len(values) - 1, min(points, len(values)))).astype(int))
    return [values[i] for i in indices]


def pair_jobs(setting: Setting, points: Sequence[Point], photographs: int) -> Iterator[Job]:
    """Each entrant at each point."""
    names = HELD_OUT[: min(photographs, setting.scenes)]
    for one in entrants(setting).values():
        for point in points:
            run = partial(_scored, one, point, names, SIDES[setting.name])
            yield Job((one.name, *(f"{value:g}" for value in point)), run)


def _scored(one: Entrant, point: Point, names: Sequence[str], side: int) -> Values:
    """Structural similarity at a point."""
    if one.pair is None:
        return {}
    pair = one.pair
    return {"similarity": similarities(lambda a, b, factor: pair(a, b, factor - 1), [point], names, side=side)[0]}


def score(results: Results, name: str, point: Point) -> float:
    """Structural similarity of an entrant at a point; NaN if there is no result."""
    values = results.get((name, *(f"{value:g}" for value in point)), {})
    return float(values.get("similarity", "nan"))


def names_in(results: Results) -> list[str]:
    """Names of the entrants with results, in order."""
    return list(dict.fromkeys(key[0] for key in results if len(key) > 1))
