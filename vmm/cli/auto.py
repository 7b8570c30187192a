"""The command ``auto``: it finds the motions of a clip, and magnifies them with settings that it chooses."""

from __future__ import annotations

import argparse
import shlex
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import vmm
from vmm.cli.inputs import INPUT_HELP, add_clip_options, open_clip, open_part, warnings_to_stderr
from vmm.cli.magnify import magnification_text
from vmm.cli.outputs import page_bytes, part_options
from vmm.cli.report_clips import comparison
from vmm.cli.tables import peak_notes, peak_rows

_PAGE = "index.html"


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Find the motions of a clip, magnify them with settings chosen for each, and write videos and a page."
    verb = verbs.add_parser("auto", help=summary, description=summary)
    verb.add_argument("input", help=INPUT_HELP)
    add_clip_options(verb.add_argument_group("input"))
    choices = verb.add_argument("--max-choices", type=int, default=3, metavar="N")
    choices.help = "Largest number of motions and color changes that are magnified, strongest first. Default: 3."
    group = verb.add_argument_group("output")
    out = group.add_argument("--out", metavar="FOLDER")
    out.help = f"Folder of the videos and of the page {_PAGE}. Default: the name of the input with -auto."
    group.add_argument("--overwrite", action="store_true", help="Overwrite existing output files.")
    group.add_argument("--quiet", action="store_true", help="Show no progress bar.")
    verb.set_defaults(run=_auto)


def _auto(options: argparse.Namespace) -> None:
    from vmm.io.destination import check_destination
    from vmm.io.drafts import draft

    folder = Path(options.out or f"{Path(options.input).stem or 'clip'}-auto")
    if not folder.parent.is_dir():
        raise ValueError(f"--out {folder}: the folder {folder.parent} does not exist")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out {folder} is a file: choose the name of a folder")
    page = folder / _PAGE
    if page.exists():
        check_destination(page, overwrite=options.overwrite)
    with warnings_to_stderr(options) as messages:
        decision = vmm.auto.choose(open_clip(options, gray=False), max_choices=options.max_choices)
        notes = []
        if decision.cuts:
            notes = [_limit_to_scene(options, decision.cuts)]
            decision = vmm.auto.choose(open_clip(options, gray=False), max_choices=options.max_choices)
    notes += decision.messages
    if decision.flicker is not None:
        target = folder / "steady_light.mp4" if decision.choices else f"{Path(options.input).stem}_steady_light.mp4"
        command = decision.flicker.command(options.input, str(target)) + part_options(options)
        notes.append(f"This command removes the flicker: {command}")
    if not decision.choices:
        raise ValueError(" ".join(notes))
    print(*notes, sep="\n", end="\n" * bool(notes))
    folder.mkdir(exist_ok=True)
    names = _target_names(options.input, decision.choices)
    with TemporaryDirectory() as drafts:
        sections = [
            (choice.name, _section(options, choice, folder / name, decision, Path(drafts)))
            for choice, name in zip(decision.choices, names, strict=True)
        ]
        text = vmm.plot.page(Path(options.input).name, sections, warnings=[*messages, *notes])
    with draft(page, overwrite=options.overwrite) as temporary:
        temporary.write_bytes(page_bytes(text))
    print(f"The page {page} shows the videos, the places and the spectra.")


def _limit_to_scene(options: argparse.Namespace, cuts: tuple[int, ...]) -> str:
    """Limit the options to the longest scene of the clip, and say so. `cuts` are the first frames of the others."""
    from vmm.auto._cuts import longest_scene

    clip = open_part(options)
    first, stop = longest_scene(cuts, clip.shape[0])
    options.start, options.end = options.start + first / clip.fs, options.start + stop / clip.fs
    return (
        f"The scene changes {len(cuts)} time{'s' * (len(cuts) > 1)}: the longest scene, from {options.start:.4g} to "
        f"{options.end:.4g} s of the camera's time, is magnified. --start and --end choose another one."
    )


