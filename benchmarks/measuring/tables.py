"""Tables in Markdown whose rows are measured one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

Cell = float | str
Lines = Sequence[Sequence[Cell]]

ON_TARGET = "on target"
"""Name of the last column of tables with targets: "yes", "no", or a dash."""

REASON_LENGTH = 100
"""Largest number of characters of the reason of a failure."""


@dataclass(frozen=True)
class Effort:
    """Size of the measurement.

    Attributes
    ----------
    seeds
        Number of textures and noises of each scene.
    places
        Number of places of small regions in each frame, from 1 to 5.
    runs
        Number of draws of signals that take milliseconds; clips are drawn a tenth as often, at least twice.
    frames
        Number of frames of most clips.
    is_quick
        Whether rows and regions that are not essential are left out.
    """

    seeds: int = 2
    places: int = 5
    runs: int = 100
    frames: int = 240
    is_quick: bool = False

    @property
    def clips(self) -> int:
        """Number of draws of clips."""
        return max(2, self.runs // 10)


FULL = Effort()
QUICK = Effort(seeds=1, places=2, runs=10, frames=120, is_quick=True)


@dataclass(frozen=True)
class Row:
    """One row of a table, or several with the same name.

    Attributes
    ----------
    name
        Text of the first column.
    measure
        Function without arguments that returns the other cells of each line. It must be picklable.
    is_quick
        Whether the quick form has this row.
    """

    name: str
    measure: Callable[[], Lines]
    is_quick: bool = True


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    title
        Heading.
    text
        How the scenes are made, what the columns are, and what the target is.
    columns
        Name of each column, and the number of decimals of its values.
    rows
        Function of the effort that returns the rows.
    """

    title: str
    text: str
    columns: Callable[[], dict[str, int]]
    rows: Callable[[Effort], Iterable[Row]]


def cell(value: Cell, digits: int) -> str:
    """Return the text of a cell: a number is rounded to `digits` decimals, and a missing one is a dash."""
    if isinstance(value, str):
        return value.replace("|", "/")
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def yes(condition: bool) -> str:
    """The cell of a condition."""
    return "yes" if condition else "no"


def reason(error: Exception) -> str:
    """The text of a failure."""
    return f"failed: {type(error).__name__}: {' '.join(str(error).split())}"[:REASON_LENGTH]


def measured(row: Row) -> Lines:
    """The lines of a row; one line with the reason if its measurement fails."""
    try:
        return [list(line) for line in row.measure()]
    except Exception as error:  # one row that fails must not end the table
        return [[reason(error)]]


def header(table: Table) -> Iterator[str]:
    """The lines of a table before its first row."""
    names = table.columns()
    yield from (f"## {table.title}", "", table.text, "")
    yield f"| {' | '.join(names)} |"
    yield "| --- " * len(names) + "|"


def line(table: Table, name: str, cells: Sequence[Cell]) -> str:
    """The text of one line of a row; missing cells at the end are empty."""
    digits = list(table.columns().values())[1:]
    texts = [cell(value, n) for value, n in zip(cells, digits, strict=False)]
    return f"| {' | '.join([name, *texts, *[''] * (len(digits) - len(texts))])} |"
