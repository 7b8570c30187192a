"""Two clips beside one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vmm.backend.arrays import Array, is_array, namespace


def side_by_side(before: Any, after: Any, *, gap: int = 4) -> Any:
    """Two clips beside one another, with a white line between them.

    Parameters
    ----------
    before, after
        Arrays (T, H, W[, 3]) of one shape and type, or iterators of chunks whose frames correspond.
    gap
        Width of the line in pixels.

    Returns
    -------
    array or iterator
        Frames (T, H, 2 W + gap[, 3]).

    Raises
    ------
    ValueError
        Where the clips differ in size.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.zeros((5, 8, 10), np.uint8)
    >>> vmm.plot.side_by_side(clip, clip).shape
    (5, 8, 24)
    """
    if is_array(before):
        return _joined(before, after, gap)
    return (_joined(a, b, gap) for a, b in _in_step(iter(before), iter(after)))


def _in_step(before: Any, after: Any) -> Iterator[tuple[Array, Array]]:
    """Chunks of both clips cut to the same lengths; what one is ahead waits."""
    waiting: list[Array] = []
    for chunk in after:
        n = len(chunk)
        while sum(map(len, waiting)) < n and (more := next(before, None)) is not None:
            waiting.append(more)
        held = namespace(chunk).concatenate(waiting)
        waiting = [held[n:]]
        yield held[:n], chunk


def _joined(before: Array, after: Array, gap: int) -> Array:
    if before.shape != after.shape:
        raise ValueError(
            f"clips of shape {before.shape} and {after.shape} cannot stand side by side: they must be alike"
        )
    xp = namespace(before)
    white = 65535 if before.dtype.name == "uint16" else 255
    line = xp.full((*before.shape[:2], gap, *before.shape[3:]), white, before.dtype)
    return xp.concatenate([before, line, after], axis=2)
