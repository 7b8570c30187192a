"""Checks of the path that a file is written to, and files that appear under their name only when they are complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_destination(path: Path, *, overwrite: bool) -> None:
    """Raise if the path exists and must not be overwritten, or if its folder is missing or cannot be written."""
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{path} exists; choose another name, or overwrite it (overwrite=True, --overwrite on the command line)"
        )
    folder = path.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder to write {path.name} to")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder}: this folder cannot be written")


@contextmanager
def temporary_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` on success, and delete it on an error."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        if temporary.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)
