"""The complex steerable pyramid, built in the Fourier domain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import scipy.fft

from vmm.backend.arrays import Array, fft2, irfft2, joined, on_device, rfft2
from vmm.backend.reference import put, take
from vmm.backend.threads import in_parallel, workers
from vmm.parts import Grid, LazySequence

_SMALL = 2**14  # samples below which a Fourier transform costs less than its call, so that frames are joined


class SteerablePyramid:
    """Complex subbands of one orientation and a part of an octave each: a tight frame for frames of any size.

    A subband is sampled on the smallest grid that holds the support of its filter. This multiplies its coefficients by
    a carrier that does not depend on time, so that phase shifts between frames are the same as on any other grid.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    dtype
        Floating-point type of the coefficients.
    xp
        Array module, ``numpy`` or ``cupy``.
    octave
        Bandwidth of a subband in octaves, in (0, 1], such as 1, 0.5 or 0.25. Narrower subbands show larger motion truly
        and ring farther.
    orientations
        Number of orientations, at least 1.
    transition
        Width in octaves of the transition between two subbands, in (0, 2]; by default that of a subband, but at least
        half an octave.
    crop
        Value, relative to the peak of a filter, below which the filter is cut off, so that its grid is smaller. With
        0.03 a third of the coefficients is left; the rest belongs to the residual. 0 keeps the whole support.

    Raises
    ------
    ValueError
        If the frame is smaller than 8 pixels, or an option out of range.

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
        covered = np.zeros(self._shape)
        self._bands = []
        for mask, start, scale in _masks(self._shape, octave, orientations, transition or max(octave, 0.5)):
            inside = _support(mask, crop)
            box = mask[inside]
            rows, cols = (slice(s + part.start, s + part.stop) for s, part in zip(start, inside, strict=True))
            self._bands.append(_Band.of(box, (rows.start, cols.start), self._shape, scale, np.dtype(dtype), xp))
            covered[rows, cols] += box**2
        covered += _mirrored(covered)  # the real part restores the other half of the spectrum
        half = np.fft.ifftshift(covered)[:, : width // 2 + 1]
        self._residual = xp.asarray(1 - half, dtype=dtype)

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each subband: orientation by orientation within a level."""
        return [band.grid for band in self._bands]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Complex subbands (T, h, w) of frames (T, H, W), computed on request; the residual is a spectrum."""
        half = joined(list(in_parallel(rfft2, _pieces(frames), workers(frames))))
        return LazySequence(lambda i: self._bands[i].take(half), len(self._bands)), half

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames from subbands, and from that part of the residual spectrum that no subband holds."""
        n = workers(self._residual)
        groups = [range(i, len(self._bands), n) for i in range(n)]
        totals = [half for half in in_parallel(partial(self._sum, bands), groups, n) if half is not None]
        if residual is not None:
            totals.append(self._residual * residual)
        total = totals.pop()
        for half in totals:
            total += half
        return joined(list(in_parallel(lambda half: irfft2(half, self._shape), _pieces(total), n)))

    def _sum(self, bands: Sequence[Array | None], group: Sequence[int]) -> Array | None:
        """Spectrum of some of the bands."""
        half = None
        for i in group:
            if (coefs := bands[i]) is not None:
                if half is None:
                    size = len(coefs), self._shape[0], self._shape[1] // 2 + 1
                    half = self._xp.zeros(size, coefs.dtype)
                self._bands[i].put(coefs, half)
        return half


def max_phase_shift(octave: float) -> float:
    """Largest phase shift in radians that a subband shows truly.

    It is that of a quarter of its wavelength at octave 1, and of half a wavelength at octave 0.5.
    """
    return math.pi / (2 * octave)


@dataclass(frozen=True)
class _Band:
    """One filter: its values in a box of the centerd spectrum, that box's corner, and its grid."""

    values: Array  # (rows, cols)
    corner: tuple[int, int]
    gain: float  # makes amplitudes those of the frame on every grid
    grid: Grid

    @classmethod
    def of(
        cls, box: np.ndarray, start: tuple[int, int], shape: tuple[int, int], scale: float, dtype: Any, xp: Any
    ) -> _Band:
        """The filter inside its box."""
        size = scipy.fft.next_fast_len(box.shape[0]), scipy.fft.next_fast_len(box.shape[1])
        step = shape[0] / size[0], shape[1] / size[1]
        corner = start[0] - shape[0] // 2, start[1] - shape[1] // 2
        gain = size[0] * size[1] / (shape[0] * shape[1])
        frequency = _center(box, corner, shape)
        turn = _center(box, (0, 0), size)  # the corner of the box becomes frequency 0
        grid = Grid(size, step=step, scale=scale, frequency=frequency, turn=turn, coefs="complex")
        return cls(xp.asarray(box, dtype=dtype), corner, gain, grid)

    def take(self, half: Array) -> Array:
        """Coefficients (T, h, w) of a spectrum."""
        return fft2(take(half, self.values, self.gain, self.corner, self.grid.shape), inverse=True)

    def put(self, coefs: Array, half: Array) -> None:
        """Add the spectrum of coefficients, in place."""
        put(half, fft2(coefs), self.values, 1 / self.gain, self.corner)


def _center(box: np.ndarray, corner: tuple[int, int], shape: tuple[int, int]) -> tuple[float, float]:
    """Mean frequency of a filter, weighted by its square, in radians per pixel."""
    weight = box**2 / (box**2).sum()
    places = (2 * np.pi * (c + np.arange(n)) / m for c, n, m in zip(corner, box.shape, shape, strict=True))
    down, right = places
    return float(weight.sum(axis=1) @ down), float(weight.sum(axis=0) @ right)


def _pieces(x: Array) -> Sequence[Array]:
    """Single frames; several at a time if they are small, and all at once on a device."""
    if on_device(x):
        return [x]
    n = max(1, _SMALL // max(1, math.prod(x.shape[1:])))
    return [x[i : i + n] for i in range(0, len(x), n)]


def _support(mask: np.ndarray, crop: float) -> tuple[slice, slice]:
    """The smallest box that holds all of a filter above `crop` of its peak."""
    above = mask > max(crop, 1e-12) * mask.max()
    return _extent(above.any(axis=1)), _extent(above.any(axis=0))


def _masks(
    shape: tuple[int, int], octave: float, orientations: int, transition: float
) -> Iterator[tuple[np.ndarray, tuple[int, int], float]]:
    """One-sided filters, finest level first: a part of the centerd spectrum, its first row and column, its scale."""
    y, x = (2 * np.fft.fftshift(np.fft.fftfreq(n)) for n in shape)  # 1 is Nyquist
    reach = math.ceil(transition / octave)
    for k in range(1, round((math.floor(math.log2(min(shape))) - 2) / octave) + 1):
        rows, cols = (_extent(np.abs(axis) < 2.0 ** ((1 - k) * octave)) for axis in (y, x))
        down, right = y[rows, None], x[cols]
        radius = np.maximum(np.hypot(down, right), 1e-9)
        octaves = np.log2(radius)
        radial = np.sqrt(1 - _low(octaves + k * octave, transition) ** 2)
        for j in range(max(0, k - 1 - reach), k):
            radial *= _low(octaves + j * octave, transition)
        right, down = right / radius, down / radius
        for b in range(orientations):
            angle = math.pi * b / orientations
            angle -= math.pi * (angle > math.pi / 2)  # to the right, where half of a spectrum is kept
            cosine = right * math.cos(angle) + down * math.sin(angle)
            mask = radial * _angular(cosine, orientations)
            yield mask, (rows.start, cols.start), 2.0 ** ((k - 1) * octave)


def _low(octaves: np.ndarray, transition: float) -> np.ndarray:
    """Radial low-pass of octaves above the cut-off: 1 up to -transition, 0 from 0 on ((3) in [1])."""
    return np.sin(-np.pi / 2 * np.clip(octaves, -transition, 0) / transition)


def _angular(cosine: np.ndarray, orientations: int) -> np.ndarray:
    """Angular part at the cosine of the angle to an orientation, one-sided ((4) in [1])."""
    n = orientations - 1
    scale = 2.0**n * math.factorial(n) / math.sqrt(orientations * math.factorial(2 * n))
    values = np.where(cosine > 0, scale, 0.0)
    for _ in range(n):  # quicker than a power
        values *= cosine
    return values


def _mirrored(mask: np.ndarray) -> np.ndarray:
    """Values of a centerd array at the opposite frequency."""
    return np.roll(mask[::-1, ::-1], [1 - n % 2 for n in mask.shape], axis=(0, 1))


def _extent(used: Any) -> slice:
    """From the first to the last True."""
    where = np.flatnonzero(used)
    return slice(int(where[0]), int(where[-1]) + 1)
