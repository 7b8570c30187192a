"""The commands ``info`` and ``compare``: what a file holds, and two clips side by side."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vmm


def add(verbs: Any) -> None:
    """Add the verbs to the parser's."""
    _add_info(verbs)
    _add_compare(verbs)


def _add_info(verbs: Any) -> None:
    verb = verbs.add_parser("info", help="what a file holds: size, rate, length, codec")
    verb.add_argument("input", help="a video, a folder of images, a TIFF stack, .cih/.mraw or .cine")
    verb.set_defaults(run=_info)


def _info(options: argparse.Namespace) -> None:
    found = vmm.io.info(options.input)
    frames, height, width = found.shape[:3]
    print(f"size    {width} x {height}, {'colour' if len(found.shape) == 4 else 'grey'}, {found.dtype}")
    print(f"frames  {frames}")
    if found.rate:
        rate = float(found.rate)
        exact = f" ({found.rate})" if found.rate.denominator > 1 else ""
        print(f"rate    {rate:.6g} frames/s{exact}, {frames / rate:.3f} s")
    else:
        print("rate    not stated; give --fs")
    print(f"codec   {found.codec} ({found.pixels}){', with sound' if found.sound else ''}")


def _add_compare(verbs: Any) -> None:
    verb = verbs.add_parser("compare", help="two clips side by side: x-t slices as a picture, or a video")
    verb.add_argument("before", help="the clip before")
    verb.add_argument("after", help="the clip after")
    verb.add_argument("output", help="a picture (.png, .pdf, .svg) of slices, or a video")
    line = verb.add_mutually_exclusive_group()
    line.add_argument("--row", type=int, help="row that the slices follow")
    line.add_argument("--col", type=int, help="column that the slices follow [the middle one]")
    verb.add_argument("--fs", type=float, metavar="HZ", help="rate at which the camera took the frames [the file's]")
    verb.add_argument("--overwrite", action="store_true", help="replace the output where it exists")
    verb.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> None:
    from vmm.io.write import check_place

    out = Path(options.output)
    if out.suffix.lower() not in (".png", ".pdf", ".svg"):
        before, after = (vmm.io.stream(path, fs=options.fs) for path in (options.before, options.after))
        pairs = vmm.plot.side_by_side(*_alike(before, after))
        return vmm.io.write(out, pairs, before.rate or before.fs, overwrite=options.overwrite)
    check_place(out, overwrite=options.overwrite)
    (first, fs), (second, _) = (vmm.io.read(path, fs=options.fs) for path in (options.before, options.after))
    vmm.plot.slices(first, second, row=options.row, col=options.col, fs=fs).savefig(out, dpi=100)
    return None


def _alike(*clips: vmm.io.Clip) -> list[Iterator[Any]]:
    """Chunks of the clips in one form: 8 bits, colour where one of them has it, cut to the smallest size."""
    import numpy as np

    height, width = (min(clip.shape[axis] for clip in clips) for axis in (1, 2))
    colour = any(len(clip.shape) == 4 for clip in clips)

    def alike(chunk: Any) -> Any:
        chunk = chunk[:, :height, :width]
        if chunk.dtype == np.uint16:
            chunk = (chunk >> 8).astype(np.uint8)
        return np.repeat(chunk[..., None], 3, axis=-1) if colour and chunk.ndim == 3 else chunk

    return [map(alike, clip) for clip in clips]
