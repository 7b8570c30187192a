"""Prefetching: an iterator runs in a worker thread, so that decoding, computing and encoding overlap."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextvars import copy_context
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_END = object()


def prefetch(items: Iterable[_Item], depth: int = 1) -> Generator[_Item, None, None]:
    """Yield the items, which a worker thread computes in advance and stores in a queue of length `depth`.

    An error in the worker thread is raised where the item would have been yielded. Closing this generator stops the
    worker thread and closes `items`. In the child of a fork, which has no worker thread, it raises ``RuntimeError``.
    """
    queue: Queue[tuple[Any, BaseException | None]] = Queue(depth)
    stopped = Event()

    def put(item: Any, error: BaseException | None = None) -> bool:
        while not stopped.is_set():
            try:
                queue.put((item, error), timeout=0.1)
                return True
            except Full:
                continue
        return False

    def work() -> None:
        error = None
        try:
            for item in items:
                if not put(item):
                    break
        except BaseException as exception:
            error = exception
        finally:
            if hasattr(items, "close"):
                items.close()
            put(_END, error)

    worker = Thread(target=copy_context().run, args=(work,), name="vmm-prefetch", daemon=True)
    worker.start()
    owner = os.getpid()
    try:
        while True:
            if os.getpid() != owner:
                raise RuntimeError(
                    "a clip whose reading began before a fork cannot be read further in the child process, which does "
                    "not have the thread that decodes it: open the clip again there"
                )
            item, error = queue.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stopped.set()
        while worker.is_alive():  # The queue is emptied so that a blocked worker thread can end.
            try:
                queue.get_nowait()
            except Empty:
                worker.join(0.01)
