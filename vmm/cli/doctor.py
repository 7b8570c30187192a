"""The command ``doctor``: what is installed, what works, and how fast this machine is."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any

import vmm
from vmm.cli.outputs import print_table

_PACKAGES = ("numpy", "scipy", "numba", "onnxruntime", "imageio-ffmpeg")
"""Packages whose version matters most for results and speed."""

_EXTRAS = {
    "app": ("starlette", "the app in a browser"),
    "dask": ("distributed", "batch on several machines"),
    "fast": ("rocket-fft", "faster transforms of the phase method"),
    "tiff": ("imagecodecs", "TIFF files with rare compressions"),
    "train": ("torch", "training of networks"),
    "uff": ("pyuff", "export to software for modal analysis"),
    "zarr": ("zarr", "Zarr stores as input and output"),
}
"""The package that shows that an extra is installed, and its purpose."""

_SIZE, _FRAMES = (180, 320), 60
"""Frames of the speed check."""


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Show what is installed, which programs and folders are used, and how fast this machine is."
    more = "The exit status is 1 if something that every command needs does not work."
    verb = verbs.add_parser("doctor", help=summary, description=f"{summary} {more}")
    verb.set_defaults(run=_doctor)


def versions() -> str:
    """Versions of the program, of Python and of the packages that matter most, in one line."""
    packages = ", ".join(f"{name} {_version(name) or 'missing'}" for name in _PACKAGES)
    return f"vmm {vmm.__version__} (Python {platform.python_version()}, {packages})"


def _version(package: str) -> str:
    """Version of a package; empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _doctor(_: argparse.Namespace) -> int:
    """Print the table; return 1 if something essential does not work."""
    works, program = _ffmpeg()
    rows = [
        ("vmm", vmm.__version__),
        ("Python", f"{platform.python_version()}, {sys.executable}"),
        ("system", platform.platform()),
        *((name, _version(name) or "missing: install vmm again") for name in _PACKAGES),
        ("ffmpeg", program),
        ("threads", _threads()),
        ("GPU", _gpu()),
        ("compiled code", _cache()),
    ]
    print_table([("part", "state"), *rows])
    installed = [(name, _version(package), purpose) for name, (package, purpose) in _EXTRAS.items()]
    hint = 'not installed: pip install "vmm-toolkit[{}]"'
    print()
    print_table([("extra", "purpose", "state"), *((n, purpose, v or hint.format(n)) for n, v, purpose in installed)])
    print(f"\nSpeed: {_speed():.0f} frames/s of {_SIZE[1]} x {_SIZE[0]} pixels by the method riesz")
    return int(not works or not all(map(_version, _PACKAGES)))


def _ffmpeg() -> tuple[bool, str]:
    """Whether ffmpeg works, and its path and version or what is wrong."""
    from vmm.io.program import ffmpeg

    try:
        program = ffmpeg()
        text = subprocess.run([program, "-version"], capture_output=True, text=True, check=True, timeout=30).stdout
    except Exception as error:
        return False, f"does not work: {error}"
    words = text.split()
    return True, f"{words[2] if len(words) > 2 else 'unknown version'}, {program}"


def _threads() -> str:
    from vmm.backend.threads import cores

    source = "from VMM_THREADS" if os.environ.get("VMM_THREADS") else "all cores that this process may use"
    return f"{cores()}, {source}"


def _gpu() -> str:
    from vmm.backend.device import device_name

    try:
        return device_name()
    except Exception as error:  # CuPy raises errors of many kinds if its libraries do not fit.
        return f"not used: {error}"


def _cache() -> str:
    """The folder of the compiled kernels, and whether it can be written."""
    from vmm.backend.cpu.compiling import cache_folder

    folder = cache_folder()
    if folder is None:
        return "not stored, because no folder can be written: every start compiles again; set NUMBA_CACHE_DIR"
    return f"stored in {folder}"


def _speed() -> float:
    """Frames per second of a small clip, after the first call, which may compile."""
    from vmm.data import synthetic

    clip = synthetic.render(synthetic.texture(_SIZE), synthetic.sway(_FRAMES, 30, 2, 0.2))
    start = perf_counter()
    for _ in range(2):
        start = perf_counter()
        vmm.riesz.magnify(clip, (1, 3), fs=30)
    return len(clip) / (perf_counter() - start)
