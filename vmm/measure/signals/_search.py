"""Search for the sines in signals (T, N), one after the other.

`positions` (T,) are those of uneven samples, or None.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vmm.measure.signals._background import WHITE, Background, noise_shape, wander_functions
from vmm.measure.signals._joint_fit import refine_together
from vmm.measure.signals._noise_floor import mean_periodogram, noise_explains, noise_level, ratio_to_floor
from vmm.measure.signals._sine_model import explained, explained_by_one, explained_energy, refine_frequency
from vmm.measure.signals._windows import MAIN_LOBE, MIN_PERIODS, without

_SWEEPS = 2
"""Number of times that each frequency is refined again with the other peaks removed. Two sweeps converge unless peaks
are closer than a few bins."""

_CLOSE = 5.0
"""Distance in bins of two peaks below which all frequencies are refined together."""

PRECISION = 1e-11
"""Smallest noise power relative to the power of the signals: below it lie rounding errors and the error of the fit."""

_CANDIDATE_SHARE = 0.4
"""Smallest power, relative to the strongest bin, of a bin that may hold the sine itself. Uneven samples have side lobes
far from it, which between two bins may be higher than the main lobe."""

_MAX_CANDIDATES = 8
"""Largest number of such bins that are examined."""

_MAX_REFINED = 2
"""Number of them, those near which a sine explains most energy, whose frequency is refined."""


_LONG = 256
"""Samples from which the spectrum shows whether noise is white. If fewer samples wander slowly, noise that falls with
the frequency is likely, and lines need a smaller probability of a false alarm, in proportion to the samples."""


def search(
    flat: np.ndarray,
    in_band: np.ndarray,
    max_peaks: int,
    false_alarm: float,
    positions: np.ndarray | None = None,
    background: Background = WHITE,
) -> list[float]:
    """Frequencies of the peaks in cycles per sample, in the order in which they are detected.

    The signals contain no function of ``background.trend`` any more.
    """
    trend, shape = background.trend, background.shape
    residual, precision = flat, PRECISION * float(flat.var())
    frequencies: list[float] = []
    candidates = in_band.copy()
    while len(frequencies) < max_peaks:
        if (residual.var(axis=0) <= PRECISION * flat.var(axis=0)).all():
            break
        level = np.maximum(noise_level(residual, positions), precision)
        ratio, limit = ratio_to_floor(residual, level, false_alarm / max(int(in_band.sum()), 1), positions, shape)
        score = np.where(candidates, ratio / limit, 0)
        if score.max() <= 1:
            break
        frequency = strongest_sine(residual, score, level, positions, trend)[0]
        frequencies.append(frequency)
        i = round(frequency * len(flat))
        candidates[max(0, i - MAIN_LOBE) : i + MAIN_LOBE + 1] = False
        residual = flat - explained(flat, frequencies, positions, trend)
    # The side lobes of uneven samples raise the noise levels, so that a single frequency is refined again as well.
    for _ in range(_SWEEPS if len(frequencies) > 1 or positions is not None else 0):
        for k, frequency in enumerate(frequencies):
            alone = without_others(flat, frequencies, k, positions, trend)
            level = np.maximum(noise_level(residual, positions), precision)
            frequencies[k] = refine_frequency(alone, frequency, level, positions, trend)
    if len(frequencies) > 1 and np.diff(np.sort(frequencies)).min() * len(flat) < _CLOSE:
        residual = flat - explained(flat, frequencies, positions, trend)
        level = np.maximum(noise_level(residual, positions), precision)
        frequencies = refine_together(flat, frequencies, level, positions, trend)
    return frequencies


def search_with_background(
    flat: np.ndarray, in_band: np.ndarray, max_peaks: int, false_alarm: float, positions: np.ndarray | None = None
) -> tuple[list[float], Background]:
    """Frequencies of the peaks in cycles per sample, and the background on which they lie.

    The search assumes white noise and a linear trend first. If the signals without these peaks show a slow wander, it
    is taken off by polynomials of higher order, and the search is repeated. If the power of the noise may fall with the
    frequency, the search is repeated on such a floor, and the simpler explanation of the spectrum is returned.
    """
    frequencies, background = search(flat, in_band, max_peaks, false_alarm, positions), WHITE
    is_doubtful = False
    if not in_band[:MIN_PERIODS].any() and (trend := _wander(flat, frequencies, positions)) is not None:
        flat, background = without(flat, trend), Background(trend)
        is_doubtful = len(flat) < _LONG
        false_alarm *= min(1.0, len(flat) / _LONG)
        frequencies = search(flat, in_band, max_peaks, false_alarm, positions, background)
    shape = noise_shape(mean_periodogram(flat, positions), is_likely=is_doubtful)
    if shape is None:
        return frequencies, background
    falling = background._replace(shape=shape)
    others = search(flat, in_band, max_peaks, false_alarm, positions, falling)
    residuals = [
        flat - explained(flat, lines, positions, background.trend) if lines else flat for lines in (frequencies, others)
    ]
    level, counts = noise_level(flat, positions), (len(frequencies), len(others))
    is_falling = noise_explains(residuals, counts, shape, level, positions, is_likely=is_doubtful)
    return (others, falling) if is_falling else (frequencies, background)


def _wander(flat: np.ndarray, frequencies: Sequence[float], positions: np.ndarray | None) -> np.ndarray | None:
    """Functions (T, K) that follow the slow wander of signals with lines at these frequencies, or None."""
    lines = [frequency for frequency in frequencies if frequency * len(flat) >= MIN_PERIODS]
    residual = flat - explained(flat, lines, positions) if lines else flat
    return wander_functions(
        residual, np.maximum(noise_level(residual, positions), PRECISION * float(flat.var())), positions
    )


def strongest_sine(
    flat: np.ndarray,
    score: np.ndarray,
    level: np.ndarray,
    positions: np.ndarray | None,
    trend: np.ndarray | None = None,
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
        energies = [max(explained_energy(scaled, frequency, positions, trend) for frequency in row) for row in nearby]
        bins = bins[np.argsort(energies)[-_MAX_REFINED:]]
    frequencies = [refine_frequency(flat, i / len(flat), level, positions, trend) for i in bins]
    energies = [explained_energy(scaled, frequency, positions, trend) for frequency in frequencies]
    best = int(np.argmax(energies))
    return frequencies[best], energies[best]


def without_others(
    flat: np.ndarray,
    frequencies: Sequence[float],
    k: int,
    positions: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> np.ndarray:
    """The signals without the sines of all frequencies but the one of index `k`."""
    together = explained(flat, frequencies, positions, trend)
    alone = explained_by_one(flat, frequencies, k, positions, trend)
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
