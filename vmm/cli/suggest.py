"""The command ``suggest``: frequencies that are worth magnifying."""

from __future__ import annotations

import argparse
from typing import Any

from vmm.cli.inputs import INPUT_HELP, add_clip_options, add_still, open_part, still_regions, warnings_to_stderr


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Find the strongest vibrations and color changes in a clip, and print the commands that magnify them."
    verb = verbs.add_parser("suggest", help=summary, description=summary)
    verb.add_argument("input", help=INPUT_HELP)
    group = verb.add_argument_group("input")
    add_clip_options(group)
    add_still(group)
    verb.add_argument(
        "--max-peaks",
        type=int,
        default=8,
        metavar="N",
        help="Largest number of suggestions, strongest first. Default: 8.",
    )
    verb.set_defaults(run=_suggest)


def _suggest(options: argparse.Namespace) -> None:
    import vmm

    with warnings_to_stderr(options):
        still = still_regions(options)
        suggestions = vmm.measure.suggest(open_part(options), max_peaks=options.max_peaks, still=still)
    if not suggestions:
        print("No vibration or color change exceeds the noise of this clip")
    for suggestion in suggestions:
        print(f"{suggestion.frequency:.5g} Hz +- {suggestion.frequency_stderr:.1g}, {_description(suggestion)}")
        print(f"    {suggestion.command(options.input)}{_part_options(options)}")


def _description(suggestion: Any) -> str:
    """Kind, signal-to-noise ratio, amplitude and place of a suggestion."""
    codec = ", perhaps the rhythm of the codec" if suggestion.is_codec_rhythm else ""
    harmonic = f", a harmonic of {suggestion.harmonic_of:.4g} Hz" if suggestion.harmonic_of else ""
    unit = "px" if suggestion.kind == "motion" else "gray levels"
    place = ""
    if suggestion.kind != "flicker":
        place = f", about row {suggestion.point[0]}, column {suggestion.point[1]}"
    size = f"{suggestion.snr:.0f} dB above the noise, {suggestion.amplitude:.2g} {unit}"
    return f"{suggestion.kind}, {size}{place}{harmonic}{codec}"


def _part_options(options: argparse.Namespace) -> str:
    """The options that choose the same part of the clip."""
    start = f" --start {options.start:g}" if options.start else ""
    return start + (f" --end {options.end:g}" if options.end is not None else "")
