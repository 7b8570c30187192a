"""Running statistics of phase shifts, for the smoothing that follows the noise of a stream of frames."""

from __future__ import annotations

from typing import Any

from vmm.backend.arrays import Array, namespace
from vmm.backend.denoising import update_mean_product
from vmm.backend.reference import biquads, log_change
from vmm.backend.time_series import running_sum
from vmm.engine.running import running_weights, segments
from vmm.motion._adaptive import SmoothingWindow, noise_from, probing_step, samples_inside, windows_of
from vmm.parts import CausalFilter, Grid

MEMORY = 25
"""Smallest number of frames in the running means, which is also at least two periods of the middle of the band."""

INTERVAL = 16
"""Number of frames for which the windows and shares are used before they are computed again; they change slowly."""

FIRST = 4
"""First frame at which they are computed."""


class RunningNoise:
    """Statistics of one subband, and the smoothing of its motion after a causal filter.

    Parameters
    ----------
    temporal
        The causal filter.
    white, period
        See ``vmm.engine.running.response``.
    grid
        The grid of the subband.
    """

    def __init__(self, temporal: CausalFilter, white: float, period: float, grid: Grid) -> None:
        self._temporal, self._white, self._grid = temporal, white, grid
        self._memory = max(MEMORY, 2 * period)
        self._per_frame = 1 / period  # degrees of freedom of the filtered motion
        self._step = probing_step(*grid.shape)
        self._count = 0
        self._before: Any = None  # squared amplitude in the probed rows of the frame before
        self._state: Any = None  # of the filter of the log amplitude
        self._inside: Any = None  # map (h, w), see ``noise_from``
        self._power: Any = None  # running mean (h, w) of the squared amplitude
        self._moments: Any = None  # running means (3, h', w), see ``noise_from``
        self._squares: Any = None  # running means (2, h, w) of squared deviations from the averages in both windows
        self._windows: tuple[SmoothingWindow, SmoothingWindow] | None = None
        self._shares: Any = None  # (2, h, w), see ``SmoothingWindow.true_share``

    def smooth(self, coefs: Array, signal: Array, size: tuple[int, int]) -> None:
        """Smooth the filtered motion (T, h, w) of frames of `size` px with coefficients (T, h, w) in place."""
        xp = namespace(signal)
        amplitude = abs(coefs)
        stretch, moving = self._stretch(amplitude[:, :: self._step]), signal[:, :: self._step].copy()
        if self._power is None:
            self._inside = samples_inside(self._grid, size, signal)
            self._power = xp.zeros(signal.shape[1:], signal.dtype)
            self._moments = xp.zeros((3, *stretch.shape[1:]), signal.dtype)
            self._squares = xp.zeros((2, *signal.shape[1:]), signal.dtype)
        for part in segments(self._count, len(signal), _is_due):
            if _is_due(self._count):
                self._update()
            self._average(amplitude[part], stretch[part], moving[part])
            if self._windows is not None:
                self._smooth(signal[part])

    def _stretch(self, amplitude: Array) -> Array:
        """The filtered changes (T, h', w) of the logarithm of an amplitude (T, h', w)."""
        power = amplitude * amplitude
        earlier = namespace(power).concatenate([power[:1] if self._before is None else self._before[None], power[:-1]])
        self._before = power[-1].copy()
        steps = log_change(power, earlier)
        if self._temporal.sos is not None:
            if self._state is None:
                self._state = namespace(steps).zeros((len(self._temporal.sos), 2, *steps.shape[1:]), steps.dtype)
            return biquads(steps, self._temporal.sos, self._state)
        total, memory = self._state or (None, None)
        summed, total = running_sum(steps, total)
        result, memory = self._temporal.apply(summed, memory)
        self._state = total, memory
        return result

    def _average(self, amplitude: Array, stretch: Array, moving: Array) -> None:
        """Update the means of the amplitude and of the probed rows by some frames, and count them."""
        weights = running_weights(self._count, len(stretch), self._memory)
        update_mean_product(self._power, amplitude, amplitude, weights)
        for mean, pair in zip(self._moments, [(stretch, stretch), (stretch, moving), (moving, moving)], strict=True):
            update_mean_product(mean, *pair, weights)
        self._count += len(stretch)

    def _update(self) -> None:
        """Compute the windows and the shares from the means."""
        freedom = self._per_frame * min(self._count, self._memory)
        moments = self._moments[0], self._moments[1], self._moments[2]
        noise = noise_from(self._power, moments, self._step, freedom, self._white, self._inside, self._grid)
        is_first = self._windows is None
        self._windows = windows_of(noise, self._grid)
        if is_first:  # The deviations are not known yet.
            self._shares = self._squares + 1
        else:
            for window, square, share in zip(self._windows, self._squares, self._shares, strict=True):
                share[...] = window.true_share(square)

    def _smooth(self, signal: Array) -> None:
        """Smooth the motion (T, h, w) of the latest frames in place."""
        assert self._windows is not None
        near, wide = self._windows
        mean = near.averages(signal)
        wider = wide.averages(mean)
        signal -= mean
        mean -= wider
        weights = running_weights(self._count - len(signal) - FIRST + 1, len(signal), self._memory)
        for square, deviation, share in zip(self._squares, (signal, mean), self._shares, strict=True):
            update_mean_product(square, deviation, deviation, weights)
            deviation *= share
        signal += mean
        signal += wider


def _is_due(count: int) -> bool:
    """Whether windows and shares are computed at a frame."""
    return count in (FIRST, 2 * FIRST) or (count > 0 and count % INTERVAL == 0)
