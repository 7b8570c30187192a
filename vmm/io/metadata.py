"""Properties of a video that ffmpeg prints, and the comment in which ``write`` states the rates of a file."""

from __future__ import annotations

import re
from fractions import Fraction

from vmm.io.limits import number_in

_COMMENT = re.compile(r"^\s*comment\s*: vmm: played at (\S+) frames/s(?:, filmed at (\S+) frames/s)?\s*$", re.I | re.M)
_ANDROID = re.compile(r"^\s*com\.android\.capture\.fps\s*: ([\d.]+)", re.M)

_SAME = Fraction(1, 1000)
"""Relative difference of playback rates below which a file counts as not changed since ``write`` wrote it."""

_SLOW_MOTION = 1.5
"""Ratio of the rates from which a clip counts as slow motion or time lapse. Android states a nominal capture rate in
normal clips too, and there the playback rate is the more accurate one."""


def rate_comment(fps: Fraction, fs: Fraction | None) -> str:
    """The comment that states the playback rate and, unless it is None, the camera rate."""
    filmed = "" if fs is None else f", filmed at {fs} frames/s"
    return f"vmm: played at {fps} frames/s{filmed}"


def written_rates(log: str) -> tuple[Fraction | None, Fraction | None]:
    """The playback rate and the camera rate in the comment of a file that ``write`` wrote; None where it has none."""
    match = _COMMENT.search(log)
    fps, fs = (number_in(text or "") for text in match.groups()) if match else (None, None)
    return (fps or None, fs or None) if min(fps or 0, fs or 0) >= 0 else (None, None)


def capture_rate(fps: Fraction | None, log: str) -> Fraction | None:
    """The camera rate that ``write`` or Android states in the metadata of a file that plays at `fps`, or None.

    The comment of ``write`` counts only if the file still plays at the rate in it.
    """
    if fps is None:
        return None
    written, fs = written_rates(log)
    if written is not None:
        return fs if abs(fps / written - 1) < _SAME else None
    match = _ANDROID.search(log)
    rate = (match and number_in(match.group(1))) or Fraction(0)
    return rate if rate and max(rate / fps, fps / rate) >= _SLOW_MOTION else None


def pixel_aspect(line: str, rotation: int) -> Fraction:
    """Width of a pixel of the rotated frames divided by its height, in ffmpeg's line about a stream; 1 if unknown."""
    match = re.search(r"\bSAR ([1-9]\d*):([1-9]\d*)", line)
    aspect = Fraction(*map(int, match.groups())) if match else Fraction(1)
    return 1 / aspect if rotation % 180 else aspect


def bit_depth(pixel_format: str) -> int:
    """Bits per sample of a pixel format of ffmpeg, for example 10 for ``yuv420p10le``."""
    match = re.search(r"(9|1[0246]|48|64)(?:msb)?[lb]e$", pixel_format)
    bits = int(match.group(1)) if match else 8
    return min(bits, 16)  # Formats named after 48 or 64 bits per pixel have 16 bits per sample.


def rotation(log: str) -> int:
    """Angle in degrees, counterclockwise, by which ffmpeg rotates the frames when it decodes them."""
    match = re.search(r"^\s*display ?matrix: rotation of (-?[\d.]+) degrees", log, re.I | re.M)
    return round(float(match.group(1))) if match else 0
