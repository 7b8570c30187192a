"""The command ``spectrum``: the lines in the motion of regions."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.regions import line_rows, measured
from vmm.cli.sources import add_regions, add_source, outspoken

KNOWN = (".npz", ".csv", *outputs.PICTURES)


def add(verbs: Any) -> None:
    """Add the verb to the parser's."""
    said = "find the frequencies at which regions of a clip vibrate, and how far, each with its uncertainty"
    verb = verbs.add_parser("spectrum", help=said, description=said)
    add_source(verb)
    add_regions(verb, "where the strongest vibration shows most clearly")
    verb.add_argument("--band", nargs=2, type=float, metavar=("LOW", "HIGH"), help="look in this band, in Hz [all]")
    verb.add_argument("--max-peaks", type=int, default=8, help="lines shown at most [8]")
    verb.add_argument("--segments", type=int, default=1, help="segments that the spectrum averages [1]")
    alarm = verb.add_argument("--false-alarm", type=float, default=0.01, metavar="CHANCE")
    alarm.help = "chance at which noise yields a line [0.01]"
    clock = verb.add_argument("--fs-uncertainty", type=float, default=0.0, metavar="SHARE")
    clock.help = "relative error of --fs, which the errors of frequency then contain [0]"
    verb.add_argument("--peaks", metavar="FILE", help="write the lines here: .csv or .npz")
    outputs.add_outputs(verb, KNOWN)
    verb.set_defaults(run=_spectrum)


def _spectrum(options: argparse.Namespace) -> None:
    outs = outputs.checked(options, KNOWN, table=options.peaks)
    band = tuple(options.band) if options.band else None
    settings = {
        "max_peaks": options.max_peaks,
        "false_alarm": options.false_alarm,
        "fs_uncertainty": options.fs_uncertainty,
    }
    with outspoken(options):
        moved = measured(options)
        lines = vmm.measure.peaks(moved, band=band, **settings)
        found = vmm.measure.spectrum(moved, segments=options.segments, average=True)
        if lines:
            outputs.say_table(line_rows(lines))
        else:
            print("No line stands out of the noise")
        for path in outs:
            outputs.leave(path, found, lambda: vmm.plot.spectrum(found, lines, band=band))
        if options.peaks is not None and lines:
            vmm.measure.save(options.peaks, lines, overwrite=options.overwrite)
