"""Properties of a file that change the numbers measured in it, and a record of the notices that were printed."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import vmm
from vmm.io.codecs import codec_loss
from vmm.io.drafts import draft

_MAX_LINES = 1000
"""Files in the record; the oldest are forgotten, and their notices are printed again."""


def motion_notice(path: Path, *, playlists: bool = False, info: vmm.io.Info | None = None) -> str:
    """One line about properties of a file that change measured motion, or an empty string."""
    info = vmm.io.info(path, playlists=playlists) if info is None else info
    notices = []
    if "first" in info.field_order:
        notices.append("interlaced frames show two instants, which makes motion too small")
    if info.pixel_aspect != 1:
        aspect = f"{info.pixel_aspect.numerator}:{info.pixel_aspect.denominator}"
        notices.append(f"pixels are {aspect}, so that a pixel to the right is not as long as one down")
    if (loss := codec_loss(path, info)) is not None:
        notices.append(str(loss))
    return f"{path.name}: {'; '.join(notices)}; vmm info {path.name} says more" if notices else ""


def length_notice(bands: Sequence[tuple[float, float]], count: int, fs: float) -> str:
    """A sentence about the first band (low, high) in Hz that a clip cannot resolve, or an empty string.

    A band is resolved by a clip that holds a period of its lower edge and lasts for the inverse of its width.
    """
    for low, high in bands:
        needed = max(1 / low, 1 / (high - low)) if 0 < low < high else 0.0
        if 1 < count < needed * fs:
            return (
                f"the clip lasts {count / fs:.3g} s, and a band of {low:g} to {high:g} Hz needs {needed:.3g} s: "
                "motion of other frequencies is magnified, too"
            )
    return ""


def is_first_time(path: Path, message: str) -> bool:
    """Whether a message about a file was not printed yet, as long as the file is unchanged; it is recorded."""
    try:
        status = path.stat()
        text = f"{path.resolve()} {status.st_size} {status.st_mtime_ns} {message}"
        key = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
        record = _cache_folder() / "notices.txt"
        lines = record.read_text().split() if record.exists() else []
        if key in lines:
            return False
        record.parent.mkdir(parents=True, exist_ok=True)
        with draft(record, overwrite=True) as temporary:
            temporary.write_text("\n".join([*lines, key][-_MAX_LINES:]) + "\n")
    except (OSError, ValueError):  # The message is printed again if it cannot be recorded.
        pass
    return True


def _cache_folder() -> Path:
    """The folder for files that can be deleted at any time; the variable VMM_CACHE names another one."""
    if folder := os.environ.get("VMM_CACHE"):
        return Path(folder)
    variable, default = ("LOCALAPPDATA", "AppData/Local") if sys.platform == "win32" else ("XDG_CACHE_HOME", ".cache")
    return Path(os.environ.get(variable) or Path.home() / default) / "vmm"
