"""Gain: achieved over nominal motion by factor and spatial wavelength, with the papers' bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np

from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.measured import shift_of
from benchmarks.study.pairs import names_in
from benchmarks.study.parts import Block, Curves, Job, Results, Setting, Table, Values
from vmm.data.magnified import FREQUENCY, FS, Magnified, swaying
from vmm.data.synthetic import narrow

TITLE = "Gain"
TEXT = (
    "A texture of one spatial wavelength, an octave wide, sways by 0.1 px as a whole; the displacement that fits the "
    "frame of largest motion best, over the one asked for. Bounds of the papers on the output motion, as a share of "
    "the wavelength: 1/8 for linear magnification (Wu et al. 2012), 1/4 for phase with bands of an octave, 1/2 with "
    "half an octave (Wadhwa et al. 2013)."
)
WAVELENGTHS = (4.0, 8.0, 16.0, 32.0)
ALPHAS = (4.0, 9.0, 19.0, 39.0, 79.0)
TABLES = (19.0, 79.0)  # alphas of the tables
AMPLITUDE = 0.1
SIDE = {"full": 128, "quick": 80, "tiny": 64}
PERIOD = round(FS / FREQUENCY)
FRAMES, PEAK = 5 * PERIOD, 2 * PERIOD + PERIOD // 4  # in the middle, where filters see most
BOUNDS = {"bound, linear": 1 / 8, "bound, phase, octave": 1 / 4, "bound, phase, half octave": 1 / 2}


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Each entrant at each wavelength and alpha."""
    for one in entrants(setting).values():
        for wavelength, alpha in grid(setting):
            run = partial(_achieved, one, wavelength, alpha, SIDE[setting.name])
            yield Job((one.name, f"{wavelength:g}", f"{alpha:g}"), run)


def grid(setting: Setting) -> list[tuple[float, float]]:
    """Wavelengths and alphas; where points are few, those of the tables alone."""
    if setting.points >= len(ALPHAS):
        return [(wavelength, alpha) for wavelength in WAVELENGTHS for alpha in ALPHAS]
    return [(wavelength, alpha) for wavelength in WAVELENGTHS[::2] for alpha in TABLES]


@cache
def clip(wavelength: float, side: int) -> Magnified:
    """The clip of a wavelength; its motion is known, so that it needs no truth."""
    return swaying(narrow((side, side), wavelength), AMPLITUDE, 0.0, frames=FRAMES)


def _achieved(one: Entrant, wavelength: float, alpha: float, side: int) -> Values:
    """Achieved over nominal output motion."""
    made = clip(wavelength, side)
    frame = np.asarray(one.magnify(made.frames, FREQUENCY, FS, alpha))[PEAK]
    nominal = (1 + alpha) * AMPLITUDE * np.sin(2 * np.pi * PEAK / PERIOD)
    return {"gain": shift_of(frame, narrow((side, side), wavelength), 1.5 * nominal) / nominal}


def gains(results: Results, name: str, points: Sequence[tuple[float, float]]) -> list[float]:
    """What an entrant achieved at points."""
    found = [results.get((name, f"{wavelength:g}", f"{alpha:g}"), {}) for wavelength, alpha in points]
    return [float(values.get("gain", "nan")) for values in found]


def blocks(results: Results, setting: Setting) -> list[Block]:
    """A plot for each wavelength, and a table for two output motions."""
    names, points = names_in(results), grid(setting)
    found: list[Block] = []
    for wavelength in dict.fromkeys(w for w, _ in points):
        here = [p for p in points if p[0] == wavelength]
        x = [(1 + alpha) * AMPLITUDE / wavelength for _, alpha in here]
        lines = {name: (x, gains(results, name, here)) for name in names}
        guides = {name: ([at, at], [0.0, 1.2]) for name, at in BOUNDS.items()}
        title = f"Achieved over nominal motion, wavelength {wavelength:g} px"
        axis = "nominal output motion over wavelength"
        found.append(Curves(f"at-{wavelength:g}", title, axis, "achieved over nominal", lines, "x", guides=guides))
    for alpha in TABLES:
        here = [p for p in points if p[1] == alpha]
        rows = [(name, _and_error(gains(results, name, here))) for name in names]
        output = (1 + alpha) * AMPLITUDE
        title = f"Achieved over nominal motion at {output:g} px of output motion, by wavelength"
        columns = [*(f"{wavelength:g} px" for wavelength, _ in here), "mean error"]
        found.append(Table(f"to-{output:g}", title, columns, rows))
    return found


def _and_error(values: Sequence[float]) -> list[float]:
    """Gains, and how far they are from 1 in the mean."""
    return [*values, float(np.mean(np.abs(np.asarray(values) - 1)))]
