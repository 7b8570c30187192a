"""Running statistics of displacement, for the denoising of a stream of frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.denoising import probed_residual, shrink_displacement, update_mean_product, update_means
from vmm.backend.reference import biquads
from vmm.backend.time_series import running_sum
from vmm.engine.differences import with_previous
from vmm.engine.speed_steps import speed_threshold
from vmm.motion._level_displacement import first_plane
from vmm.motion._shrinkage import Moments, calm, color_of_noise, finer, probe_rows, shrinkage
from vmm.parts import CausalFilter, Grid

MEMORY = 25
"""Smallest number of frames in the running means, which is also at least two periods of the middle of the band."""

INTERVAL = 8
"""Number of frames for which a shrinkage is used before it is computed again; it changes slowly."""

EARLY = (1, 2, 4)
"""Further frames at which the shrinkage is computed, because the means change fast at first."""


class RunningStatistics:
    """Filter and running statistics of one subband.

    Parameters
    ----------
    temporal
        The causal filter.
    white, period
        See ``response``.
    grid
        The grid of the subband.
    """

    def __init__(self, temporal: CausalFilter, white: float, period: float, grid: Grid) -> None:
        self._temporal, self._white, self._period, self._grid = temporal, white, period, grid
        self._memory = max(MEMORY, 2 * period)
        self._rows = probe_rows(grid.shape[0])
        self._count = 0
        self._previous: Any = None  # coefficients of the frame before
        self._states: list[Any] = [None, None]  # of the filters of the displacement and of the residual
        self._means: Any = None  # see ``update_means``
        self._speeds: Any = None  # see ``shrink_displacement``
        self._estimate: Any = None  # see ``shrink_displacement``
        self._noise: Any = None  # mean square (n, w) of the filtered residual in the probed rows

    def filtered(
        self, coefs: Array, denoiser: Any, coarser: tuple[Array, Grid] | None
    ) -> tuple[Array, tuple[Array, Grid]]:
        """The filtered and denoised displacement (T, 2, h', w') after fading, and that before fading with the grid."""
        if self._previous is None:
            self._previous = coefs[0].copy()
        earlier = with_previous(coefs, self._previous)
        reading = denoiser.read(coefs, earlier)
        residual = self._apply(1, probed_residual(first_plane(coefs), first_plane(earlier), reading, self._rows))
        self._previous[...] = coefs[-1]
        signal = self._apply(0, reading[:, :2])
        prior = namespace(signal).zeros_like(signal) if coarser is None else finer(coarser[0], coarser[1], self._grid)
        if self._count == 0:
            self._allocate(signal, residual)
        for part in segments(self._count, len(signal), _is_due):
            self._denoise(denoiser, reading[part], signal[part], prior[part], residual[part])
        return signal, (prior, self._grid)

    def _apply(self, k: int, motion: Array) -> Array:
        """The temporal filter on displacement between frames (k = 0) or on its residual in the probed rows (k = 1)."""
        xp, sos = namespace(motion), self._temporal.sos
        if sos is not None:
            if self._states[k] is None:
                self._states[k] = xp.zeros((len(sos), 2, *motion.shape[1:]), motion.dtype)
            return biquads(motion, sos, self._states[k])
        total, memory = self._states[k] or (None, None)
        summed, total = running_sum(motion, total)
        result, memory = self._temporal.apply(summed, memory)
        self._states[k] = total, memory
        return xp.ascontiguousarray(result, dtype=motion.dtype)  # it is denoised in place

    def _allocate(self, signal: Array, residual: Array) -> None:
        """Means of 0, and an estimate that leaves the displacement as it is."""
        xp, size = namespace(signal), signal.shape[2:]
        self._means, self._speeds = (xp.zeros((9, *size), signal.dtype) for _ in range(2))
        self._noise = xp.zeros(residual.shape[1:], residual.dtype)
        self._estimate = xp.zeros((5, *size), signal.dtype)
        self._estimate[[1, 3, 4]] = 1

    def _denoise(self, denoiser: Any, reading: Array, signal: Array, prior: Array, residual: Array) -> None:
        """Denoise the displacement of the frames of a segment in place, and count them."""
        weights = self._weights(len(signal))
        self._average(reading[:1], signal[:1], prior[:1], residual[:1], weights[:1, 0])
        if _is_due(self._count):
            self._update_estimate(denoiser)
        self._average(reading[1:], signal[1:], prior[1:], residual[1:], weights[1:, 0])
        per_threshold = 1 / denoiser.speed_tolerance, self._grid.scale / speed_threshold(self._period)
        shrink_displacement(self._speeds, reading, signal, prior, self._estimate, weights, per_threshold)
        self._count += len(signal)

    def _weights(self, n: int) -> np.ndarray:
        """Weights (n, 2) of the next frames in the means over the memory, and in those over a period.

        A mean is that of all frames at first, and then decays. The first frame has no displacement.
        """
        counts = self._count + np.arange(n)[:, None]
        weights = np.maximum(1 / np.maximum(counts, 1), [1 / self._memory, 1 / self._period])
        return np.where(counts == 0, 0, weights)

    def _average(self, reading: Array, signal: Array, prior: Array, residual: Array, weights: np.ndarray) -> None:
        """Update the means by some frames."""
        if len(weights) == 0:
            return
        update_means(self._means, reading, signal, prior, weights)
        update_mean_product(self._noise, residual, residual, weights)

    def _update_estimate(self, denoiser: Any) -> None:
        """Compute the shrinkage from the means."""
        evidence, drift, moments = self._means[:4], self._means[4:6], Moments(*self._means[6:])
        color = color_of_noise(self._noise, evidence[3], drift, self._white, self._rows)
        result = shrinkage(evidence, denoiser.noise(evidence, self._white * color, self._grid), moments)
        self._estimate[0], self._estimate[1:4] = result.agreement, result.matrix
        if self._count > 1:  # Before, there is no denoised displacement.
            self._estimate[4] = calm(self._speeds[0], result.error)


def segments(count: int, n: int, is_due: Callable[[int], bool]) -> list[slice]:
    """Parts of n frames after `count` frames, each of which but the first begins where an estimate is due."""
    starts = [0, *(t for t in range(1, n) if is_due(count + t))]
    return [slice(*ends) for ends in zip(starts, [*starts[1:], n], strict=True)]


def running_weights(count: int, n: int, memory: float) -> np.ndarray:
    """Weights (n,) of frames after `count` frames in a mean that is that of all frames at first, and then decays."""
    return np.maximum(1 / np.arange(count + 1, count + n + 1), 1 / memory)


def _is_due(count: int) -> bool:
    """Whether the shrinkage is computed at a frame."""
    return count in EARLY or (count > 0 and count % INTERVAL == 0)


def response(temporal: CausalFilter, n: int = 4096) -> tuple[float, float]:
    """Power that a filter passes of white noise of variance 1, and the period in frames of the middle of its band."""
    impulse = np.zeros((n, 1))
    impulse[1] = 1
    if temporal.sos is None:
        output, _ = temporal.apply(impulse, None)
    else:
        import scipy.signal

        output = scipy.signal.sosfilt(temporal.sos, np.diff(impulse, axis=0, prepend=0), axis=0)
    power = abs(np.fft.rfft(output[:, 0])) ** 2
    frequency = float(power @ np.fft.rfftfreq(n) / power.sum())
    return float((output**2).sum()), 1 / frequency
