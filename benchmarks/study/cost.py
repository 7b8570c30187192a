"""What every method costs: parameters, operations, time a frame and memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.study.cells import cell, failures
from benchmarks.study.entrants import entrants, networks
from benchmarks.study.operations import cost
from benchmarks.study.parts import Block, Job, Results, Setting, Table, Values
from benchmarks.study.peers import peers
from benchmarks.study.probe import measured

TITLE = "Cost"
TEXT = (
    "Parameters and operations at 720 x 720 (Singh et al., WACV 2023, table 1: multiplications and additions each "
    "counted, both frames encoded), counted from the networks' graphs. Time a frame of colour in 8 bits, on one core "
    "and in the full study on two, and memory, each in a process of its own: the median of up to three calls after a "
    "first one of small frames, in which kernels are compiled. Clips are held in memory, in and out."
)
NOTE = (
    "The paper prints 0.98 M parameters and 268.6 G operations for Oh et al., 1.10 M and 375.5 G for its base network "
    "and 0.12 M and 42.4 G for its light one."
)
SIZES = {"384x384": (384, 384, 12), "720x720": (720, 720, 4), "1080p": (1080, 1920, 4)}  # rows, columns, frames
SMALLEST = {"64x96": (64, 96, 8)}
SECONDS, THREADS = {"full": 1.5, "quick": 0.5, "tiny": 0.0}, (1, 2)
TO = ("phase", "MagNet")  # that ratios are taken to: the first entrant of that name, else one that has it in its own


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Parameters of the networks; then every entrant at every size, and peers at the first."""
    nets = networks(setting)
    for name, weights in nets.items():
        yield Job((name, "network"), partial(_counted, weights))
    names = [name for name, one in entrants(setting).items() if one.kind != "nothing"]
    others = peers() if setting.name != "tiny" else {}
    for name in [*names, *others]:
        for size, (height, width, frames) in list(sizes(setting).items())[: 1 if name in others else None]:
            for threads in THREADS if setting.name == "full" else THREADS[:1]:
                what = {"name": name, "weights": nets.get(name, ""), "height": height, "width": width}
                seconds = SECONDS.get(setting.name, 0.5)
                run = partial(_measured, **what, frames=frames, threads=threads, seconds=seconds)
                yield Job((name, size, str(threads)), run, alone=True)


def sizes(setting: Setting) -> dict[str, tuple[int, int, int]]:
    """Rows, columns and frames by the name of the size."""
    if setting.name == "tiny":
        return SMALLEST
    return SIZES if setting.name == "full" else {"384x384": SIZES["384x384"]}


def _counted(weights: str) -> Values:
    """Millions of parameters, and billions of operations."""
    found = cost(weights)
    return {"parameters": found.parameters / 1e6, "operations": found.flops(720, 720) / 1e9}


def _measured(**what: object) -> Values:
    return {**measured(**what)}


def blocks(results: Results, setting: Setting) -> list[Block]:
    """Parameters and operations; time with its ratios; memory."""
    names = list(dict.fromkeys(key[0] for key in results if key[1:] != ("network",)))
    counted = [(one, [cell(results, (one, "network"), n) for n in ("parameters", "operations")]) for one in names]
    counted = [(one, ["none", "-"] if row[0] == "-" else row) for one, row in counted]
    heads = ("parameters, M", "operations at 720x720, G")
    found: list[Block] = [Table("parameters", "Parameters and operations", heads, counted, NOTE)]
    keys = list(dict.fromkeys(key[1:] for key in results if len(key) == 3))
    heads = tuple(f"{size}, {threads} core{'s' if threads != '1' else ''}" for size, threads in keys)
    times = [(one, [cell(results, (one, *key), "ms") for key in keys]) for one in names]
    found.append(Table("time", "Time a frame, ms", heads, times, failures(results)))
    for to in TO:
        base = next((row for one, row in times if one == to or (to != "phase" and to.lower() in one.lower())), None)
        if base is not None:
            ratios = [(one, [_over(a, b) for a, b in zip(row, base, strict=True)]) for one, row in times]
            title = f"Time over that of {'the phase method' if to == 'phase' else 'MagNet'}"
            found.append(Table(f"time-to-{to.lower()}", title, heads, ratios))
    columns = [(size, name) for size in sizes(setting) for name in ("memory", "beyond")]
    heads = tuple(f"{size}: " + ("process" if name == "memory" else "beyond the clip") for size, name in columns)
    rows = [(one, [cell(results, (one, size, "1"), name) for size, name in columns]) for one in names]
    return [*found, Table("memory", "Peak memory, MB, on one core", heads, rows, _frames(setting))]


def _over(a: float | str, b: float | str) -> float | str:
    return a if isinstance(a, str) else b if isinstance(b, str) else a / b


def _frames(setting: Setting) -> str:
    """How long the clips are."""
    said = ", ".join(f"{frames} frames of {size}" for size, (_, _, frames) in sizes(setting).items())
    return f"Clips of {said}. What comes out is as large as what goes in, and counts as beyond the clip."
