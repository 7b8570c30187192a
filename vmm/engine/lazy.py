"""Dask arrays that are magnified in tasks: the result is a dask array as well, of which nothing is computed at once.

A window of a filter that looks ahead depends on its own frames alone, so that windows are magnified side by side. A
causal filter hands its state from one block to the next. The sums that a whole-clip filter gathers are those of its
blocks, which are added in pairs. dask is imported only for its arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, joined
from vmm.engine.bands import Bands, Passes, State
from vmm.engine.frames import check_kind, check_length, checked
from vmm.engine.scaling import Scaling
from vmm.engine.windows import Window, check_delay, spans, warn_if_short
from vmm.parts import CausalFilter, LookAheadFilter, NonlinearFilter, TemporalFilter, WholeClipFilter

Prepare = Callable[[Array], Bands]
"""A function that makes the subbands of a clip from its first frames."""


def lazily_magnified(frames: Any, bands: Prepare, temporal: TemporalFilter, *, is_scaled: bool) -> Any:
    """The magnified clip as a dask array with the shape, dtype and chunks of `frames`; nothing is computed.

    If `is_scaled` is true, floating-point clips of very small or large values are scaled for it.

    Raises
    ------
    ValueError
        If the shape is not one of frames, or the clip is too short for the filter.
    TypeError
        If the dtype is not supported.
    """
    from dask.array import concatenate
    from dask.delayed import delayed

    check_kind(frames)
    check_length(len(frames))
    # One task holds the first frames, on which the subbands depend, for all others.
    tasks = _Tasks(frames, bands, delayed(_first)(frames[:2]), is_scaled)
    match temporal:
        case CausalFilter():
            pieces = tasks.chained(temporal)
        case LookAheadFilter() | NonlinearFilter():
            check_delay(temporal.delay, len(frames))
            warn_if_short(temporal, len(frames))
            pieces = tasks.windowed(temporal)
        case WholeClipFilter():
            warn_if_short(temporal, len(frames))
            pieces = tasks.whole(temporal)
    return concatenate(list(pieces)).rechunk(frames.chunks)


@dataclass(frozen=True)
class _Tasks:
    """The tasks that magnify a clip.

    Attributes
    ----------
    frames
        The clip, a dask array.
    bands
        Makes the subbands from the first frames.
    first
        The task of the first frames.
    is_scaled
        Whether floating-point clips of very small or large values are scaled.
    """

    frames: Any
    bands: Prepare
    first: Any
    is_scaled: bool

    def windowed(self, temporal: LookAheadFilter | NonlinearFilter) -> Iterator[Any]:
        """The magnified frames of each window of a filter that looks ahead, as dask arrays."""
        count = len(self.frames)
        for start, stop in spans(count, temporal):
            begin, end = max(start - temporal.delay, 0), min(stop + temporal.delay, count)
            inner = start - begin, stop - begin
            missing = temporal.delay - (start - begin), temporal.delay - (end - stop)
            yield self._piece(self._task(_window, self.frames[begin:end], temporal, inner, missing), stop - start)

    def chained(self, temporal: CausalFilter) -> Iterator[Any]:
        """The magnified blocks of a clip, as dask arrays; each waits for the state after the one before."""
        state = None
        for start, stop in self._blocks():
            out, state = self._task(_block, self.frames[start:stop], temporal, state, nout=2)
            yield self._piece(out, stop - start)

    def whole(self, temporal: WholeClipFilter) -> Iterator[Any]:
        """The magnified blocks of a clip, as dask arrays; each waits for sums over all blocks."""
        from dask.delayed import delayed

        blocks = [(start, stop, self.frames[start:stop]) for start, stop in self._blocks()]
        means = [self._task(_means, block, len(self.frames)) for _, _, block in blocks]
        passes = self._task(_passes, self.first, temporal, means)
        sums = [
            self._task(_sums, self.frames[max(start - 1, 0) : stop], passes, start, min(start, 1))
            for start, stop, _ in blocks
        ]
        while len(sums) > 1:
            sums = [delayed(_sum)(*sums[i : i + 2]) for i in range(0, len(sums), 2)]
        motion = self._task(_filtered, self.first, passes, sums[0])
        for start, stop, block in blocks:
            yield self._piece(self._task(_written, block, passes, motion, start), stop - start)

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """First frame and last frame plus one of each block."""
        stop = 0
        for n in self.frames.chunks[0]:
            start, stop = stop, stop + n
            yield start, stop

    def _task(self, function: Callable[..., Any], frames: Any, *arguments: Any, nout: int | None = None) -> Any:
        """The task of a function of subbands, scaling, frames and further arguments."""
        from dask.delayed import delayed

        return delayed(_run, nout=nout)(function, self.bands, self.first, self.is_scaled, frames, *arguments)

    def _piece(self, task: Any, count: int) -> Any:
        """The result of a task as a dask array of `count` frames."""
        from dask.array import from_delayed

        return from_delayed(task, (count, *self.frames.shape[1:]), self.frames.dtype, self.frames._meta)


def _first(frames: Array) -> Array:
    return frames


def _run(
    function: Callable[..., Any], bands: Prepare, first: Array, is_scaled: bool, frames: Array, *arguments: Any
) -> Any:
    """Call a function with the subbands of a clip, its scaling, and scaled frames of it."""
    scaling = Scaling([first], is_fixed=not is_scaled)
    first, frames = scaling.scaled_chunks(checked([first, frames]))
    return function(bands(first), scaling, frames, *arguments)


def _window(
    bands: Bands,
    scaling: Scaling,
    frames: Array,
    temporal: LookAheadFilter | NonlinearFilter,
    inner: tuple[int, int],
    missing: tuple[int, int],
) -> Array:
    """The magnified frames of a window."""
    core = frames[slice(*inner)]
    window = Window([frames], [core], len(frames), len(core), *missing)
    if not bands.active:
        chunks = iter([core])
    elif isinstance(temporal, LookAheadFilter):
        chunks = bands.look_ahead(temporal, [window])
    else:
        chunks = bands.nonlinear(temporal, [window])
    return joined(list(scaling.inverse(chunks)))


def _block(
    bands: Bands, scaling: Scaling, frames: Array, temporal: CausalFilter, state: State | None
) -> tuple[Array, State]:
    """A magnified block, and the state after it. The state before it stays as it is, because tasks may be repeated."""
    state = bands.state(temporal) if state is None else deepcopy(state)
    chunks = bands.causal(temporal, [frames], state) if bands.active else iter([frames])
    return joined(list(scaling.inverse(chunks))), state


def _means(bands: Bands, scaling: Scaling, frames: Array, count: int) -> np.ndarray:
    """What a whole-clip filter needs of each frame to continue the clip of `count` frames."""
    return bands.means([frames], count)


def _passes(
    bands: Bands, scaling: Scaling, frames: Array, temporal: WholeClipFilter, means: list[np.ndarray]
) -> Passes:
    """The matrices of the two passes over a clip."""
    return bands.passes_of_clip(temporal, np.concatenate(means))


def _sums(bands: Bands, scaling: Scaling, frames: Array, passes: Passes, start: int, n_before: int) -> list[Any]:
    """What the first pass gathers in a block that begins at a frame, after a frame before if there is one."""
    before, block = frames[:n_before], frames[n_before:]
    columns = passes.analysis[:, start : start + len(block)]
    return bands.gathered([block], columns, before=before if n_before else None)


def _sum(one: list[Any], *others: list[Any]) -> list[Any]:
    """The sums of one or two parts of a clip. Those of the parts stay as they are, because tasks may be repeated."""
    total = deepcopy(one)
    for other in others:
        for i, part in enumerate(other):
            if part is not None:  # The others are those of subbands that stay as they are.
                total[i] += part
    return total


def _filtered(bands: Bands, scaling: Scaling, frames: Array, passes: Passes, sums: list[Any]) -> list[Any]:
    """The filtered motion of a clip."""
    return bands.filtered(passes, deepcopy(sums)) if bands.active else sums


def _written(bands: Bands, scaling: Scaling, frames: Array, passes: Passes, motion: list[Any], start: int) -> Array:
    """The magnified frames of a block that begins at a frame."""
    chunks = bands.written([frames], passes, motion, start) if bands.active else iter([frames])
    return joined(list(scaling.inverse(chunks)))
