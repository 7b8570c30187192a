"""Filters made of filters, and the running sum and difference along time."""

from __future__ import annotations

from typing import Any

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
