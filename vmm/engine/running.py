"""Running statistics of displacement, for the denoising of a stream of frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import biquads
from vmm.backend.time_series import running_sum
from vmm.engine.speed_steps import attenuation, speed_threshold
from vmm.motion._level_displacement import first_plane
from vmm.motion._shrinkage import (
    Moments,
    Shrinkage,
    calm,
    color_of_noise,
    finer,
    probe_rows,
    probed_residual,
    shrinkage,
)
from vmm.parts import CausalFilter, Grid

MEMORY = 25
"""Smallest number of frames in the running means, which is also at least two periods of the middle of the band."""

INTERVAL = 8
"""Number of frames for which a shrinkage is used before it is computed again; it changes slowly."""


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
        self._previous: Any = None
        self._state: Any = None
        self._means: dict[str, Array] = {}
        self._shrinkage: Shrinkage | None = None
        self._calm: Any = 1.0
        self._count = 0

    def filtered(
        self, coefs: Array, denoiser: Any, coarser: tuple[Array, Grid] | None
    ) -> tuple[Array, tuple[Array, Grid]]:
        """The filtered, denoised and faded displacement (T, 2, h', w'), and that before fading with the grid."""
        xp, coefs = namespace(coefs), first_plane(coefs)
        first = coefs[:1] if self._previous is None else self._previous
        earlier = xp.concatenate([first, coefs[:-1]])
        self._previous = coefs[-1:].copy()
        reading = denoiser.read(coefs, earlier)
        signal, residual = self._apply(reading[:, :2], probed_residual(coefs, earlier, reading[:, :2], self._rows))
        prior = xp.zeros_like(signal) if coarser is None else finer(*coarser, self._grid)
        result, fading = xp.empty_like(signal), xp.empty_like(signal[:, :1])
        for t in range(len(coefs)):
            self._update(denoiser, reading[t], signal[t], prior[t], residual[t])
            result[t] = self._denoised(signal[t], prior[t])
            fading[t] = self._fading(reading[t, :2] / denoiser.speed_tolerance)
            self._count += 1
        return result * fading, (result, self._grid)

    def _apply(self, motion: Array, residual: Array) -> tuple[Array, Array]:
        """The temporal filter on displacement between frames and on its residual in probed rows, as one signal."""
        xp = namespace(motion)
        n = len(motion)
        flat = xp.concatenate([motion.reshape(n, -1), residual.reshape(n, -1)], axis=1)
        sos = self._temporal.sos
        if sos is not None:
            if self._state is None:
                self._state = xp.zeros((len(sos), 2, flat.shape[1]), flat.dtype)
            flat = biquads(flat, sos, self._state)
        else:
            total, memory = self._state or (None, None)
            summed, total = running_sum(flat, total)
            flat, memory = self._temporal.apply(summed, memory)
            self._state = total, memory
        size = motion[0].size
        return flat[:, :size].reshape(motion.shape), flat[:, size:].reshape(residual.shape)

    def _update(self, denoiser: Any, reading: Array, signal: Array, prior: Array, residual: Array) -> None:
        """Update the means by one frame, and at intervals the shrinkage."""
        if self._count == 0:
            return  # The first frame has no displacement.
        self._average("evidence", reading[2:], self._memory)
        self._average("drift", reading[:2], self._memory)
        self._average("noise", residual**2, self._memory)
        self._average("own", (signal**2).sum(0), self._memory)
        self._average("mixed", (signal * prior).sum(0), self._memory)
        self._average("coarse", (prior**2).sum(0), self._memory)
        if self._count in (1, 2, 4) or self._count % INTERVAL == 0:
            means = self._means
            color = color_of_noise(means["noise"], means["evidence"][3], means["drift"], self._white, self._rows)
            noise = denoiser.noise(means["evidence"], self._white * color, self._grid)
            self._shrinkage = shrinkage(
                means["evidence"], noise, Moments(means["own"], means["mixed"], means["coarse"])
            )
            self._calm = calm(means["denoised"], self._shrinkage.error) if "denoised" in means else 1.0

    def _denoised(self, signal: Array, prior: Array) -> Array:
        """The displacement of one frame by the present shrinkage."""
        if self._shrinkage is None:
            return signal
        result = self._shrinkage.apply(signal[None], prior[None])[0]
        self._average("denoised", (result**2).sum(0), self._memory)
        return result * self._calm

    def _fading(self, motion: Array) -> Array:
        """Factor (1, h', w') where the speed, averaged over about a period twice, varies over a period."""
        xp = namespace(motion)
        if self._count == 0:
            return xp.ones_like(motion[:1])
        speed = self._average("twice", self._average("speed", motion, self._period), self._period)
        mean, square = self._average("mean", speed, self._period), self._average("square", speed**2, self._period)
        return attenuation((square - mean**2)[None], self._grid.scale / speed_threshold(self._period))

    def _average(self, name: str, x: Array, memory: float) -> Array:
        """Update a mean, which is that of all frames at first, and then decays over `memory` frames."""
        if name in self._means:
            mean = self._means[name]
            mean += (x - mean) * float(max(1 / self._count, 1 / memory))
        else:
            self._means[name] = x.copy()
        return self._means[name]


def response(temporal: CausalFilter, n: int = 4096) -> tuple[float, float]:
    """Power that a filter passes of white noise of variance 1, and the period in frames of the middle of its band."""
    impulse = np.zeros((n, 1))
    impulse[1] = 1
    output, _ = temporal.apply(impulse, None)
    power = abs(np.fft.rfft(output[:, 0])) ** 2
    frequency = float(power @ np.fft.rfftfreq(n) / power.sum())
    return float((output**2).sum()), 1 / frequency
