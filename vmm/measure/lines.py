"""Lines in the spectra of many tiles: where and at which frequency something stands above the noise around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.stats

LOWEST = 3  # periods in the clip; below it a vibration cannot be told from drift
HIGHEST = 0.94  # of Nyquist's frequency; above it coders that treat every other frame alike leave their mark
GAP = 3  # bins beside a line that its window may reach
_BESIDE = 13  # bins on either side that tell the noise
_SIZES = (1, 3, 9, 0)  # tiles along a side that are taken together; 0 is the whole frame
_DEAD = 1e-2  # of the median noise; a tile that is black or burnt out shows less
_STRONG = 50.0  # ratio of three by three tiles from which one alone tells where a line is
_PART = 0.03  # of the ratio at the strongest tile that a tile of the same region has at least
_SEEN = 3.0  # ratio of a tile that shows a line at all
_FALL = 2 * np.log(3 * np.pi / 8)  # by which the logarithm of a steady wave's power falls in half a bin
_SURE = 0.02  # bins; nothing real is steadier
_CAUTION = 1.5  # times the threshold for white noise: that of a camera and a coder is less even


@dataclass(frozen=True)
class Spectra:
    """Power of tiles against the noise around, and how far it stands above what noise reaches.

    Attributes
    ----------
    alone, near
        (F, y, x) power of a tile, and of three by three, over the noise at the frequencies beside.
    score
        (F,) highest of these and of larger squares over what noise reaches.
    level
        (K, y, x) power of each signal's noise.
    """

    alone: np.ndarray
    near: np.ndarray
    score: np.ndarray
    level: np.ndarray

    def peaks(self) -> list[int]:
        """Bins of lines."""
        highest = scipy.ndimage.maximum_filter1d(self.score, 2 * GAP + 1)
        return [int(i) for i in np.flatnonzero((self.score == highest) & (self.score > 1))]


def window(n: int) -> np.ndarray:
    """Hann's, for n samples."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(n) + 0.5) / n)


def steady(signals: np.ndarray) -> np.ndarray:
    """Signals (T, ...) less their trend, in double precision."""
    n = len(signals)
    trend = np.linalg.qr(np.stack([np.ones(n), np.arange(n) - (n - 1) / 2], axis=1))[0]
    flat = signals.reshape(n, -1).astype(np.float64)
    return (flat - trend @ (trend.T @ flat)).reshape(signals.shape)


def spectra(signals: np.ndarray, least: float, false_alarm: float) -> Spectra:
    """Spectra of signals (T, K, y, x), of which `least` is the smallest standard deviation that counts as noise.

    Each signal is divided by its noise, squares of tiles are summed, and their power at each frequency is compared
    with the median on either side. Of white noise that ratio follows Fisher's distribution; how many degrees of
    freedom a square has is read from the spread of its ratios, since neighbours are not independent.
    """
    n, kinds, rows, cols = signals.shape
    shape = window(n)
    power = np.abs(np.fft.rfft(steady(signals) * shape.reshape(-1, 1, 1, 1), axis=0)) ** 2
    power += least**2 * np.square(shape).sum() + 1e-300
    level = np.median(power[1:], axis=0) / np.log(2)
    level = np.maximum(level, 1e-3 * level.mean())
    power = (power / level).mean(axis=1)
    score, ratios = np.zeros(len(power)), {}
    for size in _SIZES:
        squares = _pooled(power, size)
        floor, weight = _around(squares)
        ratios[size] = squares / np.maximum(floor, _DEAD)
        across = [min(size, length) if size else length for length in (rows, cols)]
        most = kinds * across[0] * across[1]
        tests = len(power) * max(1, rows * cols / (across[0] * across[1])) * len(_SIZES)
        limit = _CAUTION * _limits(ratios[size], weight, most, false_alarm / tests)
        score = np.maximum(score, ratios[size].max(axis=(1, 2)) / limit)
    score[:LOWEST] = score[int(HIGHEST * len(score)) :] = 0
    return Spectra(ratios[1], ratios[3], score, level)


def _pooled(power: np.ndarray, size: int) -> np.ndarray:
    """Means over squares of tiles."""
    if size == 0:
        return power.mean(axis=(1, 2), keepdims=True)
    for axis in (1, 2):
        power = scipy.ndimage.correlate1d(power, np.full(size, 1 / size), axis=axis, mode="reflect")
    return power


