"""The report of ``measure``: all that there is to tell of a clip, on one page in one file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.regions import line_rows, most_of, region_rows
from vmm.cli.sources import first_frame, opened, scale

_LARGE = 200_000  # pixels of a frame, from which shapes are told at every second
_LEFT_OUT = ("run", "quiet", "overwrite", "out", "report")
_MEANING = (
    "A value and its standard error, value \N{PLUS-MINUS SIGN} error: 68 of 100 true values lie within one error of "
    "what is told, 95 within two, which is the band drawn. The error counts the noise of the pixels, and of lines what "
    "stands around them in the spectrum. It does not count a wrong --fs or --pixel-size, a camera that shakes, or what "
    "a codec took away."
)


def report(options: argparse.Namespace, moved: vmm.measure.RegionSignal, warned: Sequence[str]) -> None:
    """Write the page; it appears under its name when it is whole."""
    from vmm.io.write import drafted

    clip, frame = opened(options), first_frame(options)
    wrong = vmm.measure.faults(clip, fs=clip.fs).messages
    parts: list[tuple[str, list[Any]]] = [
        ("Clip", [_clip(options, clip)]),
        ("Regions", [vmm.plot.regions(frame, moved.rois), region_rows(moved)]),
        *(_motion(options, moved, frame) if moved.is_known.any() else []),
        ("Faults of the clip", [*wrong] or ["No repeated or missing frame and no saturated pixels were found."]),
        ("What the uncertainty means", [_MEANING]),
        ("Settings", [_settings(options)]),
    ]
    text = vmm.plot.page(Path(options.input).name, [part for part in parts if part[1]], warnings=[*warned, *wrong])
    with drafted(Path(options.report)) as draft:
        draft.write_text(text, encoding="utf-8")


def _clip(options: argparse.Namespace, clip: vmm.io.Clip) -> list[tuple[str, str]]:
    found = vmm.io.info(options.input)
    frames, height, width = clip.shape[:3]
    played = f", played at {float(found.rate):.6g}" if found.rate and float(found.rate) != clip.fs else ""
    return [
        ("file", Path(options.input).name),
        ("size", f"{width} x {height} pixels, {found.dtype}"),
        ("frames", f"{frames}, {frames / clip.fs:.4g} s"),
        ("rate", f"{clip.fs:.8g} frames/s of the camera{played}"),
        ("codec", f"{found.codec} ({found.pixels})"),
    ]


def _motion(options: argparse.Namespace, moved: vmm.measure.RegionSignal, frame: Any) -> list[tuple[str, list[Any]]]:
    """What is told of motion."""
    lines = vmm.measure.peaks(moved)
    return [
        ("Waveform", [vmm.plot.waveform(moved, rois=moved.rois)]),
        ("Lines", _lines(moved, lines)),
        ("Orbit", _orbit(moved, lines)),
        ("Shapes", _shapes(options, lines, frame)),
    ]


def _lines(moved: vmm.measure.RegionSignal, lines: Sequence[vmm.measure.Peak]) -> list[Any]:
    """Spectrum and table."""
    found = vmm.measure.spectrum(moved, average=True)
    table = line_rows(lines) if lines else "No line stands out of the noise."
    return [vmm.plot.spectrum(found, lines), table]


def _orbit(moved: vmm.measure.RegionSignal, lines: Sequence[vmm.measure.Peak]) -> list[Any]:
    """Of the strongest line, where both directions are known."""
    if not lines or not moved.is_known.all(axis=1).any():
        return []
    return [vmm.plot.orbit(vmm.measure.orbit(moved, lines[0].frequency))]


def _shapes(options: argparse.Namespace, lines: Sequence[vmm.measure.Peak], frame: Any) -> list[Any]:
    """Of the strongest lines, of every pixel."""
    frequencies = sorted(line.frequency for line in lines[: options.shapes])
    if not frequencies:
        return []
    step = 2 if frame.shape[0] * frame.shape[1] > _LARGE else 1
    found = vmm.measure.modes(opened(options), frequencies, step=step, **scale(options))
    largest = max(most_of(line)[2] for line in lines) / options.pixel_size
    said = [] if largest < 1 else [f"Motion of {largest:.2g} px is larger than shapes of every pixel can follow."]
    return [*said, vmm.plot.overlay(found, frame), vmm.plot.arrows(found, frame)]


def _settings(options: argparse.Namespace) -> list[tuple[str, str]]:
    given = {name: value for name, value in vars(options).items() if name not in _LEFT_OUT and value is not None}
    rows = [(f"--{name.replace('_', '-')}" if name != "input" else name, str(value)) for name, value in given.items()]
    return [("option", "value"), *rows, ("vmm", vmm.__version__)]
