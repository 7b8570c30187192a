"""Least squares of sines of known frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace
from vmm.backend.checks import as_numbers, short_text
from vmm.measure.signals._sampling import highest_frequency
from vmm.measure.signals._signal import SignalsLike, as_signals

_TAPER = 0.125
"""Fraction of the signal over which the weights rise at each end. It raises the standard errors by 5 % and reduces the
leakage of components that are not in the model."""

_MIN_SPACING = 0.01
"""Distance in bins between frequencies below which the fit of their phasors is singular in floating point."""

_MIN_SEPARATION = 1.5
"""Smallest distance in bins between two frequencies, from 0 and from fs/2. Closer ones make the system
ill-conditioned."""


class SineFit:
    """Weighted least squares of sines, a mean and a linear trend.

    The sines are fitted together, so that they do not leak into one another. If the length is known, the weights fall
    at both ends, so that little of other components leaks into them.

    Parameters
    ----------
    frequencies
        In cycles per frame.
    count
        Number of samples, or None if it is not known yet; all samples then have the same weight.
    positions
        (T,) times of uneven samples in mean intervals. The default, None, is evenly spaced samples.
    """

    def __init__(self, frequencies: Any, count: int | None, positions: np.ndarray | None = None) -> None:
        self._frequencies, self._count = np.asarray(frequencies, dtype=float), count
        self._positions = positions

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Weighted basis functions (2 K + 2, n) for the samples from `start` to `stop`."""
        return self._basis(start, stop) * self._weights(start, stop)

    def _times(self, start: int, stop: int) -> np.ndarray:
        return np.arange(start, stop) if self._positions is None else self._positions[start:stop]

    def _basis(self, start: int, stop: int) -> np.ndarray:
        t = self._times(start, stop)
        angles = 2 * np.pi * np.outer(self._frequencies, t)
        return np.concatenate([np.cos(angles), np.sin(angles), np.ones((1, len(t))), (t / 1000)[None]])

    def _weights(self, start: int, stop: int) -> np.ndarray:
        if self._count is None:
            return np.ones(stop - start)
        t = self._times(start, stop) + 0.5
        edge_distance = np.minimum(t, self._count - t) / self._count
        weights: np.ndarray = 0.5 - 0.5 * np.cos(np.pi * np.minimum(edge_distance / _TAPER, 1))
        return weights

    def solve(self, sums: Array, count: int) -> Array:
        """Complex amplitudes (K, ...) from the sums (2 K + 2, ...) of `rows` times signals of `count` samples.

        A sine of amplitude U is the real part of ``U exp(2 pi i f t)``.
        """
        xp, n = namespace(sums), len(self._frequencies)
        solver = np.linalg.inv(self._gram(count, 1))
        parts = xp.tensordot(xp.asarray(solver[: 2 * n]), sums, 1)
        return parts[:n] - 1j * parts[n:]

    def fit(self, values: np.ndarray) -> np.ndarray:
        """Complex amplitudes (K, ...) of signals (T, ...). Samples that are NaN in a signal are left out of its fit."""
        count, n = len(values), len(self._frequencies)
        flat = values.reshape(count, -1)
        incomplete = np.isnan(flat).any(axis=0) & ~np.isnan(flat).all(axis=0)
        amplitudes = self.solve(self.rows(0, count) @ flat, count)
        weights, basis = np.sqrt(np.maximum(self._weights(0, count), 0)), self._basis(0, count).T
        for i in np.flatnonzero(incomplete):
            valid = np.isfinite(flat[:, i])
            system = weights[valid, None] * basis[valid], weights[valid] * flat[valid, i]
            parts = np.linalg.lstsq(*system, rcond=None)[0]
            amplitudes[:, i] = parts[:n] - 1j * parts[n : 2 * n]
        shaped: np.ndarray = amplitudes.reshape(-1, *values.shape[1:])
        return shaped

    def stderr(self, count: int) -> np.ndarray:
        """Standard error (K,) of the real and imaginary parts of the amplitudes, for white noise of variance 1."""
        solver = np.linalg.inv(self._gram(count, 1))
        variances = np.diag(solver @ self._gram(count, 2) @ solver)
        parts: np.ndarray = variances[:-2].reshape(2, -1).mean(axis=0)
        return np.sqrt(parts)

    def _gram(self, count: int, power: int) -> np.ndarray:
        basis = self._basis(0, count)
        gram: np.ndarray = (basis * self._weights(0, count) ** power) @ basis.T
        return gram


