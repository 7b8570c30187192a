"""TIFF stacks, whose pages are found by one walk through the file."""

from __future__ import annotations

import json
import logging
import math
import warnings
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io.lazy import LazyFrames, RawFrames, read_exactly
from vmm.io.limits import readable_errors
from vmm.io.tiff_pixels import INFLATE, Picture, check_inflated

SUFFIXES = (".tif", ".tiff")

_KIND = "TIFF stack"

_MAX_SHAPE = 40
"""Characters of the shape of a damaged page that a message repeats."""

_DESCRIBED_KINDS = ("ome", "lsm", "stk", "micromanager", "ndtiff", "fluoview", "scanimage", "nih")
"""Kinds of files whose axes tifffile derives from metadata of all pages."""


_MISSING_DECODER = ("imagecodecs", "No module named")
"""Parts of the messages of tifffile if it lacks the package that decodes a compression."""


def open_frames(path: Path) -> tuple[LazyFrames, Fraction | None, str]:
    """Frames that are read when they are sliced, None for the rate, and the name of the format."""
    return open_stack(path), None, "tiff"


def open_stack(path: Path) -> LazyFrames:
    """The frames of a stack; raise one sentence if its axes are not time, height, width and color."""
    import tifffile

    with readable_errors(path, _KIND), _messages() as messages, tifffile.TiffFile(path, _multifile=False) as stack:
        if not len(stack.pages):
            raise ValueError(f"{path}: no TIFF stack, because it holds no page")
        page = stack.pages.first
        count, start = _time_axis(path, stack, page)
        broken = [message for message in messages if message.startswith("<tifffile.TiffPages")]
        if broken:
            raise ValueError(f"{path}: truncated or damaged after {len(stack.pages)} pages ({broken[0]})")
        picture = Picture(path, page)
        if start is not None:
            return _Contiguous(path, start, count, page, picture)
        frames = _Pages(path, stack, picture)
        if count not in (1, frames.shape[0]) and not stack.is_shaped:
            raise ValueError(f"{path}: truncated: it holds {frames.shape[0]} pages of the {count} that it states")
    try:
        frames.check_decoder()
    except Exception as error:
        if not any(reason in str(error) for reason in _MISSING_DECODER):
            raise
        from vmm.io.pillow import PillowStack

        return PillowStack(path, frames, picture, error)
    return frames


@contextmanager
def _messages() -> Iterator[list[str]]:
    """Collect the messages of tifffile about damaged files, which are printed otherwise."""
    messages: list[str] = []

    def collect(record: logging.LogRecord) -> bool:
        messages.append(record.getMessage())
        return False

    loggers = [logging.getLogger(name) for name in ("tifffile", "tifffile.tifffile")]  # the latter in older versions
    for logger in loggers:
        logger.addFilter(collect)
    try:
        yield messages
    finally:
        for logger in loggers:
            logger.removeFilter(collect)


def _time_axis(path: Path, stack: Any, page: Any) -> tuple[int, int | None]:
    """Number of frames that the file states, and the position of the first if they follow one page in one piece."""
    axes, sizes, start = _leading_axes(stack, page)
    long = [(axis, n) for axis, n in zip(axes, sizes, strict=True) if n > 1]
    if len(long) > 1 or any(axis == "C" and n <= _MAX_CHANNELS for axis, n in long):
        described = " x ".join(f"{n} ({_AXES.get(axis, 'unnamed axis')})" for axis, n in long)
        raise ValueError(
            f"{path}: its images have the axes {described}, of which only time can be read: select one channel and "
            f"one slice, for example with tifffile.imwrite('one.tif', tifffile.imread({path.name!r})[:, 0])"
        )
    if long and long[0][0] in "ZC":
        axis, n = long[0]
        warnings.warn(f"{path}: its {n} {_AXES[axis]} (axis {axis}) are read as frames in time", stacklevel=2)
    count = long[0][1] if long else 1
    is_single = len(stack.pages) == 1 and count > 1
    if is_single and start is None:
        raise ValueError(f"{path}: its {count} frames are compressed in one page; write one page for each frame")
    return count, start if is_single else None


_AXES = {"T": "time", "C": "channels", "Z": "slices"}

_MAX_CHANNELS = 4
"""Largest number of channels of a color image. A longer axis of this name is that of a program that knew no better."""


