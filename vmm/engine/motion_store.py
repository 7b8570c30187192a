"""Filtered motion that is kept from one call to the next, for calls that differ in how the motion is put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

MAX_BYTES = 2**29
"""Bytes of motion that are kept: ``phase`` needs a few megabytes for each window of frames of 320x180."""

_in_use: ContextVar[MotionStore | None] = ContextVar("_in_use", default=None)


class MotionStore:
    """The filtered motion of the windows of one clip, for filters that look ahead or see the whole clip.

    The filtered motion does not depend on alpha, and neither on a limit of the output motion. Calls of a method with
    the same frames and the same other options can share it: those after the first one read no motion.

    Parameters
    ----------
    max_bytes
        Limit in bytes; the motion of later windows is not kept. The default is 512 MiB.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> from vmm.engine.motion_store import MotionStore
    >>> clip = np.random.default_rng(0).integers(0, 255, (40, 32, 48), dtype=np.uint8)
    >>> store = MotionStore()
    >>> with store.in_use():
    ...     results = [vmm.gradient.magnify(clip, (0.1, 0.3), alpha=alpha) for alpha in (5, 10)]
    >>> bool((results[1] == vmm.gradient.magnify(clip, (0.1, 0.3), alpha=10)).all())
    True
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._entries: dict[tuple[int, tuple[int, ...]], Any] = {}

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Calls of methods in this context, and in this thread, use the kept motion."""
        token = _in_use.set(self)
        try:
            yield
        finally:
            _in_use.reset(token)

    def get(self, window: int, active: list[int], compute: Callable[[], Any]) -> Any:
        """What was computed for a window and these subbands, or what `compute` returns, which is kept."""
        key = window, tuple(active)
        if key not in self._entries:
            value = compute()
            self._bytes += _bytes_of(value)
            if self._bytes > self._max_bytes:
                return value
            self._entries[key] = value
        return self._entries[key]


def motion_store_in_use() -> MotionStore | None:
    """The kept motion that is in use in this thread, or None."""
    return _in_use.get()


def _bytes_of(value: Any) -> int:
    """Bytes of the arrays in nested lists and tuples."""
    if isinstance(value, list | tuple):
        return sum(map(_bytes_of, value))
    return int(getattr(value, "nbytes", 0))
