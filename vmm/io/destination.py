"""Checks of the path that a file is written to."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from vmm.io.drafts import check_unused

_MAX_NAME = 255
"""Longest name of a file in bytes; Windows counts characters instead."""

_STEM = 40
"""Characters of a name that is too long which the message repeats."""

_PACKAGES = {".uff": "pyuff"}
"""Packages that are needed to write files, by the extension of the files."""


def check_destination(path: Path, *, overwrite: bool) -> None:
    """Raise if a file cannot be written to the path.

    The path must name a file that does not exist or may be overwritten and that no other run is writing, in a folder
    that exists and can be written; its name must not be too long, and packages that its format needs must be installed.
    """
    check_name(path)
    package = _PACKAGES.get(path.suffix.lower())
    if package is not None and find_spec(package) is None:
        raise ImportError(f"{path}: writing {path.suffix} files needs the package {package}: pip install {package}")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ValueError(f"{path} is a device or a pipe: give the name of a file, which can be replaced when complete")
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{path} exists; choose another name, or overwrite it (overwrite=True, --overwrite on the command line)"
        )
    folder = path.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder to write {path.name} to")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder}: this folder cannot be written")
    check_unused(path)


def check_name(path: Path) -> None:
    """Raise if no file or folder can have the name, or if it means the standard output."""
    if str(path) == "-":
        raise ValueError("the output - is no file: vmm does not write to the standard output; give the name of a file")
    if len(os.fsencode(path.name)) > _MAX_NAME:
        raise ValueError(f"{path.name[:_STEM]}...: the name of the output has more than {_MAX_NAME} bytes; shorten it")
