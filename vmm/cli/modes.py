"""The command ``modes``: operating deflection shapes at given frequencies."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.inputs import (
    add_input,
    add_regions,
    first_frame,
    length_unit,
    open_clip,
    requested_regions,
    still_regions,
    warnings_to_stderr,
)

TABLES = (".csv", ".uff")
ANIMATIONS = (".gif", ".mp4", ".mkv")
FORMATS = (".npz", *TABLES, *outputs.PICTURES, *ANIMATIONS)

_DEFAULT_COUNT = 3
"""Number of frequencies that are chosen if none is given."""

_ANIMATION_FPS = 24
"""Playback rate of animations in frames per second; one period of a shape lasts a second."""

_VIDEO_PERIODS = 4
"""Periods in a video, which plays once; a GIF repeats itself."""


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Measure operating deflection shapes: how every pixel, or regions, move at given frequencies."
    verb = verbs.add_parser("modes", help=summary, description=summary)
    add_input(verb)
    add_regions(verb, "every pixel")
    frequency = verb.add_argument("--frequency", nargs="+", type=float, metavar="HZ")
    frequency.help = f"Frequencies in Hz. Default: those of the {_DEFAULT_COUNT} strongest vibrations."
    reference = verb.add_argument("--reference", nargs="+", type=int, metavar="N")
    reference.help = (
        "Reference that has phase 0: a box TOP LEFT HEIGHT WIDTH in pixels, or with --roi or --grid the number of a "
        "region, counted from 0. Default: none; phases refer to the first frame."
    )
    sigma = verb.add_argument("--sigma", type=float, default=5.0, metavar="PIXELS")
    sigma.help = "Standard deviation in pixels of the neighborhood over which motion is averaged. Default: 5."
    step = verb.add_argument("--step", type=int, default=1, metavar="PIXELS")
    step.help = "Distance in pixels between neighboring samples of the shapes. Default: 1."
    verb.add_argument("--arrows", action="store_true", help="Draw arrows instead of colors in pictures.")
    gain = verb.add_argument("--gain", type=float, metavar="FACTOR")
    gain.help = "Magnification of the motion in animations. Default: the largest motion is 3 %% of the frame."
    outputs.add_outputs(verb, FORMATS)
    verb.set_defaults(run=_modes)


def _modes(options: argparse.Namespace) -> None:
    paths = outputs.output_paths(options, FORMATS)
    rois = requested_regions(options)
    if rois is None and (tables := [path for path in paths if path.suffix.lower() in TABLES]):
        raise ValueError(f"{tables[0]}: this format holds shapes of regions, not of every pixel: give --roi or --grid")
    unit = length_unit(options)
    with warnings_to_stderr(options):
        still = still_regions(options)
        frequencies = options.frequency or strongest_frequencies(options)
        displacement = None
        if rois is not None:
            displacement = vmm.measure.displacement(open_clip(options), rois, still=still, **unit)
        modes = _measure_modes(options, displacement, frequencies)
        _print_summary(modes)
        draw = vmm.plot.arrows if options.arrows else vmm.plot.overlay
        frame, places = first_frame(options), () if displacement is None else displacement.rois
        for path in paths:
            if path.suffix.lower() in ANIMATIONS:
                _write_animation(path, modes, frame, places, options)
            else:
                result = [displacement, modes] if path.suffix.lower() == ".uff" else modes
                outputs.save_output(path, result, partial(draw, modes, frame, rois=places), overwrite=options.overwrite)


def strongest_frequencies(options: argparse.Namespace) -> list[float]:
    """The frequencies of the strongest vibrations in the clip."""
    suggestions = vmm.measure.suggest(open_clip(options), still=still_regions(options))
    frequencies = [part.frequency for part in suggestions if part.kind == "motion" and not part.is_codec_rhythm]
    if not frequencies:
        raise ValueError("nothing vibrates above the noise: give a frequency in Hz with --frequency")
    return frequencies[:_DEFAULT_COUNT]


def _measure_modes(
    options: argparse.Namespace, displacement: vmm.measure.RegionSignal | None, frequencies: list[float]
) -> vmm.measure.Modes:
    """The shapes of the regions, or of every pixel if there are none."""
    reference = options.reference
    words = " ".join(map(str, reference or ()))
    if displacement is not None:
        if reference is not None and len(reference) != 1:
            raise ValueError(f"--reference {words} must be the number of one of the regions")
        return vmm.measure.modes(displacement, frequencies, reference=reference[0] if reference else None)
    if reference is not None and len(reference) != 4:
        raise ValueError(f"--reference {words} must be a box TOP LEFT HEIGHT WIDTH in pixels")
    settings = {"sigma": options.sigma, "step": options.step, "reference": tuple(reference) if reference else None}
    still = still_regions(options)
    return vmm.measure.modes(open_clip(options), frequencies, still=still, **settings, **length_unit(options))


def _print_summary(modes: vmm.measure.Modes) -> None:
    """Print a table with one row for each frequency."""
    import numpy as np

    from vmm.plot._shapes import SIGNIFICANCE, typical_size

    rows = [("frequency", "motion of 99 % up to", "largest", "median standard error", "known")]
    for frequency, shape, stderr in zip(modes.frequencies, modes.shapes, modes.stderr, strict=True):
        typical = largest = "unknown"
        if not np.isnan(shape).all():
            typical = f"{typical_size(shape, np.abs(shape) > SIGNIFICANCE * stderr):.3g} {modes.unit}"
            largest = f"{np.nanmax(np.abs(shape)):.3g} {modes.unit}"
        median = "" if np.isnan(stderr).all() else f"{np.nanmedian(stderr):.2g} {modes.unit}"
        rows.append((f"{frequency:.6g} Hz", typical, largest, median, f"{100 * modes.is_known.mean():.0f} %"))
    outputs.print_table(rows)


def _write_animation(path: Path, modes: vmm.measure.Modes, frame: Any, rois: Any, options: argparse.Namespace) -> None:
    """Write one period of every shape, arranged along the shorter side of the frame; videos repeat the period."""
    import numpy as np

    count = len(modes.frequencies)
    shapes = [vmm.plot.animated(modes, frame, k, gain=options.gain, rois=rois) for k in range(count)]
    period = np.concatenate(shapes, axis=1 if frame.shape[1] > frame.shape[0] else 2)
    repeats = 1 if path.suffix.lower() == ".gif" else _VIDEO_PERIODS
    # outputs.output_paths has refused to overwrite a file without --overwrite.
    info = vmm.io.info(options.input, playlists=options.playlists)
    like = replace(info, color_tags=(), bit_depth=8)  # Of the input, only the pixel aspect is kept.
    vmm.io.write(path, np.concatenate([period] * repeats), _ANIMATION_FPS, like=like, overwrite=True)
