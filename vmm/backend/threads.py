"""Work on several cores: NumPy, SciPy's transforms and compiled kernels let go of the interpreter while they run.

The pool is our own and small, for a library must not stop its host: parallel loops of compiled code abort the process
where two Python threads enter them, or the child of a fork.
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

_asked: int | None = None
_pools: dict[int, ThreadPoolExecutor] = {}
_lock = Lock()
_here = local()


def set_threads(n: int | None) -> None:
    """Set how many cores `vmm` may use.

    Parameters
    ----------
    n
        Number of cores; None for ``VMM_THREADS`` from the environment, and where that is not set for all cores that
        this process may run on.

    Raises
    ------
    ValueError
        Where n is below 1.

    Examples
    --------
    >>> import vmm
    >>> vmm.set_threads(2)
    >>> vmm.set_threads(None)
    """
    global _asked
    if n is not None and n < 1:
        raise ValueError(f"n={n} must be at least 1 core, or None for as many as there are")
    _asked = n


def cores() -> int:
    """How many cores may be used."""
    if _asked is not None:
        return _asked
    asked = os.environ.get("VMM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(x: object) -> int:
    """How many threads work on an array: the cores, but one thread for a device, which is parallel by itself."""
    return 1 if on_device(x) else cores()


def in_parallel(
    function: Callable[[_Item], _Result], items: Iterable[_Item], n: int | None = None
) -> Iterator[_Result]:
    """The function's results in order, computed on n cores, or all, no more of them ahead than there are cores.

    Inside a function that runs here already, all is done in its own thread.
    """
    n = cores() if n is None else n
    if n == 1 or getattr(_here, "busy", False):
        yield from map(function, items)
        return

    def work(item: _Item) -> _Result:
        _here.busy = True
        return function(item)

    pool = _pool(n)
    ahead: deque[Future[_Result]] = deque()
    try:
        for item in items:
            ahead.append(pool.submit(copy_context().run, work, item))
            if len(ahead) > n:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for left in ahead:
            left.cancel()


def _pool(n: int) -> ThreadPoolExecutor:
    """The pool of n threads, made once."""
    with _lock:
        if n not in _pools:
            _pools[n] = ThreadPoolExecutor(n, "vmm")
        return _pools[n]


def _forget() -> None:
    """In the child of a fork no thread of its parent runs."""
    global _lock
    _lock = Lock()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
