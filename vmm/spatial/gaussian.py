"""One level of the Gaussian pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.reference import expand, reduce
from vmm.engine.protocols import Grid


class Gaussian:
    """Frames blurred and decimated `level` times; the residual is the detail above.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    dtype
        Floating type.
    xp
        Array module.
    level
        How often the size is halved.

    Raises
    ------
    ValueError
        Where the frame is too small for so many levels.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> bands, residual = vmm.spatial.Gaussian((32, 48), level=2).analyze(np.ones((1, 32, 48)))
    >>> bands[0].shape
    (1, 8, 12)
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np, *, level: int = 4) -> None:
        if level < 0 or min(shape[:2]) < 2**level:
            raise ValueError(
                f"level={level} must lie in 0..{min(shape[:2]).bit_length() - 1} for frames of {shape[:2]}"
            )
        self._sizes = halvings((shape[0], shape[1]), level)

    @property
    def grids(self) -> Sequence[Grid]:
        """The one grid of the blurred image."""
        step = 2.0 ** (len(self._sizes) - 1)
        return [Grid(self._sizes[-1], step=(step, step), scale=step)]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """The blurred image of frames (..., H, W), and what it leaves out."""
        small = frames
        for _ in self._sizes[1:]:
            small = reduce(small)
        return [small], frames - self._enlarge(small)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames from the blurred image and what it leaves out."""
        (small,) = bands
        frames = self._enlarge(small)
        return frames if residual is None else frames + residual

    def _enlarge(self, small: Array) -> Array:
        for size in self._sizes[-2::-1]:
            small = expand(small, size)
        return small


def halvings(size: tuple[int, int], times: int) -> list[tuple[int, int]]:
    """The size, and what is left of it after each halving."""
    sizes = [size]
    for _ in range(times):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes
