"""Pulse and breathing that are there: constant and drifting rates, and pulses with strong harmonics."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

import vmm
from benchmarks.measuring.chance import FS, SKIN, noise
from benchmarks.measuring.scores import rms
from benchmarks.measuring.tables import ON_TARGET, Effort, Lines, Row, Table, yes

TINT = np.array([0.33, 0.77, 0.53])
"""Relative amplitude of the pulse in red, green and blue."""

MAX_ERROR = 1.0
"""Largest error on target of the mean rate, in beats per minute."""

MAX_SPREAD = 1.5
"""Largest ratio of scatter to stated error on target; 20 draws determine it to a sixth."""


@dataclass(frozen=True)
class Beat:
    """A rate in a signal.

    Attributes
    ----------
    rate
        Mean rate in 1/min.
    drift
        Change of the rate from the beginning to the end in 1/min.
    arrhythmia
        Amplitude in 1/min of a change of the rate by breathing, 15 times a minute.
    seconds
        Duration.
    noise
        Noise of the mean color in gray levels, or of the displacement over the amplitude of breathing.
    harmonics
        Amplitudes of the second, third, ... harmonic.
    is_breath
        Whether it is breathing in the displacement of regions.
    must_be_known
        Whether the rate is to be found.
    """

    rate: float
    drift: float = 0.0
    arrhythmia: float = 0.0
    seconds: float = 30.0
    noise: float = 0.02
    harmonics: tuple[float, ...] = (0.3,)
    is_breath: bool = False
    must_be_known: bool = True

    def draw(self, seed: int) -> tuple[np.ndarray, float]:
        """A waveform (T,), and its mean rate in 1/min."""
        rng, t = np.random.default_rng([seed, 14]), np.arange(int(FS * self.seconds)) / FS
        rate = self.rate + self.drift * (t / self.seconds - 0.5)
        rate = rate + self.arrhythmia * np.sin(2 * np.pi * 0.25 * t + rng.uniform(0, 2 * np.pi))
        phase = 2 * np.pi * np.cumsum(rate / 60) / FS + rng.uniform(0, 2 * np.pi)
        wave = np.cos(phase) + sum(
            (a * np.cos(n * phase + n) for n, a in enumerate(self.harmonics, 2)), np.zeros(len(t))
        )
        return wave, float(rate.mean())

    def measure(self, seed: int) -> tuple[bool, float, float, float]:
        """Whether the rate is known, its error, its stated error, and the signal-to-noise ratio in dB."""
        wave, true = self.draw(seed)
        rng = np.random.default_rng([seed, 15])
        if self.is_breath:
            signals = np.outer(wave, [0.2, 1.0]) + self.noise * noise("white", rng, len(wave), 2)
            rate = vmm.measure.breathing(signals, fs=FS)
        else:
            colors = SKIN + 0.1 * np.outer(wave, TINT) + self.noise * noise("white", rng, len(wave), 3)
            rate = vmm.measure.pulse(colors, fs=FS)
        return rate.is_known, rate.rate - true, rate.stderr, rate.snr


CASES = {
    "72/min, 5 s": Beat(72, seconds=5.0, must_be_known=False),
    **{f"72/min, {seconds:g} s": Beat(72, seconds=seconds) for seconds in (10.0, 30.0, 60.0)},
    "72/min, noise 0.1": Beat(72, noise=0.1, must_be_known=False),
    "72/min, drifting by 12/min": Beat(72, drift=12.0),
    "72/min, drifting by 24/min": Beat(72, drift=24.0),
    "72/min, changing by 4/min with the breath": Beat(72, arrhythmia=4.0),
    "72/min, changing by 8/min with the breath": Beat(72, arrhythmia=8.0),
    "58.9/min, strong harmonics": Beat(58.9, harmonics=(1.1, 0.9, 0.6, 0.4)),
    "breath, 15/min, noise 0.5": Beat(15, noise=0.5, is_breath=True),
    "breath, 15/min, drifting by 3/min": Beat(15, drift=3.0, noise=0.5, is_breath=True),
    "breath, 15/min, noise 2": Beat(15, noise=2.0, is_breath=True),
    "breath, 15/min, 60 s, noise 5": Beat(15, seconds=60.0, noise=5.0, is_breath=True, must_be_known=False),
}
QUICK = ("72/min, 10 s", "72/min, drifting by 12/min", "breath, 15/min, noise 0.5")


def lines(case: Beat, effort: Effort) -> Lines:
    """Known share, error, scatter over stated error, and signal-to-noise ratio."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = [case.measure(seed) for seed in range(max(10, effort.runs // 5))]
    is_known, error, stderr, snr = (np.array(values) for values in zip(*results, strict=True))
    is_known = is_known.astype(bool)
    if not is_known.any():
        return [[0.0, float("nan"), float("nan"), float("nan"), yes(not case.must_be_known)]]
    spread, worst = rms(error[is_known] / stderr[is_known]), rms(error[is_known])
    is_right = worst <= MAX_ERROR and spread <= MAX_SPREAD and (is_known.mean() >= 0.9 or not case.must_be_known)
    return [[100 * is_known.mean(), worst, spread, float(np.median(snr[is_known])), yes(is_right)]]


def rows(effort: Effort) -> Iterator[Row]:
    """A row for each rate."""
    for name, case in CASES.items():
        yield Row(name, partial(lines, case, effort), name in QUICK)


def columns() -> dict[str, int]:
    """The columns of the table."""
    return {"signal": 0, "known, %": 0, "error, 1/min": 2, "scatter/stated": 2, "snr, dB": 1, ON_TARGET: 0}


TABLE = Table(
    "Pulse and breathing",
    "The signals of a pulse are the mean color of skin. The pulse has an amplitude of 0.1 gray level, with a second "
    "harmonic of 0.3 times that and noise of 0.02 gray levels, and the clip has 30 s at 30 Hz, unless the row states "
    "otherwise. The signals of breathing are two displacements, in which it has amplitudes of 1 and 0.2. Rates that "
    "drift change evenly from the beginning to the end, and others change with the breath. The truth is the "
    f"mean rate. On target: known in 90 % of the draws, a root mean square error of at most {MAX_ERROR:g}/min, and at "
    f"most {MAX_SPREAD:g} times the stated error. Signals of 5 s and those with the strongest noise may be unknown.",
    columns,
    rows,
)
