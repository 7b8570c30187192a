"""The command ``spectrum``: peaks in the spectrum of the displacement of regions."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.inputs import add_input, add_regions, warnings_to_stderr
from vmm.cli.tables import measure_displacement, peak_notes, peak_rows

FORMATS = (".npz", ".csv", *outputs.PICTURES)


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Find the frequencies and amplitudes at which regions of a clip vibrate, with their standard errors."
    verb = verbs.add_parser("spectrum", help=summary, description=summary)
    add_input(verb)
    add_regions(verb, "the region that shows the strongest vibration most clearly")
    band = verb.add_argument("--band", nargs=2, type=float, metavar=("LOW", "HIGH"))
    band.help = "Band in Hz that is searched for peaks. Default: all frequencies."
    verb.add_argument(
        "--max-peaks", type=int, default=8, metavar="N", help="Largest number of peaks, strongest first. Default: 8."
    )
    segments = verb.add_argument("--segments", type=int, default=1, metavar="N")
    segments.help = "Number of overlapping segments over which the spectrum is averaged, at least 1. Default: 1."
    alarm = verb.add_argument("--false-alarm", type=float, default=0.01, metavar="PROBABILITY")
    alarm.help = "Probability, between 0 and 1, that noise alone yields a peak. Default: 0.01."
    outputs.add_fs_uncertainty(verb)
    verb.add_argument("--peaks", metavar="FILE", help="Write the peaks to FILE. Formats: .csv, .npz.")
    outputs.add_outputs(verb, FORMATS)
    verb.set_defaults(run=_spectrum)


def _spectrum(options: argparse.Namespace) -> None:
    paths = outputs.output_paths(options, FORMATS, table=options.peaks)
    band = tuple(options.band) if options.band else None
    settings = {
        "max_peaks": options.max_peaks,
        "false_alarm": options.false_alarm,
        "fs_uncertainty": options.fs_uncertainty,
    }
    with warnings_to_stderr(options):
        displacement = measure_displacement(options)
        peaks = vmm.measure.peaks(displacement, band=band, **settings)
        spectrum = vmm.measure.spectrum(displacement, segments=options.segments, average=True)
        if peaks:
            outputs.print_table(peak_rows(peaks))
            print(*peak_notes(peaks), sep="\n", end="\n" * bool(peak_notes(peaks)))
        else:
            print("No peak is significantly above the noise")
        for path in paths:
            outputs.save_output(
                path, spectrum, lambda: vmm.plot.spectrum(spectrum, peaks, band=band), overwrite=options.overwrite
            )
        if options.peaks is not None and peaks:
            vmm.measure.save(options.peaks, peaks, overwrite=options.overwrite)
