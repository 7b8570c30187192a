"""Folders of images and TIFF stacks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def opened(path: Path) -> tuple[Any, Fraction | None, str]:
    """Frames that are read when they are sliced, no rate, and the format."""
    frames = _Folder(path) if path.is_dir() else _Stack(path)
    return frames, None, frames.name


class _Lazy:
    """Frames (T, H, W[, 3]) read one by one when they are sliced."""

    name: str

    def __init__(self, count: int) -> None:
        first = self._image(0)
        self.shape, self.dtype = (count, *first.shape), first.dtype

    def _image(self, i: int) -> np.ndarray:
        raise NotImplementedError

    def __getitem__(self, frames: slice) -> np.ndarray:
        return np.stack([self._image(i) for i in range(*frames.indices(self.shape[0]))])


class _Folder(_Lazy):
    name = "images"

    def __init__(self, path: Path) -> None:
        self._files = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        if not self._files:
            raise ValueError(f"{path}: no images in this folder; it must hold {', '.join(SUFFIXES)}")
        super().__init__(len(self._files))

    def _image(self, i: int) -> np.ndarray:
        import imageio.v3 as iio

        image = _three(iio.imread(self._files[i]))
        if i and image.shape != self.shape[1:]:
            raise ValueError(f"{self._files[i]}: an image of {image.shape} among images of {self.shape[1:]}")
        return image


class _Stack(_Lazy):
    name = "tiff"

    def __init__(self, path: Path) -> None:
        import tifffile

        self._path = path
        try:
            with tifffile.TiffFile(path) as stack:
                count = len(stack.pages) if len(stack.pages) > 1 else stack.series[0].shape[0]
            super().__init__(count)
        except tifffile.TiffFileError as error:
            raise ValueError(f"{path}: no TIFF stack ({error})") from error

    def _image(self, i: int) -> np.ndarray:
        import tifffile

        with tifffile.TiffFile(self._path) as stack:
            return _three(stack.pages[i].asarray() if len(stack.pages) > 1 else stack.asarray()[i])


def _three(image: np.ndarray) -> np.ndarray:
    """The image without an alpha plane."""
    return image[..., :3] if image.ndim == 3 else image
