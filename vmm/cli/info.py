"""The command ``info``: the properties of a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.inputs import INPUT_HELP, add_playlists
from vmm.cli.outputs import speed_text


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Print the size, rates, length and codec of a file, and what changes the numbers measured in it."
    verb = verbs.add_parser("info", help=summary, description=summary)
    verb.add_argument("input", help=INPUT_HELP)
    add_playlists(verb)
    verb.set_defaults(run=_info)


def _info(options: argparse.Namespace) -> None:
    info = vmm.io.info(options.input, playlists=options.playlists)
    for name, text in rows(Path(options.input), info):
        print(f"{name:<9} {text}")


def rows(path: Path, info: vmm.io.Info) -> list[tuple[str, str]]:
    """Name and text of each property of a file."""
    return [*_picture_rows(info), *_time_rows(info), *_codec_rows(path, info)]


def _picture_rows(info: vmm.io.Info) -> list[tuple[str, str]]:
    """The size of the frames and all that changes how they look."""
    from vmm.io.encode import HDR

    height, width = info.shape[1:3]
    rows = [("size", f"{width} x {height}, {'color' if len(info.shape) == 4 else 'gray'}, {info.dtype}")]
    if info.pixel_aspect != 1:
        aspect = f"{info.pixel_aspect.numerator}:{info.pixel_aspect.denominator}"
        wide = round(width * info.pixel_aspect)
        rows.append(("pixels", f"{aspect} (width : height), shown as {wide} x {height}; vmm measures in pixels"))
    if info.rotation:
        rows.append(("rotation", f"{info.rotation} degrees counterclockwise, which reading applies"))
    if "first" in info.field_order:
        rows.append(("fields", f"interlaced, {info.field_order}: each frame shows two instants"))
    transfer = dict(info.color_tags).get("color_trc", "")
    if transfer in HDR:
        rows.append(("transfer", f"{HDR[transfer]} ({transfer}), high dynamic range"))
    return rows


def _time_rows(info: vmm.io.Info) -> list[tuple[str, str]]:
    """The number of frames and their rates."""
    frames, rows = info.shape[0], [("frames", str(info.shape[0]))]
    if not info.fps:
        return [*rows, ("rate", "not stated; give the camera rate with --fs"), *_uneven_rows(info)]
    fps = float(info.fps)
    exact = f" ({info.fps})" if info.fps.denominator > 1 else ""
    duration = frames / fps if info.is_even or info.times is None else float(info.times[-1]) + 1 / fps
    rows.append(("rate", f"{fps:.6g} frames/s{exact}, {duration:.3f} s"))
    if info.capture_rate:
        speed = [text] if (text := speed_text(info.fps, info.capture_rate)) else []
        rows.append(("filmed", "; ".join([f"{float(info.capture_rate):.8g} frames/s", *speed])))
    return [*rows, *_uneven_rows(info)]


def _codec_rows(path: Path, info: vmm.io.Info) -> list[tuple[str, str]]:
    """The codec and its effect on small motion."""
    from vmm.io.codecs import codec_loss

    sound = ", with sound" if info.has_sound else ""
    rows = [("codec", f"{info.codec} ({info.pixel_format}), {info.bit_depth} bits per sample{sound}")]
    if (loss := codec_loss(path, info)) is not None:
        rows.append(("loss", f"{loss}, and {100 * loss.small:.0f} % of one of 0.005 px"))
        rows.append(("", f"(estimated from {loss.bits:.2g} bits per pixel); false peaks may appear in spectra"))
        rows.append(("", "larger and slower motion suffers less; for measurements, record raw video, FFV1 or MJPEG"))
    return rows


def _uneven_rows(info: vmm.io.Info) -> list[tuple[str, str]]:
    """Properties of the times of the frames that change numbers measured from them."""
    rows = []
    if info.spacing is not None and not info.is_even:
        rows.append(("times", f"uneven: {info.spacing}"))
    if info.numbers is not None:
        missing = int(info.numbers[-1]) + 1 - len(info.numbers)
        rows.append(("times", f"uneven: {missing} missing in the numbers of the images"))
    if info.start > 0:
        rows.append(("start", f"{info.start:.3f} s after the beginning of the file"))
    if info.missing_end:
        rows.append(("end", f"missing: the header states {info.missing_end:.3f} s more than the file holds"))
    return rows
