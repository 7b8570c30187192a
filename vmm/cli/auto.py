"""The command ``auto``: it finds what moves in a clip, and magnifies it with settings that it chooses."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.inputs import INPUT_HELP, add_clip_options, first_frame, open_clip, open_part, warnings_to_stderr
from vmm.cli.report_clips import comparison
from vmm.cli.tables import peak_notes, peak_rows

_PAGE = "index.html"


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = (
        "Find what moves in a clip, magnify it with settings chosen for it, and write videos and a page about them."
    )
    verb = verbs.add_parser("auto", help=summary, description=summary)
    verb.add_argument("input", help=INPUT_HELP)
    add_clip_options(verb.add_argument_group("input"))
    choices = verb.add_argument("--max-choices", type=int, default=3, metavar="N")
    choices.help = "Largest number of vibrations and color changes that are magnified, strongest first. Default: 3."
    group = verb.add_argument_group("output")
    out = group.add_argument("--out", metavar="FOLDER")
    out.help = "Folder of the videos and of the page index.html. Default: the name of the input with -auto."
    group.add_argument("--overwrite", action="store_true", help="Overwrite existing output files.")
    group.add_argument("--quiet", action="store_true", help="Show no progress bar.")
    verb.set_defaults(run=_auto)


def _auto(options: argparse.Namespace) -> None:
    from vmm.io.destination import check_destination
    from vmm.io.drafts import draft

    folder = Path(options.out or f"{Path(options.input).stem or 'clip'}-auto")
    if not folder.parent.is_dir():
        raise ValueError(f"--out {folder}: the folder {folder.parent} does not exist")
    page = folder / _PAGE
    if page.exists():
        check_destination(page, overwrite=options.overwrite)
    with warnings_to_stderr(options) as messages:
        decision = vmm.auto.choose(open_clip(options, gray=False), max_choices=options.max_choices)
    if not decision.choices:
        raise ValueError(" ".join(decision.messages))
    print(*decision.messages, sep="\n", end="\n" * bool(decision.messages))
    folder.mkdir(exist_ok=True)
    sections: list[tuple[str, list[Any]]] = []
    with TemporaryDirectory() as drafts:
        names = outputs.target_names(options.input, [choice.suggestion for choice in decision.choices])
        for choice, name in zip(decision.choices, names, strict=True):
            command = choice.command(options.input, str(folder / name)) + outputs.part_options(options)
            print(f"{choice.name}: {folder / name}", *choice.reasons, sep="\n    ")
            _run(command + " --overwrite" * options.overwrite + " --quiet" * options.quiet)
            items = [*choice.reasons, command, *_pictures(options, choice, decision.still)]
            items += comparison(open_part(options), vmm.io.stream(folder / name), Path(drafts) / name)
            sections.append((choice.name, items))
        text = vmm.plot.page(Path(options.input).name, sections, warnings=[*messages, *decision.messages])
    with draft(page, overwrite=options.overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"The page {page} shows the videos, the places and the spectra.")


def _run(command: str) -> None:
    """Run a command line that magnifies, so that the command on the page does exactly the same."""
    from vmm.cli import _parser

    options = _parser().parse_args(shlex.split(command)[1:])
    options.run(options)


def _pictures(options: argparse.Namespace, choice: vmm.auto.Choice, still: Any) -> list[Any]:
    """The place of a choice on the first frame and, for motion, its spectrum and peaks."""
    from vmm.measure.detection._strongest_region import strongest_region

    one = choice.suggestion
    box = strongest_region(lambda: open_part(options, gray=True), [one], still)
    place = vmm.plot.regions(first_frame(options), [box or one.roi], labels=[choice.name])
    if box is None:
        return [place]
    signal = vmm.measure.displacement(open_part(options, gray=True), box, still=still)
    peaks = vmm.measure.peaks(signal)
    figure = vmm.plot.spectrum(vmm.measure.spectrum(signal, average=True), peaks, band=one.band)
    return [place, figure, *([peak_rows(peaks), *peak_notes(peaks)] if peaks else [])]