def _around(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Geometric mean of the medians on either side of each frequency, and of how many values that is worth."""
    n = len(power)
    medians = scipy.ndimage.median_filter(power, size=(_BESIDE, 1, 1), mode="nearest")

    def median(start: int, stop: int) -> np.ndarray:
        if stop - start == _BESIDE:
            return medians[start + _BESIDE // 2]
        return np.median(power[start:stop], axis=0)

    floor, weight = np.ones_like(power), np.full(n, 0.25)
    for i in range(LOWEST, n - GAP - 1):
        gap = GAP if i >= 2 * GAP else 2
        below, above = (max(1, i - gap - _BESIDE + 1), i - gap + 1), (i + gap, min(n - 1, i + gap + _BESIDE))
        floor[i] = np.sqrt(median(*below) * median(*above))
        weight[i] = 2 / (1 / (below[1] - below[0]) + 1 / (above[1] - above[0]))
    return floor, weight


def _limits(ratios: np.ndarray, weight: np.ndarray, most: int, chance: float) -> np.ndarray:
    """What noise exceeds with this chance, at each frequency."""
    inside = np.log(ratios[LOWEST : max(int(HIGHEST * len(ratios)), LOWEST + 2)])
    quarter, half = np.percentile(inside, [25, 50])
    freedom = min(most, (0.674 / max(half - quarter, 1e-6)) ** 2)  # the variance of a logarithm is 1 / freedom
    limits: np.ndarray = scipy.stats.f.isf(chance, 2 * freedom, 2 * freedom * weight)
    return limits


def place(ratios: np.ndarray) -> tuple[int, int]:
    """The tile (row, col) of the highest ratio."""
    row, col = np.unravel_index(np.argmax(ratios), ratios.shape)
    return int(row), int(col)


def region(alone: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Map of the tiles that show a line and hang together with the one that shows it best."""
    ratios = alone if near.max() > _STRONG else near
    top = place(near) if ratios is near else place(np.where(near > near.max() / 2, alone, 0))
    labels, _ = scipy.ndimage.label(ratios >= max(_PART * ratios[top], _SEEN), structure=np.ones((3, 3)))
    inside: np.ndarray = labels == labels[top] if labels[top] else labels < 0
    inside[top] = True
    return inside


def waves(signals: np.ndarray, frequency: float) -> np.ndarray:
    """Complex amplitudes (...) of signals (T, ...) at a frequency in cycles per frame."""
    n = len(signals)
    shape = window(n) * 2 / window(n).sum()
    turns = np.exp(-2j * np.pi * frequency * (np.arange(n) - (n - 1) / 2))
    found: np.ndarray = (turns * shape) @ steady(signals).reshape(n, -1)
    return found.reshape(signals.shape[1:])


def refined(signals: np.ndarray, level: np.ndarray, i: int, ratio: float) -> tuple[float, float]:
    """Frequency in cycles per frame, and its standard deviation, of signals (T, n) near bin i.

    `level` is the power of each signal's noise, `ratio` the sum of all powers over it.
    """
    n = len(signals)
    shaped = steady(signals) * window(n)[:, None] / np.sqrt(level)
    times = np.arange(n) - (n - 1) / 2

    def power(bins: np.ndarray) -> np.ndarray:
        sums: np.ndarray = np.square(np.abs(np.exp(-2j * np.pi * np.outer(bins, times) / n) @ shaped)).sum(axis=1)
        return sums

    best, step = float(i), 0.25
    for _ in range(6):
        grid = best + step * np.arange(-4, 5)
        best, step = float(grid[np.argmax(power(grid))]), step / 4
    below, top, above = power(best + 0.5 * np.arange(-1, 2))
    fall = np.log(top / max(below, above)) if top > 0 else 0.0
    wider = max(_FALL / max(fall, 1e-3) - 1.2, 0)  # squared, than a steady wave's
    spread = np.sqrt(0.25 / max(ratio, 1) + 0.36 * wider + _SURE**2)  # the first is the bound for a steady wave
    return best / n, float(min(spread, 2)) / n
