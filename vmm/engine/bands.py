"""The bands of one clip: motion read, filtered and written, by a filter that looks back or one that looks ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.threads import in_parallel
from vmm.engine.frames import cut, to_float
from vmm.engine.protocols import Filter, Motion, Spatial
from vmm.engine.windows import Window
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
        The filter.
    alphas
        A number or map for each band; bands whose alpha is 0 are left out.
    """

    def __init__(self, plan: Spatial, motion: Motion, temporal: Filter, alphas: Sequence[Any]) -> None:
        self._plan, self._temporal, self._alphas = plan, temporal, alphas
        self._motions = [motion.on(grid) for grid in plan.grids]
        self.moved = [i for i, alpha in enumerate(alphas) if not (np.ndim(alpha) == 0 and alpha == 0)]

    def causal(self, chunks: Iterable[Array]) -> Iterator[tuple[Array, Array]]:
        """Frames, and what magnification adds to them, by a filter that looks back only."""
        last, memory = self._nothing(), self._nothing()
        filtered = chain(unwrap(), self._temporal)

        def signal(i: int, coefs: Array) -> Array:
            values, memory[i] = filtered.apply(self._since(i, coefs, last), memory[i])
            return values

        for frames in chunks:
            bands, _ = self._plan.analyze(to_float(frames))
            yield frames, self._changed(bands, signal)

    def windowed(self, windows: Iterable[Window]) -> Iterator[tuple[Array, Array]]:
        """The same by a filter that looks ahead: window by window, in two passes over a few frames at a time.

        The filter is linear, and what it keeps of a window is spanned by few vectors. The first pass gathers the
        motion of each coefficient along them, the second writes what they give for each frame. So memory holds as
        many values of each coefficient as the band has degrees of freedom in a window, not its motion over time.
        """
        for window in windows:
            synthesis, analysis = self._spanned(window)
            gathered = self._gathered(window, analysis)
            done = 0
            for frames in cut(window.frames[window.keep]):
                rows = synthesis[done : done + len(frames)]
                bands, _ = self._plan.analyze(to_float(frames))
                yield frames, self._changed(bands, partial(_along, gathered, rows))
                done += len(frames)

    def _gathered(self, window: Window, analysis: np.ndarray) -> list[Any]:
        """Motion of each band of a window along the rows of the analysis, (r, ...)."""
        last, gathered = self._nothing(), [0] * len(self._alphas)
        done = 0
        for frames in cut(window.frames):
            columns = analysis[:, done : done + len(frames)]
            bands, _ = self._plan.analyze(to_float(frames))
            add = partial(self._add, gathered, columns, bands, last)
            for _ in in_parallel(add, self.moved):
                pass
            done += len(frames)
        return gathered

    def _add(self, gathered: list[Any], columns: np.ndarray, bands: Sequence[Array], last: list[Any], i: int) -> None:
        """Add the motion of band i along the columns of the analysis."""
        gathered[i] = gathered[i] + _product(columns, self._since(i, bands[i], last))

    def _spanned(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Matrices (kept, r) and (r, frames) that make the filtered motion of a window of that between its frames."""
        summed, _ = unwrap().apply(np.eye(len(window.frames)), None)
        delay = self._temporal.delay
        around = continued(summed, self._temporal.band, window.head, window.tail, seen=2 * delay + 1)
        response, _ = self._temporal.apply(around, None)
        lag = 2 * delay  # once for the context before, once for the filter
        kept = window.keep.stop - window.keep.start
        left, values, right = np.linalg.svd(response[lag : lag + kept], full_matrices=False)
        r = max(1, int((values > _STOP_BAND * values[0]).sum()))
        return left[:, :r] * values[:r], right[:r]

    def _since(self, i: int, coefs: Array, last: list[Any]) -> Array:
        """Motion of each frame since the one before; the last frame is kept for the next call."""
        before = coefs[:1] if last[i] is None else last[i]
        references = namespace(coefs).concatenate([before, coefs[:-1]])
        last[i] = coefs[-1:].copy()
        return self._motions[i].read(coefs, references)

    def _changed(self, bands: Sequence[Array], signal: Callable[[int, Array], Array]) -> Array:
        """What writing alpha times the signals changes in the frames, a few bands at a time."""

        def change(i: int) -> Array | None:
            if i not in self.moved:
                return None
            coefs = bands[i]
            return self._motions[i].write(coefs, signal(i, coefs), self._alphas[i]) - coefs

        return self._plan.synthesize(in_parallel(change, range(len(self._alphas))), None)

    def _nothing(self) -> list[Any]:
        return [None] * len(self._alphas)


def _along(gathered: list[Any], rows: np.ndarray, i: int, coefs: Array) -> Array:
    """Motion of band i in the frames of these rows of the synthesis."""
    return _product(rows, gathered[i])


def _product(matrix: np.ndarray, x: Array) -> Array:
    """The matrix applied along the first axis of x."""
    values = namespace(x).asarray(matrix, dtype=x.dtype)
    return (values @ x.reshape(len(x), -1)).reshape(-1, *x.shape[1:])
