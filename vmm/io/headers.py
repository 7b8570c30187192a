"""Entries in the headers of files that ffmpeg cannot write."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

_AVI_HEADER = 4096
"""Bytes at the start of an AVI file that contain the headers of the file and of its first stream."""

_GIF_BLOCK = 255
"""Longest text of a block of a GIF file, in bytes."""


def set_avi_rate(path: Path, fps: Fraction) -> None:
    """State the playback rate in the headers of an AVI file; ffmpeg limits it to 1000 frames per second."""
    with path.open("r+b") as file:
        head = file.read(_AVI_HEADER)
        file.seek(head.index(b"avih") + 8)
        file.write(struct.pack("<I", round(10**6 / fps)))  # microseconds per frame
        file.seek(head.index(b"strh") + 8 + 20)
        file.write(struct.pack("<II", fps.denominator, fps.numerator))


def set_gif_comment(path: Path, text: str) -> None:
    """Insert a comment after the header and the global color table of a GIF file."""
    data = path.read_bytes()
    flags = data[10]
    end = 13 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
    comment = text.encode("ascii")[:_GIF_BLOCK]
    path.write_bytes(b"".join([data[:end], b"!\xfe", bytes([len(comment)]), comment, b"\0", data[end:]]))
