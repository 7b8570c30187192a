"""Coverage-guided attack on a reader: ``python -m tests.fuzz._coverage NAME FOLDER [OPTION ...]``.

NAME is that of a sample, such as ``p12.cine``, ``a.cih`` or ``deflate.tif``, or ``result.npz`` for a saved result, or
``presets`` for the words of a command with a preset; inputs that reach new code are collected in FOLDER; the options
are those of libFuzzer, such as ``-max_total_time=300``. It needs the package atheris.
"""

from __future__ import annotations

import contextlib
import functools
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]
import numpy as np

with atheris.instrument_imports(include=["vmm.io", "vmm.cli", "vmm.measure.export", "tifffile", "zipfile"]):
    import zipfile  # noqa: F401

    import tifffile  # noqa: F401

    import vmm.cli
    import vmm.io.phantom
    import vmm.io.photron
    import vmm.io.tiff
    import vmm.measure

from ._samples import sample

_MAX_FRAMES = 2
"""Frames that are read from each input."""

_PRESET = b"riesz\n--preset\nguitar\n--fs\n600\n--alpha\n10"


def attack(name: str, folder: Path) -> tuple[bytes, Callable[[bytes], None]]:
    """The intact input, and the function that reads another one in its place; only known errors may occur."""
    if name == "presets":
        return _PRESET, lambda data: _command(data, folder)
    if name == "result.npz":
        return _result(folder / name), lambda data: _load(data, folder / name)
    (first, intact), *companions = sample(name).items()
    for path, data in companions:
        (folder / path).write_bytes(data)
    return intact, lambda data: _read(data, folder / first)


def _read(data: bytes, path: Path) -> None:
    """Read the first frames of a recording."""
    path.write_bytes(data)
    with _known_errors(path.parent):
        next(vmm.io.stream(path, fs=30.0, chunk=_MAX_FRAMES))


def _load(data: bytes, path: Path) -> None:
    """Read a saved result."""
    path.write_bytes(data)
    with _known_errors(path.parent):
        vmm.measure.load(path)


@contextlib.contextmanager
def _known_errors(folder: Path) -> Iterator[None]:
    """Pass over an error that names a file in the folder."""
    try:
        yield
    except (ValueError, OSError) as error:
        assert str(folder) in str(error), f"{error} names no file"


def _result(path: Path) -> bytes:
    """The bytes of a saved result."""
    values = np.random.default_rng(0).normal(size=(40, 1, 2)).cumsum(axis=0)
    vmm.measure.save(path, vmm.measure.spectrum(values, fs=30.0))
    return path.read_bytes()


_parser = functools.cache(vmm.cli._parser)


def _command(data: bytes, folder: Path) -> None:
    """Run a command whose input is missing: one line on the standard error, and nothing else."""
    vmm.cli._parser = _parser  # It is made once: that takes longer than all else.
    verb, *words = data.decode("utf-8", "replace").split("\n")
    text, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(errors):
        try:
            status: Any = vmm.cli.main([verb, str(folder / "in.mkv"), str(folder / "out.mkv"), *words])
        except SystemExit as stop:
            status = stop.code
    lines = errors.getvalue().splitlines()
    is_help = status == 0 and not lines and text.getvalue()
    assert is_help or (status == 2 and len(lines) == 1), f"status {status}: {lines}"
    assert not list(folder.iterdir()), "a file is left"


def main(name: str, collected: str, *options: str) -> None:
    """Attack until an error occurs or the time is over."""
    with tempfile.TemporaryDirectory() as folder:
        Path(collected).mkdir(exist_ok=True)
        intact, attacked = attack(name, Path(folder))
        (Path(collected) / "intact").write_bytes(intact)
        atheris.Setup(["fuzz", *options, collected], attacked)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
