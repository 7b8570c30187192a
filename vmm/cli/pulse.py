"""The command ``pulse``: pulse from the colour of skin, and breath from its motion."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.sources import add_source, opened, outspoken

KNOWN = (".csv", ".npz", ".wav", *outputs.PICTURES)
METHODS = ("pos", "chrom", "green")


def add(verbs: Any) -> None:
    """Add the verb to the parser's."""
    said = "find the pulse from the colour of skin, or with --breath the rate of breath from motion"
    verb = verbs.add_parser("pulse", help=said, description=said)
    add_source(verb)
    box = verb.add_argument("--roi", nargs=4, type=int, metavar=("TOP", "LEFT", "HEIGHT", "WIDTH"))
    box.help = "box on skin, or on the chest for breath [the whole frame less a margin]"
    verb.add_argument("--breath", action="store_true", help="find the rate of breath")
    verb.add_argument("--method", choices=METHODS, default=METHODS[0], help=f"of the pulse [{METHODS[0]}]")
    verb.add_argument("--band", nargs=2, type=float, metavar=("LOW", "HIGH"), help="look in this band, in Hz")
    least = verb.add_argument("--min-snr", type=float, default=0.0, metavar="DB")
    least.help = "signal over noise below which no rate is told [0]"
    outputs.add_outputs(verb, KNOWN)
    verb.set_defaults(run=_pulse)


def _pulse(options: argparse.Namespace) -> None:
    outs = outputs.checked(options, KNOWN)
    roi = tuple(options.roi) if options.roi else None
    looked: dict[str, Any] = {"band": tuple(options.band) if options.band else None, "min_snr": options.min_snr}
    with outspoken(options):
        if options.breath:
            found = vmm.measure.breathing(vmm.measure.displacement(opened(options), roi), **looked)
        else:
            found = vmm.measure.pulse(opened(options, grey=False), roi=roi, method=options.method, **looked)
        _say(found, "breaths" if options.breath else "beats")
        for path in outs:
            outputs.leave(path, found, lambda: vmm.plot.waveform(found))


def _say(found: vmm.measure.Rate, what: str) -> None:
    if found.is_known:
        print(f"{outputs.with_error(found.rate, found.stderr)} {what} a minute, signal over noise {found.snr:.1f} dB")
    else:
        print(f"Unknown: {found.reason}")
