"""The command ``sound``: what can be heard in a clip."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.sources import add_source, opened, outspoken

KNOWN = (".wav", ".npz", ".csv", *outputs.PICTURES)
_HEARD = 40.0  # Hz, below which ends what is no sound


def add(verbs: Any) -> None:
    """Add the verb to the parser's."""
    said = "hear the sound that makes the things in a clip vibrate"
    verb = verbs.add_parser("sound", help=said, description=said)
    add_source(verb)
    box = verb.add_argument("--roi", nargs=4, type=int, metavar=("TOP", "LEFT", "HEIGHT", "WIDTH"))
    box.help = "look in this box [the whole frame]"
    verb.add_argument("--band", nargs=2, type=float, metavar=("LOW", "HIGH"), help="keep this band, in Hz [from 20 Hz]")
    verb.add_argument("--subtract", type=float, default=0.0, help="share of the noise that is subtracted, as 1 [0]")
    row = verb.add_argument("--row-time", type=float, metavar="S")
    row.help = "seconds from row to row of a rolling shutter, whose rows are then samples"
    outputs.add_outputs(verb, KNOWN)
    verb.set_defaults(run=_sound)


def _sound(options: argparse.Namespace) -> None:
    outs = outputs.checked(options, KNOWN)
    with outspoken(options):
        heard = vmm.measure.sound(
            opened(options),
            band=tuple(options.band) if options.band else None,
            roi=tuple(options.roi) if options.roi else None,
            subtract=options.subtract,
            row_time=options.row_time,
        )
        _say(heard)
        for path in outs:
            outputs.leave(path, heard, lambda: vmm.plot.waveform(heard))


def _say(heard: vmm.measure.Sound) -> None:
    low, high = heard.band
    print(f"{low:.4g} to {high:.4g} Hz, {len(heard.values) / heard.fs:.4g} s")
    if high < _HEARD:
        print("Too low to be heard: so few frames a second hold no sound; --row-time reads that of a rolling shutter")
    elif heard.is_known:
        print(f"Signal over noise {heard.snr:.1f} dB")
    else:
        print("Nothing is heard: the picture does not vibrate together by more than noise")
