"""Sines that are fitted together: their frequencies, their standard errors, and whether they are steady.

`positions` (T,) are those of uneven samples, or None; `trend` (T, K) are functions that the signals do not contain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy.stats

from vmm.measure.signals._sampling import positions_or_index
from vmm.measure.signals._sine_model import fit_sines
from vmm.measure.signals._windows import detrend, without

_STEPS = 12
"""Steps in which the frequencies of close lines are refined together. Each reduces the error by a large factor."""

_MAX_STEP = 0.15
"""Largest change of a frequency in one step, in bins: the linear model of the step holds that far."""

_ORDERS = 5
"""Polynomials of the time, from the constant on, by which the amplitude and phase of a line may change. The first two
look like another amplitude and another frequency of a steady line."""

_DEPENDENT = 1e-6
"""Amplitude of a function below which only rounding distinguishes it from 0."""

_FALSE_CHANGE = 0.005
"""Probability that noise makes a steady line appear to change."""


def refine_together(
    flat: np.ndarray,
    frequencies: Sequence[float],
    level: np.ndarray,
    positions: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> list[float]:
    """Frequencies (K,) in cycles per sample that fit signals (T, N) best together, by the Gauss-Newton method.

    `level` (N,) is the noise power of each signal.
    """
    current, step = np.array(frequencies, dtype=float), np.zeros(())
    for _ in range(_STEPS):
        basis, coefs = fit_sines(flat, current.tolist(), positions, trend)
        residual = (flat - basis @ coefs) / np.sqrt(level)
        slopes, _, scaled = _linearized(basis, coefs, np.sqrt(level)[None], current.tolist(), positions, trend)
        gradient = np.einsum("kin,kin->k", scaled, (slopes.T @ residual).reshape(scaled.shape))
        gram = (slopes.T @ slopes).reshape(len(current), 2, len(current), 2)
        step = np.linalg.pinv(np.einsum("kin,kilj,ljn->kl", scaled, gram, scaled), hermitian=True) @ gradient
        current = current + np.clip(step, -_MAX_STEP / len(flat), _MAX_STEP / len(flat))
    lines: list[float] = current.tolist()
    return lines


def changes(
    residual: np.ndarray,
    basis: np.ndarray,
    frequency: float,
    noise: np.ndarray,
    positions: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> tuple[bool, float]:
    """Whether the amplitude or the phase of a line changes, and the power of that change over the noise.

    Parameters
    ----------
    residual
        Signals (T, N) without their lines.
    basis
        Cosines and sines (T, 2 K) of all lines.
    frequency
        Frequency of the line in cycles per sample.
    noise
        Standard deviation (N,) of the noise around the line.
    """
    count, n_signals = residual.shape
    times = positions_or_index(positions, count)
    angle = 2 * np.pi * frequency * times
    orders = np.polynomial.legendre.legvander(2 * times / times[-1] - 1, _ORDERS - 1)
    functions = (orders[:, :, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None]).reshape(count, -1)
    functions = detrend(functions, positions) if trend is None else without(functions, trend)
    steady = _orthonormal(np.concatenate([basis, functions[:, :4]], axis=1))
    changing = _orthonormal(without(functions[:, 4:], steady))
    dof = changing.shape[1] * n_signals
    energy = float((np.square(changing.T @ residual).sum(axis=0) / np.square(noise)).sum())
    return dof > 0 and energy > scipy.stats.chi2.isf(_FALSE_CHANGE, dof), energy / max(dof, 1)


def _orthonormal(functions: np.ndarray) -> np.ndarray:
    """Orthonormal basis (T, K) of functions (T, N) of amplitude 1, some of which may depend on the others."""
    basis, sizes, _ = np.linalg.svd(functions, full_matrices=False)
    return basis[:, sizes > _DEPENDENT * math.sqrt(len(functions))]


def line_errors(
    basis: np.ndarray,
    coefs: np.ndarray,
    noise: np.ndarray,
    frequencies: Sequence[float],
    positions: np.ndarray | None = None,
    trend: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors (K,) of the frequencies in cycles per sample, and (K, N) of the amplitudes of K sines.

    They include that lines which are close to one another, or slow, are harder to separate.

    Parameters
    ----------
    basis, coefs
        Cosines and sines (T, 2 K) and their coefficients (2 K, N), the result of ``fit_sines``.
    noise
        Standard deviation (K, N) of the noise of each signal around each line.
    frequencies
        Frequencies (K,) in cycles per sample.
    """
    n_lines = len(frequencies)
    slopes, inverse, scaled = _linearized(basis, coefs, noise, frequencies, positions, trend)
    shifts = inverse @ _frequency_slopes(len(basis), frequencies, positions, trend)
    pairs = coefs.reshape(n_lines, 2, -1)
    gram = (slopes.T @ slopes).reshape(n_lines, 2, n_lines, 2)
    covariance = np.linalg.pinv(np.einsum("kin,kilj,ljn->kl", scaled, gram, scaled), hermitian=True)
    amplitudes = np.maximum(np.hypot(pairs[:, 0], pairs[:, 1]), 1e-300)
    along = pairs / amplitudes[:, None]
    own = np.einsum("kin,kij,kjn->kn", along, _diagonal_blocks(inverse @ inverse.T), along) * np.square(noise)
    change = np.einsum("kin,kilj,ljn->kln", along, shifts.reshape(n_lines, 2, n_lines, 2), scaled * noise[:, None])
    by_frequency = np.einsum("kln,lm,kmn->kn", change, covariance, change)
    return np.sqrt(np.maximum(np.diag(covariance), 0)), np.sqrt(own + by_frequency)


def _linearized(
    basis: np.ndarray,
    coefs: np.ndarray,
    noise: np.ndarray,
    frequencies: Sequence[float],
    positions: np.ndarray | None,
    trend: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Derivatives of lines by their frequencies, over the noise: functions (T, 2 K) and factors (K, 2, N).

    The functions contain no part of the `basis`; its inverse (2 K, T) is the second of the three results.
    """
    slopes, inverse = _frequency_slopes(len(basis), frequencies, positions, trend), np.linalg.pinv(basis)
    pairs = coefs.reshape(len(frequencies), 2, -1)
    factors = np.stack([pairs[:, 1], -pairs[:, 0]], axis=1) / noise[:, None]
    return slopes - basis @ (inverse @ slopes), inverse, factors


def _frequency_slopes(
    count: int, frequencies: Sequence[float], positions: np.ndarray | None, trend: np.ndarray | None
) -> np.ndarray:
    """Time times cosines and sines (T, 2 K), without trend; the origin of time is the middle of the signals."""
    times = positions_or_index(positions, count)
    angles = 2 * np.pi * np.outer(times, frequencies)
    functions = np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(count, -1)
    slopes = 2 * np.pi * (times - times.mean())[:, None] * functions
    return detrend(slopes, positions) if trend is None else without(slopes, trend)


def _diagonal_blocks(matrix: np.ndarray) -> np.ndarray:
    """The blocks (K, 2, 2) on the diagonal of a matrix (2 K, 2 K)."""
    count = len(matrix) // 2
    index = np.arange(count)
    blocks: np.ndarray = matrix.reshape(count, 2, count, 2)[index, :, index]
    return blocks
