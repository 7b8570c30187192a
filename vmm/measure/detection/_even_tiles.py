"""Resampling of the signals of tiles onto an even grid, for clips whose frames are unevenly spaced."""

from __future__ import annotations

import numpy as np

from vmm.measure.detection._tile_spectra import connected_region, tile_spectra
from vmm.measure.signals._resampling import even_positions, resample
from vmm.measure.signals._search import strongest_sine
from vmm.measure.signals._sine_model import explained
from vmm.measure.signals._windows import MAIN_LOBE, detrend

_MAX_SINES = 16
"""Largest number of sines that are fitted rather than interpolated. Each takes one spectrum of all tiles."""


def evenly_sampled_tiles(
    signals: np.ndarray, positions: np.ndarray, min_std: float, false_alarm: float
) -> tuple[np.ndarray, float]:
    """Signals (G, K, y, x) of tiles on an even grid, and its interval in mean intervals of the frames.

    As in ``evenly_sampled``, sines are fitted at the true times. They are searched in the tiles that show them best.

    Parameters
    ----------
    signals
        Signals (T, K, y, x).
    positions
        Times (T,) of the frames in mean intervals.
    min_std, false_alarm
        As for ``tile_spectra``.
    """
    count = len(signals)
    flat = detrend(signals.reshape(count, -1), positions)
    residual, frequencies = flat, list[float]()
    for _ in range(_MAX_SINES):
        spectra = tile_spectra(residual.reshape(signals.shape), min_std, false_alarm, positions)
        score = spectra.score.copy()
        for frequency in frequencies:
            i = round(frequency * count)
            score[max(0, i - MAIN_LOBE) : i + MAIN_LOBE + 1] = 0
        i = int(np.argmax(score))
        if score[i] <= 1:
            break
        where = connected_region(spectra.tile_ratio[i], spectra.square_ratio[i])
        region = residual.reshape(signals.shape)[..., where].reshape(count, -1)
        frequencies.append(strongest_sine(region, score, spectra.level[:, where].ravel(), positions)[0])
        residual = flat - explained(flat, frequencies, positions)
    grid = even_positions(positions)
    even = resample(signals.reshape(count, -1), positions, frequencies, grid)
    return even.reshape(-1, *signals.shape[1:]).astype(signals.dtype), float(grid[1])
