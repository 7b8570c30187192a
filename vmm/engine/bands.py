"""The algorithm: read motion from subbands, filter it along time, put it back magnified."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, joined, namespace
from vmm.backend.autoregression import autoregression, block_means
from vmm.backend.reference import add_clipped, product
from vmm.backend.threads import in_parallel, workers
from vmm.backend.time_series import low_rank, running_sum
from vmm.engine.differences import differences, filtered_differences, project_differences
from vmm.engine.frames import PIXELS_PER_BLOCK, PIXELS_PER_BLOCK_CACHED, cut, grouped, to_float
from vmm.engine.motion_store import MotionStore
from vmm.engine.two_pass import TwoPassClip
from vmm.engine.windows import Window, warn_if_short
from vmm.motion import intensity
from vmm.parts import (
    CausalFilter,
    Grid,
    LazySequence,
    LookAheadFilter,
    Motion,
    NonlinearFilter,
    Spatial,
    WholeClipFilter,
)

_MOTION_FOR = {"real": "intensity", "complex": "local_phase", "riesz": "quaternion"}


@dataclass(frozen=True)
class State:
    """State of a causal filter between two frames, one entry for each subband.

    Attributes
    ----------
    previous
        Coefficients of the previous frame, None before the first one.
    memory
        State of the filter, None before the first frame.
    running
        Running statistics, if the motion needs them.
    """

    previous: list[Any]
    memory: list[Any]
    running: list[Any]


@dataclass(frozen=True)
class Passes:
    """Matrices of the two passes over a window.

    Attributes
    ----------
    synthesis
        Matrix (core, r) of the second pass, from r projections to the filtered motion of the magnified frames.
    analysis
        Matrix of the first pass, from the motion between frames to r or more projections.
    """

    synthesis: np.ndarray
    analysis: np.ndarray


class Bands:
    """The subbands of one clip, with the motion and alpha of each.

    Parameters
    ----------
    plan
        The spatial part for the frames of the clip.
    motion
        How motion is read and put.
    alphas
        A number or map for each subband; subbands with alpha 0 are left unchanged.
    visible
        Map (H, W) of the factor of the change of each pixel, or of bool where frames may change; None for everywhere.

    Attributes
    ----------
    active
        Indices of the subbands whose alpha is not 0.
    """

    def __init__(self, plan: Spatial, motion: Motion, alphas: Sequence[Any], visible: Array | None) -> None:
        self._plan, self._alphas, self._visible = plan, alphas, visible
        self._motions = [_motion_on(motion, grid) for grid in plan.grids]
        self._latent = any(grid.coefs == "latent" for grid in plan.grids)
        self.active: list[int] = [i for i, alpha in enumerate(alphas) if not (np.ndim(alpha) == 0 and alpha == 0)]

    def state(self, temporal: CausalFilter) -> State:
        """The state of a causal filter before the first frame."""
        return State(self._nones(), self._nones(), self._nones())

    def causal(self, temporal: CausalFilter, chunks: Iterable[Array], state: State) -> Iterator[Array]:
        """Magnify by a causal filter: chunk by chunk, with constant memory. The state is updated in place."""
        samples = sum(math.prod(grid.shape) for grid in self._plan.grids)
        for chunk in chunks:
            is_redundant = samples > 2 * math.prod(chunk.shape[1:3])
            for frames in cut(chunk, PIXELS_PER_BLOCK_CACHED if is_redundant else PIXELS_PER_BLOCK):
                yield self._causal_block(temporal, state, frames)

    def look_ahead(
        self, temporal: LookAheadFilter, windows: Iterable[Window], store: MotionStore | None = None
    ) -> Iterator[Array]:
        """Magnify by a look-ahead filter: window by window, in two passes over a few frames at a time.

        The filter is linear, and its matrix for a window has a low rank r: about the number of degrees of freedom of a
        signal in the band. The matrix is factored. The first pass multiplies the motion of each coefficient by the
        analysis matrix (r, frames), the second multiplies the result by the synthesis matrix (frames, r). Memory
        holds r values for each coefficient, instead of its motion in all frames. They are kept for further calls if
        `store` is given.
        """
        buffers = self._nones()
        for number, window in enumerate(windows):
            if store is None:
                passes, motion = self._read(temporal, window, buffers)
            else:
                passes, motion = store.get(number, self.active, partial(self._read, temporal, window, None))
            yield from self.written(window.core, passes, motion)
            del window, motion  # they are not kept while the next window is read

    def _read(self, temporal: LookAheadFilter, window: Window, buffers: list[Any] | None) -> tuple[Passes, list[Any]]:
        """The first pass over a window: the matrices, and the filtered motion of each subband."""
        passes = self._passes(temporal, *self._window_factors(temporal, window), temporal.delay - window.head)
        return passes, self.filtered(passes, self.gathered(window.chunks, passes.analysis, buffers))

    def whole_clip(
        self, temporal: WholeClipFilter, clip: TwoPassClip, store: MotionStore | None = None
    ) -> Iterator[Array]:
        """Magnify by a whole-clip filter: like ``look_ahead``, with the clip as one window.

        The frames are read once more at first, because a file may hold fewer of them than its header states, and
        because the matrices depend on the autoregression that extends the clip.
        """

        def read() -> tuple[Passes, list[Any]]:
            means = self.means(clip.first_pass(), clip.length)
            warn_if_short(temporal, len(means))
            passes = self.passes_of_clip(temporal, means)
            return passes, self.filtered(passes, self.gathered(clip.first_pass(), passes.analysis))

        passes, motion = read() if store is None else store.get(0, self.active, read)
        yield from self.written(clip.second_pass(), passes, motion)

    def means(self, chunks: Iterable[Array], length: int) -> np.ndarray:
        """Mean values (n, j) of blocks of some frames of a clip of `length` frames, for ``passes_of_clip``."""
        return block_means(chunks, length, with_light=self._reads_light())

    def passes_of_clip(self, temporal: WholeClipFilter, means: np.ndarray) -> Passes:
        """The matrices of the two passes over a clip, with the mean values of blocks of all its frames."""
        model = autoregression(means, temporal.band) if temporal.margin else None
        synthesis, analysis = temporal.extended_factors(len(means), model)
        # The matrix acts on motion; its reversed cumulative sum acts on the differences between frames.
        return self._passes(temporal, synthesis, np.cumsum(analysis[:, ::-1], axis=1)[:, ::-1], 0)

    def nonlinear(self, temporal: NonlinearFilter, windows: Iterable[Window]) -> Iterator[Array]:
        """Magnify by a non-linear filter: from the motion of all subbands over a whole window."""
        for window in windows:
            frames = joined(list(window.chunks))
            bands, residual = self._analyzed(frames)
            start = temporal.delay - window.head
            inner = slice(start, start + window.core_length)
            signals = self._nonlinear_signals(temporal, bands, self._steps(bands), window, inner)

            def change(
                bands: Sequence[Array], i: int, signals: Sequence[Array] = signals, inner: slice = inner
            ) -> Array:
                return self._changed(bands, i, bands[i][inner], signals[i])

            yield self._composed(frames[inner], self._changes(bands, change), residual)

    def _steps(self, bands: Sequence[Array]) -> Sequence[Array]:
        """The motion between the frames of each subband, read on request."""

        def step(i: int) -> Array:
            coefs = bands[i]
            return differences(self._motions[i].read, coefs, coefs[0].copy())

        return LazySequence(step, len(bands))

    def _nonlinear_signals(
        self,
        temporal: NonlinearFilter,
        bands: Sequence[Array],
        steps: Sequence[Array],
        window: Window,
        inner: slice,
    ) -> Sequence[Array]:
        """The filtered motion of each subband for the frames of a window."""
        extended = self._extension(window, temporal.band)

        def motion(i: int) -> Array:
            return extended(running_sum(steps[i], None)[0])

        def amplitude(i: int) -> Array:
            return self._motions[i].amplitude(bands[i][inner])

        n = len(bands)
        return temporal.signals(LazySequence(motion, n), LazySequence(amplitude, n), self._plan.grids)

    def _causal_block(self, temporal: CausalFilter, state: State, frames: Array) -> Array:
        """Some frames, magnified by a causal filter."""
        step = partial(self._recursive_step if temporal.sos is not None else self._causal_step, temporal, state)
        return self._magnified(frames, step)

    def _causal_step(self, temporal: CausalFilter, state: State, bands: Sequence[Array], i: int) -> Array:
        """The change of subband i by any causal filter."""
        coefs = bands[i]
        steps = differences(self._motions[i].read, coefs, self._previous(state.previous, i, coefs))
        total, memory = state.memory[i] or (None, None)
        summed, total = running_sum(steps, total)
        signal, memory = temporal.apply(summed, memory)
        state.memory[i] = total, memory
        return self._changed(bands, i, coefs, self._smoothed(state, i, coefs, signal))

    def _recursive_step(self, temporal: CausalFilter, state: State, bands: Sequence[Array], i: int) -> Array:
        """The change of subband i by second-order sections."""
        coefs, sos = bands[i], temporal.sos
        assert sos is not None
        if state.memory[i] is None:
            state.memory[i] = self._zeros(i, coefs, len(sos), 2)
        signal = self._filtered(i, coefs, self._previous(state.previous, i, coefs), sos, state.memory[i])
        return self._changed(bands, i, coefs, self._smoothed(state, i, coefs, signal))

    def _smoothed(self, state: State, i: int, coefs: Array, signal: Array) -> Array:
        """The motion of subband i after a causal filter, before it is magnified."""
        return signal

    def _passes(
        self, temporal: LookAheadFilter | WholeClipFilter, synthesis: np.ndarray, analysis: np.ndarray, start: int
    ) -> Passes:
        """The matrices of two passes over a window, whose frames are magnified from the index `start` on."""
        return Passes(synthesis, analysis)

    def gathered(
        self,
        chunks: Iterable[Array],
        analysis: np.ndarray,
        buffers: list[Any] | None = None,
        before: Array | None = None,
    ) -> list[Any]:
        """The first pass: the motion between frames of each subband times the analysis matrix (r, T).

        The results use the buffers of an earlier window if these are large enough, so that memory is allocated once.
        `before` (1, H, W[, 3]) is the frame before the first one, if there is one whose motion counts.
        """
        previous, totals, buffers = self._nones(), self._nones(), buffers or self._nones()
        if before is not None:
            bands, _ = self._analyzed(before)
            for i in self.active:
                self._previous(previous, i, bands[i])
        done = 0
        for frames in grouped(chunks):
            columns = analysis[:, done : done + len(frames)]
            done += len(frames)
            bands, _ = self._analyzed(frames)
            work = partial(self._project, buffers, totals, columns, previous, bands)
            for _ in in_parallel(work, self.active, workers(frames)):
                pass
        return totals

    def _project(
        self,
        buffers: list[Any],
        totals: list[Any],
        columns: np.ndarray,
        previous: list[Any],
        bands: Sequence[Array],
        i: int,
    ) -> None:
        """Add the columns of the analysis matrix times the motion of subband i."""
        coefs = bands[i]
        if totals[i] is None:
            if buffers[i] is None or len(buffers[i]) < len(columns):
                buffers[i] = None  # free the old buffer before a larger one is allocated
                buffers[i] = self._zeros(i, coefs, len(columns) + 2)  # the ranks of windows differ by 1 or 2
            totals[i] = buffers[i][: len(columns)]
            totals[i][...] = 0
        self._add_projection(i, coefs, self._previous(previous, i, coefs), columns, totals[i])

    def filtered(self, passes: Any, sums: list[Any]) -> list[Any]:
        """The filtered motion of each subband, as ``written`` takes it, from what was gathered, which is released."""
        return sums

    def written(self, chunks: Iterable[Array], passes: Any, motion: list[Any], start: int = 0) -> Iterator[Array]:
        """The second pass: the frames from the index `start` on, magnified by the synthesis matrix times the motion."""

        def change(part: slice, bands: Sequence[Array], i: int) -> Array:
            return self._changed(bands, i, bands[i], self._signal(passes, motion[i], part))

        done = start
        for frames in grouped(chunks):
            yield self._magnified(frames, partial(change, slice(done, done + len(frames))))
            done += len(frames)

    def _signal(self, passes: Any, motion: Any, part: slice) -> Array:
        """The filtered motion of a subband for a part of the frames."""
        return product(motion, passes.synthesis[part])

    def _window_factors(self, temporal: LookAheadFilter, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Matrices (core, r) and (r, frames), whose product filters the motion between frames of a window."""
        summed, _ = running_sum(np.eye(window.length), None)
        delay = temporal.delay
        around = self._extension(window, temporal.band)(summed)
        response, _ = temporal.apply(around, None)
        first = 2 * delay  # the context before the window, and the delay of the filter
        return low_rank(response[first : first + window.core_length], temporal.stopband)

    def _extension(self, window: Window, band: tuple[float, float]) -> Callable[[Array], Array]:
        """A function that extends a signal of the frames of a window over the frames that are missing around it."""
        if not (window.head or window.tail):
            return lambda x: x
        means = block_means(window.chunks, with_light=self._reads_light())
        return autoregression(means, band).extension(len(means), window.head, window.tail)

    def _reads_light(self) -> bool:
        """Whether a motion is a change of values, which changes of the light are as well."""
        return any(motion.read is intensity.read for motion in self._motions)

    def _filtered(self, i: int, coefs: Array, previous: Array, sos: np.ndarray, state: Array) -> Array:
        """The motion of subband i, filtered by second-order sections."""
        return filtered_differences(self._motions[i].read, coefs, previous, sos, state)

    def _add_projection(self, i: int, coefs: Array, previous: Array, columns: np.ndarray, total: Array) -> None:
        """Add columns of a matrix times the motion of subband i to a total."""
        project_differences(self._motions[i].read, coefs, previous, columns, total)

    def _changed(self, bands: Sequence[Array], i: int, coefs: Array, signal: Array) -> Array:
        """The change of subband i by its filtered motion, or for latent coefficients the magnified coefficients."""
        motion, alpha = self._motions[i], self._alphas[i]
        return (motion.write if self._latent else motion.change)(coefs, signal, alpha)

    def _previous(self, previous: list[Any], i: int, coefs: Array) -> Array:
        """Coefficients of subband i in the previous frame, or in the first frame; kernels update them in place."""
        if previous[i] is None:
            previous[i] = coefs[0].copy()
        return previous[i]

    def _zeros(self, i: int, coefs: Array, *leading: int) -> Array:
        """Zeros of the shape and type of the motion of subband i, with leading axes."""
        still = self._motions[i].read(coefs[:1], coefs[:1])
        return namespace(coefs).zeros((*leading, *still.shape[1:]), still.dtype)

    def _magnified(self, frames: Array, change: Callable[[Sequence[Array], int], Array]) -> Array:
        """The frames with the change of each subband."""
        bands, residual = self._analyzed(frames)
        return self._composed(frames, self._changes(bands, change), residual)

    def _changes(
        self, bands: Sequence[Array], change: Callable[[Sequence[Array], int], Array]
    ) -> Sequence[Array | None]:
        """The changes of all subbands, computed on request; None where alpha is 0."""
        active = set(self.active)
        return LazySequence(lambda i: change(bands, i) if i in active else None, len(self._alphas))

    def _analyzed(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Subbands and residual of some frames."""
        return self._plan.analyze(to_float(frames))

    def _composed(self, frames: Array, changes: Sequence[Array | None], residual: Any) -> Array:
        """The frames with the changes of the subbands added, where the mask is not 0."""
        if self._latent:
            total = self._plan.synthesize(changes, residual)
            if self._visible is None:
                return add_clipped(namespace(frames).zeros_like(frames), total)
            total = total - frames
        else:
            total = self._plan.synthesize(changes, None)
        if self._visible is not None:
            total = total * self._visible.reshape(self._visible.shape + (1,) * (total.ndim - 3))
        return add_clipped(frames, total)

    def _nones(self) -> list[Any]:
        return [None] * len(self._alphas)


def _motion_on(motion: Motion, grid: Grid) -> Motion:
    """The motion for a subband; raise a TypeError if the motion does not take the coefficients of the subband."""
    result = motion.on(grid)
    if result.takes is not None and grid.coefs not in result.takes:
        hint = f": use vmm.motion.{_MOTION_FOR[grid.coefs]}" if grid.coefs in _MOTION_FOR else ""
        raise TypeError(
            f"motion takes {' or '.join(result.takes)} coefficients, but spatial makes {grid.coefs} ones{hint}, "
            "or a spatial part whose coefficients the motion takes"
        )
    return result
