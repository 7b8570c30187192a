"""Clips that are dask arrays: the magnified clip is a dask array as well, and each window of it a task.

A window of a filter that looks ahead depends on its own frames alone, so that windows are magnified side by side. A
causal filter hands its state from one block to the next. dask is imported only for its arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from vmm.backend.arrays import Array, joined
from vmm.engine.bands import Bands, State
from vmm.engine.frames import check_kind, check_length, checked
from vmm.engine.scaling import Scaling
from vmm.engine.windows import Window, check_delay, spans, warn_if_short
from vmm.parts import CausalFilter, LookAheadFilter, NonlinearFilter, TemporalFilter

Prepare = Callable[[Array], Bands]
"""A function that makes the subbands of a clip from its first frames."""


def lazily_magnified(frames: Any, bands: Prepare, temporal: TemporalFilter) -> Any:
    """The magnified clip as a dask array with the shape, dtype and chunks of `frames`; nothing is computed.

    Raises
    ------
    ValueError
        If the shape is not one of frames, or the clip is too short for the filter.
    TypeError
        If the dtype is not supported, or the filter needs the whole clip at once.
    """
    from dask.array import concatenate

    check_kind(frames)
    check_length(len(frames))
    match temporal:
        case CausalFilter():
            pieces = _chained(frames, bands, temporal)
        case LookAheadFilter() | NonlinearFilter():
            check_delay(temporal.delay, len(frames))
            warn_if_short(temporal, len(frames))
            pieces = _windowed(frames, bands, temporal)
        case _:
            raise TypeError(
                "frames is a dask array, but an ideal filter needs the whole clip at once: choose another temporal "
                "filter, such as temporal='fir', or give frames.compute()"
            )
    return concatenate(list(pieces)).rechunk(frames.chunks)


def _windowed(frames: Any, bands: Prepare, temporal: LookAheadFilter | NonlinearFilter) -> Iterator[Any]:
    """The magnified frames of each window of a filter that looks ahead, as dask arrays."""
    from dask.delayed import delayed

    task, first, count = delayed(_window), delayed(_first)(frames[:2]), len(frames)
    for start, stop in spans(count, temporal):
        begin, end = max(start - temporal.delay, 0), min(stop + temporal.delay, count)
        inner = start - begin, stop - begin
        missing = temporal.delay - (start - begin), temporal.delay - (end - stop)
        yield _piece(task(bands, temporal, first, frames[begin:end], inner, missing), frames, stop - start)


def _window(
    bands: Prepare,
    temporal: LookAheadFilter | NonlinearFilter,
    first: Array,
    frames: Array,
    inner: tuple[int, int],
    missing: tuple[int, int],
) -> Array:
    """The magnified frames of a window."""
    scaling = Scaling([first])
    first, frames = scaling.scaled_chunks(checked([first, frames]))
    core, of_clip = frames[slice(*inner)], bands(first)
    if not of_clip.active:
        return joined(list(scaling.inverse([core])))
    window = Window([frames], [core], len(frames), len(core), *missing)
    if isinstance(temporal, LookAheadFilter):
        return joined(list(scaling.inverse(of_clip.look_ahead(temporal, [window]))))
    return joined(list(scaling.inverse(of_clip.nonlinear(temporal, [window]))))


def _chained(frames: Any, bands: Prepare, temporal: CausalFilter) -> Iterator[Any]:
    """The magnified blocks of a clip, as dask arrays; each waits for the state after the one before."""
    from dask.delayed import delayed

    task, first, state, done = delayed(_block, nout=2), delayed(_first)(frames[:2]), None, 0
    for n in frames.chunks[0]:
        out, state = task(bands, temporal, first, frames[done : done + n], state)
        done += n
        yield _piece(out, frames, n)


def _block(
    bands: Prepare, temporal: CausalFilter, first: Array, frames: Array, state: State | None
) -> tuple[Array, State]:
    """A magnified block, and the state after it. The state before it stays as it is, because tasks may be repeated."""
    scaling = Scaling([first])
    first, frames = scaling.scaled_chunks(checked([first, frames]))
    of_clip = bands(first)
    state = of_clip.state(temporal) if state is None else deepcopy(state)
    chunks = of_clip.causal(temporal, [frames], state) if of_clip.active else iter([frames])
    return joined(list(scaling.inverse(chunks))), state


def _first(frames: Array) -> Array:
    """The first frames of the clip, once for all tasks."""
    return frames


def _piece(task: Any, frames: Any, count: int) -> Any:
    """The result of a task as a dask array of so many frames."""
    from dask.array import from_delayed

    return from_delayed(task, (count, *frames.shape[1:]), frames.dtype, frames._meta)
