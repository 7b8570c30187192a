"""``python -m benchmarks picture``: tables of the quality of the magnified picture, for all methods."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TextIO, cast

from tqdm import tqdm

from benchmarks.picture.cases import Case, Section
from benchmarks.picture.methods import methods
from benchmarks.study.entrants import Entrant

SECTIONS = ("truth", "gain", "noise", "drift", "light", "layers", "color", "direction")
REPORT = Path(__file__).parents[1] / "PICTURE.md"


def section(name: str) -> Section:
    """The module of a section."""
    return cast(Section, import_module(f"benchmarks.picture.{name}"))


def measured(case: Case, entrants: Mapping[str, Entrant], errors: dict[str, str]) -> Iterator[list[float | str]]:
    """Values of the rows of a case for each entrant; "failed" if an entrant fails, with its message in `errors`."""
    clip = case.make()
    for name, one in entrants.items():
        try:
            yield list(case.measure(one, clip))
        except Exception as error:  # one method that fails must not end the table of the others
            errors[f"{name}: {type(error).__name__}: {error}"[:160]] = case.rows[0].name
            yield ["failed"] * len(case.rows)


def cell(value: float | str, digits: int) -> str:
    """Return the text of a table cell: a number is rounded to `digits` decimals, and a missing one is a dash."""
    if isinstance(value, str):
        return value
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def lines(one: Section, entrants: Mapping[str, Entrant], quick: bool, quiet: bool = False) -> Iterator[str]:
    """The lines of a section in Markdown, one by one as they are measured."""
    yield from (f"## {one.TITLE}", "", one.TEXT, "")
    yield f"| | target | {' | '.join(entrants)} |"
    yield "| --- " * (2 + len(entrants)) + "|"
    errors: dict[str, str] = {}
    cases = list(one.cases(quick))
    with tqdm(total=len(cases) * len(entrants), disable=quiet or None, unit="clip", leave=False) as bar:
        for case in cases:
            columns = []
            for values in measured(case, entrants, errors):
                columns.append(values)
                bar.update()
            for i, row in enumerate(case.rows):
                cells = [cell(values[i], row.digits) for values in columns]
                yield f"| {row.name} | {' | '.join([row.target, *cells])} |"
    yield ""
    if errors:
        yield from ("Failed: " + "; ".join(f"{text} ({name})" for text, name in errors.items()), "")


def write(text: Iterable[str], files: Sequence[TextIO]) -> None:
    """Write lines to several files at once."""
    for line in text:
        for file in files:
            print(line, file=file, flush=True)


def main(arguments: Sequence[str] = ()) -> None:
    """Print the tables from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks picture", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="sections to run: " + ", ".join(SECTIONS))
    parser.add_argument(
        "--methods",
        nargs="+",
        default=(),
        metavar="NAME",
        help="methods to compare [all]; with options as in gradient:limit=20,temporal=butterworth",
    )
    parser.add_argument("--quick", action="store_true", help="fewer and smaller clips; takes minutes")
    parser.add_argument("--write", action="store_true", help=f"also write the tables into benchmarks/{REPORT.name}")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.sections) - set(SECTIONS)):
        parser.error(f"section {', '.join(unknown)} must be one of {', '.join(SECTIONS)}")
    try:
        entrants = methods(options.methods, quick=options.quick)
    except ValueError as error:
        parser.error(str(error))
    names = [name for name in SECTIONS if name in options.sections or not options.sections]
    text = (line for name in names for line in lines(section(name), entrants, options.quick))
    if not options.write:
        return write(text, [sys.stdout])
    with REPORT.open("w", encoding="utf-8") as file:
        print("# Quality of the magnified picture", file=file, end="\n\n")
        write(text, [sys.stdout, file])
    return None
