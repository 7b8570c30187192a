"""The complex steerable pyramid, built in the Fourier domain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from types import ModuleType
from typing import Any

import numpy as np
import scipy.fft

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, fft2, irfft2, rfft2
from vmm.backend.buffers import zeros
from vmm.backend.reference import add_box, read_box
from vmm.backend.threads import in_parallel, workers
from vmm.parts import Grid, LazySequence
from vmm.spatial._gray import check_gray


class SteerablePyramid:
    """The complex steerable pyramid: complex subbands of one orientation and a part of an octave each.

    The transform is a tight frame for frames of any size. A subband is sampled on the smallest grid that holds the
    support of its filter in the frequency domain. Its coefficients include a carrier that is constant over time, so
    that phase shifts between frames do not depend on this grid.

    Parameters
    ----------
    shape
        Shape of a frame, which starts with rows and columns.
    dtype
        Floating-point type of the frames.
    xp
        Array module, NumPy or CuPy.
    octave
        Bandwidth of a subband in octaves, in [0.1, 1]. Narrower subbands represent larger motion without ambiguity,
        take more time and ring farther. The default is 0.5.
    orientations
        Number of orientations, 1 to 32. The default is 8.
    transition
        Width in octaves of the transition between two subbands, in [0.05, 2]. By default the bandwidth, but at least
        0.5.
    crop
        Gain, as a fraction of the peak of a filter, below which the filter is cut off to reduce the size of its grid.
        In [0, 0.5]; at the default of 0.03 this saves a third of the coefficients. The residual contains the rest. 0
        keeps the whole support.
    corners
        Whether the finest level extends to the corners of the spectrum, so that it moves the finest detail too. By
        default it ends at the Nyquist frequency in every direction, where noise is strong and detail is weak.

    Raises
    ------
    ValueError
        If a frame has fewer than 8 rows or columns, or if an option is out of range.

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

    @checks_arguments
    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
        xp: ModuleType = np,
        *,
        octave: float = 0.5,
        orientations: int = 8,
        transition: float | None = None,
        crop: float = 0.03,
        corners: bool = False,
    ) -> None:
        check_gray("SteerablePyramid", shape)
        height, width = shape[0], shape[1]
        if min(height, width) < 8:
            raise ValueError(f"frames of {height}x{width} are too small: a steerable pyramid needs 8x8 pixels")
        self._shape = height, width
        self._xp = xp
        bands, residual = _filters(self._shape, octave, orientations, transition or max(octave, 0.5), crop, corners)
        self._bands = [replace(band, values=xp.asarray(band.values, dtype=dtype)) for band in bands]
        self._residual = xp.asarray(residual, dtype=dtype)

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each subband: all orientations of the finest level first, then those of the next."""
        return [band.grid for band in self._bands]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Complex subbands (T, h, w) of frames (T, H, W), computed on request; the residual is the half spectrum."""
        half = rfft2(frames)
        return LazySequence(lambda i: self._bands[i].take(half), len(self._bands)), half

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames from subbands and the part of the residual spectrum that no subband contains; None means zero."""
        n = workers(self._residual)
        groups = [range(i, len(self._bands), n) for i in range(n)]
        totals = [half for half in in_parallel(partial(self._sum, bands), groups, n) if half is not None]
        if residual is not None:
            totals.append(self._residual * residual)
        total = totals.pop()
        for half in totals:
            total += half
        return irfft2(total, self._shape)

    def _sum(self, bands: Sequence[Array | None], group: Sequence[int]) -> Array | None:
        """Half spectrum of the sum of a group of subbands, None if all of them are None."""
        half = None
        for i in group:
            if (coefs := bands[i]) is not None:
                if half is None:
                    size = len(coefs), self._shape[0], self._shape[1] // 2 + 1
                    half = (zeros if self._xp is np else self._xp.zeros)(size, coefs.dtype)
                self._bands[i].put(coefs, half)
        return half


def max_phase_shift(octave: float) -> float:
    """Largest phase shift in radians that a subband represents without ambiguity.

    It corresponds to a displacement of a quarter of the wavelength at octave 1, and of half a wavelength at octave 0.5.
    """
    return math.pi / (2 * octave)


@dataclass(frozen=True)
class _Band:
    """One filter: its values in a box of the centered spectrum, the corner of this box, and the grid of its subband."""

    values: Array  # (rows, cols)
    corner: tuple[int, int]  # relative to frequency 0
    gain: float  # ratio of grid samples to pixels, which keeps amplitudes equal on every grid
    grid: Grid

    @classmethod
    def of(cls, box: np.ndarray, start: tuple[int, int], shape: tuple[int, int], scale: float) -> _Band:
        """The filter inside its box."""
        size = scipy.fft.next_fast_len(box.shape[0]), scipy.fft.next_fast_len(box.shape[1])
        step = shape[0] / size[0], shape[1] / size[1]
        corner = start[0] - shape[0] // 2, start[1] - shape[1] // 2
        gain = size[0] * size[1] / (shape[0] * shape[1])
        frequency = _center(box, corner, shape)
        advance = _center(box, (0, 0), size)  # in the spectrum of the subband, the corner of the box is frequency 0
        grid = Grid(size, step=step, scale=scale, frequency=frequency, phase_advance=advance, coefs="complex")
        return cls(box, corner, gain, grid)

    def take(self, half: Array) -> Array:
        """Coefficients (T, h, w) of the subband, from half spectra (T, H, W // 2 + 1) of frames."""
        return fft2(read_box(half, self.values, self.gain, self.corner, self.grid.shape), inverse=True)

    def put(self, coefs: Array, half: Array) -> None:
        """Add the spectrum of coefficients (T, h, w) to half spectra, in place."""
        add_box(half, fft2(coefs), self.values, 1 / self.gain, self.corner)


@lru_cache(maxsize=2)
def _filters(
    shape: tuple[int, int], octave: float, orientations: int, transition: float, crop: float, corners: bool
) -> tuple[list[_Band], np.ndarray]:
    """The filters of all bands and that of the residual (H, W // 2 + 1), on the host.

    They are cached for other clips of the same size, because they take as long to compute as many frames to filter.
    """
    power = np.zeros(shape)
    bands = []
    for mask, start, scale in _masks(shape, octave, orientations, transition, corners):
        inside = _support(mask, crop)
        box = mask[inside]
        rows, cols = (slice(s + part.start, s + part.stop) for s, part in zip(start, inside, strict=True))
        bands.append(_Band.of(box, (rows.start, cols.start), shape, scale))
        power[rows, cols] += box**2
    power += _mirrored(power)  # the real part restores the other half of the spectrum
    return bands, 1 - np.fft.ifftshift(power)[:, : shape[1] // 2 + 1]


def _center(box: np.ndarray, corner: tuple[int, int], shape: tuple[int, int]) -> tuple[float, float]:
    """Mean frequency (down, right) of a filter in radians per pixel, weighted by its square."""
    weight = box**2 / (box**2).sum()
    down, right = (2 * np.pi * (c + np.arange(n)) / m for c, n, m in zip(corner, box.shape, shape, strict=True))
    return float(weight.sum(axis=1) @ down), float(weight.sum(axis=0) @ right)


def _support(mask: np.ndarray, crop: float) -> tuple[slice, slice]:
    """The smallest box that contains all values of a filter above the fraction `crop` of its peak."""
    above = mask > max(crop, 1e-12) * mask.max()
    return _extent(above.any(axis=1)), _extent(above.any(axis=0))


def _masks(
    shape: tuple[int, int], octave: float, orientations: int, transition: float, corners: bool
) -> Iterator[tuple[np.ndarray, tuple[int, int], float]]:
    """One-sided filters, finest level first: a box of the centered spectrum, its first row and column, its scale."""
    y, x = (2 * np.fft.fftshift(np.fft.fftfreq(n)) for n in shape)  # 1 is the Nyquist frequency
    overlap = math.ceil(transition / octave)  # finer levels whose transition reaches into a level
    for k in range(1, round((math.floor(math.log2(min(shape))) - 2) / octave) + 1):
        upper = 2.0 ** ((1 - k) * octave) - 1e-9  # without the Nyquist frequency itself, which rounding may reduce
        rows, cols = (_extent(np.abs(axis) < upper) for axis in (y, x))
        down, right = y[rows, None], x[cols]
        radius = np.maximum(np.hypot(down, right), 1e-9)
        octaves = np.log2(radius)
        radial = np.sqrt(1 - _low(octaves + k * octave, transition) ** 2)
        for j in range(max(int(corners), k - 1 - overlap), k):
            radial *= _low(octaves + j * octave, transition)
        right, down = right / radius, down / radius
        for b in range(orientations):
            angle = math.pi * b / orientations
            angle -= math.pi * (angle > math.pi / 2)  # point to the right, into the half of the spectrum that is stored
            cosine = right * math.cos(angle) + down * math.sin(angle)
            mask = radial * _angular(cosine, orientations)
            yield mask, (rows.start, cols.start), 2.0 ** ((k - 1) * octave)


def _low(octaves: np.ndarray, transition: float) -> np.ndarray:
    """Radial low-pass at octaves relative to the cutoff, equation 3 in [1]: 1 up to -transition, 0 from 0 upwards."""
    return np.sin(-np.pi / 2 * np.clip(octaves, -transition, 0) / transition)


def _angular(cosine: np.ndarray, orientations: int) -> np.ndarray:
    """One-sided angular filter, equation 4 in [1], at the cosine of the angle to an orientation."""
    n = orientations - 1
    scale = 2.0**n * math.factorial(n) / math.sqrt(orientations * math.factorial(2 * n))
    values = np.where(cosine > 0, scale, 0.0)
    for _ in range(n):  # repeated products are faster than a power
        values *= cosine
    return values


def _mirrored(mask: np.ndarray) -> np.ndarray:
    """Values of a centered array at the opposite frequency."""
    return np.roll(mask[::-1, ::-1], [1 - n % 2 for n in mask.shape], axis=(0, 1))


def _extent(used: Any) -> slice:
    """Slice from the first to the last True."""
    indices = np.flatnonzero(used)
    return slice(int(indices[0]), int(indices[-1]) + 1)
