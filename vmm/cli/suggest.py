"""The command ``suggest``: frequencies that are worth magnifying."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from vmm.cli import outputs
from vmm.cli.inputs import (
    add_input,
    add_still,
    first_frame,
    open_clip,
    still_regions,
    warnings_to_stderr,
)


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Find the strongest vibrations and color changes in a clip, and print the commands that magnify them."
    verb = verbs.add_parser("suggest", help=summary, description=summary)
    add_input(verb)
    add_still(verb)
    verb.add_argument(
        "--max-peaks",
        type=int,
        default=8,
        metavar="N",
        help="Largest number of suggestions, strongest first. Default: 8.",
    )
    outputs.add_fs_uncertainty(verb)
    outputs.add_outputs(verb, outputs.PICTURES)
    verb.set_defaults(run=_suggest)


def _suggest(options: argparse.Namespace) -> None:
    import vmm

    paths = outputs.output_paths(options, outputs.PICTURES)
    with warnings_to_stderr(options):
        still, clip = still_regions(options), open_clip(options, gray=False)
        settings = {"max_peaks": options.max_peaks, "fs_uncertainty": options.fs_uncertainty}
        suggestions = vmm.measure.suggest(clip, still=still, **settings)
    if not suggestions:
        print("No vibration or color change exceeds the noise of this clip")
    for suggestion, target in zip(suggestions, outputs.target_names(options.input, suggestions), strict=True):
        print(f"{suggestion}, {_description(suggestion)}")
        print(f"    {suggestion.command(options.input, target)}{outputs.part_options(options)}")
    for path in paths:
        outputs.save_output(path, suggestions, lambda: _places(options, suggestions), overwrite=options.overwrite)


def _places(options: argparse.Namespace, suggestions: Sequence[Any]) -> Any:
    """A figure of the region of each suggestion on the first frame, with its frequency."""
    import vmm

    labels = [f"{suggestion.frequency:.4g} {suggestion.frequency_unit}" for suggestion in suggestions]
    return vmm.plot.regions(first_frame(options), [suggestion.roi for suggestion in suggestions], labels=labels)


def _description(suggestion: Any) -> str:
    """Kind, signal-to-noise ratio, amplitude and place of a suggestion."""
    unit = "px" if suggestion.kind == "motion" else "gray levels"
    place = ""
    if suggestion.kind != "flicker":
        place = f", about row {suggestion.point[0]}, column {suggestion.point[1]}"
    size = f"{suggestion.snr:.0f} dB above the noise, {suggestion.amplitude:.2g} {unit}"
    return ", ".join([suggestion.kind, size + place, *outputs.suggestion_notes(suggestion)])
