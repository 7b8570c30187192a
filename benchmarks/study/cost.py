"""Cost of every method: parameters, operations, time per frame and memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.study.entrants import entrants, networks
from benchmarks.study.operations import cost
from benchmarks.study.peers import peers
from benchmarks.study.probe import measure
from benchmarks.study.tables import cell, failures
from benchmarks.study.types import Block, Job, Results, Setting, Table, Values

TITLE = "Cost"
TEXT = (
    "Parameters and operations at 720 x 720 pixels, counted from the graphs of the networks (as in Singh et al., WACV "
    "2023, table 1: multiplications and additions, with both frames encoded). Time per color frame of 8 bits on one "
    "core, in the full study also on two cores, and memory; each is measured in its own process, as the median of up "
    "to three calls after a first call with small frames, in which kernels are compiled. Input and output are arrays."
)
NOTE = (
    "The paper reports 0.98 M parameters and 268.6 G operations for Oh et al., 1.10 M and 375.5 G for its base network "
    "and 0.12 M and 42.4 G for its light one."
)
SIZES = {"384x384": (384, 384, 12), "720x720": (720, 720, 4), "1080p": (1080, 1920, 4)}  # rows, columns, frames
SMALLEST = {"64x96": (64, 96, 8)}
SECONDS, THREADS = {"full": 1.5, "quick": 0.5, "tiny": 0.0}, (1, 2)
REFERENCES = (
    "phase",
    "MagNet",
)  # References of the ratios: the entrant of this name, or the first whose name contains it.


def jobs(setting: Setting, out: Path) -> Iterator[Job]:
    """Counts of the networks; times of every entrant at every size, and of peers at the first size."""
    nets = networks(setting)
    for name, weights in nets.items():
        yield Job((name, "network"), partial(_count, weights))
    names = [name for name, one in entrants(setting).items() if one.kind != "nothing"]
    packages = peers() if setting.name != "tiny" else {}
    for name in [*names, *packages]:
        for size, (height, width, frames) in list(sizes(setting).items())[: 1 if name in packages else None]:
            for threads in THREADS if setting.name == "full" else THREADS[:1]:
                options = {"name": name, "weights": nets.get(name, ""), "height": height, "width": width}
                seconds = SECONDS.get(setting.name, 0.5)
                run = partial(_measure, **options, frames=frames, threads=threads, seconds=seconds)
                yield Job((name, size, str(threads)), run, alone=True)


def sizes(setting: Setting) -> dict[str, tuple[int, int, int]]:
    """Rows, columns and number of frames, by name of the size."""
    if setting.name == "tiny":
        return SMALLEST
    return SIZES if setting.name == "full" else {"384x384": SIZES["384x384"]}


def _count(weights: str) -> Values:
    """Millions of parameters, and billions of operations."""
    total = cost(weights)
    return {"parameters": total.parameters / 1e6, "operations": total.flops(720, 720) / 1e9}


def _measure(**options: object) -> Values:
    return {**measure(**options)}


def blocks(results: Results, setting: Setting) -> list[Block]:
    """Tables of parameters and operations, of times and their ratios, and of memory."""
    names = list(dict.fromkeys(key[0] for key in results if key[1:] != ("network",)))
    counts = [(one, [cell(results, (one, "network"), n) for n in ("parameters", "operations")]) for one in names]
    counts = [(one, ["none", "-"] if row[0] == "-" else row) for one, row in counts]
    heads: tuple[str, ...] = ("parameters, M", "operations at 720x720, G")
    result: list[Block] = [Table("parameters", "Parameters and operations", heads, counts, NOTE)]
    keys = list(dict.fromkeys(key[1:] for key in results if len(key) == 3))
    heads = tuple(f"{size}, {threads} core{'s' if threads != '1' else ''}" for size, threads in keys)
    times = [(one, [cell(results, (one, *key), "ms") for key in keys]) for one in names]
    result.append(Table("time", "Time per frame, ms", heads, times, failures(results)))
    for reference in REFERENCES:
        in_name = reference.lower() if reference != "phase" else None
        base = next((row for one, row in times if one == reference or (in_name and in_name in one.lower())), None)
        if base is not None:
            ratios = [(one, [_ratio(a, b) for a, b in zip(row, base, strict=True)]) for one, row in times]
            title = f"Time relative to {'the phase method' if reference == 'phase' else 'MagNet'}"
            result.append(Table(f"time-to-{reference.lower()}", title, heads, ratios))
    columns = [(size, name) for size in sizes(setting) for name in ("memory", "beyond")]
    heads = tuple(f"{size}: " + ("process" if name == "memory" else "excluding the input") for size, name in columns)
    rows = [(one, [cell(results, (one, size, "1"), name) for size, name in columns]) for one in names]
    return [*result, Table("memory", "Peak memory on one core, MB", heads, rows, _clip_note(setting))]


def _ratio(a: float | str, b: float | str) -> float | str:
    return a if isinstance(a, str) else b if isinstance(b, str) else a / b


def _clip_note(setting: Setting) -> str:
    """Note on the clips of the memory measurement."""
    clips = ", ".join(f"{frames} frames of {size}" for size, (_, _, frames) in sizes(setting).items())
    return f"Clips of {clips}. The output has the size of the input and is included in both columns."
