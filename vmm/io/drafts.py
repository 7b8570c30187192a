"""Drafts: files and folders that appear under their name only when they are complete.

A draft is made in a folder of its own next to its destination. The folder has a random name and is open to its user
alone, so that nobody can foresee the name of the draft or replace it by a link. The folder holds a file that stays
locked while the draft is in use. A folder whose file is not locked was left by a process that was killed, and the next
draft in the same place removes it.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from vmm.io.exits import cleaned_up, undivided

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX = ".vmm-draft-"
"""Beginning of the names of the folders of drafts."""

_LOCK = "lock"
"""Name of the locked file in the folder of a draft; it holds the name of the machine and that of the destination."""

_LOCK_POSITION = 2**30
"""Position of the byte that is locked on Windows, where nobody can read a locked byte."""

_ABANDONED = 86400.0
"""Age in seconds from which on the draft of another machine is removed. Some network file systems do not show the locks
of one machine to the others, so that a draft without a lock can be in use; one that is in use changes more often."""

_TURN_SECONDS = 2.0
"""Longest time to wait for other processes that begin a draft in the same folder, which takes milliseconds."""

_TRIES, _TRY_SECONDS = 50, 0.01
"""Number of attempts to delete a folder while files may still be written to it, and the time between them."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Errors of writing. Errors of the input, which is read at the same time, have other numbers."""

_live: dict[Path, bytes] = {}
"""Folders of the drafts of this process, and the encoded names of their destinations."""

_turn = threading.Lock()


