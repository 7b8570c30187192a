"""Displacement and modes of every pixel, near edges and at the border of the frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

import vmm
from benchmarks.measuring.camera import FS, Camera, rendered, sway
from benchmarks.measuring.edges import Bar
from benchmarks.measuring.scenes import SIDE, distance, texture
from benchmarks.measuring.scores import rms
from benchmarks.measuring.tables import ON_TARGET, Cell, Effort, Lines, Row, Table, yes

FREQUENCY = 7.3
SIGMA = 5.0
STILL = 5.0
"""Largest amplitude in thousandths of a pixel of 99 % of a background at rest."""

MAX_SPREAD = 3.0
"""Largest ratio of scatter to stated error of pixels on a bar."""

BORDER_GAIN = 2.0
"""Largest deviation in percent of the gain near the border of the frame."""

MARGIN = 12
"""Pixels at the border of the frame that the tables of edges leave out."""

NEAR = ((0, 2), (2, 5), (5, 10), (10, 20), (20, 40))
"""Distances in pixels from the edge, from and to."""

INSIDE = ((1, 3), (3, 6), (6, 14))
FROM_BORDER = ((0, 1), (2, 3), (4, 5), (8, 9), (16, 17))

Amplitudes = tuple[np.ndarray, np.ndarray]
"""Complex amplitude (H, W, 2) of each pixel, NaN where it is not known, and its stated error."""


def by_field(frames: np.ndarray) -> Amplitudes:
    """From the displacement of every pixel."""
    field = vmm.measure.field(frames, fs=FS, sigma=SIGMA)
    carrier = 2 / len(frames) * np.exp(-2j * np.pi * FREQUENCY / FS * np.arange(len(frames)))
    values = np.where(field.is_known, np.tensordot(carrier, field.values, 1), np.nan)
    return values, np.sqrt(2 / len(frames)) * field.stderr


def by_modes(frames: np.ndarray) -> Amplitudes:
    """From the deflection shape at the frequency of the motion."""
    modes = vmm.measure.modes(frames, FREQUENCY, fs=FS, sigma=SIGMA)
    return np.where(modes.is_known, modes.shapes[0], np.nan), modes.stderr[0]


METHODS: dict[str, Callable[[np.ndarray], Amplitudes]] = {"field": by_field, "modes": by_modes}


def true_amplitude(moves: np.ndarray) -> np.ndarray:
    """Complex amplitude (2,) of a displacement (T, 2)."""
    carrier = 2 / len(moves) * np.exp(-2j * np.pi * FREQUENCY / FS * np.arange(len(moves)))
    amplitude: np.ndarray = carrier @ (moves - moves.mean(axis=0))
    return amplitude


def bar_lines(case: Bar, method: str, effort: Effort) -> Lines:
    """One line for each zone of distances from the edge: on the background at rest, and on the bar."""
    parts = [_residuals(case, method, effort, seed) for seed in range(effort.seeds)]
    error, stated, outside = (np.stack(values) for values in zip(*parts, strict=True))
    zones = {f"still, {low} to {high} px": (low, high) for low, high in NEAR}
    zones |= {f"on the bar, {low} to {high} px": (-high, -low) for low, high in INSIDE}
    lines = [["still, all", *figures(error, stated, outside > 0, True)]]
    for name, (low, high) in zones.items():
        inside = (outside >= low) & (outside < high)
        lines.append([name, *figures(error, stated, inside, low >= 0)])
    return lines


def _residuals(case: Bar, method: str, effort: Effort, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Error and stated error of the amplitude along the motion, and the distance from where the edge comes at most."""
    frames, moves, _ = case.clip(effort, seed)
    values, stderr = METHODS[method](frames)
    outside = np.abs(distance(case.angle)(np.zeros(2))) - case.half_width
    truth = np.where(outside[..., None] > 0, 0, true_amplitude(moves))
    error = np.abs(np.where(np.abs(case.direction) < 1e-9, 0, values - truth) @ case.direction)
    stated = np.sqrt(np.where(np.abs(case.direction) < 1e-9, 0, np.square(stderr)) @ np.square(case.direction))
    inner = (slice(MARGIN, -MARGIN),) * 2
    return error[inner], stated[inner], (outside - np.sign(outside) * case.reach)[inner]


