"""The commands ``info`` and ``compare``: the properties of a file, and two clips side by side."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.inputs import FS_HELP, INPUT_HELP


def add(verbs: Any) -> None:
    """Add the verbs to the parser."""
    _add_info(verbs)
    _add_compare(verbs)


def _add_info(verbs: Any) -> None:
    summary = "Print the size, playback rate, length and codec of a file."
    verb = verbs.add_parser("info", help=summary, description=summary)
    verb.add_argument("input", help=INPUT_HELP)
    verb.set_defaults(run=_info)


def _info(options: argparse.Namespace) -> None:
    info = vmm.io.info(options.input)
    frames, height, width = info.shape[:3]
    print(f"size    {width} x {height}, {'color' if len(info.shape) == 4 else 'gray'}, {info.dtype}")
    print(f"frames  {frames}")
    if info.fps:
        fps = float(info.fps)
        exact = f" ({info.fps})" if info.fps.denominator > 1 else ""
        duration = frames / fps if info.is_even or info.times is None else float(info.times[-1]) + 1 / fps
        print(f"rate    {fps:.6g} frames/s{exact}, {duration:.3f} s")
    else:
        print("rate    not stated; give the camera rate with --fs")
    for line in _time_lines(info):
        print(line)
    print(f"codec   {info.codec} ({info.pixel_format}){', with sound' if info.has_sound else ''}")


def _time_lines(info: vmm.io.Info) -> list[str]:
    """Properties of the times of the frames that change numbers measured from them."""
    lines = []
    if info.spacing is not None and not info.is_even:
        lines.append(f"times   uneven: {info.spacing}")
    if info.numbers is not None:
        missing = int(info.numbers[-1]) + 1 - len(info.numbers)
        lines.append(f"times   uneven: {missing} missing in the numbers of the images")
    if info.start > 0:
        lines.append(f"start   {info.start:.3f} s after the beginning of the file")
    if info.missing_end:
        lines.append(f"end     missing: the header states {info.missing_end:.3f} s more than the file holds")
    return lines


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
    import numpy as np

    from vmm.io.destination import check_destination

    out = Path(options.output)
    if out.suffix.lower() not in (".png", ".pdf", ".svg"):
        before, after = (vmm.io.even(vmm.io.stream(path, fs=options.fs)) for path in (options.before, options.after))
        pairs = vmm.plot.side_by_side(*_in_common_format(before, after))
        return vmm.io.write(out, pairs, before.fps or before.fs, overwrite=options.overwrite)
    check_destination(out, overwrite=options.overwrite)
    clips = [vmm.io.even(vmm.io.stream(path, fs=options.fs)) for path in (options.before, options.after)]
    first, second = (np.concatenate(list(clip)) for clip in clips)
    vmm.plot.slices(first, second, row=options.row, col=options.col, fs=clips[0].fs).savefig(out, dpi=100)
    return None


def _in_common_format(*clips: vmm.io.Clip) -> list[Iterator[Any]]:
    """Chunks of the clips in 8 bits, in color if any clip has color, and cropped to the smallest size."""
    import numpy as np

    height, width = (min(clip.shape[axis] for clip in clips) for axis in (1, 2))
    is_color = any(len(clip.shape) == 4 for clip in clips)

    def convert(chunk: Any) -> Any:
        chunk = chunk[:, :height, :width]
        if chunk.dtype == np.uint16:
            chunk = (chunk >> 8).astype(np.uint8)
        return np.repeat(chunk[..., None], 3, axis=-1) if is_color and chunk.ndim == 3 else chunk

    return [map(convert, clip) for clip in clips]
