"""The commands ``info`` and ``compare``: the properties of a file, and two clips side by side."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.inputs import FS_HELP, INPUT_HELP
from vmm.cli.outputs import speed_text


def add(verbs: Any) -> None:
    """Add the verbs to the parser."""
    _add_info(verbs)
    _add_compare(verbs)


def _add_info(verbs: Any) -> None:
    summary = "Print the size, rates, length and codec of a file, and what changes the numbers measured in it."
    verb = verbs.add_parser("info", help=summary, description=summary)
    verb.add_argument("input", help=INPUT_HELP)
    verb.set_defaults(run=_info)


def _info(options: argparse.Namespace) -> None:
    info = vmm.io.info(options.input)
    rows = [*_picture_rows(info), *_time_rows(info), *_codec_rows(Path(options.input), info)]
    for name, text in rows:
        print(f"{name:<9} {text}")


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
        speed = speed_text(info.fps, info.capture_rate)
        rows.append(("filmed", f"{float(info.capture_rate):.8g} frames/s; {speed}"))
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


def _add_compare(verbs: Any) -> None:
    summary = "Compare two clips: write their x-t slices as a picture, or both side by side as a video."
    verb = verbs.add_parser("compare", help=summary, description=summary)
    verb.add_argument("before", help="First clip.")
    verb.add_argument("after", help="Second clip.")
    verb.add_argument("output", help="Picture of x-t slices (.png, .pdf, .svg), or a video.")
    line = verb.add_mutually_exclusive_group()
    line.add_argument("--row", type=int, help="Row of the frame that the slices show.")
    line.add_argument("--col", type=int, help="Column of the frame that the slices show. Default: the middle column.")
    verb.add_argument("--fs", type=float, metavar="HZ", help=FS_HELP)
    verb.add_argument("--overwrite", action="store_true", help="Overwrite an existing output file.")
    verb.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> None:
    from vmm.io.destination import check_destination, temporary_path
    from vmm.io.rates import default_playback_rate

    out = Path(options.output)
    is_picture = out.suffix.lower() in (".png", ".pdf", ".svg")
    if is_picture:
        check_destination(out, overwrite=options.overwrite)
    before, after = (vmm.io.even(vmm.io.stream(path, fs=options.fs)) for path in (options.before, options.after))
    if not is_picture:
        pairs = vmm.plot.side_by_side(*_in_common_format(before, after))
        fps = default_playback_rate(before.fps, before.fs)
        return vmm.io.write(out, pairs, fps, fs=before.fs, like=before.info, overwrite=options.overwrite)
    step = -(-max(before.shape[0], after.shape[0]) // _MAX_COLUMNS)
    clips = (_every(step, clip) for clip in _in_common_format(before, after))
    figure = vmm.plot.slices(*clips, row=options.row, col=options.col, fs=before.fs / step)
    with temporary_path(out) as temporary:
        figure.savefig(temporary, dpi=100)
    return None


_MAX_COLUMNS = 2000
"""Largest number of frames in an x-t slice, a few times the width of the picture in pixels. Only every n-th frame of a
longer clip is shown, which bounds the memory."""


def _every(step: int, chunks: Iterator[Any]) -> Iterator[Any]:
    """Every `step`-th frame of a clip."""
    position = 0
    for chunk in chunks:
        yield chunk[-position % step :: step]
        position += len(chunk)


def _in_common_format(*clips: vmm.io.Clip) -> list[Iterator[Any]]:
    """Chunks of the clips in 8 bits, in color if any clip has color, and cropped to the smallest size."""
    import numpy as np

    from vmm.io.values import full_range

    height, width = (min(clip.shape[axis] for clip in clips) for axis in (1, 2))
    is_color = any(len(clip.shape) == 4 for clip in clips)

    def convert(chunk: Any) -> Any:
        chunk = chunk[:, :height, :width]
        if chunk.dtype == np.uint16:
            chunk = (chunk >> 8).astype(np.uint8)
        return np.repeat(chunk[..., None], 3, axis=-1) if is_color and chunk.ndim == 3 else chunk

    return [map(convert, full_range(clip, clip.white)) for clip in clips]
