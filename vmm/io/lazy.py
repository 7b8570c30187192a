"""Frames that are read from the disk when they are sliced."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np


class LazyFrames:
    """Frames (T, H, W[, 3]), each of which is read from the disk when it is sliced.

    Attributes
    ----------
    shape, dtype
        Shape of all frames, and type of their values.
    bits
        Number of significant bits of the values as the header states it; None if only the values can show it.
    least_bits
        Lower bound of the number of significant bits, for headers that do not say how the bits are aligned.
    numbers
        Positions (T,) of the frames on an even grid in time, from 0, if the numbers in their file names show that some
        are missing; else None.
    capture_rate
        Camera rate in Hz that the metadata state, if it can differ from the playback rate; else None.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    bits: int | None = None
    least_bits: int = 8
    numbers: np.ndarray | None = None
    capture_rate: Fraction | None = None

    def __getitem__(self, frames: slice) -> np.ndarray:
        out = np.empty((len(range(*frames.indices(self.shape[0]))), *self.shape[1:]), self.dtype)
        for row, image in zip(out, self._images(range(*frames.indices(self.shape[0]))), strict=True):
            row[...] = image
        return out

    def _images(self, indices: range) -> Any:
        """Yield the frames of these indices."""
        raise NotImplementedError


class RawFrames(LazyFrames):
    """Frames whose values lie in one piece in the file; a frame is read, not mapped, because a mapped file may shrink.

    Parameters
    ----------
    path
        Path of the file.
    offsets
        Position of each frame in the file, in bytes.
    stored
        Shape and type of a frame as the file stores it.
    """

    def __init__(self, path: Path, offsets: Sequence[int] | np.ndarray, stored: tuple[tuple[int, ...], Any]) -> None:
        self._path, self._offsets = path, offsets
        self._stored_shape, self._stored_dtype = stored[0], np.dtype(stored[1])
        self._n_bytes = int(np.prod(stored[0], dtype=np.int64)) * self._stored_dtype.itemsize
        self.shape: tuple[int, ...] = (len(offsets), *stored[0])
        self.dtype: np.dtype = self._stored_dtype.newbyteorder("=")

    def _images(self, indices: range) -> Any:
        with open(self._path, "rb", buffering=0) as file:
            for i in indices:
                values = read_exactly(file, self._path, self._start(file, i), self._n_bytes, f"frame {i}")
                yield self._image(values.view(self._stored_dtype).reshape(self._stored_shape))

    def _start(self, file: io.RawIOBase, i: int) -> int:
        """Position of the values of a frame in the file."""
        return int(self._offsets[i])

    def _image(self, values: np.ndarray) -> np.ndarray:
        """The frame that the stored values describe."""
        return values


def read_exactly(file: io.RawIOBase, path: Path, start: int, n_bytes: int, part: str) -> np.ndarray:
    """Read bytes of a file; raise if it ends before."""
    size, count = path.stat().st_size, 0
    values = np.empty(n_bytes if 0 <= start <= size - n_bytes else 0, np.uint8)
    buffer = memoryview(values)
    if len(values):
        file.seek(start)
        while count < n_bytes and (n := file.readinto(buffer[count:])):
            count += n
    if count < n_bytes:
        size = path.stat().st_size  # It may have shrunk meanwhile.
        raise ValueError(f"{path}: truncated: {part} ends at byte {start + n_bytes}, but the file has {size} bytes")
    return values
