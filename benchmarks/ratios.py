"""``python -m benchmarks ratios``: CPU time of a frame of every method, on one core, over that of default ``phase``.

The cases are run in turn several times, and the fastest time of each counts, so that other work on the machine disturbs
the ratios little. With ``--old FOLDER``, the cases that another version of the library has are run by it in turn with
those of this one.
"""

from __future__ import annotations

import argparse
import inspect
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SIZES = {"360p": (360, 640), "720p": (720, 1280)}
BAND, ALPHA, FS = (2.0, 6.0), 10.0, 30.0
FRAMES = 52
"""Number of frames: four lengths of the delay of the filter, so that most of them lie in the middle of a clip."""

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "phase": ("phase", {}),
    "phase, sigma 0": ("phase", {"sigma": 0.0}),
    "phase, sigma 3": ("phase", {"sigma": 3.0}),
    "phase, causal": ("phase", {"temporal": "butterworth"}),
    "phase, causal, sigma 0": ("phase", {"temporal": "butterworth", "sigma": 0.0}),
    "phase, causal, sigma 3": ("phase", {"temporal": "butterworth", "sigma": 3.0}),
    "phase, causal, sigma 0, chroma in place": (
        "phase",
        {"temporal": "butterworth", "sigma": 0.0, "chroma": None},
    ),
    "linear": ("linear", {}),
    "gradient": ("gradient", {}),
    "acceleration": ("acceleration", {}),
    "jerk": ("jerk", {}),
    "bilateral": ("bilateral", {}),
    "anisotropy": ("anisotropy", {}),
    "lagrangian": ("lagrangian", {}),
}
OLD = ("phase, causal, sigma 0, chroma in place", "phase, causal, sigma 3", "linear")
"""Cases that are also run by another version of the library."""


def frames(size: str) -> np.ndarray:
    """A color clip that vibrates by 0.1 px at 2.5 Hz, with noise of 1 gray level, in uint8."""
    import scipy.ndimage

    height, width = SIZES[size]
    rng = np.random.default_rng(0)
    image = scipy.ndimage.gaussian_filter(rng.normal(size=(height, width)), 1.3)
    image = 128 + 40 * image / image.std()
    slope = np.gradient(image, axis=1)
    waves = 0.1 * np.sin(2 * np.pi * 2.5 * np.arange(FRAMES) / FS)
    noise = rng.normal(size=(height, width + FRAMES))
    gray = np.stack([image - wave * slope + noise[:, t : t + width] for t, wave in enumerate(waves)])
    return np.clip(gray[..., None] * np.array([1.0, 0.9, 0.8]), 0, 255).astype(np.uint8)


def worker() -> None:
    """Answer lines ``SIZE<tab>CASE`` of the standard input by milliseconds of CPU time for a frame."""
    import vmm

    vmm.set_threads(1)
    clips: dict[str, np.ndarray] = {}
    for line in sys.stdin:
        size, case = line.rstrip("\n").split("\t")
        clip = clips[size] if size in clips else clips.setdefault(size, frames(size))
        name, settings = CASES[case]
        function = getattr(vmm, name).magnify
        parameters = inspect.signature(function).parameters
        settings = {key: value for key, value in settings.items() if key in parameters}  # an old version has fewer
        if "temporal" in settings:
            settings["temporal"] = getattr(vmm.temporal, settings["temporal"])
        where = 2.5 if "frequency" in parameters else BAND
        start = time.process_time()
        for _ in function(iter([clip]), where, fs=FS, alpha=ALPHA, **settings):
            pass
        print(1000 * (time.process_time() - start) / FRAMES, flush=True)


class Library:
    """A version of the library in a process of its own."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore", __file__, "worker"]
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def milliseconds(self, size: str, case: str) -> float:
        """CPU time of a frame."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{size}\t{case}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def table(size: str, cases: Sequence[str], repeats: int, old: Path | None) -> Iterator[str]:
    """Lines of a table in Markdown for one size."""
    here = Library(Path(__file__).parents[1])
    there = None if old is None else Library(old)
    runs = [(case, here) for case in cases] + [(case, there) for case in cases if there and case in OLD]
    fastest: dict[Any, float] = {}
    for repeat in range(repeats + 1):  # the first run compiles
        for case, library in runs:
            assert library is not None
            value = library.milliseconds(size, case)
            if repeat:
                fastest[case, library] = min(value, fastest.get((case, library), value))
    unit = fastest[cases[0], here]
    yield f"| {size} | ms | over {cases[0]} | ms of the old version | over the old version |"
    yield "| --- | --- | --- | --- | --- |"
    for case in cases:
        own, other = fastest[case, here], fastest.get((case, there))
        columns = "| |" if other is None else f"{other:.1f} | {own / other:.2f} |"
        yield f"| {case} | {own:.1f} | {own / unit:.2f} | {columns}"
    for library in filter(None, (here, there)):
        library.close()


def main(arguments: Sequence[str] = ()) -> None:
    """Print the tables from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ratios", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="cases, the first of which is the unit [all]")
    parser.add_argument("--size", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--repeats", type=int, default=3, help="runs of each case after the first [3]")
    parser.add_argument("--old", type=Path, help="folder of another version of the library")
    options = parser.parse_args(arguments)
    for size in options.size:
        for line in table(size, options.cases or list(CASES), options.repeats, options.old):
            print(line, flush=True)
        print(flush=True)


if __name__ == "__main__":
    worker()
