"""The command ``measure``: displacement of regions over time."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.regions import liveliest_signal, measured, region_rows
from vmm.cli.sources import add_regions, add_source, outspoken

KNOWN = (*outputs.RESULTS, *outputs.PICTURES)
QUANTITIES = ("displacement", "velocity", "acceleration")


def add(verbs: Any) -> None:
    """Add the verb to the parser's."""
    said = "measure how far regions of a clip move, with the uncertainty; --report makes a page of all there is to tell"
    verb = verbs.add_parser("measure", help=said, description=said)
    add_source(verb)
    add_regions(verb, "where the strongest vibration shows most clearly")
    verb.add_argument("--method", choices=("phase", "linear"), default="phase", help="linear is quicker [phase]")
    verb.add_argument("--quantity", choices=QUANTITIES, default=QUANTITIES[0], help=f"what is told [{QUANTITIES[0]}]")
    verb.add_argument("--report", metavar="FILE.html", help="write a page with waveform, lines, orbit and shapes")
    verb.add_argument("--shapes", type=int, default=3, metavar="N", help="lines whose shapes the report shows [3]")
    outputs.add_outputs(verb, KNOWN)
    verb.set_defaults(run=_measure)


def _measure(options: argparse.Namespace) -> None:
    outs = outputs.checked(options, KNOWN, page=options.report)
    with outspoken(options) as warned:
        moved = measured(options, options.method)
        told = moved if options.quantity == QUANTITIES[0] else getattr(vmm.measure, options.quantity)(moved)
        print(f"{options.quantity}, {len(moved)} frames at {moved.fs:.8g} Hz, {len(moved) / moved.fs:.4g} s")
        outputs.say_table(region_rows(told))
        for path in outs:
            result = liveliest_signal(told) if path.suffix.lower() == ".wav" else told
            outputs.leave(path, result, lambda: vmm.plot.waveform(told, rois=moved.rois))
        if options.report is not None:
            from vmm.cli.report import report

            report(options, moved, warned)
