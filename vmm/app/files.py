"""The files of the app: those that the browser may load, by random keys, and those that it may open, below a folder."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Any

VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".wmv", ".mpg", ".ts", ".nut", ".gif")
RECORDINGS = (".cih", ".cihx", ".cine", ".tif", ".tiff", ".zarr")
"""Extensions of files that are listed; a folder that holds images is opened by its path."""

MAX_UPLOAD = 4 * 2**30
"""Bytes of an upload, a few minutes of a phone. A larger file is opened by its path."""

_MAX_ENTRIES = 500
"""Entries of a folder that are listed."""


class SharedFiles:
    """Files that the browser may load: each has a random key, and no other path can be named."""

    def __init__(self) -> None:
        self._paths: dict[str, tuple[Path, str]] = {}

    def share(self, path: Path, name: str = "") -> str:
        """The relative address of a file, which the browser saves under a name."""
        key = secrets.token_urlsafe(12) + path.suffix.lower()
        self._paths[key] = path, name
        return f"file/{key}"

    def find(self, key: str) -> tuple[Path, str] | None:
        """Path and name of the file with a key."""
        return self._paths.get(key)


def inside(root: Path, path: str) -> Path:
    """The path of a file or folder below the root, with links resolved; raise if it is elsewhere."""
    resolved = (root / path).resolve()
    if not resolved.is_relative_to(root):
        raise ValueError(f"{path}: the app opens files below {root} only; start it with another --root to open others")
    return resolved


def listing(root: Path, folder: str) -> dict[str, Any]:
    """The folders and the clips in a folder below the root."""
    path = inside(root, folder)
    folders, clips = [], []
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name.lower()):
        suffix = Path(entry.name).suffix.lower()
        if entry.name.startswith(".") or not _is_inside(root, entry.path):
            continue
        if suffix in (*VIDEOS, *RECORDINGS) and (entry.is_file() or suffix == ".zarr"):
            clips.append({"name": entry.name, "bytes": entry.stat().st_size})
        elif entry.is_dir():
            folders.append(entry.name)
    relative = path.relative_to(root).as_posix()
    return {
        "root": str(root),
        "folder": "" if relative == "." else relative,
        "folders": folders[:_MAX_ENTRIES],
        "clips": clips[:_MAX_ENTRIES],
    }


def _is_inside(root: Path, path: str) -> bool:
    try:
        return Path(path).resolve().is_relative_to(root)
    except OSError:  # A link that leads to itself.
        return False


def upload_name(name: str) -> str:
    """The name of an uploaded file without folders and unusual characters, which keeps its extension."""
    stem, suffix = os.path.splitext(re.split(r"[/\\]", name)[-1])
    if suffix.lower() not in (*VIDEOS, ".tif", ".tiff", ".cine"):
        raise ValueError(f"{name}: an upload must be a video, a TIFF stack or a .cine file")
    return (re.sub(r"[^\w-]", "_", stem)[:100].lstrip("-") or "clip") + suffix.lower()
