"""The dual-tree complex wavelet transform: separable filters in two trees along each axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, on_device
from vmm.backend.threads import in_parallel, workers
from vmm.parts import Grid, LazySequence

# Angles in radians of the orthonormal lattice whose low-pass is the 14-tap filter of [2] to six digits; a last angle
# makes its gain at the highest frequency 0. Any angles make an orthonormal filter, so these need no more digits.
_ANGLES = (-0.87345984, 0.30697105, 1.49182265, 0.03304129, -0.64706445, 1.42489276)

# The low-passes of 13 and 19 taps of [1] as polynomials in Z = (19 cos w - 3 cos 3w) / 16, lowest power first: their
# product and its mirror image in Z add up to 1 [3].
_Z = (-3 / 32, 0, 19 / 32, 0, 19 / 32, 0, -3 / 32)
_SHORT = (7 / 10, 5 / 10, -2 / 10)
_LONG = (50 / 70, 41 / 70, -15 / 70, -6 / 70)

_BLOCK = 32  # samples that one product of matrices makes or takes, as a filter
_ACROSS = 160  # rows or columns in it: BLAS leaves so small a product to the thread that calls it
_PIECE = 2**19  # pixels that are filtered at a time

_FREQUENCIES = np.linspace(-np.pi, np.pi, 1024, endpoint=False)  # at which the centers of bands are looked for

_PARTS = ((0, 1), (1, 1), (1, 0))  # of a level, low-pass 0 or high-pass 1 down and right
_BANDS = ((2, -1), (1, -1), (0, -1), (0, 1), (1, 1), (2, 1))  # part, and the sign of its frequency down


class DualTree:
    """Complex wavelets of six directions and an octave each, 4 numbers a pixel, without Fourier transforms.

    The bands of a level lie at about -75, -45, -15, 15, 45 and 75 degrees. Frames are continued by reflection beyond
    their border. Level 1, the finest, is less one-sided than the others: motion of what lies above half of the highest
    frequency is read roughly.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    dtype
        Floating-point type of the coefficients.
    xp
        Array module, ``numpy`` or ``cupy``.
    levels
        Number of octaves; by default as many as leave four samples along the shorter side.

    Raises
    ------
    ValueError
        If the frame is smaller than 8 pixels, or does not hold that many levels.

    References
    ----------
    .. [1] Kingsbury: Complex wavelets for shift invariant analysis and filtering of signals. ACHA 2001.
    .. [2] Kingsbury: A dual-tree complex wavelet transform with improved orthogonality and symmetry. ICIP 2000.
    .. [3] Tay, Kingsbury: Flexible design of multidimensional perfect reconstruction filters. IEEE TIP 1993.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.spatial import DualTree
    >>> tree = DualTree((97, 131), np.float64)
    >>> x = np.random.default_rng(0).random((2, 97, 131))
    >>> bool(np.allclose(tree.synthesize(*tree.analyze(x)), x))
    True
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np, *, levels: int | None = None
    ) -> None:
        height, width = shape[0], shape[1]
        if min(height, width) < 8:
            raise ValueError(f"frames of {height}x{width} are too small: a dual tree needs 8x8 pixels")
        most = min(height, width).bit_length() - 1
        levels = most - 2 if levels is None else levels
        if not 1 <= levels <= most:
            raise ValueError(f"levels={levels!r} must lie in 1 to {most} for frames of {height}x{width}")
        self._xp = xp
        self._sides = [(_Side(height, after=height % 2), _Side(width, after=width % 2))]
        while len(self._sides) < levels:
            self._sides.append((self._sides[-1][0].next(), self._sides[-1][1].next()))
        first, other = ([f.on(dtype, xp) for f in filters] for filters in (_first(), _other()))
        self._filters = [first] + [other] * (levels - 1)

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each subband: from -75 to 75 degrees within a level."""
        return [self._grid(level, *_BANDS[i]) for level in range(len(self._sides)) for i in range(6)]

    def _grid(self, level: int, part: int, sign: int) -> Grid:
        (rows, cols), scale = self._sides[level], 2.0**level
        down, right = (_center(level, kind) for kind in _PARTS[part])
        shape, origin = (rows.samples, cols.samples), (rows.origin, cols.origin)
        return Grid(shape, origin, (2 * scale, 2 * scale), scale, frequency=(sign * down, right), coefs="complex")

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Complex bands (T, h, w) of frames (T, H, W), each computed when asked for, and the low-pass."""
        pieces = list(in_parallel(self._apart, [frames[piece] for piece in self._pieces(frames)], workers(frames)))
        low = self._xp.concatenate([low for _, low in pieces])

        def band(i: int) -> Array:
            part, sign = _BANDS[i % 6]
            return _one_sided([details[i // 6][part] for details, _ in pieces], sign)

        return LazySequence(band, 6 * len(self._sides)), low

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames from bands and the low-pass."""
        n = workers(self._xp.empty(0))
        coefs = list(in_parallel(bands.__getitem__, range(6 * len(self._sides)), n))
        some = next(x for x in (residual, *coefs) if x is not None)

        def together(piece: slice) -> Array:
            low, *inside = (None if x is None else x[piece] for x in (residual, *coefs))
            return self._together(inside, low)

        return self._xp.concatenate(list(in_parallel(together, self._pieces(some), n)))

    def _pieces(self, x: Array) -> list[slice]:
        """Slices of frames, as many at a time as are filtered quickly; on a device all."""
        n, size = len(x), self._sides[0][0].size * self._sides[0][1].size
        step = n if on_device(x) else max(1, _PIECE // size)
        return [slice(i, i + step) for i in range(0, n, step)]

    def _apart(self, low: Array) -> tuple[list[list[Array]], Array]:
        """The parts of each level, and the low-pass."""
        details = []
        for (down, right), filters in zip(self._sides, self._filters, strict=True):
            rows = [f.apply(low, -1, right.before, right.after) for f in filters[:2]]
            low, *parts = (filters[i].apply(rows[j], -2, down.before, down.after) for i, j in ((0, 0), *_PARTS))
            details.append(parts)
        return details, low

    def _together(self, coefs: Sequence[Array | None], low: Array | None) -> Array | None:
        """Frames from the bands, six a level, and the low-pass."""
        for level in reversed(range(len(self._sides))):
            (down, right), back = self._sides[level], self._filters[level][2:]
            six = coefs[6 * level : 6 * level + 6]
            lh, hh, hl = (_two_sided(six[5 - i], six[i]) for i in (3, 4, 5))
            rows = (_joined(low, hl, back, -2), _joined(lh, hh, back, -2))
            left, other = (None if x is None else x[..., down.inside, :] for x in rows)
            low = _joined(left, other, back, -1)
            low = None if low is None else low[..., right.inside]
        return low


@dataclass(frozen=True)
class _Side:
    """The samples that come into a level along one axis, those of both trees in turns."""

    size: int
    before: int = 0  # samples added by reflection
    after: int = 0
    first: float = 0.0  # place of the first sample in the frame
    step: float = 1.0
    group: int = 2  # samples that make one complex coefficient

    @property
    def inside(self) -> slice:
        """The samples without those added."""
        return slice(self.before, self.before + self.size)

    @property
    def samples(self) -> int:
        """Number of complex coefficients."""
        return (self.size + self.before + self.after) // self.group

    @property
    def origin(self) -> float:
        """Place of the first complex coefficient in the frame: the middle of its group."""
        return self.first + self.step * ((self.group - 1) / 2 - self.before)

    def next(self) -> _Side:
        """What comes into the next level."""
        size, step = 2 * self.samples, self.step * self.group / 2
        border = size % 4 // 2
        return _Side(size, border, border, self.origin - step / 2, step, 4)


@dataclass(frozen=True)
class _Filter:
    """A filter along an axis that makes, block by block, some samples of a window of others."""

    matrix: Any  # (samples made, window)
    start: int  # of the window, from the first sample of the block
    step: int  # from block to block

    @classmethod
    def of(cls, group: np.ndarray, start: int, step: int) -> _Filter:
        """The filter whose group of samples, the same every step, is made by a small matrix."""
        n = _BLOCK // max(step, len(group))
        matrix = np.zeros((n, len(group), (n - 1) * step + group.shape[1]))
        for i in range(n):
            matrix[i, :, i * step : i * step + group.shape[1]] = group
        return cls(matrix.reshape(n * len(group), -1), start, n * step)

    def on(self, dtype: Any, xp: ModuleType) -> _Filter:
        """The same for arrays of one kind."""
        return _Filter(xp.asarray(self.matrix, dtype=dtype), self.start, self.step)

    def apply(self, x: Array, axis: int, before: int = 0, after: int = 0) -> Array:
        """X, extended by some samples, filtered along axis -1 or -2; beyond its border it is mirrored."""
        xp = namespace(x)
        size = x.shape[axis] + before + after
        made, window = self.matrix.shape
        blocks = -(-size // self.step)
        left, right = _beyond(x.shape[axis], before, after, self.start, (blocks - 1) * self.step + window)
        x = xp.concatenate([xp.take(x, xp.asarray(left), axis), x, xp.take(x, xp.asarray(right), axis)], axis)
        windows = xp.lib.stride_tricks.sliding_window_view(x, window, axis)
        shape = list(x.shape)
        shape[axis] = blocks * made
        y = xp.empty(shape, x.dtype)
        if axis == -1:  # both as (..., blocks, samples, what lies beside)
            windows = xp.moveaxis(windows[..., :: self.step, :], -3, -1)
            out = xp.moveaxis(y.reshape(*shape[:-1], blocks, made), -3, -1)
        else:
            windows = windows[..., :: self.step, :, :].swapaxes(-1, -2)
            out = y.reshape(*shape[:-2], blocks, made, shape[-1])
        across = out.shape[-1] if on_device(x) else _ACROSS
        for i in range(0, out.shape[-1], across):
            xp.matmul(self.matrix, windows[..., i : i + across], out=out[..., i : i + across])
        wanted = size * made // self.step
        return y[..., :wanted] if axis == -1 else y[..., :wanted, :]


@cache
def _beyond(n: int, before: int, after: int, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of n samples stand left and right of them, the border lying outside of those added."""
    places = np.arange(start, start + length)
    for size, first in ((n + before + after, 0), (n, before)):
        places = (places - first) % (2 * size)
        places = np.where(places < size, places, 2 * size - 1 - places)
    left = before - start
    return places[:left], places[left + n :]


@cache
def _first() -> tuple[_Filter, ...]:
    """Low and high-pass of level 1, and those that undo them."""
    filters = (_polynomial(*f) for f in ((_SHORT, 1), (_LONG, -1), (_LONG, 1), (_SHORT, -1)))
    return tuple(_Filter.of(taps[None], -(len(taps) // 2), 1) for taps in filters)


def _polynomial(weights: Sequence[float], sign: int) -> np.ndarray:
    """Taps of a polynomial in Z or in -Z."""
    taps = np.zeros(1)
    for weight in reversed(weights):  # Horner's rule
        taps = sign * np.convolve(taps, _Z)
        taps[len(taps) // 2] += weight
    return taps[3:-3]  # the first product, with zero, is as wide


@cache
def _other() -> tuple[_Filter, ...]:
    """Low and high-pass of the levels above, and those that undo them."""
    low, high = _lattice()
    pairs = [_pair(low), _pair(high)[::-1]]
    back = [2 * p.reshape(2, 7, 4)[:, ::-1].transpose(2, 1, 0).reshape(4, 14) for p in pairs]
    return (*(_Filter.of(p, -12, 4) for p in pairs), *(_Filter.of(b, -6, 2) for b in back))


def _lattice() -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal low and high-pass of 14 taps; the low-pass lags by 6 1/4 samples."""
    low = high = np.ones(1)
    for k, angle in enumerate((*_ANGLES, math.pi / 4 - sum(_ANGLES))):
        low, high = np.pad(low, (0, 2 if k else 1)), np.pad(high, (2 if k else 1, 0))
        sine, cosine = math.sin(angle), math.cos(angle)
        low, high = cosine * low + sine * high, cosine * high - sine * low
    return low, high


def _pair(taps: np.ndarray) -> np.ndarray:
    """The filter of one tree and its mirror image, that of the other, on samples of both in turns; of mean 1."""
    pair = np.zeros((2, 28))
    pair[0, ::2] = taps / math.sqrt(2)
    pair[1] = pair[0, ::-1]
    return pair


@cache
def _center(level: int, kind: int) -> float:
    """Centre of the low or high-pass of a level, both trees together, in radians per pixel."""
    if level > 3:
        return _center(3, kind) / 2 ** (level - 3)  # from there on every octave is alike
    first, second = _responses(level, kind)
    weight = abs(first - 1j * second) ** 2
    return float(weight @ _FREQUENCIES / weight.sum())


def _responses(level: int, kind: int) -> np.ndarray:
    """What the two trees make of waves at the low or high-pass of a level."""
    cut = (_other() if level else _first())[kind]
    places = (cut.start + np.arange(cut.matrix.shape[1]))[:, None]
    waves = np.exp(1j * _FREQUENCIES * places)
    if level:
        below = _responses(level - 1, 0)
        waves = below[places[:, 0] % 2] * np.exp(1j * 2**level * _FREQUENCIES * (places // 2))
    return cut.matrix[:2] @ waves


def _pairs(part: Array) -> tuple[Array, Array]:
    """The two trees across, as real and imaginary part, of the first and of the second tree down."""
    pairs = namespace(part).ascontiguousarray(part).view(np.result_type(part.dtype, np.complex64))
    return pairs[..., ::2, :], pairs[..., 1::2, :]


def _one_sided(parts: Sequence[Array], sign: int) -> Array:
    """Coefficients of one quadrant of frequencies, to the right and up (-1) or down (1), of parts one after another."""
    pairs = [_pairs(part) for part in parts]
    xp, like = namespace(parts[0]), pairs[0][0]
    coefs = xp.empty((sum(map(len, parts)), *like.shape[1:]), like.dtype)
    ends = np.cumsum([len(part) for part in parts]).tolist()
    for end, (first, second) in zip(ends, pairs, strict=True):
        piece = coefs[end - len(first) : end]
        xp.multiply(second, 0.5j * sign, out=piece)
        piece += 0.5 * first
        xp.conjugate(piece, out=piece)
    return coefs


def _two_sided(up: Array | None, down: Array | None) -> Array | None:
    """The part whose quadrants these are; None is zero."""
    if (some := down if up is None else up) is None:
        return None
    xp = namespace(some)
    part = xp.empty((*some.shape[:-2], 2 * some.shape[-2], 2 * some.shape[-1]), some.real.dtype)
    first, second = _pairs(part)
    up, down = (0 if x is None else x for x in (up, down))
    xp.conjugate(down + up, out=first)
    xp.conjugate(1j * (down - up), out=second)
    return part


def _joined(low: Array | None, high: Array | None, back: Sequence[_Filter], axis: int) -> Array | None:
    """What a low and a high-pass along an axis were made of; None is zero."""
    joined = None if low is None else back[0].apply(low, axis)
    if high is None:
        return joined
    more = back[1].apply(high, axis)
    return more if joined is None else more + joined
