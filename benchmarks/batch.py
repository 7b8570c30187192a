"""``python -m benchmarks batch``: ``vmm batch`` over many small clips, some of them damaged.

The clips have 40 frames of 96x64 pixels. Ten kinds of damage take turns: an empty file, text, two files that are cut,
random bytes, a link to nothing, a folder, a clip of one frame, zeros in the middle, and a file without its beginning.
The table holds, for each number of jobs, what became of the clips, clips in a minute, CPU time for a clip, and the
memory of the process that hands out the clips, early and at its largest.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

import vmm
from vmm.data import synthetic

SIZE, COUNT, FS = (64, 96), 40, 30.0
COMMAND = ["phase", "--band", "3", "6", "--alpha", "10", "--fs", "30"]


def _replaced(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def _rewritten(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


DAMAGE: tuple[Callable[[Path], object], ...] = (
    _rewritten(lambda _: b""),
    _rewritten(lambda _: b"hello"),
    _rewritten(lambda data: data[: len(data) // 3]),
    _rewritten(lambda data: data[:200]),
    _rewritten(lambda data: np.random.default_rng(0).bytes(3000)),
    _replaced(lambda path: path.symlink_to("nowhere.mp4")),
    _replaced(Path.mkdir),
    _replaced(lambda path: vmm.io.write(path, _clip(0)[:1], FS)),
    _rewritten(lambda data: data[:40] + bytes(500) + data[540:]),
    _rewritten(lambda data: data[len(data) // 2 :]),
)
"""Ways in which a file is damaged."""


def _clip(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    gray = synthetic.render(synthetic.texture(SIZE), synthetic.sway(COUNT, FS, rng.uniform(3, 6), 0.3), seed=seed)
    return np.repeat(gray[..., None], 3, axis=3)


def make(folder: Path, count: int, damaged: int) -> None:
    """Write the clips, and damage some of them, evenly spread."""
    for n in range(count):
        vmm.io.write(folder / f"clip{n:04d}.mp4", _clip(n), FS)
    for kind, n in enumerate(np.linspace(0, count, damaged, endpoint=False).astype(int)):
        DAMAGE[kind % len(DAMAGE)](folder / f"clip{n:04d}.mp4")


def _memory(process: int) -> float:
    """Resident memory of a process in MB; 0 where the system does not state it."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def measured(clips: Path, out: Path, jobs: int) -> str:
    """A row of the table: run the batch and watch it."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    words = [sys.executable, "-m", "vmm", "batch", f"{clips}/*.mp4", "--out", str(out), "--jobs", str(jobs), "--quiet"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [*words, "--", *COMMAND], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    samples = []
    while process.poll() is None:
        samples.append(_memory(process.pid))
        time.sleep(1)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    with (out / "vmm_batch.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    results = Counter(row["result"] for row in rows)
    silent = sum(row["result"] == "failed" and not row["message"] for row in rows)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    early = samples[min(10, len(samples) - 1)]
    return (
        f"| {jobs} | {results['done']} | {results['failed']} | {silent} | {process.returncode} "
        f"| {60 * len(rows) / wall:.0f} | {cpu / len(rows):.2f} | {early:.0f} | {max(samples):.0f} |"
    )


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks batch", description=__doc__)
    parser.add_argument("--clips", type=int, default=60, help="number of clips. Default: 60.")
    parser.add_argument("--damaged", type=int, default=10, help="how many of them are damaged. Default: 10.")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="files at a time. Default: 1 2.")
    options = parser.parse_args(arguments)
    print("| jobs | done | failed | failed without a reason | exit status | clips/min | CPU s/clip | MB early | MB |")
    print("| --- " * 9 + "|")
    with tempfile.TemporaryDirectory() as folder:
        clips = Path(folder, "clips")
        clips.mkdir()
        make(clips, options.clips, options.damaged)
        for jobs in options.jobs:
            print(measured(clips, Path(folder, f"out{jobs}"), jobs), flush=True)