def _leading_axes(stack: Any, page: Any) -> tuple[str, tuple[int, ...], int | None]:
    """Letters and sizes of the axes before the rows, and the position of the values if they are in one piece."""
    start = page.dataoffsets[0] if page.is_contiguous and page.dataoffsets else None
    if any(getattr(stack, f"is_{kind}") for kind in _DESCRIBED_KINDS):
        series = stack.series[0]
        if stack.is_ome and series.kind in ("generic", "uniform"):
            raise ValueError(
                "its OME metadata name other files, which are not opened, or cannot be read; save it as one file"
            )
        n = len(series.shape) - page.ndim
        return series.axes[:n], series.shape[:n], series.dataoffset
    if stack.is_imagej:
        metadata = stack.imagej_metadata or {}
        sizes = tuple(int(metadata.get(name, 1)) for name in ("frames", "slices", "channels"))
        if math.prod(sizes) == 1:
            sizes = int(metadata.get("images", 1)), 1, 1
        is_color = page.samplesperpixel > 1 and sizes[2] == page.samplesperpixel
        return "TZC", (*sizes[:2], 1 if is_color else sizes[2]), start
    if not page.is_shaped:
        return "", (), start
    description = json.loads(page.shaped_description)
    shape = description["shape"]
    n = max(0, len(shape) - page.ndim)
    if math.prod(shape[:n]) not in (1, len(stack.pages)) and len(stack.pages) > 1:
        return "", (), None  # The pages were written by several calls, one part of the clip each.
    return description.get("axes", "?" * n)[:n].ljust(n, "?"), tuple(shape[:n]), start


class _Contiguous(RawFrames):
    """Frames that follow one page without pages of their own."""

    def __init__(self, path: Path, start: int, count: int, page: Any, picture: Picture) -> None:
        n_bytes = math.prod(page.shaped) * page.dtype.itemsize
        offsets = range(start, start + count * n_bytes, n_bytes)
        super().__init__(path, offsets, (page.shaped, page.parent.byteorder + page.dtype.char))
        if path.stat().st_size < offsets[-1] + n_bytes:
            raise ValueError(
                f"{path}: truncated: it has {path.stat().st_size} bytes, but {count} frames need "
                f"{offsets[-1] + n_bytes}"
            )
        self.shape, self.dtype = (count, *picture.shape), picture.dtype
        self.bits, self.least_bits, self._image = picture.bits, picture.least_bits, picture.image  # type: ignore[method-assign]


class _Pages(LazyFrames):
    """Frames that are pages of their own, in the order of the file. Reduced images, such as thumbnails, are left out.

    The positions of all strips or tiles are held in arrays, so that the file is walked through once.
    """

    def __init__(self, path: Path, stack: Any, picture: Picture) -> None:
        self._path, self._picture = path, picture
        self._offsets, self._sizes = array("q"), array("q")
        self._first, self._layout, self.pages = array("q", [0]), array("q"), array("q")
        self._keyframes: dict[int, Any] = {}
        for i in range(len(stack.pages)):
            page = stack.pages.first if i == 0 else stack.pages.get(i, cache=False)
            if not (i and page.is_reduced):
                self._add(i, page)
        self.shape, self.dtype = (len(self.pages), *picture.shape), picture.dtype
        self.bits, self.least_bits = picture.bits, picture.least_bits

    def _add(self, i: int, page: Any) -> None:
        first = next(iter(self._keyframes.values()), page)
        if (page.shaped, page.dtype, page.photometric) != (first.shaped, first.dtype, first.photometric):
            raise ValueError(
                f"{self._path}: page {i} is {str(page.shape)[:_MAX_SHAPE]} {page.dtype} among pages of {first.shape} "
                f"{first.dtype}; all must have one shape and type"
            )
        self._keyframes.setdefault(page.hash, page)
        self.pages.append(i)
        self._layout.append(page.hash)
        self._offsets.extend(page.dataoffsets)
        self._sizes.extend(page.databytecounts)
        self._first.append(len(self._offsets))

    def _images(self, indices: range) -> Iterator[np.ndarray]:
        with readable_errors(self._path, _KIND), open(self._path, "rb", buffering=0) as file:
            for i in indices:
                yield self._picture.image(self._decoded(file, i))

    def check_decoder(self) -> None:
        """Raise if the first strip or tile cannot be decoded."""
        with readable_errors(self._path, _KIND), open(self._path, "rb", buffering=0) as file:
            self._segment(file, 0, 0)

    def _decoded(self, file: Any, i: int) -> np.ndarray:
        """The values of a page, with the axes of ``TiffPage.shaped``."""
        page = self._keyframes[self._layout[i]]
        values = np.zeros(page.shaped, page.dtype)
        for k in range(self._first[i + 1] - self._first[i]):
            part, index, shape = self._segment(file, i, k)
            if part is not None:
                _place(values, part, index, shape)
        return values

    def _segment(self, file: Any, i: int, k: int) -> Any:
        """The values of a strip or tile of a page, their position and their shape."""
        page = self._keyframes[self._layout[i]]
        start, size = self._offsets[self._first[i] + k], self._sizes[self._first[i] + k]
        data = read_exactly(file, self._path, start, size, f"page {self.pages[i]}").tobytes() if size else None
        if data is not None and page.compression in INFLATE:
            check_inflated(self._path, page, data)
        return page.decode(data, k, jpegtables=page.jpegtables) if page.jpegtables else page.decode(data, k)


def _place(values: np.ndarray, part: np.ndarray, index: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Copy a strip or tile, which may reach beyond the page, to its place."""
    sample, depth, row, col, _ = index
    target = values[sample, depth : depth + shape[0], row : row + shape[1], col : col + shape[2]]
    target[...] = part[: target.shape[0], : target.shape[1], : target.shape[2]]
