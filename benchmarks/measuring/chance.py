"""False alarms: signals and clips of noise, in which nothing is to be found."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal, get_args

import numpy as np

import vmm
from benchmarks.measuring.camera import Camera
from benchmarks.measuring.scenes import texture
from benchmarks.measuring.tables import ON_TARGET, Cell, Effort, Lines, Row, Table, yes

FS = 30.0
SECONDS = (5, 10, 20, 30, 60)
QUICK_SECONDS = (5, 30)
LIMIT = 3.0
"""Largest percentage of false alarms on target."""

SKIN = np.array([190.0, 140.0, 110.0])
COLOR_NOISE = 0.02
"""Standard deviation of the noise of the mean color in gray levels."""

Kind = Literal["white", "1/f", "1/f^2", "random walk", "white and random walk"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PULSE_METHODS: tuple[Literal["pos", "chrom", "green"], ...] = ("pos", "chrom", "green")


def noise(kind: Kind, rng: np.random.Generator, count: int, signals: int) -> np.ndarray:
    """Noise (T, N) of a kind, with a standard deviation of 1."""
    white = rng.normal(size=(count, signals))
    if kind in ("1/f", "1/f^2"):
        spectrum = np.fft.rfft(white, axis=0)
        spectrum[1:] /= np.arange(1, len(spectrum))[:, None] ** (0.5 if kind == "1/f" else 1.0)
        white = np.fft.irfft(spectrum, count, axis=0)
    elif kind != "white":
        walk = np.cumsum(white, axis=0)
        white = walk if kind == "random walk" else 0.05 * walk + rng.normal(size=white.shape)
    scaled: np.ndarray = white / white.std(axis=0)
    return scaled


def breath(kind: Kind, seconds: int, seed: int) -> bool:
    """Whether breathing is claimed in two signals of noise."""
    signals = noise(kind, np.random.default_rng([seed, 11]), int(FS * seconds), 2)
    return vmm.measure.breathing(signals, fs=FS).is_known


def pulse(method: Literal["pos", "chrom", "green"], kind: Kind, seconds: int, seed: int) -> bool:
    """Whether a pulse is claimed in mean colors with noise."""
    signals = noise(kind, np.random.default_rng([seed, 12]), int(FS * seconds), 3)
    return vmm.measure.pulse(SKIN + COLOR_NOISE * signals, fs=FS, method=method).is_known


def peaks(false_alarm: float, kind: Kind, seconds: int, seed: int) -> bool:
    """Whether a peak is claimed in a signal of noise."""
    signals = noise(kind, np.random.default_rng([seed, 13]), int(FS * seconds), 1)
    return bool(vmm.measure.peaks(signals, fs=FS, false_alarm=false_alarm))


CLAIMS: dict[str, Callable[[Kind, int, int], bool]] = {
    "breathing": breath,
    **{f"pulse, {method}": partial(pulse, method) for method in PULSE_METHODS},
    "peaks, 0.01": partial(peaks, 0.01),
    "peaks, 0.05": partial(peaks, 0.05),
}
TARGETED = ("breathing", *(f"pulse, {method}" for method in PULSE_METHODS))


def share(claims: Callable[[int], bool], runs: int) -> float:
    """Percentage of the draws in which something is claimed; NaN if the signals are refused as too short."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return 100 * float(np.mean([claims(seed) for seed in range(runs)]))
        except ValueError as error:
            if "too short" in str(error):
                return math.nan
            raise


def limit(runs: int) -> float:
    """The percentage that a true rate of LIMIT exceeds in one of 40 measurements."""
    return LIMIT + 100 * 2 * np.sqrt(LIMIT / 100 * (1 - LIMIT / 100) / runs)


def signal_line(kind: Kind, seconds: int, effort: Effort) -> Lines:
    """The percentage of every claim."""
    cells: dict[str, float] = {
        name: share(partial(claim, kind, seconds), effort.runs) for name, claim in CLAIMS.items()
    }
    is_right = not any(cells[name] > limit(effort.runs) for name in TARGETED)
    return [[str(seconds), *cells.values(), yes(is_right)]]


