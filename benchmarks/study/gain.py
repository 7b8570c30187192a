"""Gain: measured over nominal motion by alpha and spatial wavelength, with the bounds of the papers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np

from benchmarks.study.entrants import Entrant, entrants
from benchmarks.study.metrics import fitted_shift
from benchmarks.study.pairs import names_in
from benchmarks.study.types import Block, Curves, Job, Results, Setting, Table, Values
from vmm.data.magnified import FREQUENCY, FS, Magnified, swaying
from vmm.data.synthetic import narrow

TITLE = "Gain"
TEXT = (
    "A texture with a bandwidth of one octave around a spatial wavelength oscillates with an amplitude of 0.1 px. The "
    "gain is the displacement measured in the frame of largest motion over the requested displacement. Bounds of the "
    "papers on the output motion, relative to the wavelength, are 1/8 for linear magnification (Wu et al. 2012), and "
    "1/4 and 1/2 for the phase method with subbands of one octave and half an octave (Wadhwa et al. 2013)."
)
WAVELENGTHS = (4.0, 8.0, 16.0, 32.0)
ALPHAS = (4.0, 9.0, 19.0, 39.0, 79.0)
TABLES = (19.0, 79.0)  # Alphas of the tables.
AMPLITUDE = 0.1
SIDE = {"full": 128, "quick": 80, "tiny": 64}
PERIOD = round(FS / FREQUENCY)
FRAMES, PEAK = 5 * PERIOD, 2 * PERIOD + PERIOD // 4  # The middle of the clip, away from transients of the filters.
BOUNDS = {"bound, linear": 1 / 8, "bound, phase, octave": 1 / 4, "bound, phase, half octave": 1 / 2}


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Each entrant at each wavelength and alpha."""
    for one in entrants(setting).values():
        for wavelength, alpha in grid(setting):
            run = partial(_achieved, one, wavelength, alpha, SIDE[setting.name])
            yield Job((one.name, f"{wavelength:g}", f"{alpha:g}"), run)


def grid(setting: Setting) -> list[tuple[float, float]]:
    """Pairs of wavelength and alpha; in settings with few points, those of the tables only."""
    if setting.points >= len(ALPHAS):
        return [(wavelength, alpha) for wavelength in WAVELENGTHS for alpha in ALPHAS]
    return [(wavelength, alpha) for wavelength in WAVELENGTHS[::2] for alpha in TABLES]


@cache
def clip(wavelength: float, side: int) -> Magnified:
    """The clip of a wavelength."""
    return swaying(narrow((side, side), wavelength), AMPLITUDE, 0.0, frames=FRAMES)


def _achieved(one: Entrant, wavelength: float, alpha: float, side: int) -> Values:
    """Measured over nominal output motion."""
    source = clip(wavelength, side)
    frame = np.asarray(one.magnify(source.frames, FREQUENCY, FS, alpha))[PEAK]
    nominal = (1 + alpha) * AMPLITUDE * np.sin(2 * np.pi * PEAK / PERIOD)
    return {"gain": fitted_shift(frame, narrow((side, side), wavelength), 1.5 * nominal) / nominal}


def gains(results: Results, name: str, points: Sequence[tuple[float, float]]) -> list[float]:
    """Gains of an entrant at the given points; NaN if there is no result."""
    values_by_point = [results.get((name, f"{wavelength:g}", f"{alpha:g}"), {}) for wavelength, alpha in points]
    return [float(values.get("gain", "nan")) for values in values_by_point]


def blocks(results: Results, setting: Setting) -> list[Block]:
    """A plot for each wavelength, and a table for each of two output motions."""
    names, points = names_in(results), grid(setting)
    result: list[Block] = []
    for wavelength in dict.fromkeys(w for w, _ in points):
        here = [p for p in points if p[0] == wavelength]
        x = [(1 + alpha) * AMPLITUDE / wavelength for _, alpha in here]
        lines = {name: (x, gains(results, name, here)) for name in names}
        guides = {name: ([bound, bound], [0.0, 1.2]) for name, bound in BOUNDS.items()}
        title = f"Measured over nominal motion, wavelength {wavelength:g} px"
        axis = "nominal output motion over wavelength"
        result.append(Curves(f"at-{wavelength:g}", title, axis, "measured over nominal", lines, "x", guides=guides))
    for alpha in TABLES:
        here = [p for p in points if p[1] == alpha]
        rows = [(name, _and_error(gains(results, name, here))) for name in names]
        output = (1 + alpha) * AMPLITUDE
        title = f"Measured over nominal motion at {output:g} px of output motion, by wavelength"
        columns = [*(f"{wavelength:g} px" for wavelength, _ in here), "mean error"]
        result.append(Table(f"to-{output:g}", title, columns, rows))
    return result


def _and_error(values: Sequence[float]) -> list[float]:
    """Gains, and their mean absolute deviation from 1."""
    return [*values, float(np.mean(np.abs(np.asarray(values) - 1)))]
