"""``python -m benchmarks measure``: tables of the accuracy of measurement, for the library and for pyidi."""

from __future__ import annotations

import argparse
import importlib.metadata
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from benchmarks.measuring.scores import has_pyidi
from benchmarks.measuring.tables import (
    FULL,
    ON_TARGET,
    QUICK,
    Cell,
    Effort,
    Lines,
    Row,
    Table,
    header,
    line,
    measured,
    reason,
)

TABLES = {
    "textures": "textures",
    "factors": "factors.factors",
    "faults": "factors.faults",
    "still": "edges.still",
    "bar": "edges.bar",
    "border": "edges.border",
    "field": "fields.field",
    "field-border": "fields.field-border",
    "direction": "direction",
    "modes": "beams.modes",
    "modes-pixels": "beams.modes-pixels",
    "shake": "beams.shake",
    "cost": "beams.cost",
    "chance": "chance.chance",
    "chance-clips": "chance.chance-clips",
    "pulse": "pulses",
    "peaks": "lines",
    "suggest": "suggestions",
    "sound": "sounds",
    "changes": "exports.changes",
    "export": "exports.export",
}
"""Module of each table by its name in the command line; a module with several tables has a dictionary of them."""

REPORT = Path(__file__).parents[1] / "MEASURE.md"
HEAD = (
    "# Accuracy of measurement",
    "",
    "`python -m benchmarks measure --write` makes this page. Errors are root mean square errors against the exact "
    "motion of each scene. *LK* is the Lucas-Kanade method of pyidi with its default settings.",
    "",
)
MISSING = "pyidi is not installed (pip install pyidi), so that the columns of its Lucas-Kanade method (LK) are absent."


def table(name: str) -> Table:
    """The table of a name."""
    module, _, key = TABLES[name].partition(".")
    contents = import_module(f"benchmarks.measuring.{module}")
    result: Table = contents.TABLES[key] if key else contents.TABLE
    return result


def pool_of(jobs: int) -> Executor | None:
    """A pool of processes with one thread each, or None for one job."""
    if jobs == 1:
        return None
    os.environ.setdefault("VMM_THREADS", "1")
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))


def started(rows: Iterable[Row], pool: Executor | None) -> list[tuple[Row, Callable[[], Lines]]]:
    """Rows with a function that returns their lines; a pool begins to measure them at once."""
    if pool is None:
        return [(row, partial(measured, row)) for row in rows]
    return [(row, partial(collected, pool.submit(measured, row))) for row in rows]


def collected(future: Future[Lines]) -> Lines:
    """The lines of a row from a pool; one line with the reason if its process ends."""
    try:
        return future.result()
    except Exception as error:  # a process that is ended for want of memory must not end the tables
        return [[reason(error)]]


def report(names: Sequence[str], effort: Effort, jobs: int, quiet: bool = False) -> Iterator[str]:
    """The lines of the tables in Markdown, one by one as they are measured, and a summary."""
    counts: dict[str, Counter[str]] = {}
    pool = pool_of(jobs)
    tables = [table(name) for name in names]
    work = [started((row for row in one.rows(effort) if row.is_quick or not effort.is_quick), pool) for one in tables]
    with pool or nullcontext(), tqdm(total=sum(map(len, work)), disable=quiet or None, unit="row", leave=False) as bar:
        for one, rows in zip(tables, work, strict=True):
            bar.set_description(one.title)
            yield from header(one)
            for row, lines in rows:
                for cells in lines():
                    counts.setdefault(one.title, Counter())[verdict(one, cells)] += 1
                    yield line(one, row.name, cells)
                bar.update()
            yield ""
    yield from summary(counts)


def verdict(one: Table, cells: Sequence[Cell]) -> str:
    """Whether a line is on target: "yes", "no", "failed", or an empty string if the table has no targets."""
    if any(isinstance(value, str) and value.startswith("failed") for value in cells):
        return "failed"
    names = list(one.columns())
    return str(cells[-1]) if names[-1] == ON_TARGET and len(cells) == len(names) - 1 else ""


def summary(counts: Mapping[str, Counter[str]]) -> Iterator[str]:
    """Number of the lines of each table that are on target."""
    yield from ("## Summary", "", "| table | lines | on target | off target | failed |", "| --- " * 5 + "|")
    for title, count in counts.items():
        yield f"| {title} | {count.total()} | {count['yes']} | {count['no']} | {count['failed']} |"
    yield ""


def head(effort: Effort) -> Iterator[str]:
    """The lines before the first table."""
    yield from HEAD
    version = f"pyidi is version {importlib.metadata.version('pyidi')}." if has_pyidi() else MISSING
    numbers = f"textures and noises of each scene: {effort.seeds}; places of small regions: {effort.places}"
    yield from (f"{version} Here: {numbers}; draws of noise: {effort.runs}; frames: {effort.frames}.", "")


def printed(text: Iterable[str]) -> Iterator[str]:
    """Lines, which are also printed."""
    for one in text:
        print(one, flush=True)
        yield one


def main(arguments: Sequence[str] = ()) -> None:
    """Print the tables from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks measure", description=__doc__)
    parser.add_argument("--tables", nargs="+", metavar="NAME", help="tables to make [all]: " + ", ".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="few scenes and short clips; takes about three minutes")
    parser.add_argument("--seeds", type=int, help="textures and noises of each scene [2; quick: 1]")
    parser.add_argument("--places", type=int, help="places of small regions, from 1 to 5 [5; quick: 2]")
    parser.add_argument("--runs", type=int, help="draws of each kind of noise [100; quick: 10]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes [all cores]")
    parser.add_argument("--write", action="store_true", help=f"also write all tables into benchmarks/{REPORT.name}")
    options = parser.parse_args(arguments)
    if options.write and options.tables:
        parser.error("--write makes the whole page: leave out --tables")
    if unknown := sorted(set(options.tables or ()) - set(TABLES)):
        parser.error(f"table {', '.join(unknown)} must be one of {', '.join(TABLES)}")
    if any(value is not None and value < 1 for value in (options.seeds, options.places, options.runs, options.jobs)):
        parser.error("--seeds, --places, --runs and --jobs must be at least 1")
    numbers = {name: value for name in ("seeds", "places", "runs") if (value := getattr(options, name)) is not None}
    effort = replace(QUICK if options.quick else FULL, **numbers)
    text = chain(head(effort), report(options.tables or list(TABLES), effort, options.jobs))
    page = "\n".join(printed(text))
    if options.write:
        REPORT.write_text(page, encoding="utf-8")
