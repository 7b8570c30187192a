"""The report of the command ``measure``: all results on one page in one file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.inputs import first_frame, length_unit, open_clip, open_part, still_regions
from vmm.cli.outputs import page_bytes
from vmm.cli.report_clips import animated_shapes, comparison, magnified_clip, suggestion_rows
from vmm.cli.tables import largest_amplitude, peak_notes, peak_rows, region_rows

_LARGE_FRAME = 200_000
"""Pixels of a frame above which shapes are measured at every second pixel, which takes a quarter of the memory."""

_NOTHING = "No vibration or color change exceeds the noise of this clip."

_OMITTED = ("run", "quiet", "overwrite", "out", "report")
"""Options that do not influence the results."""

_MEANING = (
    "Each value is given with its standard error, as value \N{PLUS-MINUS SIGN} standard error. About 68 of 100 true "
    "values lie within one standard error of the measured value and 95 within two, which is the band drawn. The "
    "standard error includes the noise of the pixels, the disagreement of fine and coarse detail and, for peaks, the "
    "noise near them in the spectrum. If the last column of the table of regions gives a reason, the picture does "
    "not follow one motion, so that the standard error is less certain, or the motion is unknown. The "
    "uncertainty of the camera's clock is stated separately: it changes all frequencies by the same factor. The "
    "standard error does not include an error of --pixel-size, or the effect of a lossy codec. Motion of the camera is "
    "subtracted with --still, and its error is included."
)


def report(
    options: argparse.Namespace,
    displacement: vmm.measure.RegionSignal,
    result: vmm.measure.RegionSignal,
    messages: Sequence[str],
) -> None:
    """Write the page; it appears under its name when it is complete. `result` is the requested quantity."""
    from vmm.io.drafts import draft

    with draft(Path(options.report), overwrite=options.overwrite) as temporary:
        temporary.write_bytes(page_bytes(_page(options, displacement, result, messages, temporary.parent)))


def _page(
    options: argparse.Namespace,
    displacement: vmm.measure.RegionSignal,
    result: vmm.measure.RegionSignal,
    messages: Sequence[str],
    folder: Path,
) -> str:
    """The text of the page; `folder` holds its videos until they are embedded."""
    clip, frame = open_clip(options), first_frame(options)
    suggestions = vmm.measure.suggest(open_clip(options, gray=False), still=still_regions(options))
    faults = vmm.measure.faults(clip, fs=clip.fs).messages
    sections: list[tuple[str, list[Any]]] = [
        ("Clip", [_clip_rows(options, clip)]),
        ("Regions", [vmm.plot.regions(frame, result.rois, labels=result.names), region_rows(result)]),
        ("Suggestions", [suggestion_rows(suggestions, options)] if suggestions else [_NOTHING]),
        ("Magnified clip", _magnified_items(options, suggestions, folder)),
        *(_motion_sections(options, displacement, result, frame, folder) if displacement.is_known.any() else []),
        ("Faults of the clip", [*faults] or ["No duplicate frames, dropped frames or saturated pixels were found."]),
        ("Meaning of the standard error", [_MEANING]),
        ("Settings", [_setting_rows(options)]),
    ]
    title, sections = Path(options.input).name, [section for section in sections if section[1]]
    return vmm.plot.page(title, sections, warnings=[*messages, *faults])


def _magnified_items(
    options: argparse.Namespace, suggestions: Sequence[vmm.measure.Suggestion], folder: Path
) -> list[Any]:
    """The clip next to that of --magnified, or next to one in which the largest vibration is magnified."""
    if options.magnified is None:
        return magnified_clip(options, suggestions, folder)
    path = Path(options.magnified)
    return comparison(open_part(options), vmm.io.stream(path), folder / "magnified.mp4", path.stem)


def _clip_rows(options: argparse.Namespace, clip: vmm.io.Clip) -> list[tuple[str, str]]:
    info = vmm.io.info(options.input, playlists=options.playlists)
    frames, height, width = clip.shape[:3]
    playback = f", playback at {float(info.fps):.6g} frames/s" if info.fps and float(info.fps) != clip.fs else ""
    duration = (frames if clip.times is None else clip.fs * clip.times[-1] + 1) / clip.fs
    uneven = "" if clip.times is None else f", unevenly spaced, {(frames - 1) / clip.times[-1]:.6g} Hz on average"
    return [
        ("file", Path(options.input).name),
        ("size", f"{width} x {height} pixels, {info.dtype}"),
        ("frames", f"{frames}, {duration:.4g} s"),
        ("camera rate", f"{clip.fs:.8g} Hz{uneven}{playback}"),
        ("codec", f"{info.codec} ({info.pixel_format})"),
    ]


def _motion_sections(
    options: argparse.Namespace,
    displacement: vmm.measure.RegionSignal,
    result: vmm.measure.RegionSignal,
    frame: Any,
    folder: Path,
) -> list[tuple[str, list[Any]]]:
    """The sections about motion. Shapes are displacement at the peaks of the displacement, whatever the quantity is."""
    peaks = vmm.measure.peaks(result, fs_uncertainty=options.fs_uncertainty)
    peaks_of_displacement = peaks if result is displacement else vmm.measure.peaks(displacement)
    return [
        ("Waveform", [vmm.plot.waveform(result, rois=result.rois)]),
        ("Peaks", _peak_items(result, peaks)),
        ("Orbit", _orbit_items(result, peaks)),
        ("Shapes of displacement", _shape_items(options, peaks_of_displacement, frame, folder)),
    ]


def _peak_items(result: vmm.measure.RegionSignal, peaks: Sequence[vmm.measure.Peak]) -> list[Any]:
    """Spectrum and table of peaks."""
    spectrum = vmm.measure.spectrum(result, segments=1, average=True)
    table = peak_rows(peaks) if peaks else "No peak is significantly above the noise."
    return [vmm.plot.spectrum(spectrum, peaks), table, *peak_notes(peaks)]


def _orbit_items(result: vmm.measure.RegionSignal, peaks: Sequence[vmm.measure.Peak]) -> list[Any]:
    """Orbit at the strongest peak, if both directions of a region are known."""
    if not peaks or not result.is_known.all(axis=1).any():
        return []
    return [vmm.plot.orbit(vmm.measure.orbit(result, peaks[0].frequency))]


def _shape_items(options: argparse.Namespace, peaks: Sequence[vmm.measure.Peak], frame: Any, folder: Path) -> list[Any]:
    """Deflection shapes of every pixel at the frequencies of --frequency, or at the strongest peaks."""
    frequencies = sorted(set(options.frequency) or {peak.frequency for peak in peaks[: options.shapes]})
    if not frequencies:
        return []
    unit = length_unit(options)
    largest = max((largest_amplitude(peak)[2] for peak in peaks), default=0.0) / (unit["pixel_size"] or 1)
    notes = [] if largest < 1 else [f"Motion of {largest:.2g} px is too large for shapes of every pixel (below 1 px)."]
    return [*notes, *_shapes(options, frequencies, frame, folder)]


def _shapes(options: argparse.Namespace, frequencies: list[float], frame: Any, folder: Path) -> list[Any]:
    """Pictures and videos of shapes; each frequency alone if the part is too short to measure all together."""
    step = 2 if frame.shape[0] * frame.shape[1] > _LARGE_FRAME else 1
    still, unit = still_regions(options), length_unit(options)
    try:
        modes = vmm.measure.modes(open_clip(options), frequencies, step=step, still=still, **unit)
    except ValueError as error:
        if len(frequencies) == 1:
            return [f"The shape at {frequencies[0]:.4g} Hz is unknown: {error}."]
        return [item for frequency in frequencies for item in _shapes(options, [frequency], frame, folder)]
    moving = animated_shapes(modes, frame, folder, len(frequencies))
    return [vmm.plot.overlay(modes, frame), vmm.plot.arrows(modes, frame), *moving]


def _setting(value: Any) -> str:
    """The value of an option as it is typed; those of a repeated option are separated by commas."""
    if not isinstance(value, (list, tuple)):
        return str(value)
    return ", ".join(" ".join(map(str, part)) if isinstance(part, (list, tuple)) else str(part) for part in value)


def _setting_rows(options: argparse.Namespace) -> list[tuple[str, str]]:
    settings = {
        name: value for name, value in vars(options).items() if name not in _OMITTED and value not in (None, [])
    }
    rows = [
        (name if name == "input" else f"--{name.replace('_', '-')}", _setting(value))
        for name, value in settings.items()
    ]
    return [("option", "value"), *rows, ("vmm", vmm.__version__)]
