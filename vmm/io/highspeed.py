"""Recordings of high-speed cameras, memory-mapped: Photron ``.cih`` with ``.mraw``, Phantom ``.cine``."""

from __future__ import annotations

import re
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np


def opened(path: Path) -> tuple[Any, Fraction | None, str]:
    """Frames that are read when they are sliced, the rate of the camera, and the format."""
    if path.suffix.lower() != ".cine":
        return _mraw(path)
    try:
        return _cine(path)
    except struct.error:
        raise ValueError(f"{path}: broken off within its header") from None


def _mraw(path: Path) -> tuple[Any, Fraction | None, str]:
    header = path if path.suffix.lower() != ".mraw" else _beside(path, (".cih", ".cihx"))
    said = header.read_text(errors="replace")
    pattern = r"<{0}>\s*([^<]+?)\s*</" if header.suffix.lower() == ".cihx" else r"^{0}\s*:\s*(\S.*?)\s*$"
    names = ("frame", "width", "height", "bit", "recordRate") if header.suffix.lower() == ".cihx" else _CIH

    def value(name: str) -> str:
        found = re.search(pattern.format(re.escape(name)), said, re.MULTILINE)
        if found is None:
            raise ValueError(f"{header}: no Photron header: the line {name!r} is missing")
        return found.group(1)

    count, width, height, bits = (int(value(name)) for name in names[:4])
    data = path if path.suffix.lower() == ".mraw" else _beside(path, (".mraw",))
    if bits not in (8, 12, 16):
        raise ValueError(f"{header}: {bits} bits a pixel; 8, 12 and 16 can be read")
    needed = count * height * width * bits // 8
    if data.stat().st_size < needed:
        raise ValueError(f"{data}: broken off: {data.stat().st_size} bytes, where {count} frames need {needed}")
    rate = Fraction(value(names[4]))
    if bits == 12:
        return _Packed(data, (count, height, width)), rate, "mraw"
    frames = np.memmap(data, "u1" if bits == 8 else "<u2", "r", shape=(count, height, width))
    return frames, rate, "mraw"


_CIH = ("Total Frame", "Image Width", "Image Height", "Color Bit", "Record Rate(fps)")


class _Packed:
    """Frames of 12 bits a pixel side by side, unpacked when they are sliced."""

    dtype = np.dtype(np.uint16)

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self._bytes = np.memmap(path, "u1", "r", shape=(shape[0], shape[1] * shape[2] * 3 // 2))

    def __getitem__(self, frames: slice) -> np.ndarray:
        return _unpacked(self._bytes[frames], 12).reshape(-1, *self.shape[1:])


def _beside(path: Path, suffixes: tuple[str, ...]) -> Path:
    """The file of the same name with another suffix."""
    for suffix in suffixes:
        for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
            if candidate.exists():
                return candidate
    raise FileNotFoundError(f"{path}: the file {path.with_suffix(suffixes[0]).name} that belongs to it is missing")


def _cine(path: Path) -> tuple[Any, Fraction | None, str]:
    if path.stat().st_size < 44:
        raise ValueError(f"{path}: no Phantom recording: it is too short for a header")
    data = np.memmap(path, "u1", "r")
    raw = data[:44].tobytes()
    if raw[:2] != b"CI":
        raise ValueError(f"{path}: no Phantom recording: it does not begin with 'CI'")
    compression, count = struct.unpack_from("<H", raw, 4)[0], struct.unpack_from("<I", raw, 20)[0]
    image, setup, offsets = struct.unpack_from("<III", raw, 24)
    width, height = struct.unpack_from("<ii", data[image : image + 12].tobytes(), 4)
    bits, packing = struct.unpack_from("<HI", data[image : image + 20].tobytes(), 14)
    depth = {0: bits, 0x100: 10, 0x400: 12}.get(packing, 0)
    if compression != 0 or bits not in (8, 16) or not depth:
        raise ValueError(f"{path}: compressed or colour frames cannot be read; export 8 to 16-bit grey")
    rate = struct.unpack("<I", data[setup + 768 : setup + 772].tobytes())[0]
    where = np.frombuffer(data[offsets : offsets + 8 * count].tobytes(), "<u8")
    last = int(where[-1]) if len(where) == count and count else len(data)
    if last + abs(height) * width * depth // 8 > len(data):
        raise ValueError(f"{path}: broken off: {len(data)} bytes hold fewer than its {count} frames")
    return _Cine(data, where, (count, abs(height), width), depth, height > 0), Fraction(rate), "cine"


class _Cine:
    """Frames of a Phantom recording, each behind a note of its own length."""

    def __init__(
        self, data: np.ndarray, where: np.ndarray, shape: tuple[int, int, int], depth: int, upwards: bool
    ) -> None:
        self.shape, self.dtype = shape, np.dtype(np.uint8 if depth == 8 else np.uint16)
        self._data, self._where, self._depth = data, where, depth
        self._upwards = upwards and depth in (8, 16)  # packed frames are stored from the top down

    def __getitem__(self, frames: slice) -> np.ndarray:
        return np.stack([self._image(int(where)) for where in self._where[frames]])

    def _image(self, where: int) -> np.ndarray:
        where += struct.unpack("<I", self._data[where : where + 4].tobytes())[0]  # length of the note
        stored = self._data[where : where + self.shape[1] * self.shape[2] * self._depth // 8]
        if self._depth in (10, 12):
            values = _unpacked(stored, self._depth)
        else:
            values = stored.view("u1" if self._depth == 8 else "<u2").astype(self.dtype)
        image = values.reshape(self.shape[1:])
        return image[::-1] if self._upwards else image


def _unpacked(stored: np.ndarray, depth: int) -> np.ndarray:
    """Values of 10 or 12 bits that lie side by side, the highest bit first, as the high ones of 16 bits."""
    bits = np.unpackbits(np.asarray(stored)).reshape(-1, depth)
    return bits @ (1 << np.arange(15, 15 - depth, -1, dtype=np.uint16))
