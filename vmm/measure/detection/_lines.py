"""Lines that are found in the spectra of tiles, and their relation to one another."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vmm.measure.detection._amplitude import Vibration, vibration
from vmm.measure.detection._places import MIN_DISTANCE
from vmm.measure.detection._suggestion import Suggestion
from vmm.measure.detection._tiles import Tiles
from vmm.measure.signals._harmonics import harmonic
from vmm.measure.signals._windows import MAIN_LOBE

_MIN_ROOT = 0.5
"""Smallest response of the estimator to a motion, relative to that to a harmonic which it may add. To motion far beyond
the texture's correlation length the response is smaller than its third harmonic."""

_MAX_EXCESS = 1.5
"""Largest amplitude of a motion in the tiles of its harmonic, relative to that in its own tiles, that is credible."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line of the spectra of tiles: its suggestion, the map (y, x) of its tiles, the ratio (y, x) of their power to
    the noise, and its motion, if it is one.
    """

    suggestion: Suggestion
    where: np.ndarray
    ratio: np.ndarray
    vibration: Vibration | None = None


def distinct_lines(lines: list[Line], bin_width: float) -> list[Line]:
    """The strongest of the lines that share a frequency and a place."""
    distinct: list[Line] = []
    for line in lines:
        if not any(_is_same(line, other, bin_width) for other in distinct):
            distinct.append(line)
    return distinct


def _is_same(line: Line, other: Line, bin_width: float) -> bool:
    """Whether two lines show one change: their frequencies agree, or cannot be resolved where both are."""
    distance = abs(line.suggestion.frequency - other.suggestion.frequency) / bin_width
    return distance < MIN_DISTANCE or (distance <= MAIN_LOBE and bool((line.where & other.where).any()))


def with_harmonics(lines: list[Line], tiles: Tiles, level: np.ndarray, bin_width: float) -> list[Line]:
    """The lines, with their relation to larger ones, without the harmonics that the estimator of motion adds.

    The orders of the harmonics that are left out are noted with the strongest line that may cause them.
    """
    orders = [[_invented_order(root, line, tiles, level, bin_width) for root in lines] for line in lines]
    omitted: list[set[int]] = [set() for _ in lines]
    for row in orders:
        if any(row):
            cause = next(k for k, order in enumerate(row) if order)
            omitted[cause].add(row[cause])
    remaining = [
        replace(line, suggestion=replace(line.suggestion, omitted_harmonics=tuple(sorted(part))))
        for line, row, part in zip(lines, orders, omitted, strict=True)
        if not any(row)
    ]
    out: list[Line] = []
    for line in sorted(remaining, key=lambda line: (line.vibration is None, -line.suggestion.amplitude)):
        part = line.suggestion
        roots = [root for root in out if root.suggestion.harmonic is None]
        stderrs = [(root.suggestion.frequency, root.suggestion.frequency_stderr) for root in roots]
        relation = harmonic(part.frequency, part.frequency_stderr, stderrs, part.fs, bin_width)
        out.append(replace(line, suggestion=replace(part, harmonic=relation)))
    return sorted(out, key=lambda line: -line.suggestion.snr)


def _invented_order(root: Line, line: Line, tiles: Tiles, level: np.ndarray, bin_width: float) -> int:
    """Order of the harmonic of a larger line as which the estimator of motion makes this one; 0 if it does not."""
    if root is line or root.vibration is None or line.suggestion.kind == "flicker":
        return 0
    if not (root.where & line.where).any():
        return 0
    if line.vibration is not None and root.vibration.harmonics[0] < _MIN_ROOT * line.vibration.harmonics[0]:
        return 0
    frequency, fs = line.suggestion.frequency, line.suggestion.fs
    largest = _MAX_EXCESS * root.vibration.amplitude
    for order in range(2, len(root.vibration.harmonics) + 1):
        aliased = abs((order * root.suggestion.frequency + fs / 2) % fs - fs / 2)
        if abs(aliased - frequency) < bin_width:
            if line.vibration is None:  # Texture that moves through a tile changes its mean.
                return order
            there = vibration(tiles, level, line.ratio, line.where, root.suggestion.frequency / fs)
            if there.explains(tiles, level, frequency / fs, order, root.suggestion.frequency / fs, largest):
                return order
    return 0
