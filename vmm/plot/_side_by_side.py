"""Two clips next to one another in one clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, is_array, namespace
from vmm.backend.checks import short_text
from vmm.engine.frames import as_frames, checked


@checks_arguments
def side_by_side(before: Any, after: Any, *, gap: int = 4) -> Any:
    """Join two clips horizontally, with a white line between them.

    Parameters
    ----------
    before, after
        Arrays (T, H, W[, 3]) of the same shape and dtype, or iterators of chunks. Chunks may differ in length, as long
        as the frames of both clips correspond.
    gap
        Width of the white line in pixels.

    Returns
    -------
    array or iterator
        Frames (T, H, 2 W + gap[, 3]): an array for arrays, an iterator of chunks for iterators.

    Raises
    ------
    ValueError
        If the clips differ in shape or dtype, or hold values that are not finite.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.zeros((5, 8, 10), np.uint8)
    >>> vmm.plot.side_by_side(clip, clip).shape
    (5, 8, 24)
    """
    for name, clip in (("before", before), ("after", after)):
        if not (is_array(clip) or isinstance(clip, Iterable)) or isinstance(clip, str | bytes):
            raise TypeError(
                f"{name}={short_text(clip)} must be an array (T, H, W) or (T, H, W, 3), or an iterator of such chunks"
            )
    before, after = as_frames(before), as_frames(after)
    if is_array(before) != is_array(after):
        raise TypeError("before and after must both be arrays, or both be iterators of chunks")
    if is_array(before):
        return _joined(next(checked([before])), next(checked([after])), gap)
    return (_joined(a, b, gap) for a, b in _synchronized(checked(before), checked(after)))


def _synchronized(before: Iterator[Array], after: Iterator[Array]) -> Iterator[tuple[Array, Array]]:
    """Pairs of chunks of equal length: the chunks of `before` are cut to the lengths of those of `after`."""
    pending: list[Array] = []
    for chunk in after:
        n = len(chunk)
        while sum(map(len, pending)) < n and (following := next(before, None)) is not None:
            pending.append(following)
        buffer = namespace(chunk).concatenate(pending)
        pending = [buffer[n:]]
        yield buffer[:n], chunk


def _joined(before: Array, after: Array, gap: int) -> Array:
    if (before.shape, before.dtype) != (after.shape, after.dtype):
        raise ValueError(
            "before and after: clips side by side must have the same shape and dtype, not "
            f"{before.shape} {before.dtype} and {after.shape} {after.dtype}"
        )
    xp = namespace(before)
    white = 65535 if before.dtype.name == "uint16" else 255
    line = xp.full((*before.shape[:2], gap, *before.shape[3:]), white, before.dtype)
    return xp.concatenate([before, line, after], axis=2)
