"""The command ``measure``: displacement of regions over time."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.inputs import add_input, add_regions, warnings_to_stderr
from vmm.cli.tables import largest_signal, measure_displacement, region_rows

FORMATS = (*outputs.RESULTS, *outputs.PICTURES)
QUANTITIES = ("displacement", "velocity", "acceleration")


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Measure the displacement of regions of a clip, with its standard error; --report writes a full report."
    verb = verbs.add_parser("measure", help=summary, description=summary)
    add_input(verb)
    add_regions(verb, "the region that shows the strongest vibration most clearly")
    method = verb.add_argument("--method", choices=("phase", "linear"), default="phase")
    method.help = "Displacement estimator; linear is faster and less accurate for large motion. Default: phase."
    quantity = verb.add_argument("--quantity", choices=QUANTITIES, default=QUANTITIES[0])
    quantity.help = f"Quantity in tables, files and the report. Default: {QUANTITIES[0]}."
    report = verb.add_argument("--report", metavar="FILE.html")
    report.help = "Write a report with waveform, peaks, orbit and shapes to FILE.html."
    shapes = verb.add_argument("--shapes", type=int, default=3, metavar="N")
    shapes.help = "Number of peaks for which the report shows deflection shapes. Default: 3."
    frequency = verb.add_argument("--frequency", type=float, action="append", default=[], metavar="HZ")
    frequency.help = (
        "Frequency in Hz at which the report shows a deflection shape. Repeat the option for more. "
        "Default: those of the largest peaks, as many as --shapes says."
    )
    magnified = verb.add_argument("--magnified", metavar="FILE")
    magnified.help = (
        "Magnified clip of the same part, which the report shows next to the original. "
        "Default: the report magnifies the largest vibration itself."
    )
    outputs.add_fs_uncertainty(verb)
    outputs.add_outputs(verb, FORMATS, " A .wav file holds the signal that moves most, scaled to full volume.")
    verb.set_defaults(run=_measure)


def _measure(options: argparse.Namespace) -> None:
    paths = outputs.output_paths(options, FORMATS, page=options.report)
    if options.report is None and (options.frequency or options.magnified is not None):
        raise ValueError("--frequency and --magnified belong to the report: give --report FILE.html as well")
    with warnings_to_stderr(options) as messages:
        displacement = measure_displacement(options, options.method)
        result = displacement
        if options.quantity != QUANTITIES[0]:
            result = getattr(vmm.measure, options.quantity)(displacement)
        fs, count = displacement.fs, len(displacement)
        mean = "" if displacement.frame_times is None else "a mean rate of "
        print(f"{options.quantity}, {count} frames at {mean}{fs:.8g} Hz, {count / fs:.4g} s")
        outputs.print_table(region_rows(result))
        for path in paths:
            output: Any = result
            if path.suffix.lower() == ".wav":
                output, name = largest_signal(result)
                print(f"{path} holds the signal that moves most, scaled to full volume: {name}")
            outputs.save_output(
                path, output, lambda: vmm.plot.waveform(result, rois=displacement.rois), overwrite=options.overwrite
            )
        if options.report is not None:
            from vmm.cli.report import report

            report(options, displacement, result, messages)
