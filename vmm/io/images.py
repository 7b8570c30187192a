"""Folders of images and TIFF stacks."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io.timing import image_numbers

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def open_frames(path: Path) -> tuple[Any, Fraction | None, str]:
    """Frames that are read when they are sliced, None for the rate, and the name of the format."""
    frames = _Folder(path) if path.is_dir() else _Stack(path)
    return frames, None, frames.name


class _LazyFrames:
    """Frames (T, H, W[, 3]), each of which is read from the disk when it is sliced."""

    name: str

    def __init__(self, count: int) -> None:
        first = self._image(0)
        self.shape, self.dtype = (count, *first.shape), first.dtype

    def _image(self, i: int) -> np.ndarray:
        raise NotImplementedError

    def __getitem__(self, frames: slice) -> np.ndarray:
        return np.stack([self._image(i) for i in range(*frames.indices(self.shape[0]))])


class _Folder(_LazyFrames):
    name = "images"

    def __init__(self, path: Path) -> None:
        self._files = sorted((p for p in path.iterdir() if p.suffix.lower() in SUFFIXES), key=_natural_key)
        if not self._files:
            raise ValueError(f"{path}: no images in this folder; readable types are {', '.join(SUFFIXES)}")
        self.numbers = image_numbers([path.name for path in self._files])
        super().__init__(len(self._files))

    def _image(self, i: int) -> np.ndarray:
        import imageio.v3 as iio

        image = _without_alpha(iio.imread(self._files[i]))
        if i and image.shape != self.shape[1:]:
            raise ValueError(
                f"{self._files[i]}: an image of {image.shape} among images of {self.shape[1:]}; all must have one shape"
            )
        return image


class _Stack(_LazyFrames):
    name = "tiff"

    def __init__(self, path: Path) -> None:
        import tifffile

        self._path = path
        try:
            with tifffile.TiffFile(path) as stack:
                count, self._array = len(stack.pages), None
                if count == 1:  # The file holds one image, or a stack that is stored as one array.
                    series = stack.series[0]
                    leading = series.axes.index("Y")
                    count = math.prod(series.shape[:leading])
                    self._array = series.asarray().reshape(count, *series.shape[leading:])
        except (tifffile.TiffFileError, ValueError) as error:
            raise ValueError(f"{path}: no TIFF stack ({error})") from error
        super().__init__(count)

    def _image(self, i: int) -> np.ndarray:
        import tifffile

        if self._array is not None:
            return _without_alpha(self._array[i])
        with tifffile.TiffFile(self._path) as stack:
            return _without_alpha(stack.pages[i].asarray())


def _without_alpha(image: np.ndarray) -> np.ndarray:
    """The image (H, W) or (H, W, 3) without its alpha channel."""
    if image.ndim == 3 and image.shape[2] <= 2:
        return image[..., 0]
    return image[..., :3] if image.ndim == 3 else image


def _natural_key(path: Path) -> list[tuple[int, str]]:
    """Sort key that orders numbers by value: 2.png before 10.png."""
    return [(int(part or 0), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", path.name)]
