"""Artefacts: ringing, ghosts, blur, and what becomes of what stands still."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np

from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.figures import montage
from benchmarks.study.pairs import names_in
from benchmarks.study.parts import Block, Job, Pictures, Results, Setting, Table, Values
from vmm.data.magnified import FREQUENCY, FS, Magnified, moving_circles, swaying
from vmm.data.synthetic import disc
from vmm.measure import ghosting, overshoot, sharpness, static_error

TITLE = "Artefacts"
TEXT = (
    "Three circles of one grey before a smooth slope, and a textured disc before a texture that stands still, sway by "
    "0.2 px and should move by 2 or 5 px. Overshoot: how far frames leave the range of the truth within 4 px, over the "
    "height of the edge. Ghosts: the share of the unmagnified clip that is left beside the truth. Sharpness: slope "
    "over that of the truth inside the disc, without noise. Still: mean absolute error in grey levels where nothing "
    "moves, with noise of 2 grey levels, against the clip without noise; doing nothing leaves the noise itself."
)
AMPLITUDE, OUTPUTS, NOISE = 0.2, (2.0, 5.0), 2.0
PERIOD = round(FS / FREQUENCY)
FRAMES, MIDDLE = 3 * PERIOD, slice(PERIOD, 2 * PERIOD)
COLUMNS = ("overshoot", "ghosts", "sharpness", "still")


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Each entrant at each output motion."""
    shape = min(setting.shape[0], 160), min(setting.shape[1], 240)
    for one in entrants(setting).values():
        for output in OUTPUTS:
            run = partial(_measured, one, output, shape, out / picture(one.name, output))
            yield Job((one.name, f"{output:g}"), run)


def picture(name: str, output: float) -> str:
    """The file of a picture."""
    return f"artefacts-{output:g}-{name.replace(' ', '-').replace(',', '')}.png"


@cache
def clips(output: float, shape: tuple[int, int]) -> tuple[Magnified, Magnified]:
    """The circles, and the disc with noise."""
    alpha = output / AMPLITUDE - 1
    textured = disc(shape, radius=min(shape) / 4)
    return (
        moving_circles("slope 0", alpha, shape=shape, frames=FRAMES, amplitude=AMPLITUDE),
        swaying(textured, AMPLITUDE, alpha, frames=FRAMES, noise=NOISE),
    )


@cache
def plain_disc(shape: tuple[int, int]) -> Magnified:
    """The disc without noise."""
    return swaying(disc(shape, radius=min(shape) / 4), AMPLITUDE, 0.0, frames=FRAMES)


def _measured(one: Entrant, output: float, shape: tuple[int, int], file: Path) -> Values:
    """All of them at one output motion."""
    alpha = output / AMPLITUDE - 1
    round_, noisy = clips(output, shape)
    made, rough, clean = (
        np.asarray(one.magnify(clip.frames, FREQUENCY, FS, alpha))[MIDDLE]
        for clip in (round_, noisy, plain_disc(shape))
    )
    truth = round_.truth[MIDDLE]
    rows, cols = (np.arange(n) - (n - 1) / 2 for n in shape)
    inside = [slice(n // 2 - min(shape) // 6, n // 2 + min(shape) // 6) for n in shape]
    still = np.hypot(rows[:, None], cols) > min(shape) / 4 + output + 8
    _show(one.name, made, truth, clean, noisy.truth[MIDDLE], file)
    return {
        "overshoot": overshoot(made, truth),
        "ghosts": ghosting(made, truth, round_.frames[MIDDLE]),
        "sharpness": sharpness(*(clip[:, inside[0], inside[1]] for clip in (clean, noisy.truth[MIDDLE]))),
        "still": static_error(rough, noisy.behind, still),
    }


def _show(name: str, made: np.ndarray, truth: np.ndarray, clean: np.ndarray, textured: np.ndarray, file: Path) -> None:
    """Circle and disc at the largest motion; with what did nothing, the truth."""
    width, at = made.shape[2], PERIOD // 4
    left, middle = slice(0, width // 3), slice(width // 3, 2 * width // 3)
    shown = [(name, made[at][:, left]), (name, clean[at][:, middle])]
    if name == "nothing":
        shown += [("truth", truth[at][:, left]), ("truth", textured[at][:, middle])]
    montage(shown, file, size=2.0)


def blocks(results: Results, setting: Setting) -> list[Block]:
    """The figures, and the pictures at the larger motion."""
    names, found = names_in(results), list[Block]()
    for output in OUTPUTS:
        rows = []
        for name in names:
            values = results.get((name, f"{output:g}"), {})
            rows.append((name, [float(values.get(column, "nan")) for column in COLUMNS]))
        found.append(Table(f"to-{output:g}", f"At {output:g} px of output motion", COLUMNS, rows))
    last = OUTPUTS[-1]
    files = [(picture(n, last), "") for n in names if "overshoot" in results.get((n, f"{last:g}"), {})]
    return [*found, Pictures(f"The frame of largest motion, {last:g} px", files)]
