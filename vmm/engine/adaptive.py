"""The algorithm for motion whose smoothing follows the noise: it is smoothed between the two passes over a window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.threads import in_parallel, workers
from vmm.backend.time_series import orthonormal, power_of_white_noise
from vmm.engine.bands import Passes, State
from vmm.engine.fast_paths import FastBands
from vmm.engine.running import response
from vmm.engine.running_noise import RunningNoise
from vmm.motion._adaptive import NoiseSums, noise_of, samples_inside, smooth_noise
from vmm.parts import CausalFilter, LookAheadFilter, WholeClipFilter


@dataclass
class Sums:
    """Sums over frames for one subband.

    Attributes
    ----------
    motion
        Products (r, h, w) of the analysis matrix with the motion between frames.
    noise
        Sums for the noise, or None if the motion is not smoothed.
    size
        Height and width of the frames.
    """

    motion: Array
    noise: NoiseSums | None
    size: tuple[int, int]

    def __iadd__(self, other: Sums) -> Sums:
        self.motion += other.motion
        if self.noise is not None and other.noise is not None:
            self.noise += other.noise
        return self


class AdaptiveBands(FastBands):
    """``FastBands`` for motions whose smoothing follows the noise."""

    _noise: list[Any]  # of each subband, while it is gathered
    _size: tuple[int, int]

    def _analyzed(self, frames: Array) -> tuple[Sequence[Array], Any]:
        self._size = frames.shape[1], frames.shape[2]
        return super()._analyzed(frames)

    def state(self, temporal: CausalFilter) -> State:
        """The state of a causal filter before the first frame, with running means as statistics."""
        white, period = response(temporal)
        running = [RunningNoise(temporal, white, period, grid) for grid in self._plan.grids]
        return replace(super().state(temporal), running=running)

    def _smoothed(self, state: State, i: int, coefs: Array, signal: Array) -> Array:
        """The filtered motion of subband i by a causal filter, smoothed by running statistics."""
        if self._motions[i].adaptive:
            state.running[i].smooth(coefs, signal, self._size)
        return signal

    def _passes(
        self, temporal: LookAheadFilter | WholeClipFilter, synthesis: np.ndarray, analysis: np.ndarray, start: int
    ) -> Passes:
        """The matrices of two passes, with orthonormal columns of the synthesis, so that projections keep the power."""
        return Passes(*orthonormal(synthesis, analysis))

    def gathered(
        self,
        chunks: Iterable[Array],
        analysis: np.ndarray,
        buffers: list[Any] | None = None,
        before: Array | None = None,
    ) -> list[Any]:
        """The first pass, with the sums for the noise."""
        self._noise = self._nones()
        motions = super().gathered(chunks, analysis, buffers, before)
        both = zip(motions, self._noise, strict=True)
        return [None if motion is None else Sums(motion, noise, self._size) for motion, noise in both]

    def _add_projection(self, i: int, coefs: Array, previous: Array, columns: np.ndarray, total: Array) -> None:
        if self._motions[i].adaptive:
            if self._noise[i] is None:
                self._noise[i] = NoiseSums(coefs, len(columns))
            self._noise[i].add(coefs, previous, columns)
        super()._add_projection(i, coefs, previous, columns, total)

    def filtered(self, passes: Passes, sums: list[Any]) -> list[Any]:
        """The smoothed motion of each subband."""
        work = partial(self._smooth, sums, power_of_white_noise(passes.analysis))
        adaptive = [i for i in self.active if sums[i].noise is not None]
        for _ in in_parallel(work, adaptive, workers(sums[self.active[0]].motion)):
            pass
        return [None if one is None else one.motion for one in sums]

    def _smooth(self, sums: list[Any], gain: float, i: int) -> None:
        """Smooth the motion of subband i in place."""
        motion, noise, grid = sums[i].motion, sums[i].noise, self._plan.grids[i]
        sums[i].noise = None
        smooth_noise(motion, noise_of(noise, motion, gain, samples_inside(grid, sums[i].size, motion), grid), grid)
