"""The Gaussian pyramid, and a single level of it."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array
from vmm.backend.reference import expand, reduce
from vmm.parts import Grid
from vmm.spatial._gray import check_gray


class Gaussian:
    """A single level of the Gaussian pyramid: the only subband is the frames, blurred and decimated `level` times.

    The residual is the detail that the level does not contain.

    Parameters
    ----------
    shape
        Shape of a frame, which starts with rows and columns.
    dtype
        Floating-point type of the frames.
    xp
        Array module, NumPy or CuPy.
    level
        Number of times that the frames are halved in size. The default is 4.

    Raises
    ------
    ValueError
        If `level` is negative, or too large for the frame to keep at least one sample per side.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> bands, residual = vmm.spatial.Gaussian((32, 48), level=2).analyze(np.ones((1, 32, 48)))
    >>> bands[0].shape
    (1, 8, 12)
    """

    @checks_arguments
    def __init__(self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np, *, level: int = 4) -> None:
        check_gray("Gaussian", shape)
        if level < 0 or min(shape[:2]) < 2**level:
            raise ValueError(
                f"level={level} must lie in [0, {min(shape[:2]).bit_length() - 1}] for frames of {shape[:2]}"
            )
        self._sizes = halvings((shape[0], shape[1]), level)

    @property
    def grids(self) -> Sequence[Grid]:
        """The grid of the blurred image."""
        step = 2.0 ** (len(self._sizes) - 1)
        return [Grid(self._sizes[-1], step=(step, step), scale=step)]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """The blurred image of frames (..., H, W), and [frames, blurred image] as the residual."""
        small = self.reduced(reduce(frames))[-1] if len(self._sizes) > 1 else frames
        return [small], [frames, small]

    def reduced(self, half: Array) -> list[Array]:
        """The images of level 1 and above, from that of level 1; at least one halving is needed."""
        return _reduced(half, len(self._sizes) - 2)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames (..., H, W) from the blurred image and the residual; a residual of None means zero."""
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
    """The Gaussian pyramid: the subbands are the frames, blurred and decimated 0, 1, 2 ... times.

    Synthesis adds the expanded subbands; the residual is the difference between the frames and this sum. The subbands
    overlap in frequency: their differences are the levels of the Laplacian pyramid. A weighted sum of Laplacian levels
    is a sum of these subbands, each weighted by the difference between the weights of its level and of the next finer
    one. It is therefore available without the computation of a Laplacian pyramid.

    Parameters
    ----------
    shape
        Shape of a frame, which starts with rows and columns.
    dtype
        Floating-point type of the frames.
    xp
        Array module, NumPy or CuPy.

    Raises
    ------
    ValueError
        If a frame has fewer than 5 rows or columns.

    References
    ----------
    .. [1] Burt, Adelson: The Laplacian pyramid as a compact image code. IEEE Trans. Communications, 1983.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> len(vmm.spatial.GaussianPyramid((544, 960)).grids)
    8
    """

    @checks_arguments
    def __init__(self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np) -> None:
        check_gray("GaussianPyramid", shape)
        if min(shape[:2]) < 5:
            raise ValueError(f"frames of {shape[0]}x{shape[1]} are too small: a pyramid needs 5x5 pixels")
        self._sizes = halvings((shape[0], shape[1]), height(min(shape[:2])))

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each level."""
        return [Grid(size, step=(2.0**i, 2.0**i), scale=2.0**i) for i, size in enumerate(self._sizes)]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Blurred images of frames (..., H, W), finest first, which are the residual, too."""
        bands = [frames, *self.reduced(reduce(frames))]
        return bands, bands

    def reduced(self, half: Array) -> list[Array]:
        """The subbands of level 1 and above, from that of level 1."""
        return _reduced(half, len(self._sizes) - 2)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames (..., H, W): the sum of the subbands, each expanded to the size of a frame, plus the residual."""
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
    """An image and its successive reductions by a factor of two, `times` of them."""
    images = [image]
    for _ in range(times):
        images.append(reduce(images[-1]))
    return images


def halvings(size: tuple[int, int], times: int) -> list[tuple[int, int]]:
    """The size and its values after 1, 2, ... `times` halvings, rounded up."""
    sizes = [size]
    for _ in range(times):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def height(size: int) -> int:
    """Number of successive halvings of a size, each of which starts from at least 5 samples."""
    return 0 if size < 5 else 1 + height(size // 2)
