"""Filters made of filters, and the running sum and difference along time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.engine.protocols import Filter


def chain(*filters: Filter) -> Filter:
    """Filters applied in turn; their delays add up.

    Examples
    --------
    >>> import vmm
    >>> both = vmm.temporal.chain(vmm.temporal.unwrap(), vmm.temporal.fir((2, 3), 30))
    >>> both.delay == vmm.temporal.fir((2, 3), 30).delay
    True
    """

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        after = []
        for part, before in zip(filters, memory or [None] * len(filters), strict=True):
            x, kept = part.apply(x, before)
            after.append(kept)
        return x, after

    band = max(f.band[0] for f in filters), min(f.band[1] for f in filters)
    return Filter(
        apply,
        delay=sum(f.delay for f in filters),
        whole=any(f.whole for f in filters),
        band=band if band[0] < band[1] else (0.0, 0.5),
    )


def parallel(*filters: Filter, gains: Sequence[float] | None = None) -> Filter:
    """Filters side by side: what each makes of the input, by its gain, summed; all are as late as the latest.

    Parameters
    ----------
    *filters
        All of them, or none, of a kind that needs a whole clip.
    gains
        One for each; 1 by default.

    Returns
    -------
    Filter

    Raises
    ------
    ValueError
        Where there is not one gain for each filter, or only some of them need a whole clip.

    Examples
    --------
    >>> import vmm
    >>> slow, quick = vmm.temporal.fir((1, 2), 30), vmm.temporal.fir((4, 8), 30)
    >>> vmm.temporal.parallel(slow, quick, gains=(10, -1)).delay == slow.delay
    True
    """
    by = [1.0] * len(filters) if gains is None else [float(gain) for gain in gains]
    if not filters or len(by) != len(filters):
        raise ValueError(f"{len(by)} gains must be one for each of {len(filters)} filters")
    if len({part.whole for part in filters}) > 1:
        raise ValueError("filters that need a whole clip, such as ideal, stand beside others of that kind only")
    delay = max(part.delay for part in filters)

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        after, total = [], None
        for part, gain, (before, late) in zip(filters, by, memory or [(None, None)] * len(filters), strict=True):
            y, kept = part.apply(x, before)
            y, late = _later(y, delay - part.delay, late)
            after.append((kept, late))
            total = gain * y if total is None else total + gain * y
        return total, after

    def factors(n: int) -> tuple[np.ndarray, np.ndarray]:
        found = [part.factors(n) for part in filters if part.factors is not None]
        synthesis = np.concatenate([gain * s for gain, (s, _) in zip(by, found, strict=True)], axis=1)
        return synthesis, np.concatenate([a for _, a in found], axis=0)

    return Filter(
        apply,
        delay=delay,
        whole=any(part.whole for part in filters),
        band=(min(part.band[0] for part in filters), max(part.band[1] for part in filters)),
        factors=factors if all(part.factors is not None for part in filters) else None,
    )


def _later(y: Array, n: int, memory: Array | None) -> tuple[Array, Array | None]:
    """The signal n frames later; before it there was nothing."""
    if n == 0:
        return y, None
    xp = namespace(y)
    before = xp.zeros((n, *y.shape[1:]), y.dtype) if memory is None else memory
    joined = xp.concatenate([before, y])
    return joined[: len(y)], joined[len(y) :]


def unwrap() -> Filter:
    """Running sum along time: from wrapped differences between frames to motion that does not wrap.

    A phase read from one frame to the next and summed is the unwrapped phase, as long as it turns by less than
    half a cycle between two frames.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> vmm.temporal.unwrap().apply(np.array([0.0, 1.0, 1.0]), None)[0]
    array([0., 1., 2.])
    """

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        y = namespace(x).cumsum(x, axis=0, dtype=x.dtype)
        if memory is not None:
            y += memory
        return y, y[-1].copy()

    return Filter(apply)


def difference() -> Filter:
    """Difference between a frame and the one before it: the inverse of ``unwrap``.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> vmm.temporal.difference().apply(np.array([5.0, 6.0, 8.0]), None)[0]
    array([0., 1., 2.])
    """

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        before = x[:1] if memory is None else memory
        return namespace(x).diff(x, axis=0, prepend=before), x[-1:].copy()

    return Filter(apply)
