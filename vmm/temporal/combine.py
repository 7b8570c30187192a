"""Combinations of filters, and the running sum and difference along time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace
from vmm.backend.checks import as_numbers
from vmm.backend.time_series import low_rank, running_sum
from vmm.parts import CausalFilter, LinearFilter, LookAheadFilter, NonlinearFilter, WholeClipFilter


@checks_arguments
def chain(*filters: LinearFilter) -> LinearFilter:
    """Cascade of filters, applied one after another; their delays add up.

    Parameters
    ----------
    *filters
        Linear filters. If one of them is a whole-clip filter, so is the result.

    Returns
    -------
    CausalFilter, LookAheadFilter or WholeClipFilter
        A filter of the most demanding of the kinds of `filters`.

    Raises
    ------
    TypeError
        If one of the filters is not linear.

    Examples
    --------
    >>> import vmm
    >>> both = vmm.temporal.chain(vmm.temporal.unwrap(), vmm.temporal.fir((2, 3), 30))
    >>> both.delay == vmm.temporal.fir((2, 3), 30).delay
    True
    """
    _check_linear(filters)

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        states = []
        for part, state in zip(filters, memory or [None] * len(filters), strict=True):
            x, state = part.apply(x, state)
            states.append(state)
        return x, states

    delay = sum(map(_delay, filters))

    def factors(n: int) -> tuple[np.ndarray, np.ndarray]:
        matrix = np.eye(n)
        for part in filters:
            if isinstance(part, WholeClipFilter):
                synthesis, analysis = part.factors(n)
                matrix = synthesis @ (analysis @ matrix)
            else:
                matrix = np.asarray(part.apply(matrix, None)[0])
        return low_rank(np.concatenate([matrix[delay:], np.zeros((min(delay, n), n))]))

    bands = [_band(part) for part in filters]
    low, high = max(low for low, _ in bands), min(high for _, high in bands)
    return _combined(filters, apply, delay, (low, high) if low < high else (0.0, 0.5), factors)


@checks_arguments
def parallel(*filters: LinearFilter, gains: Sequence[float] | None = None) -> LinearFilter:
    """Weighted sum of the outputs of filters, which are delayed so that all have the same delay.

    Parameters
    ----------
    *filters
        Linear filters. Either all or none of them are whole-clip filters.
    gains
        One gain for each filter. All gains are 1 by default.

    Returns
    -------
    CausalFilter, LookAheadFilter or WholeClipFilter
        A filter of the most demanding of the kinds of `filters`.

    Raises
    ------
    ValueError
        If there is not one gain for each filter, or if whole-clip filters are combined with other filters.
    TypeError
        If one of the filters is not linear.

    Examples
    --------
    >>> import vmm
    >>> slow, fast = vmm.temporal.fir((1, 2), 30), vmm.temporal.fir((4, 8), 30)
    >>> vmm.temporal.parallel(slow, fast, gains=(10, -1)).delay == slow.delay
    True
    """
    weights = [1.0] * len(filters) if gains is None else as_numbers("gains", gains).astype(float).ravel().tolist()
    if not filters or len(weights) != len(filters):
        raise ValueError(
            f"gains holds {len(weights)} values for {len(filters)} filters: pass filters, and one gain for each"
        )
    _check_linear(filters)
    if len({isinstance(part, WholeClipFilter) for part in filters}) > 1:
        raise ValueError("parallel cannot combine whole-clip filters, such as ideal, with filters of other kinds")
    delay = max(map(_delay, filters))

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        states, total = [], None
        for part, gain, (state, queue) in zip(filters, weights, memory or [(None, None)] * len(filters), strict=True):
            y, state = part.apply(x, state)
            y, queue = _delayed(y, delay - _delay(part), queue)
            states.append((state, queue))
            total = gain * y if total is None else total + gain * y
        return total, states

    def factors(n: int) -> tuple[np.ndarray, np.ndarray]:
        pairs = [part.factors(n) for part in filters if isinstance(part, WholeClipFilter)]
        synthesis = np.concatenate([gain * s for gain, (s, _) in zip(weights, pairs, strict=True)], axis=1)
        return synthesis, np.concatenate([a for _, a in pairs], axis=0)

    bands = [_band(part) for part in filters]
    band = min(low for low, _ in bands), max(high for _, high in bands)
    return _combined(filters, apply, delay, band, factors)


def _combined(
    filters: Sequence[LinearFilter], apply: Any, delay: int, band: tuple[float, float], factors: Any
) -> LinearFilter:
    """A filter of the most demanding kind among filters."""
    margins = [part.margin for part in filters if isinstance(part, WholeClipFilter)]
    if margins:
        return WholeClipFilter(factors, band, max(margins) + delay)
    return LookAheadFilter(apply, delay, band) if delay else CausalFilter(apply)


def _check_linear(filters: Sequence[Any]) -> None:
    for part in filters:
        if not isinstance(part, LinearFilter):
            kind = "a NonlinearFilter" if isinstance(part, NonlinearFilter) else repr(part)
            raise TypeError(f"{kind} cannot be combined: pass linear filters, such as vmm.temporal.fir((1, 2), 30)")


def _delay(part: LinearFilter) -> int:
    return part.delay if isinstance(part, LookAheadFilter) else 0


def _band(part: LinearFilter) -> tuple[float, float]:
    return (0.0, 0.5) if isinstance(part, CausalFilter) else part.band


def _delayed(y: Array, n: int, queue: Array | None) -> tuple[Array, Array | None]:
    """The signal, delayed by n frames and preceded by zeros or the queue; and the queue of its last n frames."""
    if n == 0:
        return y, None
    xp = namespace(y)
    before = xp.zeros((n, *y.shape[1:]), y.dtype) if queue is None else queue
    samples = xp.concatenate([before, y])
    return samples[: len(y)], samples[len(y) :]


@checks_arguments
def unwrap() -> CausalFilter:
    """Running sum along time, which unwraps a phase from its differences between frames.

    The sum of the phase shifts from frame to frame is the unwrapped phase, if the phase changes by less than half a
    cycle between two frames.

    Returns
    -------
    CausalFilter
        The running sum.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> vmm.temporal.unwrap().apply(np.array([0.0, 1.0, 1.0]), None)[0]
    array([0., 1., 2.])
    """
    return CausalFilter(running_sum)


@checks_arguments
def difference() -> CausalFilter:
    """Difference between each frame and the previous one: the inverse of ``unwrap``.

    Returns
    -------
    CausalFilter
        The difference; that of the first frame is 0.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> vmm.temporal.difference().apply(np.array([5.0, 6.0, 8.0]), None)[0]
    array([0., 1., 2.])
    """

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        before = x[:1] if memory is None else memory
        return namespace(x).diff(x, axis=0, prepend=before), x[-1:].copy()

    return CausalFilter(apply)
