"""Coverage-guided attack on a reader: ``python -m tests.fuzz._coverage NAME FOLDER [OPTION ...]``.

NAME is that of a sample, such as ``p12.cine``, ``a.cih`` or ``deflate.tif``; inputs that reach new code are collected
in FOLDER; the options are those of libFuzzer, such as ``-max_total_time=300``. It needs the package atheris.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["vmm.io", "tifffile"]):
    import tifffile  # noqa: F401

    import vmm.io.phantom
    import vmm.io.photron
    import vmm.io.tiff

from ._samples import sample

_MAX_FRAMES = 2
"""Frames that are read from each input."""


def attack(name: str, folder: Path) -> Callable[[bytes], None]:
    """The function that reads the sample with other bytes in place of its first file; only known errors may occur."""
    first, *companions = sample(name).items()
    for path, data in companions:
        (folder / path).write_bytes(data)

    def read(data: bytes) -> None:
        (folder / first[0]).write_bytes(data)
        try:
            clip = vmm.io.stream(folder / first[0], fs=30.0, chunk=_MAX_FRAMES)
            next(clip)
        except (ValueError, OSError) as error:
            assert str(folder) in str(error), f"{error} names no file"

    return read


def main(name: str, collected: str, *options: str) -> None:
    """Attack until an error occurs or the time is over."""
    with tempfile.TemporaryDirectory() as folder:
        Path(collected).mkdir(exist_ok=True)
        (Path(collected) / "intact").write_bytes(next(iter(sample(name).values())))
        atheris.Setup(["fuzz", *options, collected], attack(name, Path(folder)))
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
