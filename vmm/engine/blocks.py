"""The frames of a dask array, one block after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from vmm.backend.arrays import Array


def is_lazy(frames: object) -> bool:
    """Whether a clip is a dask array, whose frames are computed when they are asked for."""
    return type(frames).__module__.partition(".")[0] == "dask"


class Blocks:
    """A clip that computes the blocks of a dask array when they are iterated over, and holds one of them at a time.

    Parameters
    ----------
    frames
        A dask array (T, H, W) or (T, H, W, 3).
    """

    def __init__(self, frames: Any) -> None:
        self._frames = frames.rechunk(dict.fromkeys(range(1, frames.ndim), -1))
        self.shape: tuple[int, ...] = frames.shape
        self.dtype: np.dtype[Any] = frames.dtype

    def __iter__(self) -> Iterator[Array]:
        return self.reopen()

    def reopen(self) -> Iterator[Array]:
        """The blocks from the first one on."""
        return (self._frames.blocks[i].compute() for i in range(self._frames.numblocks[0]))