def _target_names(source: str, choices: Sequence[vmm.auto.Choice]) -> list[str]:
    """Names of the videos, all different: the name of the clip, and that of the choice."""
    stem, names = Path(source).stem or "clip", list[str]()
    for choice in choices:
        word = choice.name.removeprefix("probably ").split()[0].strip(",")
        frequency = choice.settings["frequency"] if choice.suggestion is None else choice.suggestion.frequency
        name = f"{stem}_{word}_{frequency:.4g}Hz"
        names.append(f"{name}{f'_{names.count(name) + 1}' * (name in names)}")
    return [f"{name}.mp4" for name in names]


def _section(
    options: argparse.Namespace, choice: vmm.auto.Choice, path: Path, decision: vmm.auto.Decision, drafts: Path
) -> list[Any]:
    """Write the magnified video; return what the page says and shows about it. `drafts` holds pictures for the page."""
    command = choice.command(options.input, str(path)) + part_options(options)
    print(f"{choice.name}: {path}", *choice.reasons, command, sep="\n    ")
    _run(command + " --overwrite" * options.overwrite + " --quiet" * options.quiet)
    videos = comparison(
        open_part(options),
        vmm.io.stream(path),
        drafts / path.name,
        magnification_text(choice.method, dict(choice.settings)),
    )
    return [*videos, *choice.reasons, f"This command repeats it: {command}", *_pictures(options, choice, decision)]


def _run(command: str) -> None:
    """Run a command line that magnifies, so that the command on the page does exactly the same."""
    from vmm.cli import _parser

    options = _parser().parse_args(shlex.split(command)[1:])
    options.run(options)


def _pictures(options: argparse.Namespace, choice: vmm.auto.Choice, decision: vmm.auto.Decision) -> list[Any]:
    """The place of a choice on the first frame, and its spectrum with peaks."""
    frame = next(open_part(options))[0]
    if choice.suggestion is None:
        return [vmm.plot.regions(frame, [choice.roi], labels=[choice.name])]
    if choice.method == "color":
        return [
            vmm.plot.regions(frame, [choice.roi], labels=[choice.name]),
            *_spectrum(vmm.measure.spectrum(_mean_color(options, choice), fs=choice.fs), choice),
        ]
    from vmm.auto._place import clearest_region, displacement_of

    def at_rest() -> Any:
        """The clip, without the motion of the camera if the whole frame was tracked."""
        steady = decision.steady
        return open_part(options, gray=True) if steady is None else steady.with_chunks(steady.reopen, steady.shape)

    still = decision.still
    motion = displacement_of(choice.suggestion, at_rest(), still=still)
    clearest = clearest_region(motion, choice.suggestion.frequency)
    if clearest is None:
        place = vmm.plot.regions(frame, [choice.roi], labels=[choice.name])
        return [place, "The displacement in small regions is unknown here, so that no spectrum is shown."]
    box = motion.rois[clearest]
    place = vmm.plot.regions(frame, [choice.roi, box], labels=[choice.name, "spectrum"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        signal = vmm.measure.displacement(at_rest(), [box], still=still)
        peaks = vmm.measure.peaks(signal)
    notes = [f"About the region of the spectrum: {warning.message}." for warning in caught]
    table = [peak_rows(peaks), *peak_notes(peaks)] if peaks else []
    return [place, *_spectrum(vmm.measure.spectrum(signal, average=True), choice, peaks), *notes, *table]


def _spectrum(spectrum: Any, choice: vmm.auto.Choice, peaks: Any = ()) -> list[Any]:
    """The picture of a spectrum, with the magnified band in green."""
    figure = vmm.plot.spectrum(spectrum, peaks)
    figure.axes[0].axvspan(*choice.band, color="tab:green", alpha=0.2)
    return [figure, "The green band of the spectrum is magnified."]


def _mean_color(options: argparse.Namespace, choice: vmm.auto.Choice) -> Any:
    """The mean green or gray level (T,) of the region, without its mean over time."""
    import numpy as np

    top, first_col, height, width = choice.roi
    boxes = (chunk[:, top : top + height, first_col : first_col + width] for chunk in open_part(options))
    level = np.concatenate([(box if box.ndim == 3 else box[..., 1]).mean(axis=(1, 2)) for box in boxes])
    return level - level.mean()