def figures(error: np.ndarray, stated: np.ndarray, zone: np.ndarray, is_still: bool) -> list[Cell]:
    """Known share, root mean square error, its 99th percentile, stated error, and their ratio."""
    is_known = zone & np.isfinite(error)
    if not is_known.any():
        return [0.0, *[float("nan")] * 4, yes(True)]
    largest = 1e3 * float(np.percentile(error[is_known], 99))
    spread = rms(error[is_known] / stated[is_known]) / np.sqrt(2)  # the stated error is that of the real part
    is_right = largest <= STILL if is_still else spread <= MAX_SPREAD
    share = 100 * is_known.sum() / zone.sum()
    return [share, 1e3 * rms(error[is_known]), largest, 1e3 * rms(stated[is_known]), spread, yes(is_right)]


def at_border(method: str, effort: Effort) -> Lines:
    """One line for each distance from the border of the frame."""
    gains: dict[tuple[int, int], list[np.ndarray]] = {zone: [] for zone in FROM_BORDER}
    for seed in range(effort.seeds):
        moves = sway(effort.frames, seed)
        values, stderr = METHODS[method](Camera().record(rendered(texture(seed), moves), seed))
        truth = true_amplitude(moves)
        gain = (values * truth.conj()).real.sum(axis=-1) / np.square(np.abs(truth)).sum()
        spread = np.sqrt(np.square(np.abs((values - truth) / stderr)).mean(axis=-1) / 2)
        for (low, high), parts in gains.items():
            parts.append(np.stack([ring(gain, low, high), ring(spread, low, high)]))
    lines = []
    for (low, _), parts in gains.items():
        gain, spread = np.concatenate(parts, axis=1)
        is_known = np.isfinite(gain)
        mean = 100 * (gain[is_known].mean() - 1) if is_known.any() else float("nan")
        is_right = not is_known.any() or abs(mean) <= BORDER_GAIN
        lines.append([str(low), 100 * is_known.mean(), mean, rms(spread[is_known]), yes(is_right)])
    return lines


def ring(values: np.ndarray, low: int, high: int) -> np.ndarray:
    """Values (N,) of the pixels at a distance from the border of the frame."""
    rows, cols = np.indices((SIDE, SIDE))
    gap = np.minimum(np.minimum(rows, cols), SIDE - 1 - np.maximum(rows, cols))
    part: np.ndarray = values[(gap >= low) & (gap < high)]
    return part


BARS = {
    "bar of 56 px, 0.2 px": Bar(),
    "bar of 24 px, 0.2 px": Bar(half_width=12.0),
    "bar of 56 px, edges at 30 degrees": Bar(angle=30.0),
    "bar of 56 px, 1 px": Bar(amplitude=1.0),
    "bar of 56 px, saturated": Bar(level=80.0),
}


def bar_rows(effort: Effort) -> Iterator[Row]:
    """Rows of every bar and method."""
    for name, case in BARS.items():
        for method in METHODS:
            is_quick = name == "bar of 56 px, 0.2 px" and method == "field"
            yield Row(f"{name}, {method}", partial(bar_lines, case, method, effort), is_quick)


def border_rows(effort: Effort) -> Iterator[Row]:
    """A row of every method."""
    for method in METHODS:
        yield Row(method, partial(at_border, method, effort), method == "field")


def bar_columns() -> dict[str, int]:
    """Columns of pixels near an edge."""
    names = {"scene and method": 0, "pixels": 0, "known, %": 0, "error": 1, "99 % below": 1, "stated": 2}
    return names | {"scatter/stated": 2, ON_TARGET: 0}


def border_columns() -> dict[str, int]:
    """Columns of pixels near the border."""
    return {"method": 0, "from the border, px": 0, "known, %": 0, "gain, %": 1, "scatter/stated": 2, ON_TARGET: 0}


TABLES = {
    "field": Table(
        "Every pixel, near edges",
        "The moving bar, measured in every pixel by `field` and `modes` with a window of 5 px, without 12 px at the "
        "border of the frame. *Error* is the root mean square error of the amplitude at the frequency of the motion, "
        "in thousandths of a pixel, over the known pixels at a distance from where the edge comes at most. On "
        f"target: 99 % of the pixels at rest are below {STILL:g} thousandths of a pixel; on the bar the scatter is at "
        "most 3 times the stated error.",
        bar_columns,
        bar_rows,
    ),
    "field-border": Table(
        "Every pixel, at the border of the frame",
        "The texture moves as a whole by 0.2 px at 25 degrees. On target: the gain deviates by at most "
        f"{BORDER_GAIN:g} %, or pixels are unknown.",
        border_columns,
        border_rows,
    ),
}
