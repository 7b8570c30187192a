"""The command ``sound``: sound that is recovered from the vibration of things in a clip."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.inputs import BOX, BOX_HELP, add_input, open_clip, warnings_to_stderr

FORMATS = (".wav", ".npz", ".csv", *outputs.PICTURES)

_LOWEST_SOUND = 40.0
"""Highest frequency in Hz of a signal that is reported as inaudible."""


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Recover the sound that makes things in a clip vibrate."
    verb = verbs.add_parser("sound", help=summary, description=summary)
    add_input(verb)
    box = verb.add_argument("--roi", nargs=4, type=int, metavar=BOX)
    box.help = f"{BOX_HELP} Only this region is used. Default: the whole frame."
    band = verb.add_argument("--band", nargs=2, type=float, metavar=("LOW", "HIGH"))
    band.help = "Band in Hz of the sound. Default: 20 Hz to 0.85 times half the rate, narrower for short clips."
    subtract = verb.add_argument("--subtract", type=float, default=0.0, metavar="FRACTION")
    subtract.help = "Fraction of the noise power that is subtracted, at least 0; 1 subtracts all of it. Default: 0."
    row = verb.add_argument("--row-time", type=float, metavar="SECONDS")
    row.help = "Seconds between two rows of a rolling shutter, whose rows then serve as samples. Default: none."
    outputs.add_outputs(verb, FORMATS)
    verb.set_defaults(run=_sound)


def _sound(options: argparse.Namespace) -> None:
    paths = outputs.output_paths(options, FORMATS)
    with warnings_to_stderr(options):
        sound = vmm.measure.sound(
            open_clip(options),
            band=tuple(options.band) if options.band else None,
            roi=tuple(options.roi) if options.roi else None,
            subtract=options.subtract,
            row_time=options.row_time,
        )
        _print_summary(sound)
        for path in paths:
            outputs.save_output(path, sound, lambda: vmm.plot.waveform(sound), overwrite=options.overwrite)


def _print_summary(sound: vmm.measure.Sound) -> None:
    low, high = sound.band
    print(f"{low:.4g} to {high:.4g} Hz, {len(sound.values) / sound.fs:.4g} s")
    if high < _LOWEST_SOUND:
        print("Too low to be heard: the camera rate is too low for sound, unless --row-time uses a rolling shutter")
    elif sound.is_known:
        print(f"Signal-to-noise ratio {sound.snr:.1f} dB")
    else:
        print(f"No sound was found. {sound.reason}")
