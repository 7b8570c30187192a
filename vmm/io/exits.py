"""Steps before a signal ends the process, such as the deletion of incomplete files, and sections that it cannot divide.

A signal handler that ends the process calls ``finish``. Code that starts other programs or creates temporary files
registers how to remove them. Without such a handler, this module has no effect.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_cleanups: dict[object, Callable[[], object]] = {}
_sections: set[object] = set()
_waiting: list[Callable[[], object]] = []
_enders: list[int] = []
"""The thread that runs the cleanup functions at the moment."""

_stops: list[Callable[[], object]] = []


def at_signal(cleanup: Callable[[], object]) -> Callable[[], object]:
    """Register a function that is called if a signal ends the process; return a function that removes it again.

    It runs in a signal handler: it must not wait for a lock, and its errors are ignored.
    """
    key = object()
    _cleanups[key] = cleanup
    return lambda: _cleanups.pop(key, None)


@contextmanager
def cleaned_up(cleanup: Callable[[], object]) -> Iterator[None]:
    """Register a function as ``at_signal`` does, as long as the context lasts.

    Examples
    --------
    >>> from vmm.io.exits import cleaned_up, finish
    >>> with cleaned_up(lambda: print("stopped the program")):
    ...     finish(lambda: print("the end"))
    stopped the program
    the end
    """
    remove = at_signal(cleanup)
    try:
        yield
    finally:
        remove()


@contextmanager
def undivided() -> Iterator[None]:
    """Postpone the end of the process by a signal to the end of the context, which must be short.

    If the cleanup functions run already in another thread, this one waits for the end of the process: what it would
    start now, nobody would stop.
    """
    key = object()
    _sections.add(key)
    while _ends_elsewhere():
        _sections.discard(key)
        time.sleep(0.01)
        _sections.add(key)
    try:
        yield
    finally:
        _sections.discard(key)
        if _waiting and not _sections:
            finish(_waiting.pop())


@contextmanager
def stopped_by_signal(stop: Callable[[], object]) -> Iterator[None]:
    """Let the first signal call `stop`, so that the work ends by itself; the next signal ends the process as always.

    `stop` runs in a signal handler: it must not wait for a lock.
    """
    _stops.append(stop)
    try:
        yield
    finally:
        with suppress(ValueError):
            _stops.remove(stop)


def stop_at_signal() -> bool:
    """Call the function that ends the work by itself; return whether there is one."""
    if not _stops:
        return False
    _stops.pop()()
    return True


def wait_for_end() -> None:
    """Wait for the end of the process if the cleanup functions run in another thread.

    They stop programs and delete files that this thread may use; the errors that follow mean nothing.
    """
    while _ends_elsewhere():
        time.sleep(0.01)


def _ends_elsewhere() -> bool:
    return bool(_enders) and _enders != [threading.get_ident()]


def finish(end: Callable[[], object]) -> None:
    """Call all cleanup functions and then `end`, now or at the end of the sections that must not be divided."""
    _enders.append(threading.get_ident())
    try:
        if _sections:
            _waiting.append(end)
            return
        for cleanup in reversed(list(_cleanups.values())):
            with suppress(Exception):
                cleanup()
        end()
    finally:
        _enders.clear()


def _forget() -> None:
    """Leave the files and programs of the parent process alone in the child of a fork."""
    for container in (_cleanups, _sections, _waiting, _enders, _stops):
        container.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
