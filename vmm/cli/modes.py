"""The command ``modes``: how everything in the picture moves at given frequencies."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.sources import add_regions, add_source, asked, first_frame, opened, outspoken, scale

TABLES = (".csv", ".uff")
MOVING = (".gif", ".mp4", ".mkv")
KNOWN = (".npz", *TABLES, *outputs.PICTURES, *MOVING)
_USUAL = 3  # frequencies that are taken where none is named
_RATE = 24  # frames a second at which a shape plays


def add(verbs: Any) -> None:
    """Add the verb to the parser's."""
    said = "measure deflection shapes: how every pixel, or regions, move at some frequencies"
    verb = verbs.add_parser("modes", help=said, description=said)
    add_source(verb)
    add_regions(verb, "every pixel")
    frequency = verb.add_argument("--frequency", nargs="+", type=float, metavar="HZ")
    frequency.help = f"frequencies [the {_USUAL} strongest that vibrate]"
    reference = verb.add_argument("--reference", nargs="+", type=int, metavar="N")
    reference.help = "what has phase 0: a box TOP LEFT HEIGHT WIDTH, or with --roi or --grid the number of a region"
    verb.add_argument("--sigma", type=float, default=5.0, help="pixels around each pixel that move as one [5]")
    verb.add_argument("--step", type=int, default=1, help="from one pixel of the shapes to the next [1]")
    verb.add_argument("--arrows", action="store_true", help="pictures show arrows in place of colours")
    verb.add_argument("--gain", type=float, help="how many times as far a moving picture moves [3 %% of the frame]")
    outputs.add_outputs(verb, KNOWN)
    verb.set_defaults(run=_modes)


def _modes(options: argparse.Namespace) -> None:
    outs = outputs.checked(options, KNOWN)
    rois = asked(options)
    if rois is None and (tables := [path for path in outs if path.suffix.lower() in TABLES]):
        raise ValueError(f"{tables[0]}: this format holds shapes of regions, not of every pixel: give --roi or --grid")
    with outspoken(options):
        frequencies = options.frequency or strongest(options)
        moved = None if rois is None else vmm.measure.displacement(opened(options), rois, **scale(options))
        found = _measured(options, moved, frequencies)
        _say(found)
        draw = vmm.plot.arrows if options.arrows else vmm.plot.overlay
        frame, places = first_frame(options), () if moved is None else moved.rois
        for path in outs:
            if path.suffix.lower() in MOVING:
                _write_moving(path, found, frame, places, options.gain)
            else:
                result = [moved, found] if path.suffix.lower() == ".uff" else found
                outputs.leave(path, result, partial(draw, found, frame, rois=places))


def strongest(options: argparse.Namespace) -> list[float]:
    """The frequencies of the strongest vibrations."""
    lines = vmm.measure.suggest(opened(options))
    found = [line.frequency for line in lines if line.kind == "motion"][:_USUAL]
    if not found:
        raise ValueError("nothing vibrates by more than noise: name a frequency with --frequency")
    return found


def _measured(
    options: argparse.Namespace, moved: vmm.measure.RegionSignal | None, frequencies: list[float]
) -> vmm.measure.Modes:
    """The shapes."""
    given = options.reference
    if moved is not None:
        if given is not None and len(given) != 1:
            raise ValueError(f"--reference {' '.join(map(str, given))} must be the number of one of the regions")
        return vmm.measure.modes(moved, frequencies, reference=given[0] if given else None)
    if given is not None and len(given) != 4:
        raise ValueError(f"--reference {' '.join(map(str, given))} must be a box TOP LEFT HEIGHT WIDTH")
    reference = tuple(given) if given else None
    around = {"sigma": options.sigma, "step": options.step}
    return vmm.measure.modes(opened(options), frequencies, reference=reference, **around, **scale(options))


def _say(found: vmm.measure.Modes) -> None:
    """A table of the frequencies."""
    import numpy as np

    rows = [("frequency", "largest motion", "typical standard error", "known")]
    for frequency, shape, error in zip(found.frequencies, found.shapes, found.stderr, strict=True):
        largest = "unknown" if np.isnan(shape).all() else f"{np.nanmax(np.abs(shape)):.3g} {found.unit}"
        typical = "" if np.isnan(error).all() else f"{np.nanmedian(error):.2g} {found.unit}"
        rows.append((f"{frequency:.6g} Hz", largest, typical, f"{100 * found.is_known.mean():.0f} %"))
    outputs.say_table(rows)


def _write_moving(path: Path, found: vmm.measure.Modes, frame: Any, rois: Any, gain: float | None) -> None:
    """One period of every shape, below or beside one another; in videos it is repeated."""
    import numpy as np

    count = len(found.frequencies)
    shapes = [vmm.plot.animated(found, frame, k, gain=gain, rois=rois) for k in range(count)]
    joined = np.concatenate(shapes, axis=1 if frame.shape[1] > frame.shape[0] else 2)
    periods = 1 if path.suffix.lower() == ".gif" else 4
    vmm.io.write(path, np.concatenate([joined] * periods), _RATE, overwrite=True)  # it was checked before
