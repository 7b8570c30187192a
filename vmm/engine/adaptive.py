"""The algorithm for motion whose smoothing follows the noise: it is smoothed between the two passes over a window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
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


class AdaptiveBands(FastBands):
    """``FastBands`` for motions whose smoothing follows the noise."""

    _noise: list[Any]
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

    def _projections(self, chunks: Iterable[Array], analysis: np.ndarray, buffers: list[Any]) -> list[Any]:
        self._noise = self._nones()
        return super()._projections(chunks, analysis, buffers)

    def _add_projection(self, i: int, coefs: Array, previous: Array, columns: np.ndarray, total: Array) -> None:
        if self._motions[i].adaptive:
            if self._noise[i] is None:
                self._noise[i] = NoiseSums(coefs, len(columns))
            self._noise[i].add(coefs, previous, columns)
        super()._add_projection(i, coefs, previous, columns, total)

    def _synthesized(self, chunks: Iterable[Array], passes: Passes, totals: list[Any]) -> Iterator[Array]:
        """The frames, magnified by the synthesis matrix times the smoothed projections of the motion."""
        work = partial(self._smooth, totals, power_of_white_noise(passes.analysis))
        adaptive = [i for i in self.active if self._noise[i] is not None]
        for _ in in_parallel(work, adaptive, workers(totals[self.active[0]])):
            pass
        yield from super()._synthesized(chunks, passes, totals)

    def _smooth(self, totals: list[Any], gain: float, i: int) -> None:
        """Smooth the projections of subband i in place."""
        sums, self._noise[i] = self._noise[i], None
        motion, grid = totals[i], self._plan.grids[i]
        smooth_noise(motion, noise_of(sums, motion, gain, samples_inside(grid, self._size, motion)), grid)
