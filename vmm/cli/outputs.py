"""What the commands that measure write: results and pictures by the ending of their names, and tables on the screen."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import vmm

RESULTS = (".npz", ".csv", ".wav", ".uff")
PICTURES = (".png", ".pdf", ".svg")
_ROWS = 24  # of a table on the screen


def add_outputs(verb: Any, known: Sequence[str]) -> None:
    """Options that say what is written."""
    out = verb.add_argument("--out", action="append", default=[], metavar="FILE")
    out.help = f"write the result here, again for one file more: {', '.join(known)}"
    verb.add_argument("--overwrite", action="store_true", help="replace what stands under these names")


def checked(
    options: argparse.Namespace, known: Sequence[str], *, page: str | None = None, table: str | None = None
) -> list[Path]:
    """The files that are to be written; raises unless all of them can be, before anything is measured."""
    outs = [Path(name) for name in options.out]
    for path in outs:
        _check(path, known, options)
    if page is not None:
        _check(Path(page), (".html", ".htm"), options)
    if table is not None:
        _check(Path(table), (".csv", ".npz"), options)
    return outs


def _check(path: Path, known: Sequence[str], options: argparse.Namespace) -> None:
    """Raise unless a file of a known format can be put there."""
    from vmm.io.write import check_place

    if path.suffix.lower() not in known:
        raise ValueError(f"{path}: unknown format {path.suffix!r}; known are {', '.join(known)}")
    check_place(path, overwrite=options.overwrite)
    source = Path(options.input)
    if path.exists() and source.exists() and path.samefile(source):
        raise ValueError(f"{path} is the input itself: choose another name for the output")


def leave(path: Path, result: Any, figure: Callable[[], Any]) -> None:
    """Write a result, or the picture of it; the file appears when it is whole."""
    from vmm.io.write import drafted

    if path.suffix.lower() in PICTURES:
        with drafted(path) as draft:
            figure().savefig(draft, dpi=120)
    else:
        vmm.measure.save(path, result, overwrite=True)  # it was checked before


def say_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells, the first of which are titles, in columns."""
    shown, left = rows[: _ROWS + 1], len(rows) - _ROWS - 1
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if left > 0:
        print(f"... and {left} more: write them all with --out")


def with_error(value: float, error: float, unit: str = "") -> str:
    """A value with its standard error, as many digits as the error tells: 64.041 +- 0.002 Hz."""
    import math

    said = f" {unit}" if unit else ""
    if not math.isfinite(value):
        return "unknown"
    if not (math.isfinite(error) and error > 0):
        return f"{value:.4g}{said}"
    digits = max(0, min(9, 1 - math.floor(math.log10(error))))
    return f"{value:.{digits}f} +- {error:.{digits}f}{said}"
