"""Spectra of many tiles: where in the frame, and at which frequency, power exceeds the noise around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.stats

from vmm.measure.signals._sampling import fourier_sums
from vmm.measure.signals._sine_model import refine_frequency
from vmm.measure.signals._windows import MAIN_LOBE, MIN_PERIODS, detrend, hann

_MAX_FREQUENCY = 0.94
"""Highest frequency of a peak as a fraction of fs/2. Video coders that treat every other frame alike cause artifacts
above it."""

_NOISE_BINS = 13
"""Bins on either side of a frequency whose median estimates the noise."""

_SQUARES = (1, 3, 9, 0)
"""Sides, in tiles, of the squares over which power is averaged; 0 is the whole frame. Large squares detect weak motion
of large objects."""

_DEAD_TILE = 1e-2
"""Noise power relative to the median below which a tile is black or saturated. Its ratio to noise is then limited."""

_STRONG_RATIO = 50.0
"""Ratio of a 3x3 square to its noise from which single tiles locate the peak."""

_REGION_FRACTION = 0.03
"""Smallest ratio of a tile of the region, relative to the strongest tile."""

_MIN_REGION_RATIO = 3.0
"""Smallest ratio to noise of a tile of the region."""

_LOG_FALL = 2 * np.log(3 * np.pi / 8)
"""Fall of the logarithm of the power of a steady sine under a Hann window, at half a bin from its frequency."""

_MIN_STDERR = 0.005
"""Smallest standard error of a frequency in bins: real vibrations are not steadier."""

_THRESHOLD_FACTOR = 1.5
"""Factor on the threshold for white noise, because the noise of cameras and coders is less uniform."""


@dataclass(frozen=True, eq=False)
class TileSpectra:
    """Power of tiles relative to the noise at neighboring frequencies.

    Attributes
    ----------
    tile_ratio, square_ratio
        (F, y, x) power of a tile, and of the 3x3 square around it, over the noise.
    score
        (F,) largest ratio of all tiles and squares over the threshold for noise: peaks have a score above 1.
    level
        (K, y, x) noise power of each signal.
    """

    tile_ratio: np.ndarray
    square_ratio: np.ndarray
    score: np.ndarray
    level: np.ndarray

    def peaks(self) -> list[int]:
        """Bins of the peaks."""
        local_maximum = scipy.ndimage.maximum_filter1d(self.score, 2 * MAIN_LOBE + 1)
        return [int(i) for i in np.flatnonzero((self.score == local_maximum) & (self.score > 1))]


def tile_spectra(
    signals: np.ndarray, min_std: float, false_alarm: float, positions: np.ndarray | None = None
) -> TileSpectra:
    """Spectra of signals (T, K, y, x); `min_std` is the smallest standard deviation that counts as noise.

    Each signal is divided by its noise, the power is averaged over squares of tiles, and each frequency is compared
    with the median on either side. For white noise the ratio follows an F distribution. Its degrees of freedom follow
    from the scatter of the ratios, since neighboring tiles are not independent. `positions` (T,) are those of uneven
    samples.
    """
    n, kinds, rows, cols = signals.shape
    window = hann(n, positions)
    sums = fourier_sums((detrend(signals, positions) * window.reshape(-1, 1, 1, 1)).reshape(n, -1), positions)
    power = np.abs(sums.reshape(-1, kinds, rows, cols)) ** 2
    power += min_std**2 * np.square(window).sum() + 1e-300
    level = np.median(power[1:], axis=0) / np.log(2)
    level = np.maximum(level, 1e-3 * level.mean())
    power = (power / level).mean(axis=1)
    score, ratios = np.zeros(len(power)), {}
    for size in _SQUARES:
        squares = _square_means(power, size)
        floor, weight = _noise_floor(squares)
        noise = _without_strongest(squares, floor)
        if noise is not squares:
            floor, weight = _noise_floor(noise)
        ratios[size] = squares / np.maximum(floor, _DEAD_TILE)
        sides = [min(size, length) if size else length for length in (rows, cols)]
        max_signals = kinds * sides[0] * sides[1]
        tests = len(power) * max(1, rows * cols / (sides[0] * sides[1])) * len(_SQUARES)
        ratios_of_noise = noise / np.maximum(floor, _DEAD_TILE)
        limit = _THRESHOLD_FACTOR * _thresholds(ratios_of_noise, weight, max_signals, false_alarm / tests)
        score = np.maximum(score, ratios[size].max(axis=(1, 2)) / limit)
    score[:MIN_PERIODS] = 0
    if positions is None:
        score[int(_MAX_FREQUENCY * len(score)) :] = 0
    return TileSpectra(ratios[1], ratios[3], score, level)


def _square_means(power: np.ndarray, size: int) -> np.ndarray:
    """Means over squares of tiles."""
    if size == 0:
        return power.mean(axis=(1, 2), keepdims=True)
    for axis in (1, 2):
        power = scipy.ndimage.correlate1d(power, np.full(size, 1 / size), axis=axis, mode="reflect")
    return power


def _without_strongest(power: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """The power (F, y, x) without a line that is so strong that it would count as noise of the frequencies next to it.

    In short clips, the line and its skirts are a large part of all frequencies.
    """
    ratio = (power / np.maximum(floor, _DEAD_TILE)).max(axis=(1, 2))
    first, last = MIN_PERIODS, len(power) - MAIN_LOBE - 1
    if last <= first or ratio[first:last].max() < _STRONG_RATIO:
        return power
    top = first + int(np.argmax(ratio[first:last]))
    start, stop = max(1, top - MAIN_LOBE), min(top + MAIN_LOBE + 1, len(power) - 1)
    around = [power[max(1, start - MAIN_LOBE) : start], power[stop : stop + 2 * MAIN_LOBE]]
    level = np.median(np.concatenate(around), axis=0)
    return np.concatenate([power[:start], np.repeat(level[None], stop - start, axis=0), power[stop:]])


def _noise_floor(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Geometric mean of the medians on either side of each frequency, and its effective number of bins (F,)."""
    n = len(power)
    medians = scipy.ndimage.median_filter(power, size=(_NOISE_BINS, 1, 1), mode="nearest")

    def median(start: int, stop: int) -> np.ndarray:
        if stop - start == _NOISE_BINS:
            return medians[start + _NOISE_BINS // 2]
        return np.median(power[start:stop], axis=0)

    floor, weight = np.ones_like(power), np.full(n, 0.25)
    for i in range(MIN_PERIODS, n - MAIN_LOBE - 1):
        gap = MAIN_LOBE if i >= 2 * MAIN_LOBE else 2
        below, above = (max(1, i - gap - _NOISE_BINS + 1), i - gap + 1), (i + gap, min(n - 1, i + gap + _NOISE_BINS))
        floor[i] = np.sqrt(median(*below) * median(*above))
        weight[i] = 2 / (1 / (below[1] - below[0]) + 1 / (above[1] - above[0]))
    return floor, weight


def _thresholds(ratios: np.ndarray, weight: np.ndarray, max_signals: int, chance: float) -> np.ndarray:
    """Ratio (F,) that noise exceeds with this probability, at each frequency."""
    inside = np.log(ratios[MIN_PERIODS : max(int(_MAX_FREQUENCY * len(ratios)), MIN_PERIODS + 2)])
    quarter, half = np.percentile(inside, [25, 50])
    n_independent = min(max_signals, (0.674 / max(half - quarter, 1e-6)) ** 2)  # the variance of a log power is 1/n
    limits: np.ndarray = scipy.stats.f.isf(chance, 2 * n_independent, 2 * n_independent * weight)
    return limits


def strongest_tile(ratios: np.ndarray) -> tuple[int, int]:
    """The tile (row, col) of the largest ratio."""
    row, col = np.unravel_index(np.argmax(ratios), ratios.shape)
    return int(row), int(col)


def connected_region(tile_ratio: np.ndarray, square_ratio: np.ndarray) -> np.ndarray:
    """Map of the tiles that show a peak and are connected with the strongest tile."""
    is_strong = square_ratio.max() > _STRONG_RATIO
    ratios = tile_ratio if is_strong else square_ratio
    candidates = np.where(square_ratio > square_ratio.max() / 2, tile_ratio, 0) if is_strong else square_ratio
    top = strongest_tile(candidates)
    limit = max(_REGION_FRACTION * ratios[top], _MIN_REGION_RATIO)
    labels, _ = scipy.ndimage.label(ratios >= limit, structure=np.ones((3, 3)))
    inside: np.ndarray = labels == labels[top] if labels[top] else labels < 0
    inside[top] = True
    return inside


def tile_phasors(signals: np.ndarray, frequency: float) -> np.ndarray:
    """Complex amplitudes (...) of signals (T, ...) at a frequency in cycles per frame."""
    n = len(signals)
    weights = hann(n) * 2 / hann(n).sum()
    rotation = np.exp(-2j * np.pi * frequency * (np.arange(n) - (n - 1) / 2))
    phasors: np.ndarray = (rotation * weights) @ detrend(signals).reshape(n, -1)
    return phasors.reshape(signals.shape[1:])


def refine_peak(signals: np.ndarray, level: np.ndarray, i: int, ratio: float) -> tuple[float, float]:
    """Frequency in cycles per frame near bin i, and its standard error, of signals (T, n).

    `level` (n,) is the noise power of each signal, and `ratio` the sum of the ratios of power to noise. The standard
    error is the Cramer-Rao bound of a steady sine, with a part that grows with the width of the peak.
    """
    n = len(signals)
    flat = detrend(signals)
    frequency = refine_frequency(flat, i / n, level)
    weighted = flat * hann(n)[:, None] / np.sqrt(level)
    bins = n * frequency + 0.5 * np.arange(-1, 2)
    rotation = np.exp(-2j * np.pi * np.outer(bins, np.arange(n) - (n - 1) / 2) / n)
    below, top, above = np.square(np.abs(rotation @ weighted)).sum(axis=1)
    fall = np.log(top / max(below, above)) if top > 0 else 0.0
    excess_width = max(_LOG_FALL / max(fall, 1e-3) - 1.2, 0)  # squared width beyond that of a steady sine
    stderr = np.sqrt(0.25 / max(ratio, 1) + 0.36 * excess_width + _MIN_STDERR**2)
    return frequency, float(min(stderr, 2)) / n
