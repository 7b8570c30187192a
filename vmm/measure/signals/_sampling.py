"""Signals at uneven times: positions of the samples, the highest frequency, and Fourier sums.

The position of a sample is its time in mean intervals, from 0 to T - 1, so that a frequency in cycles per sample means
the same as for evenly spaced samples. Functions take None for the positions of evenly spaced samples.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.sparse

from vmm.engine.times import mean_rate, usual_interval

_SPREAD = 10
"""Grid points on either side of a sample over which it is spread. The error of a Fourier sum is below 1e-10."""

_MAX_HIGHEST = 2.0
"""Largest highest frequency in cycles per mean interval. It bounds the length of spectra of bursts of frames."""

_COLUMNS = 256
"""Signals that are transformed at a time. It bounds memory, since the even grid is finer than the samples."""


def as_positions(times: np.ndarray | None) -> np.ndarray | None:
    """Positions (T,) of samples at these times (T,)."""
    return None if times is None else (times - times[0]) * mean_rate(times)


def positions_or_index(positions: np.ndarray | None, count: int) -> np.ndarray:
    """The positions (T,), also of evenly spaced samples."""
    return np.arange(count, dtype=np.float64) if positions is None else positions


def highest_frequency(positions: np.ndarray | None) -> float:
    """Highest frequency in cycles per sample that is searched: half the rate at the shortest usual interval.

    For frames that lie on an even grid with gaps, it is half the rate of the grid.
    """
    return 0.5 if positions is None else min(0.5 / usual_interval(positions), _MAX_HIGHEST)


def bin_frequencies(count: int, positions: np.ndarray | None) -> np.ndarray:
    """Frequencies (F,) of a spectrum in cycles per sample, at distances of 1 / T."""
    return np.arange(int(highest_frequency(positions) * count + 1e-6) + 1) / count


def fourier_sums(flat: np.ndarray, positions: np.ndarray | None) -> np.ndarray:
    """Sums (F, N) of signals (T, N) times ``exp(-2 pi i f p)`` at the frequencies of ``bin_frequencies``.

    Uneven samples are spread by Gaussians over an even grid, which is transformed and divided by the spectrum of the
    Gaussian [1]_.

    References
    ----------
    .. [1] Greengard, Lee: Accelerating the nonuniform fast Fourier transform. SIAM Review 46(3), 2004: (5) to (9).
    """
    if positions is None:
        sums: np.ndarray = np.fft.rfft(flat, axis=0)
        return sums
    count, bins = len(flat), np.arange(len(bin_frequencies(len(flat), positions)))
    modes = 2 * len(bins)
    size = scipy.fft.next_fast_len(2 * modes, real=True)
    ratio = size / modes
    width = np.pi * _SPREAD / (modes**2 * ratio * (ratio - 0.5))
    nearest = np.floor(positions * size / count)
    places = nearest[:, None] + np.arange(1 - _SPREAD, _SPREAD + 1)
    distances = 2 * np.pi * (positions[:, None] / count - places / size)
    weights, rows = np.exp(-np.square(distances) / (4 * width)), places.astype(int) % size
    columns = np.broadcast_to(np.arange(count)[:, None], rows.shape)
    spread = scipy.sparse.csr_array((weights.ravel(), (rows.ravel(), columns.ravel())), shape=(size, count))
    correction = np.sqrt(np.pi / width) * np.exp(bins**2 * width) / size
    sums = np.empty((len(bins), flat.shape[1]), complex)
    for i in range(0, flat.shape[1], _COLUMNS):
        part = slice(i, i + _COLUMNS)
        sums[:, part] = scipy.fft.rfft(spread @ flat[:, part], axis=0)[: len(bins)] * correction[:, None]
    return sums
