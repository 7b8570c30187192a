"""Layers: two frames, of a photograph that moves as a whole, and of an object that occludes another photograph."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec

from benchmarks.learned import changed_light, total
from benchmarks.picture.cases import Case, Row
from benchmarks.study.entrants import Entrant
from vmm.data import shifts

TITLE = "Two frames and layers"
TEXT = (
    "Motion from frame a to frame b of 8 photographs is magnified from the first to the second number of pixels, with "
    "noise in gray levels (the test of Oh et al., ECCV 2018); then the same for 12 scenes with an object that moves "
    "before a photograph. The figures are the structural similarity to the truth, in the frame and within 8 px of the "
    "object. In the last row the second frame is 2 % brighter and nothing moves: the mean change of the output in gray "
    "levels at alpha 15."
)
WHOLE_TARGETS = ("0.975", "0.939", "0.980", "0.949", "0.990", "0.990", "0.943", "0.888", "0.965", "0.961")
LAYER_TARGETS = ("0.918", "0.823")
"""Targets of the means over all columns."""

Column = tuple[float, float, float]


def cases(quick: bool) -> Iterator[Case]:
    """Photographs as a whole, layers, and a change of light."""
    photographs = shifts.HELD_OUT[:1] if quick else shifts.HELD_OUT
    columns = list(zip(shifts.COLUMNS, WHOLE_TARGETS, strict=True))
    for column, target in columns[::3] if quick else columns:
        row = Row(f"photograph, {_text(column)}", "" if quick else target, digits=3)
        yield Case((row,), partial(_itself, column), partial(_whole, photographs))
    if find_spec("vmm.data.layers"):
        yield _layer_case(quick)
    row = Row("2 % brighter", "at most 0.5")
    yield Case((row,), partial(_itself, photographs), _brighter)


def _text(column: Column) -> str:
    motion, out, noise = column
    return f"{motion:g} to {out:g} px" + (f", noise {noise:g}" if noise else "")


def _itself(value: object) -> object:
    """The argument: these tests make their frames themselves."""
    return value


def _whole(photographs: tuple[str, ...], one: Entrant, column: Column) -> list[float]:
    """Mean similarity over the photographs."""
    if one.pair is None:
        return [float("nan")]
    return shifts.similarities(total(one), [column], photographs)


def _layer_case(quick: bool) -> Case:
    """All columns of the scenes with layers, and their means."""
    layers = import_module("vmm.data.layers")
    columns = layers.COLUMNS[:2] if quick else layers.COLUMNS
    scenes = range(1) if quick else range(layers.SCENES)
    parts = ("frame", "near the object")
    rows = [Row(f"layers, {_text(column)}, {part}", digits=3) for column in columns for part in parts]
    rows += [
        Row(f"layers, mean, {part}", "" if quick else target, digits=3)
        for part, target in zip(parts, LAYER_TARGETS, strict=True)
    ]

    def measure(one: Entrant, _: object) -> list[float]:
        if one.pair is None:
            return [float("nan")] * len(rows)
        values = layers.similarities(total(one), columns, scenes)
        means = [sum(part) / len(columns) for part in zip(*values, strict=True)]
        return [value for pair in [*values, means] for value in pair]

    return Case(tuple(rows), partial(_itself, None), measure)


def _brighter(one: Entrant, photographs: tuple[str, ...]) -> list[float]:
    """Mean change of the output in gray levels."""
    return [float("nan") if one.pair is None else changed_light(total(one), photographs)]
