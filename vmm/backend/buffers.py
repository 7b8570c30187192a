"""Memory of large temporary arrays, which is used again instead of being returned to the system.

The system clears the memory of each large array when it is written for the first time, which takes as long as to fill
it. An array from ``empty`` returns its memory to a common pool as soon as neither it nor a view of it exists, so that
callers need not know where an array comes from.
"""

from __future__ import annotations

import math
import os
import weakref
from bisect import bisect_left, insort_left
from collections import deque
from threading import Lock
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, on_device

SMALLEST = 2**16
"""Size in bytes of the smallest arrays whose memory is used again. The allocator of C keeps that of smaller ones."""

KEPT = 3 * 2**23
"""Largest sum in bytes of the memory that is kept for later arrays. With 2.7 times as much, the peak memory of
a process that magnifies frames of 640x360 rises by 50 MB, and the time falls by 2 %."""

LARGEST_RATIO = 2.0
"""Largest size of memory relative to the array that it is used for."""

_ALIGNMENT = 64
"""Multiple of bytes at which memory begins: that of a line of the cache."""

_free: list[memoryview] = []  # sorted by size
_returned: deque[memoryview] = deque()  # not sorted in: arrays may vanish at any time, even while the lock is held
_lock = Lock()


def empty(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    """An array as from ``numpy.empty``, in memory that is used again."""
    count, kind = math.prod(shape), np.dtype(dtype)
    size = count * kind.itemsize
    if size < SMALLEST:
        return np.empty(shape, kind)
    block = _memory(size)
    whole = np.frombuffer(block, kind, count)  # all views of it refer to this object
    weakref.finalize(whole, _returned.append, block).atexit = False
    return whole.reshape(shape)


def zeros(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    """An array as from ``numpy.zeros``, in memory that is used again."""
    out = empty(shape, dtype)
    out.fill(0)
    return out


def empty_like(x: Array, shape: tuple[int, ...]) -> Array:
    """An array of another shape, of the type and on the device of x; on the host, in memory that is used again."""
    return namespace(x).empty(shape, x.dtype) if on_device(x) else empty(shape, x.dtype)


def contiguous(x: Any, dtype: Any = np.float32) -> np.ndarray:
    """An array on the host as from ``numpy.ascontiguousarray``; a large copy is in memory that is used again."""
    x = np.asarray(x)
    if x.size * np.dtype(dtype).itemsize < SMALLEST or (x.dtype == dtype and x.flags.c_contiguous):
        return np.ascontiguousarray(x, dtype)
    out = empty(x.shape, dtype)
    out[...] = x
    return out


def _memory(size: int) -> memoryview:
    """Memory of at least this size in bytes, the smallest that is kept or new memory."""
    with _lock:
        while _returned:
            insort_left(_free, _returned.popleft(), key=len)  # the latest of equal ones, still in the cache, first
        i = bisect_left(_free, size, key=len)
        fits = i < len(_free) and len(_free[i]) <= LARGEST_RATIO * size
        block = _free.pop(i) if fits else None
        total = sum(map(len, _free))
        while total > KEPT:
            total -= len(_free.pop())
    return _new(size) if block is None else block


def _new(size: int) -> memoryview:
    """New memory. NumPy keeps a reference to a view as the base of its arrays, but not to an array of bytes."""
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memoryview(memory)[start : start + size]


def _renew_lock() -> None:
    """Renew the lock in the child of a fork, which another thread of the parent may have held."""
    global _lock
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
