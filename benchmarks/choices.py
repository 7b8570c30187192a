"""The choices of ``vmm auto`` for the clips of a folder: ``python -m benchmarks choices FOLDER``."""

from __future__ import annotations

import argparse
import resource
import warnings
from pathlib import Path
from time import process_time

import vmm

TITLES = ("clip", "choice", "method", "band or frequency (Hz)", "alpha", "motion (px) or change (gray levels)", "notes")


def main(arguments: list[str]) -> None:
    """Print a Markdown table with a row for each choice; clips that cannot be read have the reason in its place."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks choices", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of clips")
    parser.add_argument("--fs", action="append", default=[], metavar="NAME=HZ", help="camera rate of a clip")
    parser.add_argument("--only", action="append", metavar="NAME", help="name of a clip; by default all")
    options = parser.parse_args(arguments)
    rates = {name: float(rate) for name, rate in (text.split("=") for text in options.fs)}
    print(_row(TITLES))
    print(_row(["---"] * len(TITLES)))
    for path in sorted(options.folder.iterdir()):
        if options.only is None or path.name in options.only:
            for row in _rows(path, rates.get(path.name)):
                print(row, flush=True)


def _rows(path: Path, fs: float | None) -> list[str]:
    """The rows of a clip; none if the file does not hold one."""
    start = process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clip = vmm.io.stream(path, fs=fs)
        except (ValueError, OSError):
            return []
        try:
            decision = vmm.auto.choose(clip)
        except ValueError as error:
            return [_row([path.name, "none", "", "", "", "", str(error)])]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = f"{process_time() - start:.0f} s of CPU, at most {memory:.0f} MB so far"
    notes = " ".join([*decision.messages, cost])
    rows = [[path.name, *_cells(choice)] for choice in decision.choices] or [[path.name, "none", "", "", "", ""]]
    return [_row([*cells, notes if index == 0 else ""]) for index, cells in enumerate(rows)]


def _cells(choice: vmm.auto.Choice) -> list[str]:
    low, high = choice.band
    frequency = choice.settings.get("frequency")
    where = f"{low:.4g} to {high:.4g}" if frequency is None else f"about {frequency:g}"
    amplitude = "" if choice.suggestion is None else f"{choice.suggestion.amplitude:.2g}"
    return [choice.name, choice.method, where, f"{choice.settings['alpha']:g}", amplitude]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
