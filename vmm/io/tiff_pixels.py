"""Meaning of the values of a TIFF page: gray, inverted gray, palette, color or ink."""

from __future__ import annotations

import lzma
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io.limits import check_size

_MINISWHITE, _MINISBLACK, _RGB, _PALETTE, _SEPARATED, _YCBCR, _LINEAR = 0, 1, 2, 3, 5, 6, 34892
_JPEG = (6, 7)

INFLATE: dict[int, Any] = {8: zlib.decompressobj, 32946: zlib.decompressobj, 34925: lzma.LZMADecompressor}
"""Decoders by the code of the compression, which write no more bytes than they are asked for, as those of tifffile do
without the package imagecodecs."""

_SMALL = 2**13
"""Bytes of compressed data that are decoded at once; they hold at most some ten megabytes."""

_MAX_SAMPLE_VALUE, _ORIENTATION = 281, 274


class Picture:
    """Conversion of the values of a page to a frame (H, W) or (H, W, 3).

    Attributes
    ----------
    shape, dtype
        Shape and type of the frame.
    bits, least_bits
        As in ``LazyFrames``.
    is_plain
        Whether Pillow decodes the page to the same values.
    """

    def __init__(self, path: Path, page: Any) -> None:
        self._photometric, self._depth = int(page.photometric), int(page.bitspersample)
        self._colors = None if page.colormap is None else _colors(page.colormap)
        tag = page.tags.get(_ORIENTATION)
        self.orientation: int = int(tag.value) if tag is not None else 1
        self._check(path, page)
        self.is_plain: bool = self._photometric != _MINISWHITE or self._depth <= 8
        planes, depth, height, width, samples = page.shaped
        frame = self.image(np.zeros((planes, depth, 1, 2, samples), page.dtype))
        is_upright = frame.shape[:2] == (1, 2)
        size = (height, width) if is_upright else (width, height)
        self.shape: tuple[int, ...] = (*size, *frame.shape[2:])
        self.dtype: np.dtype = frame.dtype
        self.bits: int | None = self._depth if page.dtype == np.uint16 and 8 <= self._depth < 16 else None
        largest = page.tags.get(_MAX_SAMPLE_VALUE)
        value = np.max(largest.value) if largest is not None else 0
        bits = max(8, int(value).bit_length())
        self.least_bits: int = 8 if bits >= 16 else bits  # the default of the tag, 16 bits, says nothing

    def _check(self, path: Path, page: Any) -> None:
        """Raise if the values have no meaning as a gray or color frame, or would fill the memory."""
        check_size(path, *page.shaped[2:4])
        if page.is_tiled:
            check_size(path, page.tilelength, page.tilewidth)
        samples = page.shaped[0] * page.shaped[4]
        kinds = (_MINISWHITE, _MINISBLACK, _RGB, _PALETTE, _SEPARATED, _LINEAR)
        is_known = self._photometric in kinds or (self._photometric == _YCBCR and page.compression in _JPEG)
        if not is_known or samples > 4 or page.shaped[1] != 1 or (self._photometric == _SEPARATED and samples != 4):
            raise ValueError(
                f"{path}: pages of {page.photometric.name} with {samples} samples and shape {page.shape} are neither "
                "gray nor color frames; convert them to gray or RGB"
            )
        if page.dtype is None or page.dtype.name not in ("bool", "uint8", "uint16", "float16", "float32", "float64"):
            raise ValueError(f"{path}: values of type {page.dtype} cannot be read; convert them to uint16 or float32")

    def image(self, values: np.ndarray) -> np.ndarray:
        """The frame of values with the axes of ``TiffPage.shaped``: plane, depth, row, column and sample."""
        image = np.moveaxis(values[:, 0], 0, -2)
        image = image.reshape(*image.shape[:2], -1)
        if self._photometric == _PALETTE and self._colors is not None:
            image = self._colors[image[..., 0]]
        elif self._photometric == _SEPARATED:
            image = _without_ink(image)
        elif self._depth < 8:
            image = (image.astype(np.uint16) * 255 // (2**self._depth - 1)).astype(np.uint8)
        if self._photometric == _MINISWHITE:
            image = np.iinfo(image.dtype).max - image if image.dtype.kind == "u" else -image
        return oriented(without_alpha(image), self.orientation)


def check_inflated(path: Path, page: Any, data: bytes) -> None:
    """Raise if a compressed strip or tile holds more than the whole page, and would fill the memory."""
    limit = page.dtype.itemsize * max(math.prod(page.shaped), math.prod(page.chunks))
    if len(data) > _SMALL and len(INFLATE[page.compression]().decompress(data, limit + 1)) > limit:
        raise ValueError(f"{path}: damaged: a part of a page holds more values than the page")


def without_alpha(image: np.ndarray) -> np.ndarray:
    """The image (H, W) or (H, W, 3) without its alpha channel."""
    if image.ndim == 3 and image.shape[2] <= 2:
        return image[..., 0]
    return image[..., :3] if image.ndim == 3 else image


def oriented(image: np.ndarray, orientation: int) -> np.ndarray:
    """The image as it is to be shown, by the code of EXIF and TIFF that says how it is stored."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    cols = -1 if orientation in (2, 3, 6, 7) else 1
    return image[::rows, ::cols] if orientation <= 8 else image


def _colors(table: np.ndarray) -> np.ndarray:
    """The colors (n, 3) or gray levels (n, 1) of a palette in 8 bits."""
    colors = np.asarray(table).T
    colors = (colors >> 8 if colors.max() > 255 else colors).astype(np.uint8)
    return colors[:, :1] if (colors == colors[:, :1]).all() else colors


def _without_ink(image: np.ndarray) -> np.ndarray:
    """Colors of light for amounts of cyan, magenta, yellow and black ink."""
    white = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1
    light = white - image.astype(float)
    return np.rint(light[..., :3] * light[..., 3:] / white).astype(image.dtype)