def still(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """Frames (T, H, W) of a texture at rest with noise of 1 gray level."""
    frames, height, width = shape
    picture = texture(seed)(np.zeros(2))[:height, :width]
    return Camera().record(np.broadcast_to(picture, (frames, height, width)), seed)


def has_sound(frames: int, seed: int) -> bool:
    """Whether a sound is claimed."""
    return vmm.measure.sound(still((frames, 64, 64), seed), fs=2200.0).is_known


def has_suggestion(frames: int, seed: int) -> bool:
    """Whether a change is suggested."""
    return bool(vmm.measure.suggest(still((frames, 128, 160), seed), fs=240.0))


def has_breath(frames: int, seed: int) -> bool:
    """Whether breathing is claimed from the displacement of a grid of regions."""
    signal = vmm.measure.displacement(still((frames, 96, 128), seed), vmm.measure.grid(32, 32), fs=FS)
    return vmm.measure.breathing(signal).is_known


def has_peaks(frames: int, seed: int) -> bool:
    """Whether a peak is claimed from the displacement of a grid of regions."""
    signal = vmm.measure.displacement(still((frames, 96, 128), seed), vmm.measure.grid(32, 32), fs=FS)
    return bool(vmm.measure.peaks(signal))


CLIPS: dict[str, tuple[Callable[[int, int], bool], tuple[int, ...]]] = {
    "`sound`, 64x64 px at 2200 Hz": (has_sound, (128, 256, 512, 1024)),
    "`suggest`, 128x160 px at 240 Hz": (has_suggestion, (240,)),
    "`breathing` of `displacement`, 12 regions": (has_breath, (300, 900)),
    "`peaks` of `displacement`, 12 regions": (has_peaks, (240,)),
}


def clip_lines(claim: Callable[[int, int], bool], lengths: tuple[int, ...], effort: Effort) -> Lines:
    """One line for each length: number of clips, and percentage of false alarms."""
    lines: list[list[Cell]] = []
    for frames in lengths[: 1 if effort.is_quick else None]:
        runs = effort.clips if frames * 4 > 1024 else 3 * effort.clips
        claimed = share(partial(claim, frames), runs)
        lines.append([str(frames), str(runs), claimed, yes(claimed <= limit(runs))])
    return lines


def signal_rows(effort: Effort) -> Iterator[Row]:
    """A row for each kind of noise and duration."""
    for kind in KINDS:
        for seconds in SECONDS:
            is_quick = seconds in QUICK_SECONDS and kind in ("white", "random walk")
            yield Row(kind, partial(signal_line, kind, seconds, effort), is_quick)


def clip_rows(effort: Effort) -> Iterator[Row]:
    """A row for each function."""
    for name, (claim, lengths) in CLIPS.items():
        yield Row(name, partial(clip_lines, claim, lengths, effort), "sound" in name or "suggest" in name)


def signal_columns() -> dict[str, int]:
    """Columns of noise signals."""
    return {"noise": 0, "seconds": 0} | dict.fromkeys(CLAIMS, 0) | {ON_TARGET: 0}


def clip_columns() -> dict[str, int]:
    """Columns of noise clips."""
    return {"function": 0, "frames": 0, "clips": 0, "claimed, %": 0, ON_TARGET: 0}


TABLES = {
    "chance": Table(
        "False alarms in signals of noise",
        "Percentage of draws of noise at 30 Hz in which something is claimed: breathing in two signals, a pulse in "
        "the mean color of skin with noise of 0.02 gray levels, and peaks at two false-alarm rates, which are stated "
        "for white noise; a dash means that the signal is refused as too short. On target: breathing and pulse in at "
        f"most {LIMIT:g} %, within the uncertainty of the number of draws.",
        signal_columns,
        signal_rows,
    ),
    "chance-clips": Table(
        "False alarms in clips of noise",
        f"The same for clips of a texture at rest with noise of 1 gray level and 8 bits. On target: at most {LIMIT:g} "
        "%, within the uncertainty of the number of clips.",
        clip_columns,
        clip_rows,
    ),
}
