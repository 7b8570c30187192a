"""Artifacts: ringing, ghosts, blur, and changes of static parts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np

from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.figures import montage
from benchmarks.study.pairs import names_in
from benchmarks.study.types import Block, Job, Pictures, Results, Setting, Table, Values
from vmm.data.magnified import FREQUENCY, FS, Magnified, moving_circles, swaying
from vmm.data.synthetic import disc
from vmm.measure import ghosting, overshoot, sharpness, static_error

TITLE = "Artifacts"
TEXT = (
    "Three uniform circles in front of a smooth gradient, and a textured disc in front of a static texture, oscillate "
    "with an amplitude of 0.2 px, which is magnified to 2 or 5 px. Overshoot: largest excess over the range of the "
    "ground truth within 4 px, relative to the height of the edge. Ghosts: proportion of the input clip that remains "
    "in the output in addition to the ground truth. Sharpness: gradient inside the disc relative to that of the "
    "ground truth, without noise. Static: mean absolute error in gray levels in static parts, with noise of 2 gray "
    "levels, relative to the clip without noise; without magnification it is the noise itself."
)
AMPLITUDE, OUTPUTS, NOISE = 0.2, (2.0, 5.0), 2.0
PERIOD = round(FS / FREQUENCY)
FRAMES, MIDDLE = 3 * PERIOD, slice(PERIOD, 2 * PERIOD)
COLUMNS = ("overshoot", "ghosts", "sharpness", "static")


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Each entrant at each output motion."""
    shape = min(setting.shape[0], 160), min(setting.shape[1], 240)
    for one in entrants(setting).values():
        for output in OUTPUTS:
            run = partial(_measure, one, output, shape, out / picture(one.name, output))
            yield Job((one.name, f"{output:g}"), run)


def picture(name: str, output: float) -> str:
    """File name of an image."""
    return f"artifacts-{output:g}-{name.replace(' ', '-').replace(',', '')}.png"


@cache
def clips(output: float, shape: tuple[int, int]) -> tuple[Magnified, Magnified]:
    """The clip of the circles, and that of the disc with noise."""
    alpha = output / AMPLITUDE - 1
    textured = disc(shape, radius=min(shape) / 4)
    return (
        moving_circles("slope 0", alpha, shape=shape, frames=FRAMES, amplitude=AMPLITUDE),
        swaying(textured, AMPLITUDE, alpha, frames=FRAMES, noise=NOISE),
    )


@cache
def plain_disc(shape: tuple[int, int]) -> Magnified:
    """The clip of the disc without noise."""
    return swaying(disc(shape, radius=min(shape) / 4), AMPLITUDE, 0.0, frames=FRAMES)


def _measure(one: Entrant, output: float, shape: tuple[int, int], file: Path) -> Values:
    """All figures at one output motion."""
    alpha = output / AMPLITUDE - 1
    circles, noisy = clips(output, shape)
    out, out_noisy, out_clean = (
        np.asarray(one.magnify(clip.frames, FREQUENCY, FS, alpha))[MIDDLE]
        for clip in (circles, noisy, plain_disc(shape))
    )
    truth = circles.truth[MIDDLE]
    rows, cols = (np.arange(n) - (n - 1) / 2 for n in shape)
    inside = [slice(n // 2 - min(shape) // 6, n // 2 + min(shape) // 6) for n in shape]
    static = np.hypot(rows[:, None], cols) > min(shape) / 4 + output + 8
    _write_image(one.name, out, truth, out_clean, noisy.truth[MIDDLE], file)
    return {
        "overshoot": overshoot(out, truth),
        "ghosts": ghosting(out, truth, circles.frames[MIDDLE]),
        "sharpness": sharpness(*(clip[:, inside[0], inside[1]] for clip in (out_clean, noisy.truth[MIDDLE]))),
        "static": static_error(out_noisy, noisy.background, static),
    }


def _write_image(
    name: str, out: np.ndarray, truth: np.ndarray, out_disc: np.ndarray, truth_disc: np.ndarray, file: Path
) -> None:
    """Write an image of a circle and of the disc at the largest motion; for "nothing" also of the ground truth."""
    width, peak = out.shape[2], PERIOD // 4
    first, middle = slice(0, width // 3), slice(width // 3, 2 * width // 3)
    images = [(name, out[peak][:, first]), (name, out_disc[peak][:, middle])]
    if name == "nothing":
        images += [("truth", truth[peak][:, first]), ("truth", truth_disc[peak][:, middle])]
    montage(images, file, size=2.0)


def blocks(results: Results, setting: Setting) -> list[Block]:
    """The tables, and the images at the larger motion."""
    names, result = names_in(results), list[Block]()
    for output in OUTPUTS:
        rows = []
        for name in names:
            values = results.get((name, f"{output:g}"), {})
            rows.append((name, [float(values.get(column, "nan")) for column in COLUMNS]))
        result.append(Table(f"to-{output:g}", f"At {output:g} px of output motion", COLUMNS, rows))
    last = OUTPUTS[-1]
    files = [(picture(n, last), "") for n in names if "overshoot" in results.get((n, f"{last:g}"), {})]
    return [*result, Pictures(f"The frame of largest motion, {last:g} px", files)]
