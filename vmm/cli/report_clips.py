"""The moving pictures of a report: the clip and its magnified form side by side, and animated deflection shapes."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import vmm
from vmm.cli.inputs import open_part, still_regions
from vmm.cli.magnify import WIDE, magnification_text
from vmm.cli.outputs import part_options, suggestion_notes, target_names
from vmm.cli.resizing import resized
from vmm.cli.slice import in_common_format

_LONG_SIDE = 480
"""Largest side in pixels of a frame of the magnified clip: a page of a few megabytes can be sent by mail."""

_MAX_FRAMES, _SHOWN_FRAMES = 600, 240
"""Frames that are magnified, and frames that the page shows, 8 s at 30 frames/s."""

_SHAPE_FPS = 24.0
"""Playback rate of animated shapes, of which a period has 24 frames."""

_SHAPE_PERIODS = 4
"""Periods of an animated shape in its video: players need about a second of video to loop smoothly."""


def suggestion_rows(
    suggestions: Sequence[vmm.measure.Suggestion], options: argparse.Namespace
) -> list[tuple[str, ...]]:
    """A row of titles, and one row for each suggested line with the command that magnifies it."""
    rows: list[tuple[str, ...]] = [("frequency", "kind", "amplitude", "place", "command", "")]
    for part, target in zip(suggestions, target_names(options.input, suggestions), strict=True):
        unit = "px" if part.kind == "motion" else "gray levels"
        place = "whole frame" if part.kind == "flicker" else f"row {part.point[0]}, column {part.point[1]}"
        command = part.command(options.input, target) + part_options(options)
        cells = str(part), part.kind, f"{part.amplitude:.2g} {unit}", place, command
        rows.append((*cells, "; ".join(suggestion_notes(part))))
    return rows


def magnified_clip(
    options: argparse.Namespace, suggestions: Sequence[vmm.measure.Suggestion], folder: Path
) -> list[Any]:
    """A caption, and the path of a video in `folder` of the clip and its magnified form, side by side.

    The strongest suggested motion is magnified, in a part of the clip and at a size that fit into a page. The list is
    empty if nothing moves, and holds the reason alone if the motion cannot be magnified.
    """
    line = next((part for part in suggestions if part.kind == "motion" and not part.is_codec_rhythm), None)
    if line is None:
        return []
    clip = _small(vmm.io.even(_steady(open_part(options), still_regions(options))))
    frames = _first_frames(clip, _MAX_FRAMES)
    try:
        magnified = vmm.gradient.magnify(frames, line.band, fs=clip.fs, alpha=line.alpha)
    except ValueError as error:
        return [f"The motion at {line.frequency:.4g} Hz was not magnified: {error}."]
    text = magnification_text("gradient", {"band": line.band, "alpha": line.alpha})
    return _excerpt(clip, frames, magnified, folder / "magnified.mp4", labels=("original", text), white=clip.white)


def comparison(clip: vmm.io.Clip, magnified: vmm.io.Clip, path: Path, text: str) -> list[Any]:
    """The path of a video of a part of a clip and of its magnified form, side by side, and a caption.

    Parameters
    ----------
    clip, magnified
        The clips.
    path
        The video, which is written.
    text
        Label of the magnified clip.
    """
    small = [_small(part) for part in (vmm.io.even(clip), magnified)]
    frames, output = (_first_frames(chunks, _MAX_FRAMES) for chunks in in_common_format(*small))
    return _excerpt(clip, frames, output, path, labels=("original", text), white=None)


def _small(clip: vmm.io.Clip) -> vmm.io.Clip:
    """The clip at a size that fits into a page."""
    scale = min(1.0, _LONG_SIDE / max(clip.shape[1:3]))
    return resized(clip, scale) if scale < 1 else clip


def _excerpt(
    clip: vmm.io.Clip, frames: Any, magnified: Any, path: Path, *, labels: tuple[str, str], white: float | None
) -> list[Any]:
    """Write the middle of a clip and of its magnified form, side by side; return the path and a caption."""
    start = max(0, (len(frames) - _SHOWN_FRAMES) // 2)
    excerpt = slice(start, start + _SHOWN_FRAMES)
    fps = min(clip.fs, 30.0)
    is_wide = frames.shape[2] >= WIDE * frames.shape[1]
    pair = vmm.plot.side_by_side(frames[excerpt], magnified[excerpt], labels=labels, stacked=is_wide)
    vmm.io.write(path, pair, fps, white=white)
    return [path, f"Shown {clip.fs / fps:.3g} times slower than filmed."] if clip.fs > fps else [path]


def _steady(clip: vmm.io.Clip, still: Any) -> vmm.io.Clip:
    """The clip without the motion of the camera that still regions show; the clip itself if there are none."""
    import numpy as np

    from vmm.measure.estimation._steady_frames import steady_frames

    if still is None:
        return clip
    frames, is_integer = steady_frames(clip, still), clip.dtype.kind in "ui"

    def chunks() -> Iterator[Any]:
        for chunk in frames:
            values = np.clip(np.rint(chunk), 0, np.iinfo(clip.dtype).max) if is_integer else chunk
            yield values.astype(clip.dtype)

    return clip.with_chunks(chunks, clip.shape)


def _first_frames(clip: Iterable[Any], count: int) -> Any:
    """The first `count` frames of chunks, as an array."""
    import numpy as np

    chunks, total = [], 0
    for chunk in clip:
        chunks.append(chunk[: count - total])
        total += len(chunks[-1])
        if total == count:
            break
    return np.concatenate(chunks)


def animated_shapes(modes: vmm.measure.Modes, frame: Any, folder: Path, count: int) -> list[Any]:
    """Captions, and paths of videos in `folder` of animated shapes; shapes below their noise are left out."""
    import numpy as np

    items: list[Any] = []
    for k, frequency in islice(enumerate(modes.frequencies), count):
        try:
            period = vmm.plot.animated(modes, frame, k)
        except ValueError:  # Nothing moves by more than its error.
            continue
        path = folder / f"shape_{frequency:.9g}.mp4"
        vmm.io.write(path, np.concatenate([period] * _SHAPE_PERIODS), _SHAPE_FPS)
        items += [f"One period at {frequency:.4g} {modes.frequency_unit}, with enlarged displacement.", path]
    return items
