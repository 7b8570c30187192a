"""The algorithm for motion with a denoiser, which removes noise from the motion after the temporal filter.

The displacement of each subband is shrunk by its predicted variance (``vmm.motion._shrinkage``), from the coarsest to
the finest, and faded where the speed steps (``vmm.engine.speed_steps``). It is shrunk towards the displacement of the
coarser subband and then, except by causal filters, towards the mean of the estimate around each sample. The statistics
are means over a window of a look-ahead filter, over the clip for a whole-clip filter, and running means for a causal
filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.denoising import probed_residual
from vmm.backend.reference import add_product, product
from vmm.backend.time_series import orthonormal, power_of_white_noise
from vmm.engine.bands import Passes, State
from vmm.engine.differences import with_previous
from vmm.engine.fast_paths import FastBands
from vmm.engine.frames import grouped
from vmm.engine.running import RunningStatistics, response
from vmm.engine.speed_steps import SpeedSteps
from vmm.engine.windows import Window
from vmm.motion._level_displacement import first_plane
from vmm.motion._shrinkage import Moments, Shrinkage, calm, color_of_noise, finer, probe_rows, shrinkage, smooth
from vmm.parts import CausalFilter, LazySequence, LookAheadFilter, NonlinearFilter, WholeClipFilter

REFINEMENTS = 2
"""Number of times that the displacement is shrunk again, towards the mean of its estimate around each sample. The first
two times reduce the noise of areas that move alike, and the motion that still areas take over from their neighbors;
further ones change nothing."""


@dataclass
class Sums:
    """Sums over the frames of a window for one subband.

    Attributes
    ----------
    motion
        Products (r, 2, h', w') of the analysis matrix with the displacement between frames.
    residual
        Products (r, n, w) of the same matrix with the changes of the probed rows that displacement does not explain.
    evidence
        Sum (4, h', w') of the evidence.
    n_frames
        Number of frames.
    """

    motion: Array
    residual: Array
    evidence: Array
    n_frames: int

    def __iadd__(self, other: Sums) -> Sums:
        self.motion += other.motion
        self.residual += other.residual
        self.evidence += other.evidence
        self.n_frames += other.n_frames
        return self


class DenoisedBands(FastBands):
    """``FastBands`` for motions with a denoiser."""

    def state(self, temporal: CausalFilter) -> State:
        """The state of a causal filter before the first frame, with running means as statistics."""
        white, period = response(temporal)
        running = [RunningStatistics(temporal, white, period, grid) for grid in self._plan.grids]
        return replace(super().state(temporal), running=running)

    def causal(self, temporal: CausalFilter, chunks: Iterable[Array], state: State) -> Iterator[Array]:
        """Magnify by a causal filter, with running means as statistics."""
        for chunk in chunks:
            for frames in grouped([chunk]):
                yield self._running_block(state.running, frames)

    def _steps(self, bands: Sequence[Array]) -> Sequence[Array]:
        """The displacement between the frames of each subband, which is read once and used several times."""
        return list(super()._steps(bands))

    def _nonlinear_signals(
        self,
        temporal: NonlinearFilter,
        bands: Sequence[Array],
        steps: Sequence[Array],
        window: Window,
        inner: slice,
    ) -> Sequence[Array]:
        """The filtered motion of each subband for the frames of a window, faded where the speed steps."""
        signals = super()._nonlinear_signals(temporal, bands, steps, window, inner)
        of_speed = SpeedSteps(window.length, inner, temporal.band, temporal.delay)

        def signal(i: int) -> Array:
            speed, tolerance = product(steps[i], of_speed.analysis), self._motions[i].denoiser.speed_tolerance
            fading = of_speed.fading(speed, self._plan.grids[i].scale / tolerance)
            return signals[i] * product(fading, of_speed.interpolation)[:, None]

        return LazySequence(signal, len(bands))

    def _running_block(self, running: Sequence[RunningStatistics], frames: Array) -> Array:
        """Some frames, magnified by a causal filter."""
        bands, residual = self._analyzed(frames)
        changes: list[Any] = self._nones()
        coarser = None
        for i in reversed(self.active):
            coefs = bands[i]
            signal, coarser = running[i].filtered(coefs, self._motions[i].denoiser, coarser)
            changes[i] = self._changed(bands, i, coefs, signal)
        return self._composed(frames, changes, residual)

    def _passes(
        self, temporal: LookAheadFilter | WholeClipFilter, synthesis: np.ndarray, analysis: np.ndarray, start: int
    ) -> _DenoisedPasses:
        """The matrices of two passes, with those of the statistics."""
        return _DenoisedPasses.of(temporal, synthesis, analysis, start)

    def _project(
        self,
        buffers: list[Any],
        totals: list[Any],
        columns: np.ndarray,
        previous: list[Any],
        bands: Sequence[Array],
        i: int,
    ) -> None:
        """Add the sums of subband i over some frames."""
        coefs = bands[i]
        xp, previous_coefs = namespace(coefs), self._previous(previous, i, coefs)
        earlier = with_previous(coefs, previous_coefs)
        reading = self._motions[i].denoiser.read(coefs, earlier)
        residual = probed_residual(first_plane(coefs), first_plane(earlier), reading, probe_rows(coefs.shape[-2]))
        previous_coefs[...] = coefs[-1]
        if totals[i] is None:
            motion, of_residual = (xp.zeros((len(columns), *x.shape[1:]), x.dtype) for x in (reading[:, :2], residual))
            totals[i] = Sums(motion, of_residual, xp.zeros_like(reading[0, 2:]), 0)
        sums = totals[i]
        add_product(reading[:, :2], columns, sums.motion)
        add_product(residual, columns, sums.residual)
        sums.evidence += reading[:, 2:].sum(0)
        sums.n_frames += len(coefs)

    def filtered(self, passes: _DenoisedPasses, sums: list[Any]) -> list[Any]:
        """The denoised displacement of each subband, and its fading."""
        fadings = [
            None
            if s is None
            else passes.steps.fading(s.motion[passes.rank :], grid.scale / motion.denoiser.speed_tolerance)
            for s, motion, grid in zip(sums, self._motions, self._plan.grids, strict=True)
        ]
        return list(zip(self._denoised(passes, sums), fadings, strict=True))

    def _signal(self, passes: _DenoisedPasses, motion: Any, part: slice) -> Array:
        displacement, fading = motion
        factor = product(fading, passes.steps.interpolation[part])
        return product(displacement, passes.synthesis[part]) * factor[:, None]

    def _denoised(self, passes: _DenoisedPasses, sums: list[Any]) -> list[Any]:
        """Coefficients (r, 2, h', w') of the denoised displacement of each subband; the sums are released."""
        motions = self._nones()
        coarser = None
        for i in reversed(self.active):
            grid, total, sums[i] = self._plan.grids[i], sums[i], None
            motion, evidence = total.motion[: passes.rank], total.evidence / total.n_frames
            rows = probe_rows(grid.shape[0])
            residual = passes.mean_square(total.residual[: passes.rank])
            color = color_of_noise(residual, evidence[3], total.motion[passes.rank :].mean(0), passes.white, rows)
            noise = self._motions[i].denoiser.noise(evidence, passes.white * color, grid)
            result = namespace(motion).zeros_like(motion) if coarser is None else finer(*coarser, grid)
            estimate = passes.shrink(result, motion, evidence, noise)
            for _ in range(REFINEMENTS):
                smooth(result, estimate.error)
                estimate = passes.shrink(result, motion, evidence, noise)
            result *= calm(passes.mean_square(result).sum(0), estimate.error)
            motions[i] = result
            coarser = result, grid
        return motions


@dataclass(frozen=True)
class _DenoisedPasses(Passes):
    """Matrices of two passes over a window, and of its statistics.

    The columns of `synthesis` are orthonormal, so that mean squares over time are those over its r coefficients.
    `analysis` (r + m, frames) is the analysis matrix above that of m mean speeds.

    Attributes
    ----------
    white
        Power that the filter passes of white noise of variance 1 in the displacement.
    steps
        The fading of steps of the speed.
    """

    white: float
    steps: SpeedSteps

    @classmethod
    def of(
        cls, temporal: LookAheadFilter | WholeClipFilter, synthesis: np.ndarray, analysis: np.ndarray, start: int
    ) -> _DenoisedPasses:
        """The matrices from the factors of a filter, whose magnified frames begin at the index `start`."""
        synthesis, analysis = orthonormal(synthesis, analysis)
        n = len(synthesis)
        delay = temporal.delay if isinstance(temporal, LookAheadFilter) else 0
        steps = SpeedSteps(analysis.shape[1], slice(start, start + n), temporal.band, delay)
        white = power_of_white_noise(analysis) / n
        return cls(synthesis, np.concatenate([analysis, steps.analysis]), white, steps)

    @property
    def rank(self) -> int:
        """The number r."""
        return self.synthesis.shape[1]

    def mean_square(self, x: Array, y: Array | None = None) -> Array:
        """Mean over the frames of the product of signals that have the coefficients x and y (r, ...)."""
        pairs = zip(x, x if y is None else y, strict=True)
        products = sum(a * b for a, b in pairs)  # one by one, which needs less memory
        return products / len(self.synthesis)

    def shrink(self, prior: Array, motion: Array, evidence: Array, noise: Array) -> Shrinkage:
        """Replace a prior by the estimate of a motion (r, 2, h', w') that is shrunk towards it."""
        pairs = (motion, motion), (motion, prior), (prior, prior)
        estimate = shrinkage(evidence, noise, Moments(*(self.mean_square(*pair).sum(0) for pair in pairs)))
        estimate.apply(motion, prior)
        return estimate
