"""Regions next to, on and across the edges of a moving bar, and at the border of the frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import vmm
from benchmarks.measuring import clips, scores
from benchmarks.measuring.camera import Camera, rendered, sway
from benchmarks.measuring.clips import Whole
from benchmarks.measuring.scenes import SIDE, along, bar, texture
from benchmarks.measuring.scores import Box, Reading, Sample, attempt, estimators, score
from benchmarks.measuring.tables import ON_TARGET, Cell, Effort, Lines, Row, Table, yes

SIZE = 21
"""Side of the regions in pixels."""

CENTER = (SIDE - 1) / 2

GAPS = (0, 1, 2, 4, 7, 12)
INSIDE = (0, 1, 2, 3, 4, 8)
ACROSS = (0.9, 0.74, 0.5, 0.26, 0.1)
BORDER = (0, 1, 2, 3, 4, 8)
QUICK_GAPS = (0, 2, 4)


@dataclass(frozen=True)
class Bar:
    """A bar that moves.

    Attributes
    ----------
    amplitude
        Amplitude of the motion in pixels.
    angle
        Angle of the normal of its edges in degrees.
    motion
        Angle of the motion; by default that of the normal.
    half_width
        Half of its width in pixels.
    level
        Gray levels that are added to the whole picture, so that its bright parts saturate.
    has_color
        Whether frames have three equal channels.
    is_mask
        Whether regions are round masks.
    """

    amplitude: float = 0.2
    angle: float = 0.0
    motion: float | None = None
    half_width: float = 28.0
    level: float = 0.0
    has_color: bool = False
    is_mask: bool = False

    @property
    def direction(self) -> np.ndarray:
        """Unit vector (down, right) of the motion."""
        return along(self.angle if self.motion is None else self.motion)

    @property
    def reach(self) -> float:
        """Distance in pixels by which the edge moves along its normal."""
        return self.amplitude * abs(float(self.direction @ along(self.angle)))

    def clip(self, effort: Effort, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frames, the displacement (T, 2) of the bar, and the light at rest."""
        scene = bar(self.half_width, self.angle, seed)
        moves = sway(
            effort.frames, seed, amplitude=self.amplitude, angle=self.angle if self.motion is None else self.motion
        )
        frames = Camera().record(rendered(scene, moves) + self.level, seed)
        frames = np.repeat(frames[..., None], 3, axis=-1) if self.has_color else frames
        return frames, moves, np.clip(scene(np.zeros(2)) + self.level, 0, 255)

    def box(self, inner: float, sign: int = 1) -> Box:
        """The region on one side of the center whose nearest point is at a distance along the normal from it."""
        normal = along(self.angle)
        extent = SIZE / 2 if self.is_mask else SIZE / 2 * float(np.abs(normal).sum())
        center = CENTER + sign * (inner + extent) * normal
        row, col = np.round(center - SIZE // 2).astype(int)
        return int(row), int(col), SIZE, SIZE

    def roi(self, box: Box) -> Any:
        """A region: the box, or the disc in it."""
        if not self.is_mask:
            return box
        rows, cols = np.indices((SIDE, SIDE))
        return np.hypot(rows - box[0] - SIZE // 2, cols - box[1] - SIZE // 2) <= SIZE / 2

    def readings(self, frames: np.ndarray, boxes: Sequence[Box]) -> Iterator[tuple[str, Reading | str]]:
        """The readings of the estimators, without those that take no colors or masks."""
        for name, estimator in estimators(with_linear=False).items():
            if name == "LK" and (self.has_color or self.is_mask):
                yield name, "-"
            else:
                yield name, attempt(estimator, frames, [self.roi(box) for box in boxes])


def still_lines(case: Bar, effort: Effort) -> Lines:
    """One line for each gap: the motion that a still region shows."""
    gaps = QUICK_GAPS if effort.is_quick else GAPS
    figures: dict[str, list[Reading]] = {}
    reasons: dict[str, str] = {}
    truths = []
    for seed in range(effort.seeds):
        frames, moves, _ = case.clip(effort, seed)
        truths.append(moves)
        boxes = [case.box(case.half_width + case.reach + gap, sign) for gap in gaps for sign in (1, -1)]
        for name, reading in case.readings(frames, boxes):
            if isinstance(reading, str):
                reasons[name] = reading
            else:
                figures.setdefault(name, []).append(reading)
    return [
        [str(gap), *still_cells(case, figures, reasons, truths, slice(2 * i, 2 * i + 2))] for i, gap in enumerate(gaps)
    ]


def still_cells(
    case: Bar, figures: dict[str, list[Reading]], reasons: dict[str, str], truths: list[np.ndarray], part: slice
) -> list[Cell]:
    """Largest amplitude that regions at rest show, over its error, and the share of known and marked ones."""
    if "phase" not in figures:
        return [reasons["phase"]]
    results: list[Cell] = []
    for name, readings in figures.items():
        parts = [
            (amplitudes(one, moves, case)[part], errors(one, case)[part], one.is_marked[part])
            for one, moves in zip(readings, truths, strict=True)
        ]
        reads, stated, is_marked = (np.concatenate(values) for values in zip(*parts, strict=True))
        is_known = np.isfinite(reads)
        worst = 1e3 * float(np.max(np.abs(reads[is_known]), initial=0)) if is_known.any() else math.nan
        if name == "LK":
            return [*results[:-1], worst, results[-1]]
        z = np.abs(reads / stated)[is_known & ~is_marked]
        shares = f"{100 * is_known.mean():.0f} / {100 * is_marked[is_known].mean() if is_known.any() else 0:.0f}"
        largest = float(z.max()) if z.size else math.nan
        results = [worst, 1e3 * float(np.median(stated[is_known])) if is_known.any() else math.nan, largest, shares]
        results.append(yes(bool((z <= 3.5).all())))
    return [*results[:-1], reasons.get("LK", "-"), results[-1]] if "LK" in reasons else results


def amplitudes(reading: Reading, moves: np.ndarray, case: Bar) -> np.ndarray:
    """Amplitude (R,) in pixels of the motion of the bar in readings of regions; NaN where it is not known."""
    values = np.where(reading.is_known, reading.values, 0) @ case.direction
    wave = (moves - moves.mean(axis=0)) @ case.direction
    is_known = (reading.is_known | (np.abs(case.direction) < 1e-9)).all(axis=1)
    return np.where(is_known, case.amplitude * (wave @ values) / (wave @ wave), np.nan)


def errors(reading: Reading, case: Bar) -> np.ndarray:
    """Stated error (R,) of the amplitude of a sine."""
    stderr = np.sqrt(np.square(np.nan_to_num(reading.stderr)) @ np.square(case.direction))
    error: np.ndarray = stderr * np.sqrt(2 / len(reading.values))
    return error


def on_bar(case: Bar, insides: Sequence[float], labels: Sequence[str], across: bool, effort: Effort) -> Lines:
    """One line for each place: scores of regions on the bar; `across` if an edge goes through them."""
    pairs = list(zip(insides, labels, strict=True))
    pairs = pairs[:: 2 if effort.is_quick else 1]
    samples: list[dict[str, list[Sample] | str]] = [{} for _ in pairs]
    for seed in range(effort.seeds):
        frames, moves, rest = case.clip(effort, seed)
        for (inside, _), own in zip(pairs, samples, strict=True):
            boxes = [case.box(case.half_width - case.reach - inside - SIZE, sign) for sign in (1, -1)]
            bound = vmm.measure.displacement_crlb(rest, boxes, noise=1.0)
            clips.add(own, frames, boxes, np.repeat(moves[:, None], 2, axis=1), bound, with_linear=False)
    return [[label, *bar_cells(own, across)] for (_, label), own in zip(pairs, samples, strict=True)]


def bar_cells(samples: dict[str, list[Sample] | str], across: bool) -> list[Cell]:
    """Gain and scatter of the estimators."""
    own = samples["phase"]
    if isinstance(own, str):
        return [own]
    one = score(own)
    cells: list[Cell] = [one.gain, one.spread_cell, one.shares]
    if "LK" in samples:
        other = samples["LK"]
        cells.append(other if isinstance(other, str) else score(other).gain)
    is_unknown = across and (not one.known_share or one.marked_share == 100)
    return [*cells, yes(is_unknown or one.is_on_target())]


def borders(effort: Effort) -> Lines:
    """One line for each distance from the border of the frame, in the middle of its four sides."""
    case, lines = Whole(texture), []
    samples: dict[int, dict[str, list[Sample] | str]] = {gap: {} for gap in (QUICK_GAPS if effort.is_quick else BORDER)}
    for seed in range(effort.seeds):
        frames, moves, rest = case.clip(effort.frames, seed)
        for gap, own in samples.items():
            far, middle = SIDE - SIZE - gap, (SIDE - SIZE) // 2
            boxes = [(*place, SIZE, SIZE) for place in ((gap, middle), (middle, gap), (far, middle), (middle, far))]
            bound = vmm.measure.displacement_crlb(rest, boxes, noise=1.0)
            clips.add(own, frames, boxes, np.repeat(moves[:, None], 4, axis=1), bound)
    for gap, own in samples.items():
        lines.append([str(gap), *scores.cells(dict(own), 1.0)])
    return lines


BARS = {
    "0.2 px": Bar(),
    "2 px": Bar(amplitude=2.0),
    "8 px": Bar(amplitude=8.0),
    "0.2 px, edges at 30 degrees": Bar(angle=30.0),
    "0.2 px, edges at 70 degrees": Bar(angle=70.0),
    "0.2 px along the edge": Bar(motion=90.0),
    "0.2 px, color": Bar(has_color=True),
    "0.2 px, round masks": Bar(is_mask=True),
    "0.2 px, saturated": Bar(level=80.0),
}
QUICK_BARS = ("0.2 px", "2 px")


def still_rows(effort: Effort) -> Iterator[Row]:
    """A row for each bar."""
    for name, case in BARS.items():
        yield Row(name, partial(still_lines, case, effort), name in QUICK_BARS)


def bar_rows(effort: Effort) -> Iterator[Row]:
    """Rows of regions on the bar, and of regions that an edge goes through."""
    inside = [f"{gap} px inside" for gap in INSIDE]
    for name in ("0.2 px", "2 px", "0.2 px, edges at 30 degrees"):
        yield Row(name, partial(on_bar, BARS[name], INSIDE, inside, False, effort), name in QUICK_BARS)
    narrow = Bar(half_width=12.0)
    yield Row("0.2 px, bar of 24 px", partial(on_bar, narrow, (1.5,), ("1.5 px from both edges",), False, effort))
    shares = [f"{100 * share:.0f} % on the bar" for share in ACROSS]
    parts = [SIZE * (share - 1) for share in ACROSS]
    for name in ("0.2 px", "2 px"):
        yield Row(name, partial(on_bar, BARS[name], parts, shares, True, effort), name in QUICK_BARS)


def border_rows(effort: Effort) -> Iterator[Row]:
    """The row of regions at the border."""
    yield Row("noise, blur 1.2 px", partial(borders, effort))


def columns(*names: str) -> Callable[[], dict[str, int]]:
    """Columns with one decimal, and that of Lucas-Kanade if it is installed."""
    return partial(_columns, names)


def _columns(names: Sequence[str]) -> dict[str, int]:
    digits = dict.fromkeys(names, 1) | {ON_TARGET: 0}
    return {name: 2 if "scatter" in name else n for name, n in digits.items() if "LK" not in name or scores.has_pyidi()}


def border_columns() -> dict[str, int]:
    """Columns of regions at the border."""
    return {"scene": 0, "from the border, px": 0} | scores.columns() | {ON_TARGET: 0}


TABLES = {
    "still": Table(
        "Still regions next to a moving bar",
        "A textured bar, 56 px wide, moves in front of a textured background at rest; both are noise with a blur of "
        "1.2 px, its edges have a profile of 0.5 px. Regions of 21 px at rest lie on both sides, their nearest point "
        "at a distance from where the edge comes at most. *Reads* is the largest amplitude of the bar's motion in "
        "the reading of any of them, in thousandths of a pixel; 0 is right. *Stated* is the error of that amplitude "
        "that follows from the stated standard error, and *reads/stated* the largest ratio in regions that are not "
        "marked. On target: at most 3.5 in all of them, or the region is marked or unknown.",
        columns("motion of the bar", "distance, px", "reads", "stated", "reads/stated", "known/marked, %", "LK: reads"),
        still_rows,
    ),
    "bar": Table(
        "Regions on a moving bar and across its edge",
        "The same bar. Regions lie inside it, at a distance from where its edge comes at most, or an edge goes "
        "through them. Gain and scatter are those against the motion of the bar. On target: as for textures; a "
        "region that an edge goes through may also be unknown or marked.",
        columns("motion of the bar", "place", "gain, %", "scatter/stated", "known/marked, %", "LK: gain, %"),
        bar_rows,
    ),
    "border": Table(
        "Regions at the border of the frame",
        "The texture moves as a whole by 0.2 px at 25 degrees, and regions of 21 px lie in the middle of the four "
        "sides of the frame, at a distance from its border. On target: as for textures.",
        border_columns,
        border_rows,
    ),
}
