"""Resampling of unevenly sampled signals onto an even grid, for the functions that need one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.interpolate

from vmm.engine.times import check_grid, grid_interval, usual_interval
from vmm.measure.signals._sampling import bin_frequencies, highest_frequency
from vmm.measure.signals._search import search
from vmm.measure.signals._signal import Signals
from vmm.measure.signals._sine_model import fit_sines
from vmm.measure.signals._windows import MIN_PERIODS, detrend

_MAX_SINES = 16
"""Largest number of sines that are fitted rather than interpolated."""

_FALSE_ALARM = 0.01
"""Probability that noise alone yields a sine."""

_LONG_GAP = 3.5
"""Length of a gap, in intervals of the grid, from which it is filled linearly: a cubic spline through noise swings far
beyond the samples there."""

_COLUMNS = 512
"""Signals that are interpolated at a time. It bounds memory, since a spline has four coefficients for each sample."""

_REFINEMENT = 4
"""Factor by which a band-limited signal is sampled more finely before a spline goes through it, which makes the error
of the spline negligible."""


def evenly_sampled(data: Signals) -> Signals:
    """Signals on an even grid; evenly sampled ones are returned as they are.

    Sines are fitted at the true times, so that interpolation neither weakens them nor adds lines to their spectrum.
    """
    if data.positions is None:
        return data
    usable, positions = data.varies, data.positions
    flat = detrend(data.flat[:, usable], positions)
    in_band = bin_frequencies(len(flat), positions) * len(flat) >= MIN_PERIODS
    frequencies = search(flat, in_band, _MAX_SINES, _FALSE_ALARM, positions) if usable.any() and in_band.any() else []
    grid = even_positions(positions)
    resampled = resample(data.flat, positions, frequencies, grid).reshape(-1, *data.values.shape[1:])
    # The rate is rounded so that a fitted rate of 30 Hz is exactly that, and limits of bands hold.
    return replace(data, values=resampled, fs=float(f"{data.fs / grid[1]:.10g}"), positions=None)


def even_positions(positions: np.ndarray) -> np.ndarray:
    """The even grid (G,) for samples at these positions, which holds their highest frequency."""
    finest = 0.5 / highest_frequency(positions)
    interval = grid_interval(positions) or max(usual_interval(positions), finest)
    check_grid(positions, interval)
    return interval * np.arange(int((positions[-1] + 1e-6) / interval + 0.5) + 1)


def resample(flat: np.ndarray, positions: np.ndarray, frequencies: list[float], grid: np.ndarray) -> np.ndarray:
    """Resample signals (T, N) at uneven positions to the positions `grid` (G,).

    Sines of the given frequencies are fitted to the signals, and the fit is evaluated at the positions of the grid.
    The difference between the signals and the fit is interpolated.
    """
    remainder, sines = flat, np.zeros(())
    if frequencies:
        angles, fine = (2 * np.pi * np.outer(places, frequencies) for places in (positions, grid))
        centered = detrend(flat, positions)
        coefs = fit_sines(np.where(np.isfinite(centered), centered, 0), frequencies, positions)[1]
        cosines, sine_coefs = coefs[::2], coefs[1::2]
        remainder = flat - (np.cos(angles) @ cosines + np.sin(angles) @ sine_coefs)
        sines = np.cos(fine) @ cosines + np.sin(fine) @ sine_coefs
    result: np.ndarray = interpolate(remainder, positions, grid) + sines
    return result


def interpolate(flat: np.ndarray, positions: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Signals (T, N) at other places (G,), by a cubic spline, and linearly in long gaps and beyond the ends."""
    positions, first = np.unique(positions, return_index=True)  # Of frames at the same time, one counts.
    flat = flat[first]
    finite = np.isfinite(flat).all(axis=0)
    inside = np.clip(places, positions[0], positions[-1])
    out = np.full((len(places), flat.shape[1]), np.nan)
    for columns in np.array_split(np.flatnonzero(finite), -(-int(finite.sum()) // _COLUMNS) or 1):
        out[:, columns] = scipy.interpolate.CubicSpline(positions, flat[:, columns])(inside)
    before = np.clip(np.searchsorted(positions, inside, side="right") - 1, 0, len(positions) - 2)
    interval = positions[before + 1] - positions[before]
    is_long = interval > _LONG_GAP * usual_interval(positions)
    weight = ((inside - positions[before]) / interval)[is_long, None]
    ends = flat[before[is_long]], flat[before[is_long] + 1]
    out[is_long] = (1 - weight) * ends[0] + weight * ends[1]
    return out


def back_to_positions(spectrum: np.ndarray, count: int, start: int, positions: np.ndarray) -> np.ndarray:
    """The real signals (T, ...) with this spectrum, at `positions` in samples of its grid of `count` samples.

    Sample `start` of the grid has the position 0.
    """
    fine = np.fft.irfft(spectrum, count * _REFINEMENT, axis=0) * _REFINEMENT
    places = (positions + start) * _REFINEMENT
    inside = slice(max(0, int(places[0]) - 2 * _REFINEMENT), int(places[-1]) + 2 * _REFINEMENT + 1)
    axis = np.arange(len(fine))[inside]
    result: np.ndarray = scipy.interpolate.CubicSpline(axis, fine[inside])(places)
    return result
