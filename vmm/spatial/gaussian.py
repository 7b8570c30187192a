"""The Gaussian pyramid, and one level of it."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.reference import expand, reduce
from vmm.parts import Grid


class Gaussian:
    """Frames blurred and decimated `level` times; the residual is the detail above.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    dtype
        Floating-point type of the coefficients.
    xp
        Array module, ``numpy`` or ``cupy``.
    level
        How often the size is halved.

    Raises
    ------
    ValueError
        If the frame is too small for so many levels.

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
        """The blurred image of frames (..., H, W), and both, for what it leaves out."""
        small = self.reduced(reduce(frames))[-1] if len(self._sizes) > 1 else frames
        return [small], [frames, small]

    def reduced(self, half: Array) -> list[Array]:
        """The images of level 1 and above, from that of level 1; at least one halving is needed."""
        return _reduced(half, len(self._sizes) - 2)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames from the blurred image and what it leaves out."""
        image = self._enlarged(bands[0], 0)
        return image if residual is None else image + (residual[0] - self._enlarged(residual[-1], 0))

    def half_size(self, bands: Sequence[Array | None]) -> Array | None:
        """The blurred image, expanded to half the size of a frame."""
        return self._enlarged(bands[0], 1)

    def _enlarged(self, image: Array, level: int) -> Array:
        for size in self._sizes[level:-1][::-1]:
            image = expand(image, size)
        return image


class GaussianPyramid:
    """Frames blurred and decimated 0, 1, 2 ... times; the residual is what they leave out of the frames when added up.

    Its bands overlap: the levels of a Laplacian pyramid are their differences. Weights for levels become weights for
    these bands (each less that of the finer level), and no level need be made.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    dtype
        Floating-point type of the coefficients.
    xp
        Array module, ``numpy`` or ``cupy``.

    Raises
    ------
    ValueError
        If the frame is smaller than 5 pixels.

    References
    ----------
    .. [1] Burt, Adelson: The Laplacian pyramid as a compact image code. IEEE Trans. Communications, 1983.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> len(vmm.spatial.GaussianPyramid((544, 960)).grids)
    8
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np) -> None:
        if min(shape[:2]) < 5:
            raise ValueError(f"frames of {shape[0]}x{shape[1]} are too small: a pyramid needs 5x5 pixels")
        self._sizes = halvings((shape[0], shape[1]), height(min(shape[:2])))

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each level."""
        return [Grid(size, step=(2.0**i, 2.0**i), scale=2.0**i) for i, size in enumerate(self._sizes)]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Blurred images of frames (..., H, W), and what adding them up leaves out."""
        bands = [frames, *self.reduced(reduce(frames))]
        return bands, bands

    def reduced(self, half: Array) -> list[Array]:
        """The subbands of level 1 and above, from that of level 1."""
        return _reduced(half, len(self._sizes) - 2)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """The sum of the bands, each enlarged to the size of a frame."""
        total = self.half_size(bands)
        total = expand(total, self._sizes[0], bands[0]) if total is not None else bands[0]
        return total if residual is None else total + residual[0] - self.synthesize(residual, None)

    def half_size(self, bands: Sequence[Array | None]) -> Array | None:
        """The sum of all subbands but the finest, at half the size of a frame."""
        total = None
        for i, size in reversed(list(enumerate(self._sizes))[1:]):
            band = bands[i]
            total = band if total is None else expand(total, size, band)
        return total


def _reduced(image: Array, times: int) -> list[Array]:
    """An image, and so many ever smaller ones."""
    images = [image]
    for _ in range(times):
        images.append(reduce(images[-1]))
    return images


def halvings(size: tuple[int, int], times: int) -> list[tuple[int, int]]:
    """The size, and what is left of it after each halving."""
    sizes = [size]
    for _ in range(times):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def height(size: int) -> int:
    """How often a size can be halved before fewer than 5 samples are left."""
    return 0 if size < 5 else 1 + height(size // 2)
