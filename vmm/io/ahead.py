"""Work done ahead in a thread of its own, so that decoding, computing and encoding overlap."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextvars import copy_context
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_END = object()


def ahead(items: Iterable[_Item], depth: int = 1) -> Generator[_Item, None, None]:
    """The items, computed in another thread while those before them are in use, `depth` of them waiting at most.

    Errors come out where the item would have come. When this is closed, so is the generator that makes the items.
    """
    waiting: Queue[tuple[Any, BaseException | None]] = Queue(depth)
    left = Event()

    def put(item: Any, error: BaseException | None = None) -> bool:
        while not left.is_set():
            try:
                waiting.put((item, error), timeout=0.1)
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
        except BaseException as raised:
            error = raised
        finally:
            if hasattr(items, "close"):
                items.close()
            put(_END, error)

    worker = Thread(target=copy_context().run, args=(work,), name="vmm-ahead", daemon=True)
    worker.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        left.set()
        while worker.is_alive():  # what waits is let go, so that the thread comes to its end
            try:
                waiting.get_nowait()
            except Empty:
                worker.join(0.01)
