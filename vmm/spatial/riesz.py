"""The Riesz pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, Literal, TypeAlias

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array
from vmm.backend.reference import correlate, interleave, riesz
from vmm.parts import Grid, LazySequence
from vmm.spatial._gray import check_gray
from vmm.spatial.gaussian import halvings
from vmm.spatial.laplacian import Laplacian

# One-dimensional low-pass and high-pass of the self-inverting pyramid, from the appendix of [1]: the center tap and the
# four taps on one side. The filters are symmetric.
_LOW = (0.3611, 0.2723, 0.0900, -0.0219, -0.0209)
_HIGH = (-0.7633, 0.2020, 0.1230, 0.0492, 0.0099)

RieszKernel: TypeAlias = Literal["3-tap", "3x3"]
"""Name of an approximate Riesz transform."""

PyramidKind: TypeAlias = Literal["laplacian", "invertible"]
"""Name of a pyramid of octaves."""

# Taps of the approximate Riesz transform, across an axis and along it.
_KERNELS = {
    "3-tap": ((1.0,), (0.5, 0.0, -0.5)),
    "3x3": ((0.12 / 0.58, 0.34 / 0.58, 0.12 / 0.58), (0.58, 0.0, -0.58)),
}


class RieszPyramid:
    """The Riesz pyramid: octaves of a Laplacian-like pyramid, each with its approximate Riesz transform.

    A subband (T, 3, h, w) holds Riesz triples: the level, its x component and its y component. The residual is that of
    the pyramid.

    Parameters
    ----------
    shape
        Shape of a frame, which starts with rows and columns.
    dtype
        Floating-point type of the frames.
    xp
        Array module, NumPy or CuPy.
    pyramid
        Pyramid of octaves: ``"laplacian"``, or ``"invertible"``, the self-inverting pyramid of [1]_ with filters of 9x9
        taps. The latter is much slower and was not more accurate on any scene of the benchmarks. Its reconstruction
        error, of about 1 % of the range, is stored in the residual, so that synthesis is exact. The default is
        ``"laplacian"``.
    kernel
        Approximate Riesz transform: ``"3-tap"`` [2]_, or ``"3x3"`` [1]_, which is more accurate. The default is
        ``"3-tap"``.

    Raises
    ------
    ValueError
        If a frame has fewer than 10 rows or columns, or if an option is unknown.

    References
    ----------
    .. [1] Wadhwa, Rubinstein, Durand, Freeman: Riesz pyramids for fast phase-based video magnification. ICCP 2014.
    .. [2] Wadhwa, Rubinstein, Durand, Freeman: Quaternionic representation of the Riesz pyramid for video
       magnification. MIT-CSAIL-TR-2014-009, 2014.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> bands, _ = vmm.spatial.RieszPyramid((64, 96)).analyze(np.ones((2, 64, 96)))
    >>> [band.shape for band in bands]
    [(2, 3, 64, 96), (2, 3, 32, 48), (2, 3, 16, 24), (2, 3, 8, 12)]
    """

    @checks_arguments
    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
        xp: ModuleType = np,
        *,
        pyramid: PyramidKind = "laplacian",
        kernel: RieszKernel = "3-tap",
    ) -> None:
        check_gray("RieszPyramid", shape)
        if kernel not in _KERNELS:
            raise ValueError(f"kernel={kernel!r} must be one of {', '.join(map(repr, _KERNELS))}")
        if pyramid not in ("invertible", "laplacian"):
            raise ValueError(f"pyramid={pyramid!r} must be 'invertible' or 'laplacian'")
        if min(shape[:2]) < 10:
            raise ValueError(f"frames of {shape[0]}x{shape[1]} are too small: a Riesz pyramid needs 10x10 pixels")
        self._across, self._along = _KERNELS[kernel]
        self._levels = (Laplacian if pyramid == "laplacian" else _Invertible)(shape)

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each level."""
        return [replace(grid, coefs="riesz") for grid in self._levels.grids]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Riesz triples (T, 3, h, w) of frames (T, H, W): the level, its x part and its y part."""
        levels, residual = self._levels.analyze(frames)
        return RieszBands(levels, self._along, self._across), residual

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames (T, H, W) from the first component of each triple, and the residual."""

        def first(i: int) -> Array | None:
            band = bands[i]
            return None if band is None else band[:, 0]

        return self._levels.synthesize(LazySequence(first, len(self.grids)), residual)


class RieszBands(LazySequence):
    """Riesz triples (T, 3, h, w) of levels (T, h, w), computed on request.

    Parameters
    ----------
    levels
        The levels of a pyramid.
    along, across
        Taps of the approximate Riesz transform along an axis and across it.
    """

    @checks_arguments
    def __init__(self, levels: Sequence[Array], along: Sequence[float], across: Sequence[float]) -> None:
        super().__init__(lambda i: riesz(levels[i], along, across), len(levels))
        self.levels: Sequence[Array] = levels
        self.along: Sequence[float] = along
        self.across: Sequence[float] = across


class _Invertible:
    """The self-inverting pyramid: a high-pass and a low-pass at each level, with the same filters for synthesis."""

    @checks_arguments
    def __init__(self, shape: tuple[int, ...]) -> None:
        self._sizes = [(shape[0], shape[1])]
        while min(self._sizes[-1]) >= 10:
            self._sizes.append(halvings(self._sizes[-1], 1)[1])

    @property
    def grids(self) -> Sequence[Grid]:
        return [Grid(size, step=(2.0**i, 2.0**i), scale=2.0**i) for i, size in enumerate(self._sizes[:-1])]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        bands, low = [], frames
        for _ in self._sizes[:-1]:
            powers = _powers(low)
            bands.append(_combine(powers, _HIGH))
            low = 2 * _combine(powers, _LOW)[..., ::2, ::2]
        error = frames - self._collapse(bands, low)  # of the approximate inverse: below 1.2 % of the range on texture
        return bands, (low, error)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        low, error = (None, 0) if residual is None else residual
        return self._collapse(bands, low) + error

    def _collapse(self, bands: Sequence[Array | None], low: Array | None) -> Array:
        frames = low
        for i, size in reversed(list(enumerate(self._sizes[:-1]))):
            if frames is not None:
                frames = 2 * _combine(_powers(interleave(frames, size)), _LOW)
            if (band := bands[i]) is not None:
                detail = _combine(_powers(band), _HIGH)
                frames = detail if frames is None else frames + detail
        return frames


def _powers(x: Array) -> list[Array]:
    """X filtered 0 to 4 times by the McClellan transform of the cosine: twice a binomial blur, minus the identity."""
    powers = [x]
    for _ in range(4):
        blurred = correlate(correlate(powers[-1], (0.25, 0.5, 0.25), -1), (0.25, 0.5, 0.25), -2)
        powers.append(2 * blurred - powers[-1])
    return powers


def _combine(powers: list[Array], taps: tuple[float, ...]) -> Array:
    """Apply the circularly symmetric filter with these one-dimensional taps, as a polynomial in the powers."""
    weights = np.polynomial.chebyshev.cheb2poly([taps[0], *(2 * tap for tap in taps[1:])])
    total = float(weights[0]) * powers[0]
    for weight, power in zip(weights[1:].tolist(), powers[1:], strict=True):
        total += weight * power
    return total
