"""Folders of images."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np

from vmm.io import tiff
from vmm.io.image_names import select_series
from vmm.io.lazy import LazyFrames
from vmm.io.limits import check_size, readable_errors
from vmm.io.pillow import pixels

_PNG_FIELD = 64
"""Bytes of a block of a PNG file that are read; the blocks that describe the pixels are shorter."""

SUFFIXES = (".png", *tiff.SUFFIXES, ".jpg", ".jpeg", ".bmp")


def open_frames(path: Path) -> tuple[LazyFrames, Fraction | None, str]:
    """Frames that are read when they are sliced, None for the rate, and the name of the format."""
    with os.scandir(path) as entries:
        names = [entry.name for entry in entries if _is_image(entry)]
    if not names:
        raise ValueError(f"{path}: no images in this folder; readable types are {', '.join(SUFFIXES)}")
    names, numbers = select_series(path, names)
    if names[0].lower().endswith(tiff.SUFFIXES):
        stack = tiff.open_stack(path / names[0])
        if stack.shape[0] > 1:
            return _Stacks(path, names, stack), None, "tiff"
    return _Folder(path, names, numbers), None, "images"


def _is_image(entry: os.DirEntry[str]) -> bool:
    """Whether the entry of a folder is an image; hidden files, such as those that macOS adds, are none."""
    return not entry.name.startswith(".") and entry.name.lower().endswith(SUFFIXES) and entry.is_file()


class _Folder(LazyFrames):
    """Images of one frame each."""

    def __init__(self, path: Path, names: list[str], numbers: np.ndarray | None) -> None:
        self._path, self._names, self.numbers = path, names, numbers
        self._is_deep = _has_deep_colors(path / names[0])
        self.shape: tuple[int, ...] = ()
        first = next(self._images(range(1)))
        self.shape = (len(names), *first.shape)
        self.dtype = first.dtype
        if self.dtype == np.uint16:
            self.bits, self.least_bits = _significant_bits(path / names[0])

    def _images(self, indices: range) -> Iterator[np.ndarray]:
        files = [self._path / self._names[i] for i in indices]
        images = _deep_images(files) if self._is_deep else map(read_image, files)
        for file, image in zip(files, images, strict=True):
            if self.shape and (image.shape, image.dtype) != (self.shape[1:], self.dtype):
                kinds = (image.shape, self.shape[1:]) if image.shape != self.shape[1:] else (image.dtype, self.dtype)
                raise ValueError(
                    f"{file}: an image of {kinds[0]} among images of {kinds[1]}; all must have one shape and type"
                )
            yield image


class _Stacks(LazyFrames):
    """TIFF stacks of several frames each, one after the other in time."""

    def __init__(self, path: Path, names: list[str], first: LazyFrames) -> None:
        self._stacks = [first, *(tiff.open_stack(path / name) for name in names[1:])]
        for name, stack in zip(names, self._stacks, strict=True):
            if (stack.shape[1:], stack.dtype) != (first.shape[1:], first.dtype):
                raise ValueError(
                    f"{path / name}: frames of {stack.shape[1:]} {stack.dtype} among frames of {first.shape[1:]} "
                    f"{first.dtype}; all must have one shape and type"
                )
        self._starts = [0, *accumulate(stack.shape[0] for stack in self._stacks)]
        self.shape, self.dtype = (self._starts[-1], *first.shape[1:]), first.dtype
        self.bits, self.least_bits = first.bits, first.least_bits

    def _images(self, indices: range) -> Iterator[np.ndarray]:
        for start, stack in zip(self._starts, self._stacks, strict=False):
            inside = range(max(indices.start, start), min(indices.stop, start + stack.shape[0]))
            if inside:
                yield from stack._images(range(inside.start - start, inside.stop - start))


def read_image(path: Path) -> np.ndarray:
    """The values (H, W) or (H, W, 3) of an image, without its alpha channel."""
    if not path.is_file():
        raise ValueError(f"{path} is a folder, a pipe or a device: give the name of an image")
    if path.suffix.lower() in tiff.SUFFIXES:
        stack = tiff.open_stack(path)
        if stack.shape[0] != 1:
            raise ValueError(f"{path}: a stack of {stack.shape[0]} pages among images of one page")
        return stack[:1][0]
    from PIL import Image

    with readable_errors(path, "image"), Image.open(path) as image:
        return pixels(image)


def _png_header(path: Path) -> tuple[int, int, int | None] | None:
    """Bits of a sample, code of the color type, and significant bits of a PNG image; None for other files."""
    with open(path, "rb") as file:
        if file.read(8) != b"\x89PNG\r\n\x1a\n":
            return None
        depth = color = significant = 0
        while len(head := file.read(8)) == 8 and head[4:] not in (b"IDAT", b"IEND"):
            length, name = struct.unpack(">I4s", head)
            data = file.read(min(length, _PNG_FIELD))
            if name == b"IHDR" and length >= 10:
                depth, color = data[8], data[9]
            elif name == b"sBIT" and data:
                significant = max(data)
            file.seek(length - len(data) + 4, os.SEEK_CUR)
    return depth, color, significant or None


def _has_deep_colors(path: Path) -> bool:
    """Whether a file is a PNG image with colors of 16 bits, which Pillow reduces to 8 bits."""
    header = _png_header(path)
    return header is not None and header[0] == 16 and bool(header[1] & 2)


def _significant_bits(path: Path) -> tuple[int | None, int]:
    """Significant bits of an image of 16 bits, if they are certain, and their lower bound."""
    if path.suffix.lower() in tiff.SUFFIXES:
        stack = tiff.open_stack(path)
        return stack.bits, stack.least_bits
    header = _png_header(path)
    return None, min(16, max(8, (header and header[2]) or 8))


def _deep_images(files: list[Path]) -> Iterator[np.ndarray]:
    """Decode PNG images with colors of 16 bits by ffmpeg, all of them in one run."""
    from vmm.io.program import ffmpeg

    sizes = [_png_size(file) for file in files]
    command = [ffmpeg(), "-v", "error", "-nostdin", "-f", "image2pipe", "-c:v", "png", "-i", "-"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-"]
    process = subprocess.run(command, input=b"".join(file.read_bytes() for file in files), capture_output=True)
    values = np.frombuffer(process.stdout, "<u2")
    for file, (height, width) in zip(files, sizes, strict=True):
        image, values = values[: height * width * 3], values[height * width * 3 :]
        if (height, width) != sizes[0]:
            raise ValueError(f"{file}: an image of {height} x {width} among images of {sizes[0][0]} x {sizes[0][1]}")
        if len(image) < height * width * 3:
            message = process.stderr.decode(errors="replace").strip().splitlines()
            raise ValueError(f"{file}: no image that can be read, or a damaged one ({''.join(message[-1:])})")
        yield image.reshape(height, width, 3)


def _png_size(path: Path) -> tuple[int, int]:
    """Height and width of a PNG image with colors of 16 bits."""
    with open(path, "rb") as file:
        head = file.read(26)
    if len(head) < 26 or head[:4] != b"\x89PNG" or head[24] != 16 or not head[25] & 2:
        raise ValueError(f"{path}: no PNG image with colors of 16 bits among such images")
    width, height = struct.unpack_from(">II", head, 16)
    check_size(path, height, width)
    return height, width
