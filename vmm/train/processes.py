"""The processes of a training: only one writes a data set, and all of them end in an orderly way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def lock(path: str | Path) -> Iterator[None]:
    """Hold a lock file, which contains the identifier of this process, and remove it at the end.

    A file that a process left behind when it was killed is replaced.

    Parameters
    ----------
    path
        Path of the lock file.

    Raises
    ------
    BlockingIOError
        If the process that created the file is still running.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from vmm.train.processes import lock
    >>> path = Path(tempfile.mkdtemp()) / "writer.lock"
    >>> with lock(path):
    ...     path.exists()
    True
    >>> path.exists()
    False
    """
    path = Path(path)
    _create(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _create(path: Path) -> None:
    """Create the file, which fails if it exists, so that only one of several processes can succeed."""
    try:
        file = path.open("x")
    except FileExistsError:
        owner = _owner(path)
        if owner is not None and is_running(owner):
            raise BlockingIOError(
                f"process {owner} writes {path.parent}: wait until it has ended, or choose another folder; if it is "
                f"not a process of vmm.train, delete {path}"
            ) from None
        path.unlink(missing_ok=True)
        file = path.open("x")
    with file:
        file.write(str(os.getpid()))


def _owner(path: Path) -> int | None:
    """Identifier of the process that created the file, or None if the file holds none."""
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return None


def is_running(process: int) -> bool:
    """True if a process with this identifier is running, and on Windows, where it cannot be asked, always.

    Examples
    --------
    >>> import os
    >>> from vmm.train.processes import is_running
    >>> is_running(os.getpid())
    True
    """
    if os.name == "nt":  # os.kill ends a process there, whatever the signal
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process belongs to another user
        return True
    return True


@contextmanager
def at_termination(action: Callable[[], object]) -> Iterator[None]:
    """Call a function in place of ending the process when the signal SIGTERM arrives.

    Parameters
    ----------
    action
        The function. An exception that it raises is raised in the main thread.

    Examples
    --------
    >>> import signal
    >>> from vmm.train.processes import at_termination
    >>> with at_termination(lambda: print("the end")):
    ...     signal.raise_signal(signal.SIGTERM)
    the end
    """
    before = signal.signal(signal.SIGTERM, lambda *_: action())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def bound_to(parent: int | None) -> Iterator[None]:
    """Send SIGTERM to this process if its parent ends meanwhile, whatever this process is doing at that time.

    Parameters
    ----------
    parent
        Identifier of the parent. With None nothing is done. On Windows a process does not learn that its parent ended.

    Examples
    --------
    >>> import os
    >>> from vmm.train.processes import bound_to
    >>> with bound_to(os.getppid()):
    ...     pass
    """
    done = threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            if done.wait(1.0):
                return
        os.kill(os.getpid(), signal.SIGTERM)

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
