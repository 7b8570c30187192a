"""Recordings of Phantom cameras, ``.cine``."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vmm.io.lazy import LazyFrames, RawFrames, read_exactly
from vmm.io.limits import check_size
from vmm.io.packing import unpack

SUFFIXES = (".cine",)

_DEPTHS = {0x100: 10, 0x400: 12}
"""Bits per pixel of each packed storage, by its code in the image header."""


class _Header(NamedTuple):
    """Properties of a recording."""

    offsets: np.ndarray  # position of each frame
    size: tuple[int, int]
    depth: int  # bits per pixel in the file
    bits: int | None  # significant bits
    fs: int
    upwards: bool  # whether the bottom row comes first
    mirrored: bool


def open_frames(path: Path) -> tuple[LazyFrames, Fraction | None, str]:
    """Frames that are read when they are sliced, the camera rate in Hz, and the name of the format."""
    with open(path, "rb", buffering=0) as file:
        header = _read_header(file, path)
        frames = _CineFrames(path, header)
        frames.check(file)
    return frames, Fraction(header.fs) if header.fs else None, "cine"


def _read_header(file: io.FileIO, path: Path) -> _Header:
    """The properties of a recording; raise if its frames cannot be read."""
    size = path.stat().st_size
    if size < 44:
        raise ValueError(f"{path}: no Phantom recording, because it is too short for a header")

    def fields(layout: str, start: int) -> tuple[int, ...]:
        if start + struct.calcsize(layout) > size:
            raise ValueError(f"{path}: truncated within its header")
        return struct.unpack(layout, read_exactly(file, path, start, struct.calcsize(layout), "its header").tobytes())

    if fields("<H", 0)[0] != 0x4943:
        raise ValueError(f"{path}: no Phantom recording, because it does not begin with 'CI'")
    (compression,), (count, image, setup, table) = fields("<H", 4), fields("<IIII", 20)
    width, height, _, stored, packing = fields("<iiHHI", image + 4)
    depth = _DEPTHS.get(packing, stored if packing == 0 else 0)
    if compression != 0 or stored not in (8, 16) or not depth:
        raise ValueError(f"{path}: compressed or color frames cannot be read; export gray frames of 8 to 16 bits")
    check_size(path, abs(height), width)
    if count < 1 or width * abs(height) * depth % 8:
        raise ValueError(f"{path}: damaged header: no recording can have {count} frames of {abs(height)} x {width}")
    if table + 8 * count > size:
        raise ValueError(f"{path}: truncated: its {size} bytes hold fewer than the {count} frames of the header")
    flip_h, flip_v, _, fs = fields("<IIII", setup + 756)
    offsets = read_exactly(file, path, table, 8 * count, "its table of frames").view("<u8")
    is_packed = depth in _DEPTHS.values()
    upwards = (height > 0 and not is_packed) != bool(flip_v)  # Packed frames are stored from the top down.
    bits = _significant_bits(fields("<HH", setup + 140), lambda: fields("<I", setup + 896)[0], depth)
    return _Header(offsets, (abs(height), width), depth, bits, fs, upwards, bool(flip_h))


def _significant_bits(mark, real_depth, depth: int) -> int | None:  # type: ignore[no-untyped-def]
    """Significant bits of the values: those of the pixels before they were stored in 16 bits."""
    if depth != 16:
        return 8 if depth == 8 else 16
    has_depth = mark[0] == 0x5453 and mark[1] >= 900  # "ST", and the length of the setup block
    bits = real_depth() if has_depth else 0
    return bits if 8 <= bits <= 16 else None


class _CineFrames(RawFrames):
    """Frames of a Phantom recording, each preceded by an annotation block that begins with its own length."""

    def __init__(self, path: Path, header: _Header) -> None:
        height, width = header.size
        if header.depth in _DEPTHS.values():
            stored: tuple[tuple[int, ...], str] = ((height * width * header.depth // 8,), "u1")
        else:
            stored = (header.size, "u1" if header.depth == 8 else "<u2")
        super().__init__(path, header.offsets, stored)
        self.shape, self.dtype = (len(header.offsets), *header.size), np.dtype("u1" if header.depth == 8 else "u2")
        self.bits, self._header = header.bits, header

    def check(self, file: io.FileIO) -> None:
        """Raise if the table of frames points outside the file, or into its header."""
        size, offsets = self._path.stat().st_size, self._header.offsets
        bad = np.flatnonzero((offsets < 44) | (offsets > np.uint64(max(0, size - self._n_bytes))))
        if len(bad):
            raise ValueError(
                f"{self._path}: truncated or damaged: frame {bad[0]} of {len(offsets)} is at byte "
                f"{offsets[bad[0]]}, but the file has {size} bytes; export the recording "
                "again"
            )

    def _start(self, file: io.RawIOBase, i: int) -> int:
        offset = int(self._offsets[i])
        length = read_exactly(file, self._path, offset, 4, f"frame {i}").view("<u4")[0]
        if length < 8:
            raise ValueError(f"{self._path}: damaged: the annotation of frame {i} has {length} bytes, below 8")
        return offset + int(length)

    def _image(self, values: np.ndarray) -> np.ndarray:
        if self._header.depth in _DEPTHS.values():
            values = unpack(values, self._header.depth).reshape(self.shape[1:])
        return values[:: -1 if self._header.upwards else 1, :: -1 if self._header.mirrored else 1]