def check_frequencies(
    frequencies: Sequence[float] | NDArray[Any] | float,
    fs: float,
    count: int | None,
    positions: np.ndarray | None = None,
) -> np.ndarray:
    """The frequencies in cycles per frame; `positions` (T,) are those of uneven samples.

    Raises
    ------
    ValueError
        If a frequency is not inside (0, fs/2), or two are too close for a clip of `count` frames.
    """
    freqs = np.atleast_1d(as_numbers("frequencies", frequencies).astype(np.float64))
    limit = highest_frequency(positions) * fs
    if freqs.ndim != 1 or not len(freqs) or not ((freqs > 0) & (freqs < limit)).all():
        raise ValueError(
            f"frequencies={short_text(freqs.tolist())} must lie inside (0, fs/2) = (0, {limit:g}) Hz: is fs right?"
        )
    if count is not None:
        separation = np.diff(np.sort(np.concatenate([[0.0], freqs, [limit]]))) * count / fs
        if separation.min() < _MIN_SEPARATION:
            raise ValueError(
                f"frequencies={short_text(freqs.tolist())} Hz cannot be separated in {count} frames at fs={fs:g} Hz: "
                f"they must be {_MIN_SEPARATION * fs / count:.3g} Hz from one another, 0 and fs/2; take a longer clip"
            )
    return freqs / fs


@checks_arguments
def phasors(values: SignalsLike, frequencies: Sequence[float] | NDArray[Any], *, fs: float | None = None) -> np.ndarray:
    """Phasors of sines of known frequencies, by least squares together with a mean and a linear trend.

    All sines are fitted together, so that they do not leak into one another even in short signals.

    Parameters
    ----------
    values
        Signals (T, ...), or a result such as that of ``displacement``.
    frequencies
        Frequencies (F,) in Hz, all different, inside (0, fs/2).
    fs
        Rate in Hz. The default is the rate of the result; without any, frequencies are in cycles/frame.

    Returns
    -------
    ndarray
        Complex amplitudes (F, ...) in the unit of the signals: ``abs`` is the peak amplitude, and ``angle`` is the
        phase of the cosine at the first sample.

    Raises
    ------
    ValueError
        If a frequency is not inside (0, fs/2), or the signals are too short for the number of frequencies.
    TypeError
        If the signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> t = np.arange(60) / 30
    >>> wave = 0.2 * np.cos(2 * np.pi * 2.5 * t + 1) + 0.05 * np.cos(2 * np.pi * 3.1 * t) + t
    >>> abs(vmm.measure.phasors(wave, [2.5, 3.1], fs=30)).round(3)
    array([0.2 , 0.05])
    """
    data = as_signals(values, fs)
    freqs = as_numbers("frequencies", frequencies).astype(np.float64)
    if freqs.ndim != 1 or not len(freqs) or not ((freqs > 0) & (freqs < data.nyquist)).all():
        raise ValueError(
            f"frequencies={short_text(freqs.tolist())} must lie inside (0, fs/2) = (0, {data.nyquist:g}) Hz"
        )
    count, needed = len(data.values), 2 * len(freqs) + 2
    if count < needed:
        raise ValueError(f"{count} samples are too few for {len(freqs)} frequencies: give at least {needed}")
    spacing = np.diff(np.sort(np.concatenate([[0.0], freqs, [data.nyquist]]))) * count / data.fs
    if spacing.min() < _MIN_SPACING:
        raise ValueError(
            f"frequencies={short_text(freqs.tolist())} Hz cannot be separated in {count} samples: one is too near to "
            "another, to 0 or to fs/2"
        )
    return SineFit(freqs / data.fs, None, data.positions).fit(data.values)
