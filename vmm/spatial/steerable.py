"""The complex steerable pyramid, built in the Fourier domain."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import scipy.fft

from vmm.backend.arrays import Array, fft2, namespace
from vmm.backend.threads import cores
from vmm.engine.protocols import Grid


class SteerablePyramid:
    """Complex bands of one orientation and a part of an octave each: a tight frame for every size.

    A band is sampled on the smallest grid that holds the support of its filter. Its coefficients carry a carrier
    that does not depend on time, so that differences of phase between frames are those of any other grid.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    dtype
        Floating type.
    xp
        Array module.
    octave
        Width of a band in octaves: 1, 0.5 or 0.25. Narrow bands bear larger motion and ring farther.
    orientations
        Number of orientations.
    transition
        Width in octaves of the transition between two bands; as wide as a band by default, and at least half an
        octave.
    crop
        Part of a filter's peak below which it is cut off, so that its grid gets smaller: 0.03 takes a third of the
        coefficients. What is cut off stays in the residual. 0 keeps the whole support.

    Raises
    ------
    ValueError
        Where the frame is smaller than 8 pixels, or an option out of range.

    References
    ----------
    .. [1] Portilla, Simoncelli: A parametric texture model based on joint statistics of complex wavelet
       coefficients. IJCV 2000.
    .. [2] Wadhwa, Rubinstein, Durand, Freeman: Phase-based video motion processing. SIGGRAPH 2013, section 3.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> pyramid = vmm.spatial.SteerablePyramid((97, 131), np.float64, octave=0.5)
    >>> x = np.random.default_rng(0).random((2, 97, 131))
    >>> bool(np.allclose(pyramid.synthesize(*pyramid.analyze(x)), x))
    True
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
        xp: ModuleType = np,
        *,
        octave: float = 1.0,
        orientations: int = 8,
        transition: float | None = None,
        crop: float = 0.03,
    ) -> None:
        height, width = shape[0], shape[1]
        if min(height, width) < 8:
            raise ValueError(f"frames of {height}x{width} are too small: a steerable pyramid needs 8x8 pixels")
        if not 0 < octave <= 1:
            raise ValueError(f"octave={octave!r} must lie in (0, 1]: the width of a band in octaves")
        if transition is not None and not 0 < transition <= 2:
            raise ValueError(f"transition={transition!r} must lie in (0, 2]: a width in octaves")
        if orientations < 1:
            raise ValueError(f"orientations={orientations!r} must be at least 1")
        self._shape = height, width
        self._xp = xp
        carried = np.zeros(self._shape)
        self._bands = []
        for mask, scale in _masks(self._shape, octave, orientations, transition or max(octave, 0.5)):
            band = _Band.of(mask, scale, crop, np.dtype(dtype), xp)
            carried[band.rows, band.cols] += mask[band.rows, band.cols] ** 2
            self._bands.append(band)
        carried += _mirrored(carried)  # the real part restores the other half of the spectrum
        self._residual = xp.asarray(1 - carried, dtype=dtype)

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid a band: orientation by orientation within a level."""
        return [band.grid for band in self._bands]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Complex bands (T, h, w) of frames (T, H, W), each computed when asked for; the residual is a spectrum."""
        spectrum = self._xp.fft.fftshift(fft2(frames, workers=cores()), axes=(-2, -1))
        return _Bands(self._bands, spectrum), spectrum

    def synthesize(self, bands: Iterable[Array | None], residual: Any) -> Array:
        """Frames from bands; of the residual spectrum the part that no band holds is taken."""
        total = None if residual is None else self._residual * residual
        for band, coefs in zip(self._bands, bands, strict=True):
            if coefs is not None:
                total = band.add(coefs, total, self._shape)
        return fft2(self._xp.fft.ifftshift(total, axes=(-2, -1)), inverse=True, workers=cores()).real


