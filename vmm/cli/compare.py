"""The command ``compare``: what changed between two recordings of one machine."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import vmm
from vmm.cli import outputs
from vmm.cli.inputs import (
    INPUT_HELP,
    add_clip_options,
    add_regions,
    first_frame,
    length_unit,
    open_clip,
    requested_regions,
    still_regions,
    warnings_to_stderr,
)
from vmm.measure.signals._text import with_stderr

_SIDE = 32
"""Side in pixels of a region in the middle of the frame, and distance from the center of a region within which it shows
a suggested vibration as well."""

_MAX_REGIONS = 8
"""Largest number of regions that are chosen automatically: more would fill the page with the same vibrations."""

_MIN_SHIFT = 1.0
"""Shift in pixels between the pictures of the recordings above which the regions of the second one follow it."""

_MAX_SHIFT = 0.25
"""Fraction of the frame by which the pictures may be shifted. Larger shifts are more likely wrong."""

_MEANING = (
    "A line is new or gone if only one recording has it, and larger or smaller if the difference of its amplitudes "
    "exceeds what noise explains. The standard errors include the noise of the pixels and the noise around the line in "
    "the spectrum. They do not include a different distance or angle of the camera, or a different load or speed."
)


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Compare two recordings of one machine: which vibrations are new, gone, larger or smaller."
    verb = verbs.add_parser("compare", help=summary, description=summary)
    verb.add_argument("before", help=f"First recording. {INPUT_HELP}")
    verb.add_argument("after", help="Second recording, from the same place.")
    add_clip_options(verb.add_argument_group("input"))
    verb.add_argument("--quiet", action="store_true", help="Show no progress bar.")
    add_regions(verb, "the places of the strongest vibrations of both recordings")
    verb.add_argument(
        "--max-peaks", type=int, default=12, metavar="N", help="Largest number of lines of each recording. Default: 12."
    )
    alarm = verb.add_argument("--false-alarm", type=float, default=0.01, metavar="PROBABILITY")
    alarm.help = "Probability, between 0 and 1, that noise alone yields a change. Default: 0.01."
    verb.add_argument("--report", metavar="FILE.html", help="Write a page with the table, spectra and places.")
    verb.add_argument("--out", action="append", default=[], metavar="FILE", help="Write the changes to FILE (.npz).")
    verb.add_argument("--overwrite", action="store_true", help="Overwrite existing output files.")
    verb.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> None:
    _check_boxes(options)
    pair = [argparse.Namespace(**{**vars(options), "input": path}) for path in (options.before, options.after)]
    paths, _ = (outputs.output_paths(part, (".npz",), page=options.report) for part in pair)
    with warnings_to_stderr(pair[0]) as messages, warnings_to_stderr(pair[1]) as more:
        shift = _shift(*(first_frame(part) for part in pair))
        _place_still_regions(pair, shift)
        regions = requested_regions(options) or _suggested_regions(pair, shift)
        signals = _displacements(pair, regions, shift)
        limits = {"max_peaks": options.max_peaks, "false_alarm": options.false_alarm}
        changes = vmm.measure.changes(*signals, **limits)
        if any(shift):
            print(f"The second picture is shifted by {shift[0]} px down and {shift[1]} px right; its regions follow it")
        if changes:
            outputs.print_table(_rows(changes, signals[0].names))
        else:
            print("No recording has a peak that is significantly above its noise")
        for path in paths:
            vmm.measure.save(path, changes, overwrite=options.overwrite)
        if options.report is not None:
            _report(options, pair, signals, changes, [*messages, *more])


def _shift(before: Any, after: Any) -> tuple[int, int]:
    """Whole pixels by which the second picture is shifted, down and right; 0 if it is not shifted by a pixel."""
    import numpy as np
    from skimage.registration import phase_cross_correlation

    if before.shape != after.shape:
        raise ValueError(
            f"the recordings have frames of {before.shape} and {after.shape} pixels: compare recordings of one size"
        )
    shift = -phase_cross_correlation(before.astype(float), after.astype(float), upsample_factor=4)[0]
    is_plausible = np.abs(shift).max() >= _MIN_SHIFT and (np.abs(shift) < _MAX_SHIFT * np.array(before.shape)).all()
    down, right = np.rint(shift).astype(int) if is_plausible else (0, 0)
    return int(down), int(right)


def _check_boxes(options: argparse.Namespace) -> None:
    """Raise ValueError if a region is a polygon."""
    still = () if options.still == "auto" else options.still or ()
    polygon = next((region for region in (*(options.roi or ()), *still) if len(region) != 4), None)
    if polygon is not None:
        numbers = " ".join(map(str, polygon))
        raise ValueError(f"--polygon {numbers}: recordings are compared in boxes: give --roi TOP LEFT HEIGHT WIDTH")


def _place_still_regions(pair: Sequence[argparse.Namespace], shift: tuple[int, int]) -> None:
    """Set the still regions of each recording: those of --still, shifted in the second one, or automatic ones."""
    is_given = pair[0].still != "auto"
    for part, offset in zip(pair, ((0, 0), shift), strict=True):
        boxes = still_regions(part)
        if boxes and is_given:
            part.still = [(box[0] + offset[0], box[1] + offset[1], *box[2:]) for box in boxes]


def _suggested_regions(pair: Sequence[argparse.Namespace], shift: tuple[int, int]) -> list[tuple[int, ...]]:
    """Boxes in the first picture that show the vibrations of both recordings most clearly, one for each place.

    Without any vibration it is the middle of the frame.
    """
    from vmm.measure.detection._strongest_region import strongest_region

    lines = []
    for options, offset in zip(pair, ((0, 0), shift), strict=True):
        suggestions = vmm.measure.suggest(open_clip(options), still=options.still)
        motions = [part for part in suggestions if part.kind == "motion" and not part.is_codec_rhythm]
        lines += [(options, offset, part) for part in motions]
    boxes: list[tuple[int, ...]] = []
    for options, offset, line in sorted(lines, key=lambda part: -part[2].snr):
        place = [p - o for p, o in zip(line.point, offset, strict=True)]
        is_shown = any(line.is_whole_frame or _is_near(box, place) for box in boxes)
        if is_shown or len(boxes) == _MAX_REGIONS:
            continue
        box = strongest_region(partial(open_clip, options), [line], options.still)
        if box is not None:
            boxes.append((box[0] - offset[0], box[1] - offset[1], *box[2:]))
    return list(dict.fromkeys(boxes)) or [_middle(open_clip(pair[0]).shape[1:3])]


def _is_near(box: tuple[int, ...], place: Sequence[int]) -> bool:
    """Whether a place, row and column, is so near to a box that its motion is that of the box."""
    row, col = (place[i] - box[i] - box[2 + i] / 2 for i in range(2))
    return max(abs(row), abs(col)) <= _SIDE


def _middle(size: tuple[int, ...]) -> tuple[int, ...]:
    """A box in the middle of the frame."""
    side = min(_SIDE, *(n // 2 for n in size))
    return (*((n - side) // 2 for n in size), side, side)


def _displacements(
    pair: Sequence[argparse.Namespace], regions: Any, shift: tuple[int, int]
) -> list[vmm.measure.RegionSignal]:
    """Displacement of the same regions in both recordings."""
    height, width = open_clip(pair[0]).shape[1:3]
    listed = regions((height, width)) if callable(regions) else regions
    named = listed if isinstance(listed, dict) else {str(i): box for i, box in enumerate(listed)}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, box in named.items():
        row, col, (tall, wide) = box[0] + shift[0], box[1] + shift[1], box[2:]
        if 0 <= row <= height - tall and 0 <= col <= width - wide:
            before[name], after[name] = box, (row, col, tall, wide)
    if not before:
        raise ValueError("no region is inside both pictures: choose others with --roi TOP LEFT HEIGHT WIDTH")
    unit = length_unit(pair[0])
    return [
        vmm.measure.displacement(open_clip(part), rois, still=part.still, **unit)
        for part, rois in zip(pair, (before, after), strict=True)
    ]


def _rows(changes: Sequence[vmm.measure.Change], names: Sequence[str]) -> list[tuple[str, ...]]:
    """A row of titles, and one row for each line."""
    rows: list[tuple[str, ...]] = [("frequency", "before", "after", "region", "direction", "change")]
    for change in changes:
        after = math.isfinite(change.frequency_after)
        stderr = change.frequency_after_stderr if after else change.frequency_before_stderr
        cells = (
            with_stderr(change.frequency, stderr, change.frequency_unit),
            with_stderr(change.before, change.before_stderr, change.unit),
            with_stderr(change.after, change.after_stderr, change.unit),
        )
        region, direction = change.index
        rows.append((*cells, names[region], ("down", "right")[direction], _verdict(change)))
    return rows


def _verdict(change: vmm.measure.Change) -> str:
    """The verdict, with the ratio of the amplitudes and a significant change of the frequency."""
    text: str = change.verdict
    if text in ("larger", "smaller"):
        text += f", {with_stderr(change.ratio, change.ratio_stderr)} times"
    difference = change.frequency_after - change.frequency_before
    if abs(difference) > 4 * math.hypot(change.frequency_before_stderr, change.frequency_after_stderr):
        text += f", frequency {difference:+.3g} {change.frequency_unit}"
    return text


def _report(
    options: argparse.Namespace,
    pair: Sequence[argparse.Namespace],
    signals: Sequence[vmm.measure.RegionSignal],
    changes: Sequence[vmm.measure.Change],
    messages: Sequence[str],
) -> None:
    """Write the page; it appears under its name when it is complete."""
    from vmm.io.drafts import draft

    spectra = [vmm.measure.spectrum(signal, segments=1) for signal in signals]
    names = [Path(part.input).name for part in pair]
    places = [
        vmm.plot.regions(first_frame(part), signal.rois, labels=signal.names)
        for part, signal in zip(pair, signals, strict=True)
    ]
    lines = "No recording has a peak that is significantly above its noise."
    sections: list[tuple[str, list[Any]]] = [
        ("Changes", [_rows(changes, signals[0].names) if changes else lines, _MEANING]),
        ("Spectra", [vmm.plot.changes(spectra[0], spectra[1], changes)] if changes else []),
        (f"Regions before: {names[0]}", [places[0]]),
        (f"Regions after: {names[1]}", [places[1]]),
    ]
    text = vmm.plot.page(
        f"{names[0]} and {names[1]}", [part for part in sections if part[1]], warnings=list(dict.fromkeys(messages))
    )
    with draft(Path(options.report), overwrite=options.overwrite) as temporary:
        temporary.write_bytes(outputs.page_bytes(text))
