"""The command ``slice``: one row or column of two clips over time, or both clips side by side."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.inputs import FS_HELP

_MAX_COLUMNS = 2000
"""Largest number of frames in an x-t slice, a few times the width of the picture in pixels. Only every n-th frame of a
longer clip is shown, which bounds the memory."""

_PIXEL_STEP, _MAX_SAMPLES = 2, 120
"""Distance of the pixels, and number of the frames, in which the row or column is searched that shows the most."""


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Write the x-t slices of two clips, such as before and after magnification, or both as one video."
    verb = verbs.add_parser("slice", help=summary, description=summary)
    verb.add_argument("before", help="First clip.")
    verb.add_argument("after", help="Second clip.")
    verb.add_argument("output", help="Picture of x-t slices (.png, .pdf, .svg), or a video.")
    line = verb.add_mutually_exclusive_group()
    line.add_argument("--row", type=int, help="Row of the frame that the slices show.")
    column = line.add_argument("--col", type=int)
    column.help = "Column of the frame that the slices show. Default: the row or column in which the clips differ most."
    verb.add_argument("--fs", type=float, metavar="HZ", help=FS_HELP)
    verb.add_argument("--overwrite", action="store_true", help="Overwrite an existing output file.")
    verb.set_defaults(run=_slice)


def _slice(options: argparse.Namespace) -> None:
    from vmm.io.destination import check_destination
    from vmm.io.drafts import draft
    from vmm.io.rates import default_playback_rate

    out = Path(options.output)
    is_picture = out.suffix.lower() in (".png", ".pdf", ".svg")
    if is_picture:
        check_destination(out, overwrite=options.overwrite)
    before, after = (vmm.io.even(vmm.io.stream(path, fs=options.fs)) for path in (options.before, options.after))
    if not is_picture:
        pairs = vmm.plot.side_by_side(*in_common_format(before, after))
        fps = default_playback_rate(before.fps, before.fs)
        return vmm.io.write(out, pairs, fps, fs=before.fs, like=before.info, overwrite=options.overwrite)
    step = -(-max(before.shape[0], after.shape[0]) // _MAX_COLUMNS)
    line = {"row": options.row, "col": options.col}
    if options.row is None and options.col is None:
        line = _clearest_line(before, after)
    clips = (_every(step, clip) for clip in in_common_format(before, after))
    figure = vmm.plot.slices(*clips, **line, fs=before.fs / step)
    with draft(out, overwrite=options.overwrite) as temporary:
        figure.savefig(temporary, dpi=100)
    return None


def _clearest_line(before: vmm.io.Clip, after: vmm.io.Clip) -> dict[str, int]:
    """The row or column in which two clips differ most, from some of their frames and pixels."""
    import numpy as np

    from vmm.plot._clearest import clearest_line

    count = min(before.shape[0], after.shape[0])
    opened = [clip.with_chunks(clip.reopen, clip.shape) for clip in (before, after)]
    samples = [
        np.concatenate([chunk[:, ::_PIXEL_STEP, ::_PIXEL_STEP] for chunk in _every(-(-count // _MAX_SAMPLES), chunks)])
        for chunks in in_common_format(*opened)
    ]
    count = min(map(len, samples))
    line, _ = clearest_line(*(sample[:count] for sample in samples))
    return {key: index * _PIXEL_STEP for key, index in line.items()}


def _every(step: int, chunks: Iterator[Any]) -> Iterator[Any]:
    """Every `step`-th frame of a clip."""
    position = 0
    for chunk in chunks:
        yield chunk[-position % step :: step]
        position += len(chunk)


def in_common_format(*clips: vmm.io.Clip) -> list[Iterator[Any]]:
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
