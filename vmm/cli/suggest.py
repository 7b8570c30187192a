"""The command ``vmm suggest``: which band to magnify."""

from __future__ import annotations

import argparse
from typing import Any


def add(verbs: Any) -> None:
    """Add the verb to the parser's verbs."""
    said = "find the strongest vibrations and changes of colour in a clip, and the commands that magnify them"
    verb = verbs.add_parser("suggest", help=said, description=said)
    verb.add_argument("input", help="a video, a folder of images, a TIFF stack, .cih/.mraw or .cine")
    verb.add_argument("--fs", type=float, metavar="HZ", help="rate at which the camera took the frames [the file's]")
    verb.add_argument("--start", type=float, default=0.0, metavar="S", help="first second of the input to take [0]")
    verb.add_argument("--end", type=float, metavar="S", help="second of the input to stop at [its end]")
    verb.add_argument("--max-peaks", type=int, default=8, help="lines shown at most [8]")
    verb.set_defaults(run=_suggest)


def _suggest(options: argparse.Namespace) -> None:
    import vmm

    clip = vmm.io.stream(options.input, fs=options.fs, start=options.start, end=options.end)
    found = vmm.measure.suggest(clip, max_peaks=options.max_peaks)
    if not found:
        print("Nothing stands out of the noise: no steady vibration, or one too faint or too slow for this clip")
    for line in found:
        print(f"{line.frequency:.5g} Hz +- {line.frequency_stderr:.1g}, {_said(line)}")
        print(f"    {line.command(options.input)}{_part(options)}")


def _said(line: Any) -> str:
    """What a line is, how strong, how large and where."""
    of = f", a harmonic of {line.harmonic_of:.4g} Hz" if line.harmonic_of else ""
    unit = "px" if line.kind == "motion" else "grey levels"
    where = "" if line.kind == "flicker" else f", about row {line.point[0]}, column {line.point[1]}"
    return f"{line.kind}, {line.snr:.0f} dB above the noise, {line.amplitude:.2g} {unit}{where}{of}"


def _part(options: argparse.Namespace) -> str:
    """Options that take the same part of the clip."""
    start = f" --start {options.start:g}" if options.start else ""
    return start + (f" --end {options.end:g}" if options.end is not None else "")
