"""Search for the damaged frames of a video in the messages of ffmpeg."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vmm.io.process import ffmpeg_run
from vmm.io.seeking import keep_times, open_at
from vmm.io.timing import Timestamps
from vmm.io.video import Info

COMPLAINT = re.compile(
    r"^(?!.*\bmuxer\b).*(\[(error|fatal|panic)\]|corrupt decoded frame|corrupt input packet)", re.MULTILINE
)
"""Messages of ffmpeg at the level ``level+warning`` that report damage; those about its output do not."""

WITH_HIDDEN_FRAMES = ("vp8", "vp9", "mpeg4", "msmpeg4v3", "flv1")
"""Codecs with packets that show no frame, so that a clip can have fewer frames than packets without any damage."""

_READ_AHEAD = 64
"""Packets that ffmpeg reads at most before it decodes them; its queues hold about ten."""


def first_complaint(log: str) -> str:
    """The first message about damage in the messages of ffmpeg, or an empty string."""
    return next((_text(line) for line in log.splitlines() if COMPLAINT.search(line)), "")


def damaged_frames(path: Path, info: Info, key: int, start: int, stop: int) -> tuple[list[tuple[int, int]], set[int]]:
    """Ranges of frames from `start` to `stop` that damage can affect, and the frames that ffmpeg does not decode.

    A range ends at the next key frame. The packets are read once, and the video is decoded again from the frame `key`
    by one thread. Both report packets or frames and the damage in their order. A message about a packet is repeated
    while the video is decoded, but there it comes too early, because packets are read in advance.
    """
    stamps = info.timestamps
    assert stamps is not None
    opened = [*open_at(path, info, key), *keep_times(info)]
    limit = stop + stamps.delay + 1
    in_packets = list(_complaints(path, [*opened, "-c", "copy"], stamps, key, limit + _READ_AHEAD, "demuxer -> "))
    repeated = Counter(text for _, text in in_packets)
    places = [max(frame - stamps.delay, 0) for frame, _ in in_packets if frame or not stamps.leading]
    decoded: set[int] = set()
    for frame, text in _complaints(path, ["-threads", "1", *opened], stamps, key, limit, "decoder -> ", decoded):
        repeated[text] -= 1
        if repeated[text] < 0 and (frame or not stamps.leading):
            places.append(frame)
    missing: set[int] = set()
    if decoded and stamps.are_exact and info.codec not in WITH_HIDDEN_FRAMES:
        missing = set(range(start, min(stop, max(decoded)))) - decoded
    ranges: list[tuple[int, int]] = []
    for frame in sorted([*places, *missing]):
        ranges = _with_range(ranges, frame, _end_of_damage(stamps, frame))
    return [(max(a, start), min(b, stop)) for a, b in ranges if a < stop and b > start], missing


def _complaints(
    path: Path,
    arguments: list[str],
    stamps: Timestamps,
    key: int,
    limit: int,
    report: str,
    reported: set[int] | None = None,
) -> Iterator[tuple[int, str]]:
    """Yield ffmpeg's messages about damage, each with the index of the frame after the last one that was reported.

    The indices of the frames that ffmpeg reports are added to `reported`.
    """
    frame = key
    command = ["-v", "level+info", "-nostats", "-debug_ts", *arguments, "-f", "null", "-"]
    with ffmpeg_run(path, command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as run:
        for line in run.lines():
            if COMPLAINT.search(line):
                yield frame, _text(line)
            if report in line and "type:audio" not in line:
                frame = _next_frame(stamps, re.search(rf"{report}.*?pts:(-?\d+)", line), frame)
                if reported is not None:
                    reported.add(frame - 1)
            if frame > limit:
                return


def _text(line: str) -> str:
    """A message of ffmpeg without the names of the parts that it comes from."""
    return re.sub(r"^(\[[^\]]* @ [^\]]*\] )*(\[\w+\] )?", "", line.strip())


def _next_frame(stamps: Timestamps, match: re.Match[str] | None, frame: int) -> int:
    """Index of the frame after the one that ffmpeg reports."""
    if match is None or not stamps.are_exact:
        return frame + 1
    return max(frame, int(np.searchsorted(stamps.ticks, int(match.group(1)), side="right")))


def _end_of_damage(stamps: Timestamps, frame: int) -> int:
    """Index of the key frame after a damaged frame, which ends the damage."""
    if stamps.is_key.all():
        return frame + 1
    after = frame + stamps.delay + 1
    keys = np.flatnonzero(stamps.is_key[after:])
    return after + int(keys[0]) if len(keys) else len(stamps.ticks)


def _with_range(ranges: list[tuple[int, int]], first: int, stop: int) -> list[tuple[int, int]]:
    """The ranges and another one, which is joined to the last one if they touch."""
    if ranges and first <= ranges[-1][1]:
        return [*ranges[:-1], (ranges[-1][0], max(ranges[-1][1], stop))]
    return [*ranges, (first, stop)]
