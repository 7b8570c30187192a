"""Worker threads. NumPy, SciPy's transforms and compiled kernels release the interpreter lock while they run.

The package has its own small thread pool, because the parallel loops of Numba abort the process if two Python threads
enter them, or if the child of a fork does.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock, local
from typing import TypeVar

from vmm.backend.arrays import on_device

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_MIN_ROWS = 16
"""Minimum number of rows of a share, so that the margins that it reads from its neighbors are smaller than itself."""

MIN_SAMPLES = 50_000
"""Minimum number of samples of a share: a smaller one takes less time than its call."""

_requested: int | None = None
_pools: dict[int, ThreadPoolExecutor] = {}
_lock = Lock()
_thread = local()


def set_threads(n: int | None) -> None:
    """Set the number of CPU cores that `vmm` may use.

    Parameters
    ----------
    n
        Number of cores, at least 1. None, the default at start, takes the environment variable ``VMM_THREADS``, or if
        it is not set all cores that this process may run on.

    Raises
    ------
    ValueError
        If `n` is below 1.

    Examples
    --------
    >>> import vmm
    >>> vmm.set_threads(2)
    >>> vmm.set_threads(None)
    """
    global _requested
    if n is not None and n < 1:
        raise ValueError(f"n={n} must be at least 1 core, or None for all cores")
    _requested = n


def cores() -> int:
    """Number of CPU cores that may be used."""
    if _requested is not None:
        return _requested
    variable = os.environ.get("VMM_THREADS", "")
    if variable.isdigit() and int(variable) > 0:
        return int(variable)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(x: object) -> int:
    """Number of threads that process an array: all cores, but 1 on a device, which is parallel itself."""
    return 1 if on_device(x) else cores()


def in_parallel(
    function: Callable[[_Item], _Result], items: Iterable[_Item], n: int | None = None
) -> Iterator[_Result]:
    """Ordered parallel map with bounded look-ahead: at most n results are pending.

    Inside a function that already runs in a worker thread, all items are processed in that thread.
    """
    n = cores() if n is None else n
    if n == 1 or getattr(_thread, "busy", False):
        yield from map(function, items)
        return

    def work(item: _Item) -> _Result:
        _thread.busy = True
        return function(item)

    pool = _pool(n)
    pending: deque[Future[_Result]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(copy_context().run, work, item))
            if len(pending) > n:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def split(n: int, shares: int) -> list[tuple[int, int]]:
    """Start and stop of each share of n items, of nearly equal size.

    Examples
    --------
    >>> from vmm.backend.threads import split
    >>> split(10, 3)
    [(0, 3), (3, 6), (6, 10)]
    """
    return [(n * i // shares, n * (i + 1) // shares) for i in range(shares)]


def by_rows(job: Callable[[int, int], None], rows: int) -> None:
    """Call ``job(start, stop)`` on each core, for shares of the rows."""
    if rows < 2 * _MIN_ROWS:
        job(0, rows)
        return
    for _ in in_parallel(lambda share: job(*share), split(rows, max(1, min(cores(), rows // _MIN_ROWS)))):
        pass


def by_share(job: Callable[[int, int], None], n: int, samples: int) -> None:
    """Call ``job(start, stop)`` on each core for shares of n items, if these hold many samples in all."""
    shares = max(1, min(cores(), n, samples // MIN_SAMPLES))
    if shares == 1:
        return job(0, n)
    for _ in in_parallel(lambda share: job(*share), split(n, shares)):
        pass
    return None


def idle_cores() -> int:
    """Number of CPU cores that a function may use: 1 inside a function that already runs in a worker thread."""
    return 1 if getattr(_thread, "busy", False) else cores()


def _pool(n: int) -> ThreadPoolExecutor:
    """The pool of n threads, which is created at first use."""
    with _lock:
        if n not in _pools:
            _pools[n] = ThreadPoolExecutor(n, "vmm")
        return _pools[n]


def _discard_pools() -> None:
    """Discard the pools in the child of a fork, in which none of the parent's threads runs."""
    global _lock
    _lock = Lock()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_discard_pools)
