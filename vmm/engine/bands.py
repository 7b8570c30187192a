"""The bands of one clip: motion read, filtered and written, by a filter that looks back or one that looks ahead."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from vmm.backend import fused
from vmm.backend.arrays import Array, joined, namespace
from vmm.backend.reference import added, product, weighted_blur
from vmm.backend.threads import in_parallel, workers
from vmm.engine.frames import FEW, MANY, cut, grouped, to_float
from vmm.engine.protocols import Computed, Filter, Motion, Rule, Spatial
from vmm.engine.windows import Source, Window
from vmm.temporal.ends import continued
from vmm.temporal.tools import chain, unwrap

_STOP_BAND = 1e-3  # what is left of a filter's response below this is no more than its stop band lets through


class Bands:
    """The bands of one clip with their motion and their alpha.

    Parameters
    ----------
    plan
        The spatial part for the clip's frames.
    motion
        How motion is read and written.
    temporal
        The filter, or a rule.
    alphas
        A number or map for each band; bands whose alpha is 0 are left out.
    visible
        Map (H, W) of where frames may change, or None for everywhere.
    """

    def __init__(
        self, plan: Spatial, motion: Motion, temporal: Filter | Rule, alphas: Sequence[Any], visible: Array | None
    ) -> None:
        self._plan, self._alphas, self._visible = plan, alphas, visible
        self._temporal: Any = temporal
        self._motions = [motion.on(grid) for grid in plan.grids]
        self.moved = [i for i, alpha in enumerate(alphas) if not (np.ndim(alpha) == 0 and alpha == 0)]

    def causal(self, chunks: Iterable[Array]) -> Iterator[Array]:
        """By a filter that looks back only."""
        last, memory = self._nothing(), self._nothing()
        sos = self._temporal.sections
        step = self._stepped if sos is None else partial(self._through_sections, sos)
        samples = sum(math.prod(grid.shape) for grid in self._plan.grids)
        for chunk in chunks:
            for frames in cut(chunk, FEW if samples > 2 * math.prod(chunk.shape[1:3]) else MANY):
                yield self._changed(frames, partial(step, last, memory), self._finest(frames, last, memory))

    def windowed(self, windows: Iterable[Window]) -> Iterator[Array]:
        """By a filter that looks ahead: window by window, in two passes over a few frames at a time.

        The filter is linear, and what it keeps of a window is spanned by few vectors. The first pass gathers the
        motion of each coefficient along them, the second writes what they give for each frame. So memory holds as
        many values of each coefficient as the band has degrees of freedom in a window, not its motion over time.
        """
        room = self._nothing()
        for window in windows:
            synthesis, analysis = self._spanned(window)
            gathered, _ = self._gathered(window.chunks, analysis, room)
            yield from self._written(window.kept, synthesis, gathered)

    def whole(self, source: Source) -> Iterator[Array]:
        """By a filter that sees the whole clip: the same, the clip being one window that is read twice."""
        expected, seen = -1, source.length
        while seen != expected:  # a file may hold fewer frames than it states
            expected = seen
            synthesis, analysis = self._factors(expected)
            gathered, seen = self._gathered(source.reopen(), analysis, self._nothing())
        yield from self._written(source.chunks, synthesis, gathered)

    def ruled(self, windows: Iterable[Window]) -> Iterator[Array]:
        """By a rule that is not linear, or takes several bands: the motion over a whole window, band by band."""
        rule = self._temporal
        for window in windows:
            frames = joined(window.chunks)
            bands, _ = self._analyzed(frames)
            start = rule.delay - window.head
            kept = slice(start, start + sum(map(len, window.kept)))
            motions = Computed(partial(self._around, bands, window), len(bands))
            amplitudes = Computed(partial(self._amplitude, bands, kept), len(bands))
            signals = rule.signals(motions, amplitudes, self._plan.grids)

            def change(
                i: int,
                bands: Sequence[Array] = bands,
                signals: Sequence[Array] = signals,
                kept: slice = kept,
            ) -> Array | None:
                if i not in self.moved:
                    return None
                return self._write(i, bands[i][kept], signals[i])

            yield self._added(frames[kept], Computed(change, len(bands)))

    def _amplitude(self, bands: Sequence[Array], kept: slice, i: int) -> Array:
        """How strongly band i carries motion."""
        return self._motions[i].amplitude(bands[i][kept])

    def _around(self, bands: Sequence[Array], window: Window, i: int) -> Array:
        """Motion of band i over a window, continued beyond the ends of the clip."""
        rule = self._temporal
        coefs = bands[i]
        since = fused.since(self._motions[i].read, coefs, coefs[0].copy())
        summed, _ = unwrap().apply(since, None)
        return continued(summed, rule.band, window.head, window.tail, seen=2 * rule.delay + 1)

    def _through_sections(
        self, sos: np.ndarray, last: list[Any], memory: list[Any], bands: Sequence[Array], i: int
    ) -> Array:
        """What magnification changes in the coefficients of band i, by recursive filtering."""
        motion = self._motions[i]
        if memory[i] is None:
            memory[i] = self._zeros(i, bands[i], len(sos), 2)
        source = bands.source(i) if isinstance(bands, Computed) and bands.source is not None else None
        given = (bands[i],) if source is None else source
        at_once = fused.kernel_for(motion.read, "magnified", given[0]) if motion.fusible else None
        if at_once is not None:
            state = self._before(last, i, given[0]), sos, memory[i]
            return at_once(*given, *state, motion.sigma, motion.limit, self._alphas[i])
        coefs = given[0] if source is None else bands[i]
        signal = fused.filtered(motion.read, coefs, self._before(last, i, coefs), sos, memory[i])
        return self._write(i, coefs, signal)

    def _stepped(self, last: list[Any], memory: list[Any], bands: Sequence[Array], i: int) -> Array:
        """The same by any other filter."""
        motion, coefs = self._motions[i], bands[i]
        since = fused.since(motion.read, coefs, self._before(last, i, coefs))
        signal, memory[i] = chain(unwrap(), self._temporal).apply(since, memory[i])
        return self._write(i, coefs, signal)

    def _write(self, i: int, coefs: Array, signal: Array) -> Array:
        """What the signal of band i changes in its coefficients, whose place it may take."""
        motion, alpha = self._motions[i], self._alphas[i]
        at_once = fused.kernel_for(motion.read, "written", coefs) if motion.fusible else None
        if at_once is None:
            return motion.change(coefs, signal, alpha)
        if any(motion.sigma):
            signal = weighted_blur(signal, motion.amplitude(coefs), motion.sigma)
        return at_once(coefs, signal, motion.limit, alpha)

    def _gathered(self, chunks: Iterable[Array], analysis: np.ndarray, room: list[Any]) -> tuple[list[Any], int]:
        """Motion of each band along the rows of the analysis, (r, ...); and the number of frames.

        It is kept in the room of an earlier window where that is large enough, so that memory is taken once.
        """
        last, gathered = self._nothing(), self._nothing()
        done = 0
        for frames in grouped(chunks):
            columns = analysis[:, done : done + len(frames)]
            done += len(frames)
            if columns.shape[1] == len(frames):  # else there are more than were expected
                bands, _ = self._analyzed(frames)
                for _ in in_parallel(
                    partial(self._add, room, gathered, columns, last, bands), self.moved, workers(frames)
                ):
                    pass
        return gathered, done

    def _add(
        self,
        room: list[Any],
        gathered: list[Any],
        columns: np.ndarray,
        last: list[Any],
        bands: Sequence[Array],
        i: int,
    ) -> None:
        """Add the motion of band i along the columns of the analysis."""
        coefs = bands[i]
        if gathered[i] is None:
            if room[i] is None or len(room[i]) < len(columns):
                room[i] = None  # let go before more is taken
                room[i] = self._zeros(i, coefs, len(columns) + 2)  # windows differ by one or two
            gathered[i] = room[i][: len(columns)]
            gathered[i][...] = 0
        fused.gathered(self._motions[i].read, coefs, self._before(last, i, coefs), columns, gathered[i])

    def _written(self, chunks: Iterable[Array], synthesis: np.ndarray, gathered: list[Any]) -> Iterator[Array]:
        """What the gathered motion changes in the frames, row by row of the synthesis."""

        def change(rows: np.ndarray, bands: Sequence[Array], i: int) -> Array:
            return self._write(i, bands[i], product(gathered[i], rows))

        done = 0
        for frames in grouped(chunks):
            rows = synthesis[done : done + len(frames)]
            yield self._changed(frames, partial(change, rows))
            done += len(frames)

    def _spanned(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Matrices (kept, r) and (r, frames) that make the filtered motion of a window of that between its frames."""
        frames, kept = (sum(map(len, chunks)) for chunks in (window.chunks, window.kept))
        summed, _ = unwrap().apply(np.eye(frames), None)
        delay = self._temporal.delay
        around = continued(summed, self._temporal.band, window.head, window.tail, seen=2 * delay + 1)
        response, _ = self._temporal.apply(around, None)
        lag = 2 * delay  # once for the context before, once for the filter
        return _factored(response[lag : lag + kept])

    def _factors(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """The same for a whole clip of n frames."""
        if self._temporal.factors is None:
            summed, _ = unwrap().apply(np.eye(n), None)
            return _factored(self._temporal.apply(summed, None)[0])
        synthesis, analysis = self._temporal.factors(n)
        return synthesis, np.cumsum(analysis[:, ::-1], axis=1)[:, ::-1]  # applied to sums = sums applied

    def _before(self, last: list[Any], i: int, coefs: Array) -> Array:
        """The frame before these coefficients of band i, kept for the next call."""
        if last[i] is None:
            last[i] = coefs[0].copy()
        return last[i]

    def _zeros(self, i: int, coefs: Array, *ahead: int) -> Array:
        """Zeros of the shape and type that the motion of band i has, with more axes ahead."""
        still = self._motions[i].read(coefs[:1], coefs[:1])
        return namespace(coefs).zeros((*ahead, *still.shape[1:]), still.dtype)

    def _finest(self, frames: Array, last: list[Any], memory: list[Any]) -> Callable[..., Array] | None:
        """What magnifies the finest band and adds all to the frames in one pass, where there is a kernel for it."""
        sos, alpha = self._temporal.sections, self._alphas[0]
        if sos is None or np.ndim(alpha) > 0 or alpha == 0 or self._visible is not None:
            return None
        if not (getattr(self._plan, "finest_is_the_frame", False) and self._motions[0].fusible):
            return None
        kernel = fused.kernel_for(self._motions[0].read, "added", frames)
        if kernel is None:
            return None
        if last[0] is None:
            last[0] = frames[0].copy()
            memory[0] = np.zeros((len(sos), 2, *frames.shape[1:2], frames[0, 0].size), np.float32)
        return partial(kernel, frames, last[0], sos, memory[0], alpha)

    def _changed(
        self, frames: Array, change: Callable[[Sequence[Array], int], Array], finest: Callable[..., Array] | None = None
    ) -> Array:
        """The frames with the change of every band."""
        bands, _ = self._analyzed(frames)
        moved = set(self.moved)
        changes = Computed(lambda i: change(bands, i) if i in moved else None, len(self._alphas))
        return self._added(frames, changes, finest)

    def _added(
        self, frames: Array, changes: Sequence[Array | None], finest: Callable[..., Array] | None = None
    ) -> Array:
        """The frames with the changes added, where they are visible."""
        if self._visible is None and hasattr(self._plan, "add"):
            return self._plan.add(frames, changes) if finest is None else self._plan.add(frames, changes, finest)
        total = self._plan.synthesize(changes, None)
        if self._visible is not None:
            total = total * self._visible.reshape(self._visible.shape + (1,) * (total.ndim - 3))
        return added(frames, total)

    def _analyzed(self, frames: Array) -> tuple[Sequence[Array], Any]:
        return self._plan.analyze(frames if frames.ndim == 4 else to_float(frames))

    def _nothing(self) -> list[Any]:
        return [None] * len(self._alphas)


def _factored(response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix as a product of two thin ones, down to what its stop band lets through."""
    left, values, right = np.linalg.svd(response, full_matrices=False)
    r = max(1, int((values > _STOP_BAND * values[0]).sum()))
    return left[:, :r] * values[:r], right[:r]
