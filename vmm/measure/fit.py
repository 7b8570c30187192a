"""Amplitudes of steady lines in a signal that is seen once, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace

_TAPER = 0.125  # of the signal at each end; noise is 5 % larger by it than with equal weights
_CLEAR = 1.5  # bins between two lines, and from 0 and Nyquist's frequency


class Lines:
    """Least squares of lines, a mean and a drift, with weights that fall at both ends where the length is known.

    Lines do not leak into one another, and little of what is not named leaks into them.

    Parameters
    ----------
    frequencies
        In cycles per frame.
    frames
        Length of the signal; None where it is not known yet, then all frames weigh the same.
    """

    def __init__(self, frequencies: Any, frames: int | None) -> None:
        self._frequencies, self._frames = np.asarray(frequencies, dtype=float), frames

    def rows(self, start: int, stop: int) -> np.ndarray:
        """What samples start to stop count for in each sum, (2 K + 2, n)."""
        return self._basis(start, stop) * self._weights(start, stop)

    def _basis(self, start: int, stop: int) -> np.ndarray:
        t = np.arange(start, stop)
        turns = 2 * np.pi * np.outer(self._frequencies, t)
        return np.concatenate([np.cos(turns), np.sin(turns), np.ones((1, len(t))), (t / 1000)[None]])

    def _weights(self, start: int, stop: int) -> np.ndarray:
        if self._frames is None:
            return np.ones(stop - start)
        edge = np.minimum(np.arange(start, stop) + 0.5, self._frames - np.arange(start, stop) - 0.5) / self._frames
        tapered: np.ndarray = 0.5 - 0.5 * np.cos(np.pi * np.minimum(edge / _TAPER, 1))
        return tapered

    def amplitudes(self, sums: Array, frames: int) -> Array:
        """Complex amplitudes (K, ...) of the sums (2 K + 2, ...): a line is the real part of U exp(2 pi i f t)."""
        xp, count = namespace(sums), len(self._frequencies)
        solver = np.linalg.inv(self._gram(frames, 1))
        found = xp.tensordot(xp.asarray(solver[: 2 * count]), sums, 1)
        return found[:count] - 1j * found[count:]

    def of(self, values: np.ndarray) -> np.ndarray:
        """Complex amplitudes (K, ...) of signals (T, ...); frames that are NaN in some of them are left out there."""
        frames = len(values)
        flat = values.reshape(frames, -1)
        holes = np.isnan(flat).any(axis=0) & ~np.isnan(flat).all(axis=0)
        found = self.amplitudes(self.rows(0, frames) @ flat, frames)
        weights, basis = np.sqrt(np.maximum(self._weights(0, frames), 0)), self._basis(0, frames).T
        for i in np.flatnonzero(holes):
            some = np.isfinite(flat[:, i])
            sides = weights[some, None] * basis[some], weights[some] * flat[some, i]
            parts = np.linalg.lstsq(*sides, rcond=None)[0]
            count = len(self._frequencies)
            found[:, i] = parts[:count] - 1j * parts[count : 2 * count]
        shaped: np.ndarray = found.reshape(-1, *values.shape[1:])
        return shaped

    def spread(self, frames: int) -> np.ndarray:
        """Standard error (K,) of the amplitudes' real and imaginary part, for white noise of variance 1."""
        solver = np.linalg.inv(self._gram(frames, 1))
        variances = np.diag(solver @ self._gram(frames, 2) @ solver)
        parts: np.ndarray = variances[:-2].reshape(2, -1).mean(axis=0)
        return np.sqrt(parts)

    def _gram(self, frames: int, power: int) -> np.ndarray:
        basis = self._basis(0, frames)
        gram: np.ndarray = (basis * self._weights(0, frames) ** power) @ basis.T
        return gram


def check_lines(frequencies: Sequence[float] | float, fs: float, frames: int | None) -> np.ndarray:
    """The frequencies in cycles per frame; raises where they cannot be told apart in so many frames."""
    given = np.atleast_1d(np.asarray(frequencies, dtype=float))
    if given.ndim != 1 or not len(given) or not ((given > 0) & (given < fs / 2)).all():
        raise ValueError(f"frequencies={given.tolist()} must lie inside (0, fs/2) = (0, {fs / 2:g}) Hz: is fs right?")
    if frames is not None:
        apart = np.diff(np.sort(np.concatenate([[0.0], given, [fs / 2]]))) * frames / fs
        if apart.min() < _CLEAR:
            raise ValueError(
                f"frequencies={given.tolist()} Hz cannot be told apart in {frames} frames at fs={fs:g} Hz: from one "
                f"another, from 0 and from fs/2 they must be {_CLEAR * fs / frames:.3g} Hz apart; take a longer clip"
            )
    return given / fs
