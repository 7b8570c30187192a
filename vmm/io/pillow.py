"""Images that Pillow decodes."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vmm.io.lazy import LazyFrames
from vmm.io.limits import check_size
from vmm.io.tiff_pixels import Picture

_PLAIN_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "F")


def pixels(image: Any) -> np.ndarray:
    """The values (H, W) or (H, W, 3) of an image of Pillow, upright, without its alpha channel."""
    from PIL import ImageOps

    from vmm.io.tiff_pixels import without_alpha

    check_size(Path(getattr(image, "filename", "image")), *image.size)
    image = ImageOps.exif_transpose(image)
    if image.mode == "I":
        return np.asarray(image).astype(np.uint16)
    if image.mode not in _PLAIN_MODES:
        image = image.convert({"1": "L", "La": "LA", "PA": "RGBA", "RGBa": "RGBA"}.get(image.mode, "RGB"))
    values = without_alpha(np.asarray(image))
    return values.astype(values.dtype.newbyteorder("="), copy=False)


class PillowStack(LazyFrames):
    """Pages that tifffile cannot decode without the package imagecodecs."""

    def __init__(self, path: Path, stack: Any, picture: Picture, error: Exception) -> None:
        self._path, self._pages, self._error, self._lock = path, stack.pages, error, threading.Lock()
        self.shape: tuple[int, ...] = stack.shape
        self.dtype: np.dtype = stack.dtype
        self.bits: int | None = stack.bits
        self.least_bits: int = stack.least_bits
        if not picture.is_plain:
            raise self._unreadable(error)
        self[:1]

    @cached_property
    def _file(self) -> Any:
        from PIL import Image

        file = Image.open(self._path)
        weakref.finalize(self, file.close)
        return file

    def _images(self, indices: range) -> Iterator[np.ndarray]:
        for i in indices:
            try:
                with self._lock:
                    self._file.seek(self._pages[i])
                    image = pixels(self._file)
            except Exception as error:
                raise self._unreadable(error) from error
            if image.shape != self.shape[1:] or image.dtype != self.dtype:
                raise self._unreadable(self._error)
            yield image

    def _unreadable(self, error: Exception) -> ValueError:
        """The error that names the file and the package that may read it."""
        return ValueError(
            f"{self._path}: its compression cannot be decoded ({error}); if the file is whole, install the decoders "
            'with pip install "vmm-toolkit[tiff]"'
        )
