"""Peaks of spectra: with slow wander, close together, in short clips, and at uneven times."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import vmm
from benchmarks.measuring.scores import rms
from benchmarks.measuring.tables import ON_TARGET, Cell, Effort, Lines, Row, Table, yes

FS, COUNT = 100.0, 480
NOISE = 0.005
MIN_PERIODS = 3.0
"""Periods in the clip below which no peak is to be reported."""

Wander = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Signal:
    """Sines with noise, and with a wander.

    Attributes
    ----------
    frequencies, amplitudes
        The sines, in Hz and pixels.
    wander
        Function of the time (T,) in seconds from 0 to the end, scaled to 1: the wander in pixels.
    share
        Share of the samples that are kept, at random, so that times are uneven.
    may_be_marked
        Whether it is enough that the peaks are marked as not steady.
    count
        Number of samples.
    """

    frequencies: tuple[float, ...]
    amplitudes: tuple[float, ...]
    wander: Wander | None = None
    share: float = 1.0
    may_be_marked: bool = False
    count: int = COUNT

    def draw(self, seed: int) -> Any:
        """Samples, with times if they are uneven."""
        rng, index = np.random.default_rng([seed, 16]), np.arange(self.count)
        if self.share < 1:
            inner = rng.random(self.count - 2) < self.share
            index = index[np.concatenate([[True], inner, [True]])]
        t = index / FS
        phases = rng.uniform(0, 2 * np.pi, len(self.frequencies))
        parts = zip(self.frequencies, self.amplitudes, phases, strict=True)
        values = sum((a * np.cos(2 * np.pi * f * t + p) for f, a, p in parts), NOISE * rng.normal(size=len(t)))
        if self.wander is not None:
            values = values + self.wander(t * FS / self.count)
        return values if self.share == 1 else Uneven(values, t, (len(t) - 1) / t[-1])


@dataclass(frozen=True)
class Uneven:
    """Samples at uneven times."""

    values: np.ndarray
    frame_times: np.ndarray
    fs: float


def slow(periods: float, t: np.ndarray) -> np.ndarray:
    """A wander of 1 px: a cosine with a number of periods in the clip."""
    return np.cos(2 * np.pi * periods * t + 0.3)


def decay(t: np.ndarray) -> np.ndarray:
    """A wander of 1 px: an exponential decay in a fifth of the clip."""
    return np.exp(-5 * t)


def parabola(t: np.ndarray) -> np.ndarray:
    """A wander of 1 px: a parabola."""
    return 4 * (t - 0.5) ** 2


def step(t: np.ndarray) -> np.ndarray:
    """A step of 0.1 px in the middle."""
    return 0.1 * (t > 0.5)


BIN = FS / COUNT
CASES = {
    "line alone": Signal((12.34,), (0.05,)),
    "with a parabola of 1 px": Signal((12.34,), (0.05,), parabola),
    "with a decay of 1 px": Signal((12.34,), (0.05,), decay),
    "with 0.6 periods of 1 px": Signal((12.34,), (0.05,), partial(slow, 0.6)),
    "with 1.5 periods of 1 px": Signal((12.34,), (0.05,), partial(slow, 1.5)),
    "with a step of 0.1 px": Signal((12.34,), (0.05,), step),
    "weak line, 20 bins from a strong one": Signal((12.34, 12.34 + 20 * BIN), (1.0, 0.003)),
    **{
        f"two lines at a distance of {bins:g} bins": Signal(
            (12.34, 12.34 + bins * BIN), (0.05, 0.015), may_be_marked=bins < 3
        )
        for bins in (1.7, 2.5, 3.5)
    },
    **{
        f"{periods:g} periods in the clip": Signal((periods * BIN,), (0.05,), may_be_marked=True)
        for periods in (1.2, 1.6, 2.5)
    },
    "every third frame missing at random": Signal((12.34,), (0.05,), share=2 / 3),
    "wander and missing frames": Signal((12.34,), (0.05,), parabola, share=2 / 3),
}
QUICK = ("line alone", "with a decay of 1 px", "two lines at a distance of 1.7 bins", "1.6 periods in the clip")


def lines(case: Signal, effort: Effort) -> Lines:
    """Found and marked share, scatter over stated error of frequency and amplitude, and false and slow lines."""
    z_frequency: list[float] = []
    z_amplitude: list[float] = []
    steady: list[bool] = []
    n_false = n_slow = 0
    runs = max(10, effort.runs // 2)
    for seed in range(runs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peaks = vmm.measure.peaks(case.draw(seed), fs=None if case.share < 1 else FS)
        slow_ones = [peak for peak in peaks if peak.frequency < MIN_PERIODS * BIN]
        n_slow += len(slow_ones)
        for frequency, amplitude in zip(case.frequencies, case.amplitudes, strict=True):
            near = [peak for peak in peaks if abs(peak.frequency - frequency) < 0.6 * BIN]
            if not near:
                continue
            best = min(near, key=lambda peak: abs(peak.frequency - frequency))
            peaks.remove(best)
            z_frequency.append((best.frequency - frequency) / best.frequency_stderr)
            z_amplitude.append((float(best.amplitude) - amplitude) / float(best.amplitude_stderr))
            steady.append(best.is_steady)
        n_false += len(peaks)
    share = len(steady) / runs / len(case.frequencies)
    marked = 1 - np.mean(steady) if steady else 0.0
    is_true = share > 0.9 and rms(np.array(z_frequency)) <= 1.5 and rms(np.array(z_amplitude)) <= 1.5
    is_right = (is_true or (case.may_be_marked and (marked > 0.9 or not steady))) and n_slow == 0
    figures: list[Cell] = [100 * share, 100 * float(marked), rms(np.array(z_frequency)), rms(np.array(z_amplitude))]
    return [[*figures, n_false / runs, n_slow / runs, yes(bool(is_right and n_false <= 0.1 * runs))]]


def rows(effort: Effort) -> Iterator[Row]:
    """A row for each signal."""
    for name, case in CASES.items():
        yield Row(name, partial(lines, case, effort), name in QUICK)


def columns() -> dict[str, int]:
    """The columns of the table."""
    names = {"signal": 0, "found, %": 0, "not steady, %": 0, "frequency: scatter/stated": 2}
    return names | {"amplitude: scatter/stated": 2, "false lines": 2, "below 3 periods": 2, ON_TARGET: 0}


TABLE = Table(
    "Peaks",
    "480 samples at 100 Hz of a line of 0.05 px at 12.34 Hz in white noise of 0.005 px, at most 50 draws. A wander "
    "that is 20 times as large is added, or a second line of 0.015 px, or the line has few periods in the clip, or a "
    "third of the frames is missing. *Found* is the percentage of the lines within 0.6 bins of the true frequency, "
    "and *scatter/stated* that of these lines; *false lines* and *below 3 periods* are numbers per draw. On target: "
    "found in 90 % with a scatter of at most 1.5 times the stated error, at most 0.1 false lines, and no line below "
    "3 periods in the clip. Lines at a distance of less than 3 bins, and lines with few periods, may instead be "
    "absent or marked as not steady.",
    columns,
    rows,
)
