"""The command ``pulse``: pulse from the color of skin, and breathing from motion."""

from __future__ import annotations

import argparse
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.inputs import BOX, BOX_HELP, add_input, open_clip, warnings_to_stderr
from vmm.measure.signals._text import with_stderr

FORMATS = (".csv", ".npz", ".wav", *outputs.PICTURES)
_MAX_STDERR = 0.05
"""Largest relative standard error of the rates over time whose range is printed."""

METHODS = ("pos", "chrom", "green")


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Measure the pulse from the color of skin, or with --breath the breathing rate from motion."
    verb = verbs.add_parser("pulse", help=summary, description=summary)
    add_input(verb)
    box = verb.add_argument("--roi", nargs=4, type=int, metavar=BOX)
    box.help = f"{BOX_HELP} It shows skin, or with --breath the chest. Default: the frame without its margin."
    verb.add_argument("--breath", action="store_true", help="Measure the breathing rate instead of the pulse.")
    method = verb.add_argument("--method", choices=METHODS, default=METHODS[0])
    method.help = (
        "Algorithm that extracts the pulse from color: pos and chrom combine the channels so that motion and light "
        f"cancel, and green uses the green channel alone. Default: {METHODS[0]}."
    )
    band = verb.add_argument("--band", nargs=2, type=float, metavar=("LOW", "HIGH"))
    band.help = "Band in Hz that is searched. Default: 0.7 to 4 Hz for the pulse, 0.1 to 0.6 Hz for breathing."
    snr = verb.add_argument("--min-snr", type=float, metavar="DB")
    snr.help = (
        "Signal-to-noise ratio in dB below which the rate is reported as unknown as well. Default: no such limit."
    )
    outputs.add_outputs(verb, FORMATS)
    verb.set_defaults(run=_pulse)


def _pulse(options: argparse.Namespace) -> None:
    paths = outputs.output_paths(options, FORMATS)
    roi = tuple(options.roi) if options.roi else None
    settings: dict[str, Any] = {"band": tuple(options.band) if options.band else None, "min_snr": options.min_snr}
    with warnings_to_stderr(options, about_motion=options.breath):
        if options.breath:
            rate = vmm.measure.breathing(vmm.measure.displacement(open_clip(options), roi), **settings)
        else:
            rate = vmm.measure.pulse(open_clip(options, gray=False), roi=roi, method=options.method, **settings)
        _print_summary(rate, "breaths" if options.breath else "beats")
        for path in paths:
            outputs.save_output(path, rate, lambda: vmm.plot.waveform(rate), overwrite=options.overwrite)


def _print_summary(rate: vmm.measure.Rate, unit: str) -> None:
    if not rate.is_known:
        print(f"Unknown: {rate.reason}")
        return
    value = with_stderr(rate.rate, rate.stderr)
    print(f"{value} {unit} per minute, signal-to-noise ratio {rate.snr:.0f} dB")
    print(f"Noise alone shows as clear a rhythm with a probability of at most {rate.p_value:.2g}")
    rates = rate.rates[rate.rates_stderr < _MAX_STDERR * rate.rate]
    if len(rates) > 1:
        print(f"The rate was between {rates.min():.0f} and {rates.max():.0f} in intervals of 8 periods")
