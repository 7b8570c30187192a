"""Search for the sines in signals (T, N), one after the other.

`positions` (T,) are those of uneven samples, or None.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vmm.measure.signals._noise_floor import noise_level, ratio_to_floor
from vmm.measure.signals._sine_model import explained, explained_by_one, explained_energy, refine_frequency
from vmm.measure.signals._windows import MAIN_LOBE

_SWEEPS = 2
"""Number of times that each frequency is refined again with the other peaks removed. Two sweeps converge unless peaks
are closer than two bins."""

_CANDIDATE_SHARE = 0.4
"""Smallest power, relative to the strongest bin, of a bin that may hold the sine itself. Uneven samples have side lobes
far from it, which between two bins may be higher than the main lobe."""

_MAX_CANDIDATES = 8
"""Largest number of such bins that are examined."""

_MAX_REFINED = 2
"""Number of them, those near which a sine explains most energy, whose frequency is refined."""


def search(
    flat: np.ndarray, in_band: np.ndarray, max_peaks: int, false_alarm: float, positions: np.ndarray | None = None
) -> list[float]:
    """Frequencies of the peaks in cycles per sample, in the order in which they are detected."""
    residual = flat
    frequencies: list[float] = []
    candidates = in_band.copy()
    while len(frequencies) < max_peaks:
        level = noise_level(residual, positions)
        ratio, limit = ratio_to_floor(residual, level, false_alarm / max(int(in_band.sum()), 1), positions)
        score = np.where(candidates, ratio / limit, 0)
        if score.max() <= 1:
            break
        frequency = strongest_sine(residual, score, level, positions)[0]
        frequencies.append(frequency)
        i = round(frequency * len(flat))
        candidates[max(0, i - MAIN_LOBE) : i + MAIN_LOBE + 1] = False
        residual = flat - explained(flat, frequencies, positions)
    # The side lobes of uneven samples raise the noise levels, so that a single frequency is refined again as well.
    for _ in range(_SWEEPS if len(frequencies) > 1 or positions is not None else 0):
        for k, frequency in enumerate(frequencies):
            alone = without_others(flat, frequencies, k, positions)
            frequencies[k] = refine_frequency(alone, frequency, noise_level(residual, positions), positions)
    return frequencies


def strongest_sine(
    flat: np.ndarray, score: np.ndarray, level: np.ndarray, positions: np.ndarray | None
) -> tuple[float, float]:
    """Frequency of the sine that explains most energy near the bins with the largest score (F,), and that energy.

    The energy is that over the noise `level` (N,).
    """
    bins = np.array([int(np.argmax(score))])
    if positions is not None:
        is_top = (
            (score[1:-1] >= score[:-2]) & (score[1:-1] >= score[2:]) & (score[1:-1] > _CANDIDATE_SHARE * score.max())
        )
        bins = np.union1d(bins, np.flatnonzero(is_top) + 1)
        bins = bins[np.argsort(-score[bins])[:_MAX_CANDIDATES]]
    scaled = flat / np.sqrt(level)
    if len(bins) > _MAX_REFINED:
        nearby = (bins[:, None] + np.arange(-2, 3) / 4) / len(flat)
        energies = [max(explained_energy(scaled, frequency, positions) for frequency in row) for row in nearby]
        bins = bins[np.argsort(energies)[-_MAX_REFINED:]]
    frequencies = [refine_frequency(flat, i / len(flat), level, positions) for i in bins]
    energies = [explained_energy(scaled, frequency, positions) for frequency in frequencies]
    best = int(np.argmax(energies))
    return frequencies[best], energies[best]


def without_others(
    flat: np.ndarray, frequencies: Sequence[float], k: int, positions: np.ndarray | None = None
) -> np.ndarray:
    """The signals without the sines of all frequencies but the one of index `k`."""
    together, alone = explained(flat, frequencies, positions), explained_by_one(flat, frequencies, k, positions)
    part: np.ndarray = flat - together + alone
    return part


def alias_of(
    alone: np.ndarray, frequency: float, noise: np.ndarray, in_band: np.ndarray, positions: np.ndarray, chance: float
) -> float | None:
    """Another frequency that explains signals with one sine almost as well as `frequency` does; None if there is none.

    The ratio of the likelihoods of the two frequencies is below ``1 / chance``; `noise` (N,) is the standard deviation
    of the noise of each signal.
    """
    level = np.square(noise)
    ratio, _ = ratio_to_floor(alone, level, chance, positions)
    i = round(frequency * len(alone))
    score = np.where(in_band, ratio, 0)
    score[max(0, i - MAIN_LOBE) : i + MAIN_LOBE + 1] = 0
    other, energy = strongest_sine(alone, score, level, positions)
    evidence = (explained_energy(alone / noise, frequency, positions) - energy) / 2
    return other if evidence < np.log(1 / chance) else None
