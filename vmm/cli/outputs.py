"""The output of the commands that measure: results and pictures in files, and tables on the screen."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import vmm
from vmm.engine.times import CLOCK_UNCERTAINTY

RESULTS = (".npz", ".csv", ".wav", ".uff")
PICTURES = (".png", ".pdf", ".svg")

_SAME_SPEED = 0.01
"""Relative difference of playback rate and camera rate below which a clip plays in real time."""

MAX_ROWS = 24
"""Rows of a table that are printed, so that the table and its title fit on a screen."""


def add_outputs(verb: Any, formats: Sequence[str], note: str = "") -> None:
    """Add the options that choose the output files, with a note about the formats."""
    group = verb.add_argument_group("output")
    out = group.add_argument("--out", action="append", default=[], metavar="FILE")
    out.help = f"Write the result to FILE. Repeat the option for more files. Formats: {', '.join(formats)}.{note}"
    group.add_argument("--overwrite", action="store_true", help="Overwrite existing output files.")


def output_paths(
    options: argparse.Namespace, formats: Sequence[str], *, page: str | None = None, table: str | None = None
) -> list[Path]:
    """The paths of --out; raise before any measurement if one of the files cannot be written."""
    paths = [Path(name) for name in options.out]
    for path in paths:
        _check(path, formats, options)
    if page is not None:
        _check(Path(page), (".html", ".htm"), options)
    if table is not None:
        _check(Path(table), (".csv", ".npz"), options)
    return paths


def _check(path: Path, formats: Sequence[str], options: argparse.Namespace) -> None:
    """Raise unless a file of a known format can be written to the path."""
    from vmm.io.destination import check_destination

    if path.suffix.lower() not in formats:
        raise ValueError(f"{path}: unknown format {path.suffix!r}; known are {', '.join(formats)}")
    check_destination(path, overwrite=options.overwrite)
    check_not_input(path, options.input)


def check_not_input(path: Path, source: str) -> None:
    """Raise if the output path is the input file."""
    if path.exists() and Path(source).exists() and path.samefile(source):
        raise ValueError(f"{path} is the input itself: choose another name for the output")


def save_output(path: Path, result: Any, figure: Callable[[], Any], *, overwrite: bool) -> None:
    """Save the result, or the figure if the path is a picture; the file appears when it is complete."""
    from vmm.io.drafts import draft

    if path.suffix.lower() in PICTURES:
        with draft(path, overwrite=overwrite) as temporary:
            figure().savefig(temporary, dpi=120)
    else:
        vmm.measure.save(path, result, overwrite=overwrite)


def page_bytes(text: str) -> bytes:
    """A page in UTF-8, with a replacement character for each byte of a file name that is not UTF-8."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text).encode()


def speed_text(fps: float | Fraction, fs: float | Fraction) -> str:
    """How fast a clip plays relative to the motion that was filmed; empty if it plays at the same speed."""
    ratio = float(fs) / float(fps)
    if abs(ratio - 1) < _SAME_SPEED:
        return ""
    factor = float(f"{max(ratio, 1 / ratio):.3g}")
    return f"plays {factor:g} times {'slower' if ratio > 1 else 'faster'} than filmed"


def add_fs_uncertainty(group: Any) -> None:
    """Add the option for the uncertainty of the camera's clock."""
    clock = group.add_argument("--fs-uncertainty", type=float, default=CLOCK_UNCERTAINTY, metavar="RATIO")
    clock.help = (
        "Relative standard uncertainty of the camera rate, from which the clock's part of the error of a frequency "
        f"follows; 1e-3 suits a rounded rate, 0 an exact one. Default: {CLOCK_UNCERTAINTY:g}, a quartz oscillator."
    )


def print_table(rows: Sequence[Sequence[str]], max_rows: int = MAX_ROWS) -> None:
    """Print rows of cells in columns; the first row holds the titles."""
    printed, omitted = rows[: max_rows + 1], len(rows) - max_rows - 1
    widths = [max(map(len, column)) for column in zip(*printed, strict=True)]
    for row in printed:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if omitted > 0:
        print(f"... and {omitted} more rows; write all of them to a file with --out")


def target_names(source: str, suggestions: Sequence[Any]) -> list[str]:
    """Names of the output files of the commands: all different, and none of a file that exists."""
    stem = Path(source).stem or "clip"
    names: list[str] = []
    for suggestion in suggestions:
        unit = "Hz" if suggestion.frequency_unit == "Hz" else "cpf"
        name = f"{stem}_{suggestion.frequency:.4g}{unit}"
        numbered = (f"{name}{'' if i == 1 else f'_{i}'}.mp4" for i in count(1))
        names.append(next(target for target in numbered if target not in names and not Path(target).exists()))
    return names


def part_options(options: argparse.Namespace) -> str:
    """The options by which a suggested command chooses the same part of the clip."""
    start = f" --start {options.start:g}" if options.start else ""
    end = f" --end {options.end:g}" if options.end is not None else ""
    return start + end + " --keep-going" * options.keep_going + " --playlists" * options.playlists


def suggestion_notes(suggestion: vmm.measure.Suggestion) -> list[str]:
    """Its relation to a larger suggestion, whether the codec may cause it, and the harmonics that are left out."""
    notes = [suggestion.harmonic.text(suggestion.frequency_unit)] if suggestion.harmonic else []
    if suggestion.is_codec_rhythm:
        notes.append("perhaps made by the codec")
    if orders := suggestion.omitted_harmonics:
        listed = " and ".join(filter(None, [", ".join(map(str, orders[:-1])), str(orders[-1])]))
        notes.append(f"without harmonic{'s' * (len(orders) > 1)} {listed}, which the search itself may make")
    return notes
