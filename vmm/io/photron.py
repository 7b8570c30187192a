"""Recordings of Photron cameras: a header ``.cih`` or ``.cihx``, and the pixels in ``.mraw``."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from vmm.io.lazy import LazyFrames, RawFrames
from vmm.io.limits import check_size, number_in
from vmm.io.packing import unpack

SUFFIXES = (".cih", ".cihx", ".mraw")

_XML_NAMES = {
    "Total Frame": ("frameInfo/totalFrame", "totalFrame", "frame"),
    "Image Width": ("imageDataInfo/resolution/width", "width"),
    "Image Height": ("imageDataInfo/resolution/height", "height"),
    "Color Bit": ("imageDataInfo/colorInfo/bit", "bit"),
    "Record Rate(fps)": ("recordInfo/recordRate", "recordRate"),
    "EffectiveBit Depth": ("imageDataInfo/effectiveBit/depth",),
    "EffectiveBit Side": ("imageDataInfo/effectiveBit/side",),
}
"""Elements of ``.cihx`` that hold the properties of ``.cih``, the preferred one first."""


_MAX_TEXT = 40
"""Characters of a wrong value that a message repeats."""

_MAX_HEADER = 10**7
"""Largest size of a header in bytes; those of cameras have some kilobytes."""


def open_frames(path: Path) -> tuple[LazyFrames, Fraction | None, str]:
    """Frames that are read when they are sliced, the camera rate in Hz, and the name of the format."""
    header = path if path.suffix.lower() != ".mraw" else _companion(path, (".cih", ".cihx"))
    properties = _xml_properties(header) if header.suffix.lower() == ".cihx" else _text_properties(header)
    names = ("Total Frame", "Image Width", "Image Height", "Color Bit")
    count, width, height, depth = (int(_number(header, properties, name)) for name in names)
    fs = _number(header, properties, "Record Rate(fps)")
    if depth not in (8, 12, 16):
        raise ValueError(f"{header}: {depth} bits per pixel cannot be read; the bit depth must be 8, 12 or 16")
    check_size(header, height, width)
    if count < 1 or (depth == 12 and height * width % 2):
        raise ValueError(f"{header}: no recording can have {count} frames of {height} x {width} pixels")
    data = path if path.suffix.lower() == ".mraw" else _companion(path, (".mraw",))
    size = count * height * width * depth // 8
    if data.stat().st_size < size:
        raise ValueError(f"{data}: truncated: it has {data.stat().st_size} bytes, but {count} frames need {size}")
    offsets = range(0, size, size // count)
    frames = _PackedFrames(data, offsets, (height, width)) if depth == 12 else _plain(data, offsets, height, width)
    frames.bits = _significant_bits(properties, depth)
    return frames, fs or None, "mraw"


def _plain(path: Path, offsets: range, height: int, width: int) -> RawFrames:
    """Frames of 8 or 16 bits."""
    dtype = "u1" if offsets.step == height * width else "<u2"
    return RawFrames(path, offsets, ((height, width), dtype))


class _PackedFrames(RawFrames):
    """Frames of 12-bit packed pixels, which are unpacked into the high bits of uint16."""

    def __init__(self, path: Path, offsets: range, size: tuple[int, int]) -> None:
        super().__init__(path, offsets, ((size[0] * size[1] * 3 // 2,), "u1"))
        self.shape, self.dtype = (len(offsets), *size), np.dtype(np.uint16)

    def _image(self, values: np.ndarray) -> np.ndarray:
        return unpack(values, 12).reshape(self.shape[1:])


def _significant_bits(properties: dict[str, str], depth: int) -> int | None:
    """Significant bits of the values, which 16-bit files hold in their low bits if the header says ``Lower``."""
    effective = properties.get("EffectiveBit Depth", "")
    if depth != 16:
        return 8 if depth == 8 else 16
    if properties.get("EffectiveBit Side", "").lower() == "lower" and effective.isdecimal() and int(effective) >= 8:
        return min(int(effective), 16)
    return 16 if properties.get("EffectiveBit Side", "").lower() == "higher" else None


def _number(header: Path, properties: dict[str, str], name: str) -> Fraction:
    if name not in properties:
        raise ValueError(f"{header}: no Photron header, because the line {name!r} is missing")
    value = number_in(properties[name])
    if value is None or value < 0:
        text = properties[name][:_MAX_TEXT]
        raise ValueError(f"{header}: damaged header: {name!r} is {text!r}, which must be a number")
    return value


def _text_properties(header: Path) -> dict[str, str]:
    """Properties of a ``.cih`` file, one on each line."""
    lines = [line.partition(":") for line in _header_text(header).splitlines()]
    pairs = [(name.strip(), value.strip()) for name, _, value in lines if name.strip() and value.strip()]
    return dict(reversed(pairs))  # Of several lines with one name, the first counts.


def _xml_properties(header: Path) -> dict[str, str]:
    """Properties of a ``.cihx`` file, whose XML may lie between other bytes."""
    text = _header_text(header)
    body = re.search(r"<cih>(.*)</cih>", text, re.DOTALL)
    text = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]", " ", body.group(1) if body else text)
    try:
        root = ElementTree.fromstring(f"<cih>{text}</cih>")
    except ElementTree.ParseError as error:
        raise ValueError(f"{header}: no Photron header, because its XML cannot be read ({error})") from None
    texts = {name: _first_text(root, elements) for name, elements in _XML_NAMES.items()}
    return {name: text for name, text in texts.items() if text}


def _header_text(header: Path) -> str:
    """The text of a header."""
    if header.stat().st_size > _MAX_HEADER:
        raise ValueError(f"{header}: no Photron header, because it has more than {_MAX_HEADER // 10**6} MB")
    return header.read_bytes().decode("utf-8", errors="replace")


def _first_text(root: ElementTree.Element, elements: tuple[str, ...]) -> str:
    """Text of the first of the elements that is not empty."""
    return next((text.strip() for element in elements if (text := root.findtext(f".//{element}"))), "")


def _companion(path: Path, suffixes: tuple[str, ...]) -> Path:
    """The file with the same name and another suffix."""
    for suffix in suffixes:
        for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
            if candidate.is_file():
                return candidate
    raise FileNotFoundError(f"{path}: its companion file {path.with_suffix(suffixes[0]).name} is missing")
