"""The report: one HTML file, with all tables also as CSV files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import vmm
from benchmarks.study import conclusions
from benchmarks.study.entrants import excluded
from benchmarks.study.figures import line_plot
from benchmarks.study.store import failed
from benchmarks.study.types import Block, Curves, Experiment, Pictures, Results, Setting, Table

NAME = "study.html"


def write(out: Path, setting: Setting, experiments: Mapping[str, Experiment], results: Mapping[str, Results]) -> Path:
    """Write the report and the tables; return the path of the report."""
    blocks: dict[str, list[Block]] = {}
    parts: list[tuple[str, list[Any]]] = []
    for name, experiment in experiments.items():
        section: list[Any] = [experiment.TEXT]
        try:
            blocks[name] = experiment.blocks(results[name], setting)
        except Exception as error:  # a report is written even if an experiment fails
            blocks[name] = []
            section.append(f"This part cannot be displayed: {type(error).__name__}: {error}")
        for block in blocks[name]:
            section += render_block(block, name, out)
        parts.append((experiment.TITLE, section + failures(results[name])))
    summary: list[Any] = [conclusions.TEXT]
    for content in conclusions.blocks(blocks):
        summary += [content] if isinstance(content, str) else render_block(content, "conclusions", out)
    about = [f"{setting.name} setting, vmm {vmm.__version__}, {date.today().isoformat()}.", *missing(setting)]
    page = out / NAME
    failure_count = sum(len(failures(one)) for one in results.values())
    warnings = [f"{failure_count} jobs failed; they are listed under the experiments."] if failure_count else []
    sections = [("Which method", summary), *parts, ("About", about)]
    page.write_text(vmm.plot.page("Comparison of motion magnification methods", sections, warnings=warnings))
    return page


def render_block(block: Block, experiment: str, out: Path) -> list[Any]:
    """Content of the report for a block; its numbers are also written as a CSV file."""
    if isinstance(block, Table):
        rows = [("", *block.columns), *((name, *map(format_cell, cells)) for name, cells in block.rows)]
        _write_csv(out / f"{experiment}-{block.name}.csv", rows)
        return [block.title, rows, *_note(block)]
    if isinstance(block, Curves):
        rows = [("line", block.x, block.y)]
        for name, line in block.lines.items():
            rows += [(name, format_cell(x), format_cell(y)) for x, y in zip(*line, strict=True)]
        _write_csv(out / f"{experiment}-{block.name}.csv", rows)
        return [block.title, line_plot(block), *_note(block)]
    return [block.title, *(part for file, caption in block.files for part in (out / file, caption)), *_note(block)]


def format_cell(value: float | str) -> str:
    """Text of a cell: a number with four digits, or a dash for NaN."""
    if isinstance(value, str):
        return value
    return "-" if value != value else f"{value:.4g}"


def failures(results: Results) -> list[str]:
    """Descriptions of the failed jobs."""
    return [f"{', '.join(key)} failed: {values['error']}" for key, values in results.items() if failed(values)]


def missing(setting: Setting) -> list[str]:
    """Descriptions of the excluded methods."""
    return [f"{name} is not included: {reason}." for name, reason in excluded(setting).items()]


def _note(block: Table | Curves | Pictures) -> list[str]:
    return [block.note] if block.note else []


def _write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
