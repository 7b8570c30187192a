"""Search for the damaged frames of a video in the messages of ffmpeg."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vmm.io.program import ffmpeg
from vmm.io.seeking import keep_times, open_at
from vmm.io.timing import Timestamps
from vmm.io.video import Info

COMPLAINT = re.compile(
    r"^(?!.*\bmuxer\b).*(\[(error|fatal|panic)\]|corrupt decoded frame|corrupt input packet)", re.MULTILINE
)
"""Messages of ffmpeg at the level ``level+warning`` that report damage; those about its output do not."""

_READ_AHEAD = 64
"""Packets that ffmpeg reads at most before it decodes them; its queues hold about ten."""


def first_complaint(log: str) -> str:
    """The first message about damage in the messages of ffmpeg, or an empty string."""
    return next((_text(line) for line in log.splitlines() if COMPLAINT.search(line)), "")


def damaged_frames(path: Path, info: Info, key: int, start: int, stop: int) -> list[tuple[int, int]]:
    """Ranges of frames from `start` to `stop` that damage can affect, each from its first frame to the next key frame.

    The packets are read once, and the video is decoded again from the frame `key` by one thread. Both report packets or
    frames and the damage in their order. A message about a packet is repeated while the video is decoded, but there it
    comes too early, because packets are read in advance.
    """
    stamps = info.timestamps
    assert stamps is not None
    opened = [*open_at(path, stamps, key), *keep_times(info)]
    limit = stop + stamps.delay + 1
    in_packets = list(_complaints([*opened, "-c", "copy"], stamps, key, limit + _READ_AHEAD, "demuxer -> "))
    repeated = Counter(text for _, text in in_packets)
    places = [max(frame - stamps.delay, 0) for frame, _ in in_packets if frame or not stamps.leading]
    for frame, text in _complaints(["-threads", "1", *opened], stamps, key, limit, "decoder -> "):
        repeated[text] -= 1
        if repeated[text] < 0 and (frame or not stamps.leading):
            places.append(frame)
    ranges: list[tuple[int, int]] = []
    for frame in sorted(places):
        ranges = _with_range(ranges, frame, _end_of_damage(stamps, frame))
    return [(max(a, start), min(b, stop)) for a, b in ranges if a < stop and b > start]


def _complaints(
    arguments: list[str], stamps: Timestamps, key: int, limit: int, report: str
) -> Iterator[tuple[int, str]]:
    """Yield ffmpeg's messages about damage, each with the index of the frame after the last one that was reported."""
    frame = key
    with _messages(["-v", "level+info", "-nostats", "-debug_ts", *arguments, "-f", "null", "-"]) as lines:
        for line in lines:
            if COMPLAINT.search(line):
                yield frame, _text(line)
            if report in line and "type:audio" not in line:
                frame = _next_frame(stamps, re.search(rf"{report}.*?pts:(-?\d+)", line), frame)
            if frame > limit:
                return


@contextmanager
def _messages(arguments: list[str]) -> Iterator[Iterator[str]]:
    """Run ffmpeg and yield its messages line by line."""
    command = [ffmpeg(), "-nostdin", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    assert process.stderr is not None
    try:
        yield (line.decode(errors="replace") for line in process.stderr)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


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