@contextmanager
def draft(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a path to write to; on success, the file or folder there gets its name, and after an error it is deleted.

    The folder of the yielded path is deleted at the end, and can hold temporary files.

    Parameters
    ----------
    path
        Path of the file or folder when it is complete.
    overwrite
        Whether to replace a file or folder of this name.

    Raises
    ------
    FileExistsError
        If another draft for this path is in use, or if `overwrite` is False and the path exists at the end.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from vmm.io.drafts import draft
    >>> path = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with draft(path, overwrite=False) as temporary:
    ...     _ = temporary.write_text("complete")
    ...     path.exists()
    False
    >>> path.read_text()
    'complete'
    """
    target = path.absolute()
    with ExitStack() as stack:
        with undivided():
            folder, lock = _begin(path, target)
            stack.callback(_end, folder, lock, os.getpid())
            stack.enter_context(cleaned_up(partial(_remove_persistently, folder)))
        temporary = folder / f"draft{path.suffix}"
        with _errors_that_name(path, temporary):
            yield temporary
            with undivided():
                _publish(temporary, target, path, overwrite=overwrite)


def _end(folder: Path, lock: int, owner: int) -> None:
    """Delete the folder of a draft; the child of a fork leaves it to its parent."""
    os.close(lock)  # Windows cannot delete an open file.
    if os.getpid() == owner:
        with undivided():
            _remove(folder)
            _live.pop(folder, None)


def check_unused(path: Path) -> None:
    """Raise FileExistsError if a draft for the path is in use; remove the drafts of processes that were killed."""
    target = path.absolute()
    if os.fsencode(target.name) in _names_in_use(target.parent):
        raise FileExistsError(
            f"{path}: another run is writing this file at the moment; wait until it has ended, or choose another name"
        )


def _begin(path: Path, target: Path) -> tuple[Path, int]:
    """Create the folder of a draft and its locked file; return the folder and the descriptor of the file."""
    with _in_turn(target.parent):
        check_unused(path)
        name = os.fsencode(target.name)
        while True:
            try:
                folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target.parent))
            except OSError as error:
                raise type(error)(error.errno, error.strerror, str(path)) from None
            _live[folder] = name
            lock = _locked_file(folder, name)
            if lock is not None:
                return folder, lock
            del _live[folder]


@contextmanager
def _in_turn(folder: Path) -> Iterator[None]:
    """Keep other threads and, if the file system can lock folders, other processes from beginning a draft here."""
    with _turn:
        if fcntl is None:
            yield
            return
        descriptor, end = None, time.monotonic() + _TURN_SECONDS
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            while not _is_locked(descriptor) and time.monotonic() < end:
                time.sleep(0.005)
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)


def _locked_file(folder: Path, name: bytes) -> int | None:
    """Create the locked file; None if another process has removed it or the folder, which it took for a leftover."""
    path = folder / _LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError:
        return None
    try:
        is_own = _is_locked(lock)
    except OSError:  # The file system has no locks, so that nobody takes the draft for a leftover.
        is_own = True
    os.lseek(lock, 0, os.SEEK_SET)
    os.write(lock, platform.node().encode() + b"\n" + name)
    if is_own and path.exists():
        return lock
    os.close(lock)
    return None


def _is_locked(descriptor: int) -> bool:
    """Lock a file, or return False if another process or thread has locked it; raise OSError if there are no locks."""
    try:
        if fcntl is None:
            import msvcrt

            os.lseek(descriptor, _LOCK_POSITION, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _names_in_use(parent: Path) -> set[bytes]:
    """Encoded names of the destinations of the drafts in use in a folder; the other drafts of the user are removed."""
    names = {name for folder, name in list(_live.items()) if folder.parent == parent}
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            folder = parent / entry.name
            if entry.name.startswith(PREFIX) and folder not in _live and _is_own(entry):
                with suppress(OSError):
                    names |= _checked(folder)
    return names


def _is_own(entry: os.DirEntry[str]) -> bool:
    status = entry.stat(follow_symlinks=False)
    return stat.S_ISDIR(status.st_mode) and (not hasattr(os, "getuid") or status.st_uid == os.geteuid())


def _checked(folder: Path) -> set[bytes]:
    """The name of the destination of a draft, if it is in use; otherwise the draft is removed."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:  # Its process was killed before it created the file, or after it removed all others.
        folder.rmdir()
        return set()
    try:
        is_abandoned = _is_locked(lock)
        os.lseek(lock, 0, os.SEEK_SET)
        machine, _, name = os.read(lock, 4096).partition(b"\n")
        if not is_abandoned:
            return {name}
        if machine not in (b"", platform.node().encode()) and time.time() - _last_change(folder) < _ABANDONED:
            return set()
    finally:
        os.close(lock)
    _remove(folder)
    return set()


def _last_change(folder: Path) -> float:
    """Time of the last change in a folder and the folders in it, in seconds since the epoch."""
    return max(os.lstat(path).st_mtime for path in (folder, *folder.rglob("*")))


def _remove(folder: Path) -> None:
    """Delete the folder of a draft. Its locked file is the last in it, because a folder without one is not examined."""
    with suppress(OSError):
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != _LOCK:
                entry.unlink(missing_ok=True)
        (folder / _LOCK).unlink(missing_ok=True)
        folder.rmdir()


def _remove_persistently(folder: Path) -> None:
    """Delete the folder of a draft into which worker threads write until the process ends."""
    for _ in range(_TRIES):
        _remove(folder)
        if not folder.exists():
            return
        time.sleep(_TRY_SECONDS)


def _publish(temporary: Path, target: Path, path: Path, *, overwrite: bool) -> None:
    """Give the draft its name; the path is the destination as the caller names it."""
    try:
        if overwrite:
            _replace(temporary, target)
        elif temporary.is_dir():
            _name_folder(temporary, target)
        else:
            _name_file(temporary, target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise FileExistsError(
            f"{path} was created by another program or run in the meantime and is left as it is; choose another name, "
            "or overwrite it (overwrite=True, --overwrite on the command line)"
        ) from None


def _replace(temporary: Path, target: Path) -> None:
    """Give the draft its name in place of whatever has it; a folder is moved away first, because it is not replaced."""
    old = temporary.with_name("replaced")
    is_folder = target.is_dir() and not target.is_symlink()
    if not (is_folder or (temporary.is_dir() and os.path.lexists(target))):
        os.replace(temporary, target)
        return
    os.rename(target, old)
    try:
        os.rename(temporary, target)
    except OSError:
        os.rename(old, target)
        raise


def _name_folder(temporary: Path, target: Path) -> None:
    """Give a folder its name, which no other file may have."""
    if os.name != "nt":  # There, a folder is never replaced; elsewhere, an empty one is, such as that created here.
        target.mkdir()
    try:
        os.rename(temporary, target)
    except OSError:
        if os.name != "nt":
            with suppress(OSError):
                target.rmdir()
        raise


def _name_file(temporary: Path, target: Path) -> None:
    """Give a file its name, which no other file may have."""
    if os.name == "nt":  # There, a file is never replaced.
        os.rename(temporary, target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # The file system has no hard links: an empty file, which only one run can create, is replaced.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            os.replace(temporary, target)
        except OSError:
            target.unlink(missing_ok=True)
            raise


@contextmanager
def _errors_that_name(path: Path, temporary: Path) -> Iterator[None]:
    """Let errors name the destination in place of the draft."""
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            is_inside = error.filename is not None and str(temporary.parent) in os.fsdecode(error.filename)
            if is_inside or (error.filename is None and error.errno in _FULL and error.strerror):
                raise type(error)(error.errno, error.strerror, str(path)) from error
            if re.fullmatch(r"\d+ requested and \d+ written", str(error)):  # NumPy, in place of the reason
                raise OSError(f"{path}: the disk is full, or the file is larger than allowed ({error})") from error
        error.args = tuple(
            part.replace(str(temporary), str(path)) if isinstance(part, str) else part for part in error.args
        )
        raise
