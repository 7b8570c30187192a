"""Memory, files, threads and child processes of a process that works for long: ``python -m benchmarks soak``."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import vmm
from vmm.data import synthetic

CLIPS = 200
"""Number of clips in 10 minutes."""

FRAMES = 20_000
"""Number of frames of a long clip in 10 minutes."""

LONG: dict[str, dict[str, Any]] = {
    "linear": {"band": (2, 4)},
    "riesz": {"band": (2, 4)},
    "gradient": {"band": (2, 4)},
    "phase": {"band": (2, 4), "temporal": vmm.temporal.causal, "chroma": None},
}
"""Methods, with their options, through which the long clips go."""

FORMATS = (".mkv", ".mp4", ".avi", ".mov", ".nut", ".tif", ".gif", "")
"""Formats of the short clips, the last of which is a folder of images."""

MAX_GROWTH = 64.0
"""Growth of the memory in MB up to which the result is "steady"; the allocator of the system does not return all."""

_CHUNK = 16


@dataclass(frozen=True)
class Usage:
    """Resident memory in MB, open file descriptors, threads and child processes of this process."""

    memory: float
    descriptors: int
    threads: int
    children: int


def usage() -> Usage:
    """What this process uses, after the deletion of objects that nothing refers to."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    children = sum(len(path.read_text().split()) for path in Path("/proc/self/task").glob("*/children"))
    descriptors = len(os.listdir("/proc/self/fd"))
    return Usage(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, descriptors, threading.active_count(), children)


def short_clips(folder: Path, count: int) -> tuple[Usage, Usage]:
    """Read, magnify and measure clips of all formats by all methods; usage after one round of methods, and at the end.

    Every fifth clip is left in the middle, as by a consumer that fails.
    """
    tasks: list[Any] = [
        *(partial(_magnified, name) for name in (*vmm.METHODS, "realtime", "lightweight")),
        *_MEASUREMENTS,
    ]
    start = usage()
    frames = np.repeat(synthetic.render(synthetic.texture((40, 48)), synthetic.sway(24, 30, 3, 0.3))[..., None], 3, -1)
    for i in range(count):
        suffix = FORMATS[i % len(FORMATS)]
        path, out = folder / f"clip{suffix}", folder / f"out{suffix}"
        vmm.io.write(path, frames, 30, overwrite=True)
        result = tasks[i % len(tasks)](vmm.io.stream(path, chunk=8, fs=30))
        if isinstance(result, Iterator) and i % 5 == 4:
            next(result)
        elif isinstance(result, Iterator):
            vmm.io.write(out, result, 30, overwrite=True)
        if i + 1 == min(len(tasks), count):
            start = usage()
    return start, usage()


def _magnified(name: str, clip: vmm.io.Clip) -> Any:
    band: dict[str, Any] = {"frequency": 3} if name in ("acceleration", "jerk", "anisotropy", "bilateral") else {}
    return getattr(vmm, name).magnify(clip, **(band or {"band": (2, 4)}))


_MEASUREMENTS: list[Callable[[Any], Any]] = [
    vmm.measure.displacement,
    vmm.measure.field,
    vmm.measure.suggest,
    vmm.measure.faults,
]


def long_clip(name: str, n_frames: int) -> tuple[Usage, Usage]:
    """Pass a long clip through a method; usage after a tenth of it, and at the end."""
    frames = synthetic.render(synthetic.texture((32, 40)), synthetic.sway(240, 30, 3, 0.3))
    chunks = (frames[i % 240 : i % 240 + _CHUNK] for i in range(0, n_frames // _CHUNK * _CHUNK, _CHUNK))
    start, n_read = usage(), 0
    for chunk in getattr(vmm, name).magnify(chunks, fs=30, **LONG[name]):
        if n_read < n_frames / 10 <= n_read + len(chunk):
            start = usage()
        n_read += len(chunk)
    return start, usage()


def row(text: str, start: Usage, end: Usage) -> str:
    """One row of the table: each figure at the start and at the end, and whether anything grew."""
    grew = [name for name, a, b in _figures(start, end) if b > a + (MAX_GROWTH if name == "memory" else 0)]
    pairs = [f"{a:.0f} -> {b:.0f}" for _, a, b in _figures(start, end)]
    return f"| {' | '.join([text, *pairs, 'grew: ' + ', '.join(grew) if grew else 'steady'])} |"


def _figures(start: Usage, end: Usage) -> list[tuple[str, float, float]]:
    names = ("memory", "descriptors", "threads", "children")
    return [*zip(names, astuple(start), astuple(end), strict=True)]


def rows(minutes: float, methods: Sequence[str] = tuple(LONG)) -> Iterator[str]:
    """The rows of the table."""
    n_clips, n_frames = max(1, round(CLIPS * minutes / 10)), max(10 * _CHUNK, round(FRAMES * minutes / 10))
    with tempfile.TemporaryDirectory() as folder:
        yield row(f"{n_clips} clips, all methods", *short_clips(Path(folder), n_clips))
    for name in methods:
        yield row(f"{n_frames} frames, {name}", *long_clip(name, n_frames))


def main(arguments: Sequence[str] = ()) -> None:
    """Print the table from the command line; the status is 1 if anything grew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="about the time on two idle cores [10]")
    parser.add_argument("--quick", action="store_true", help="the same as --minutes 1")
    options = parser.parse_args(arguments)
    if not Path("/proc/self/statm").exists():
        parser.error("this benchmark reads /proc, which only Linux has")
    head = ("work", "memory in MB", "descriptors", "threads", "children", "result")
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}", flush=True)
    texts = []
    for text in rows(1.0 if options.quick else options.minutes):
        print(text, flush=True)
        texts.append(text)
    if any("grew: " in text for text in texts):
        sys.exit(1)