@dataclass(frozen=True)
class _Band:
    """One filter: its box in the centred spectrum, its values there on the way out and back, and its grid."""

    rows: slice
    cols: slice
    out: Array  # (rows, cols), scaled so that amplitudes are those of the frame on every grid
    back: Array  # twice, for the real part halves what a one-sided filter passed
    grid: Grid

    @classmethod
    def of(cls, mask: np.ndarray, scale: float, crop: float, dtype: np.dtype, xp: ModuleType) -> _Band:
        """The filter inside the smallest box that holds all of it above `crop` of its peak."""
        above = mask > max(crop, 1e-12) * mask.max()
        rows, cols = (_extent(above.any(axis=axis)) for axis in (1, 0))
        box = mask[rows, cols]
        size = scipy.fft.next_fast_len(box.shape[0]), scipy.fft.next_fast_len(box.shape[1])
        step = mask.shape[0] / size[0], mask.shape[1] / size[1]
        gain = size[0] * size[1] / mask.size
        values = xp.asarray(box, dtype=dtype)
        out, back = values * dtype.type(gain), values * dtype.type(2 / gain)
        return cls(rows, cols, out, back, Grid(size, step=step, scale=scale))

    def take(self, spectrum: Array, xp: ModuleType) -> Array:
        """Coefficients (T, h, w) of a centred spectrum (T, H, W)."""
        box = spectrum[..., self.rows, self.cols] * self.out
        extra = [(0, n - m) for n, m in zip(self.grid.shape, self.out.shape, strict=True)]
        if any(after for _, after in extra):
            box = xp.pad(box, [(0, 0)] * (box.ndim - 2) + extra)
        return fft2(box, inverse=True)

    def add(self, coefs: Array, total: Array | None, shape: tuple[int, int]) -> Array:
        """The spectrum with that of these coefficients added."""
        spectrum = fft2(coefs)[..., : self.back.shape[0], : self.back.shape[1]]
        if total is None:
            total = namespace(spectrum).zeros(spectrum.shape[:-2] + shape, spectrum.dtype)
        total[..., self.rows, self.cols] += spectrum * self.back
        return total


class _Bands(Sequence[Array]):
    """The bands of a spectrum, computed when asked for, so that one at a time is in memory."""

    def __init__(self, bands: list[_Band], spectrum: Array) -> None:
        self._bands, self._spectrum = bands, spectrum

    def __len__(self) -> int:
        return len(self._bands)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        return self._bands[i].take(self._spectrum, namespace(self._spectrum))


def _masks(
    shape: tuple[int, int], octave: float, orientations: int, transition: float
) -> Iterator[tuple[np.ndarray, float]]:
    """One-sided filters over the centred spectrum, finest level first, each with its scale."""
    y, x = (2 * np.fft.fftshift(np.fft.fftfreq(n)) for n in shape)  # 1 is Nyquist
    octaves = np.log2(np.maximum(np.hypot(y[:, None], x), 1e-9))
    angle = np.arctan2(y[:, None], x)
    angular = [_angular(angle, b, orientations) for b in range(orientations)]
    low = _low(octaves, transition)
    for k in range(1, round((math.floor(math.log2(min(shape))) - 2) / octave) + 1):
        passed = _low(octaves + k * octave, transition)
        radial = low * np.sqrt(1 - passed**2)
        yield from ((radial * part, 2.0 ** ((k - 1) * octave)) for part in angular)
        low = low * passed


def _low(octaves: np.ndarray, transition: float) -> np.ndarray:
    """Radial low-pass of octaves above the cut-off: 1 up to -transition, 0 from 0 on ((3) in [1])."""
    return np.sin(-np.pi / 2 * np.clip(octaves, -transition, 0) / transition)


def _angular(angle: np.ndarray, b: int, orientations: int) -> np.ndarray:
    """Angular part of orientation b, one-sided ((4) in [1])."""
    n = orientations - 1
    scale = 2.0**n * math.factorial(n) / math.sqrt(orientations * math.factorial(2 * n))
    offset = np.remainder(angle - np.pi * b / orientations + np.pi, 2 * np.pi) - np.pi
    return np.where(np.abs(offset) < np.pi / 2, scale * np.cos(offset) ** n, 0.0)


def _mirrored(mask: np.ndarray) -> np.ndarray:
    """Values of a centred array at the opposite frequency."""
    return np.roll(mask[::-1, ::-1], [1 - n % 2 for n in mask.shape], axis=(0, 1))


def _extent(used: Any) -> slice:
    """From the first to the last True."""
    where = np.flatnonzero(used)
    return slice(int(where[0]), int(where[-1]) + 1)
