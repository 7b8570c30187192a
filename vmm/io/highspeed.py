"""Recordings of high-speed cameras, memory-mapped: Photron ``.cih`` with ``.mraw``, Phantom ``.cine``."""

from __future__ import annotations

import re
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np


def open_frames(path: Path) -> tuple[Any, Fraction | None, str]:
    """Frames that are read when they are sliced, the camera rate in Hz, and the name of the format."""
    if path.suffix.lower() != ".cine":
        return _open_mraw(path)
    try:
        return _open_cine(path)
    except struct.error:
        raise ValueError(f"{path}: truncated within its header") from None


_CIH = ("Total Frame", "Image Width", "Image Height", "Color Bit", "Record Rate(fps)")
_CIHX = ("frame", "width", "height", "bit", "recordRate")


def _open_mraw(path: Path) -> tuple[Any, Fraction | None, str]:
    header = path if path.suffix.lower() != ".mraw" else _companion(path, (".cih", ".cihx"))
    text = header.read_text(errors="replace")
    is_xml = header.suffix.lower() == ".cihx"
    pattern = r"<{0}>\s*([^<]+?)\s*</" if is_xml else r"^{0}\s*:\s*(\S.*?)\s*$"
    names = _CIHX if is_xml else _CIH

    def value(name: str) -> str:
        match = re.search(pattern.format(re.escape(name)), text, re.MULTILINE)
        if match is None:
            raise ValueError(f"{header}: no Photron header, because the line {name!r} is missing")
        return match.group(1)

    count, width, height, bits = (int(value(name)) for name in names[:4])
    data = path if path.suffix.lower() == ".mraw" else _companion(path, (".mraw",))
    if bits not in (8, 12, 16):
        raise ValueError(f"{header}: {bits} bits per pixel cannot be read; the bit depth must be 8, 12 or 16")
    size = count * height * width * bits // 8
    if data.stat().st_size < size:
        raise ValueError(f"{data}: truncated: it has {data.stat().st_size} bytes, but {count} frames need {size}")
    fs = Fraction(value(names[4]))
    if bits == 12:
        return _PackedFrames(data, (count, height, width)), fs, "mraw"
    frames = np.memmap(data, "u1" if bits == 8 else "<u2", "r", shape=(count, height, width))
    return frames, fs, "mraw"


class _PackedFrames:
    """Frames of 12-bit packed pixels, which are unpacked when they are sliced."""

    dtype = np.dtype(np.uint16)

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self._bytes = np.memmap(path, "u1", "r", shape=(shape[0], shape[1] * shape[2] * 3 // 2))

    def __getitem__(self, frames: slice) -> np.ndarray:
        return _unpack(self._bytes[frames], 12).reshape(-1, *self.shape[1:])


def _companion(path: Path, suffixes: tuple[str, ...]) -> Path:
    """The file with the same name and another suffix."""
    for suffix in suffixes:
        for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
            if candidate.exists():
                return candidate
    raise FileNotFoundError(f"{path}: its companion file {path.with_suffix(suffixes[0]).name} is missing")


def _open_cine(path: Path) -> tuple[Any, Fraction | None, str]:
    if path.stat().st_size < 44:
        raise ValueError(f"{path}: no Phantom recording, because it is too short for a header")
    data = np.memmap(path, "u1", "r")
    header = data[:44].tobytes()
    if header[:2] != b"CI":
        raise ValueError(f"{path}: no Phantom recording, because it does not begin with 'CI'")
    compression, count = struct.unpack_from("<H", header, 4)[0], struct.unpack_from("<I", header, 20)[0]
    image, setup, table = struct.unpack_from("<III", header, 24)
    width, height = struct.unpack_from("<ii", data[image : image + 12].tobytes(), 4)
    bits, packing = struct.unpack_from("<HI", data[image : image + 20].tobytes(), 14)
    depth = {0: bits, 0x100: 10, 0x400: 12}.get(packing, 0)
    if compression != 0 or bits not in (8, 16) or not depth:
        raise ValueError(f"{path}: compressed or color frames cannot be read; export gray frames of 8 to 16 bits")
    fs = struct.unpack("<I", data[setup + 768 : setup + 772].tobytes())[0]
    offsets = np.frombuffer(data[table : table + 8 * count].tobytes(), "<u8")
    last = int(offsets[-1]) if len(offsets) == count and count else len(data)
    if last + abs(height) * width * depth // 8 > len(data):
        raise ValueError(f"{path}: truncated: its {len(data)} bytes hold fewer than the {count} frames of the header")
    return _CineFrames(data, offsets, (count, abs(height), width), depth, height > 0), Fraction(fs), "cine"


class _CineFrames:
    """Frames of a Phantom recording, each preceded by an annotation block that begins with its own length."""

    def __init__(
        self, data: np.ndarray, offsets: np.ndarray, shape: tuple[int, int, int], depth: int, bottom_up: bool
    ) -> None:
        self.shape, self.dtype = shape, np.dtype(np.uint8 if depth == 8 else np.uint16)
        self._data, self._offsets, self._depth = data, offsets, depth
        self._bottom_up = bottom_up and depth in (8, 16)  # Packed frames are always stored from the top down.

    def __getitem__(self, frames: slice) -> np.ndarray:
        return np.stack([self._image(int(offset)) for offset in self._offsets[frames]])

    def _image(self, offset: int) -> np.ndarray:
        offset += struct.unpack("<I", self._data[offset : offset + 4].tobytes())[0]  # length of the annotation block
        pixels = self._data[offset : offset + self.shape[1] * self.shape[2] * self._depth // 8]
        if self._depth in (10, 12):
            values = _unpack(pixels, self._depth)
        else:
            values = pixels.view("u1" if self._depth == 8 else "<u2").astype(self.dtype)
        image = values.reshape(self.shape[1:])
        return image[::-1] if self._bottom_up else image


def _unpack(packed: np.ndarray, depth: int) -> np.ndarray:
    """Unpack values of 10 or 12 bits, highest bit first, into the high bits of uint16."""
    bits = np.unpackbits(np.asarray(packed)).reshape(-1, depth)
    return bits @ (1 << np.arange(15, 15 - depth, -1, dtype=np.uint16))
