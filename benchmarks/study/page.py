"""The page: one file of HTML that shows all, and its numbers as CSV beside it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import vmm
from benchmarks.study import reading
from benchmarks.study.entrants import left_out
from benchmarks.study.figures import drawn
from benchmarks.study.kept import failed
from benchmarks.study.parts import Block, Curves, Experiment, Pictures, Results, Setting, Table

NAME = "study.html"


def write(out: Path, setting: Setting, experiments: Mapping[str, Experiment], results: Mapping[str, Results]) -> Path:
    """Write the page and the tables; returns the path of the page."""
    blocks: dict[str, list[Block]] = {}
    parts: list[tuple[str, list[Any]]] = []
    for name, experiment in experiments.items():
        said: list[Any] = [experiment.TEXT]
        try:
            blocks[name] = experiment.blocks(results[name], setting)
        except Exception as error:  # a study with gaps still has a page
            blocks[name] = []
            said.append(f"This part cannot be shown: {type(error).__name__}: {error}")
        for block in blocks[name]:
            said += shown(block, name, out)
        parts.append((experiment.TITLE, said + failures(results[name])))
    read: list[Any] = [reading.TEXT]
    for block in reading.blocks(blocks):
        read += [block] if isinstance(block, str) else shown(block, "reading", out)
    about = [f"{setting.name} setting, vmm {vmm.__version__}, {date.today().isoformat()}.", *missing(setting)]
    page = out / NAME
    wrong = sum(len(failures(one)) for one in results.values())
    warnings = [f"{wrong} pieces of work failed: the experiments say which."] if wrong else []
    whole = [("Which method", read), *parts, ("About", about)]
    page.write_text(vmm.plot.page("Motion magnification compared", whole, warnings=warnings))
    return page


def shown(block: Block, experiment: str, out: Path) -> list[Any]:
    """What the page shows of a block; its numbers are written beside."""
    if isinstance(block, Table):
        rows = [("", *block.columns), *((name, *map(word, cells)) for name, cells in block.rows)]
        _write_csv(out / f"{experiment}-{block.name}.csv", rows)
        return [block.title, rows, *_note(block)]
    if isinstance(block, Curves):
        rows = [("line", block.x, block.y)]
        for name, line in block.lines.items():
            rows += [(name, word(x), word(y)) for x, y in zip(*line, strict=True)]
        _write_csv(out / f"{experiment}-{block.name}.csv", rows)
        return [block.title, drawn(block), *_note(block)]
    return [block.title, *(part for file, said in block.files for part in (out / file, said)), *_note(block)]


def word(value: float | str) -> str:
    """A cell: four digits of a number, and a dash where there is none."""
    if isinstance(value, str):
        return value
    return "-" if value != value else f"{value:.4g}"


def failures(results: Results) -> list[str]:
    """What did not work, in words."""
    return [f"{', '.join(key)} failed: {values['error']}" for key, values in results.items() if failed(values)]


def missing(setting: Setting) -> list[str]:
    """What does not take part, in words."""
    return [f"{name} does not take part: {why}." for name, why in left_out(setting).items()]


def _note(block: Table | Curves | Pictures) -> list[str]:
    return [block.note] if block.note else []


def _write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
