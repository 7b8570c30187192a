"""Networks with the weights of their authors, where those are at hand."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from vmm.learned.network import files

FOLDER = Path(__file__).parents[3] / "shared" / "weights"
FILES = {  # name: file, kind
    "published light": ("lightweight_light_published.npz", "lightweight"),
    "published MagNet": ("magnet_cgst.npz", "magnet"),
}


@cache
def published() -> tuple[dict[str, str], dict[str, str]]:
    """What is at hand, written as graphs: path by name; and what is not, with the reason."""
    found, missing = {}, {}
    for name, (file, kind) in FILES.items():
        try:
            found[name] = _converted(file, kind)
        except (ImportError, OSError) as error:
            missing[name] = str(error)
    return found, missing


def _converted(file: str, kind: str) -> str:
    """The path of published weights as the library runs them: written once, for it takes a minute."""
    source = FOLDER / file
    if not source.exists():
        raise OSError(f"{file} is not at hand")
    path = _kept() / f"{source.stem}-{source.stat().st_size}.onnx"
    if not all(one.exists() for one in files(path).values()):
        from vmm.train.convert import convert

        convert(source, path, kind)
    return str(path)


def _kept() -> Path:
    """The user's folder for what can be made again."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "vmm"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
