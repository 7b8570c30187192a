"""Networks with the weights that their authors published, if the files exist."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from vmm.learned.network import files

FOLDER = Path(__file__).parents[3] / "shared" / "weights"
FILES = {  # name: file, kind
    "published light": ("lightweight_light_published.npz", "lightweight"),
    "published MagNet": ("magnet_cgst.npz", "magnet"),
    "published MagNet, Zheng": ("magnet_zheng_layout.npz", "magnet"),
}


@cache
def published() -> tuple[dict[str, str], dict[str, str]]:
    """Paths of the converted networks by name, and the reasons for missing ones by name."""
    paths, missing = {}, {}
    for name, (file, kind) in FILES.items():
        try:
            paths[name] = _converted(file, kind)
        except (ImportError, OSError, ValueError) as error:
            missing[name] = str(error)
    return paths, missing


def _converted(file: str, kind: str) -> str:
    """Path of the converted weights; the conversion takes a minute, so its result is cached on disk."""
    source = FOLDER / file
    if not source.exists():
        raise OSError(f"{file} does not exist in {FOLDER}")
    path = _cache_folder() / f"{source.stem}-{source.stat().st_size}.onnx"
    if not all(one.exists() for one in files(path).values()):
        from vmm.train.convert import convert

        convert(source, path, kind)
    return str(path)


def _cache_folder() -> Path:
    """Cache folder of the user."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "vmm"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
