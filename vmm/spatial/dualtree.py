"""The dual-tree complex wavelet transform: separable filters, in two trees along each axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace, on_device
from vmm.backend.threads import in_parallel, workers
from vmm.parts import Grid, LazySequence
from vmm.spatial._gray import check_gray

# Angles in radians of the orthonormal lattice whose low-pass is the 14-tap filter of [2] to six digits. A last angle
# sets its gain at the Nyquist frequency to 0. The filter is orthonormal for any angles, so that six digits are enough.
_ANGLES = (-0.87345984, 0.30697105, 1.49182265, 0.03304129, -0.64706445, 1.42489276)

# The low-passes of 13 and 19 taps of [1] as polynomials in Z = (19 cos w - 3 cos 3w) / 16, lowest power first. They
# allow perfect reconstruction, because their product and its mirror image in Z add up to 1 [3].
_Z = (-3 / 32, 0, 19 / 32, 0, 19 / 32, 0, -3 / 32)
_SHORT = (7 / 10, 5 / 10, -2 / 10)
_LONG = (50 / 70, 41 / 70, -15 / 70, -6 / 70)

_BLOCK = 32  # samples along the filter in one matrix product; larger blocks do more operations per sample
_COLUMNS = 160  # rows or columns across it, few enough that BLAS computes the product in the calling thread
_BATCH = 2**19  # pixels that one thread filters together, few enough that intermediate results stay in a cache

_FREQUENCIES = np.linspace(-np.pi, np.pi, 1024, endpoint=False)  # radians per pixel, where responses are sampled

_PARTS = ((0, 1), (1, 1), (1, 0))  # filters down and right of the parts of a level: low-pass 0 or high-pass 1
_BANDS = ((2, -1), (1, -1), (0, -1), (0, 1), (1, 1), (2, 1))  # part of each subband, and sign of its vertical frequency


class DualTree:
    """The dual-tree complex wavelet transform: complex subbands of six directions and an octave each.

    The directions of a level are about -75, -45, -15, 15, 45 and 75 degrees. The transform has four numbers per pixel
    and needs no Fourier transforms. Frames are extended by reflection beyond their border. The subbands of the finest
    level are only approximately one-sided in frequency, so that the motion of detail above half of the Nyquist
    frequency is measured with less accuracy.

    Parameters
    ----------
    shape
        Shape of a frame, which starts with rows and columns.
    dtype
        Floating-point type of the frames.
    xp
        Array module, NumPy or CuPy.
    levels
        Number of octaves. By default the shorter side of the coarsest level has at least four samples.

    Raises
    ------
    ValueError
        If a frame has fewer than 8 rows or columns, or if `levels` is out of range.

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

    @checks_arguments
    def __init__(
        self, shape: tuple[int, ...], dtype: Any = np.float32, xp: ModuleType = np, *, levels: int | None = None
    ) -> None:
        check_gray("DualTree", shape)
        height, width = shape[0], shape[1]
        if min(height, width) < 8:
            raise ValueError(f"frames of {height}x{width} are too small: a dual tree needs 8x8 pixels")
        max_levels = min(height, width).bit_length() - 1
        levels = max_levels - 2 if levels is None else levels
        if not 1 <= levels <= max_levels:
            raise ValueError(f"levels={levels!r} must lie in 1 to {max_levels} for frames of {height}x{width}")
        self._xp = xp
        self._sides = [(_Side(height, after=height % 2), _Side(width, after=width % 2))]
        while len(self._sides) < levels:
            self._sides.append((self._sides[-1][0].next(), self._sides[-1][1].next()))
        first, other = ([f.on(dtype, xp) for f in filters] for filters in (_level_1_filters(), _higher_level_filters()))
        self._filters = [first] + [other] * (levels - 1)

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each subband, from -75 to 75 degrees within a level, finest level first."""
        return [self._grid(level, *_BANDS[i]) for level in range(len(self._sides)) for i in range(6)]

    def _grid(self, level: int, part: int, sign: int) -> Grid:
        (rows, cols), scale = self._sides[level], 2.0**level
        down, right = (_center(level, kind) for kind in _PARTS[part])
        shape, origin = (rows.samples, cols.samples), (rows.origin, cols.origin)
        return Grid(shape, origin, (2 * scale, 2 * scale), scale, frequency=(sign * down, right), coefs="complex")

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Complex subbands (T, h, w) of frames (T, H, W), computed on request, and the low-pass as the residual."""
        batches = list(in_parallel(self._split, [frames[batch] for batch in self._batches(frames)], workers(frames)))
        low = self._xp.concatenate([low for _, low in batches])

        def band(i: int) -> Array:
            part, sign = _BANDS[i % 6]
            return _one_sided([details[i // 6][part] for details, _ in batches], sign)

        return LazySequence(band, 6 * len(self._sides)), low

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames (T, H, W) from subbands and the low-pass; None means zero."""
        n = workers(self._xp.empty(0))
        coefs = list(in_parallel(bands.__getitem__, range(6 * len(self._sides)), n))
        template = next(x for x in (residual, *coefs) if x is not None)

        def merge(batch: slice) -> Array:
            low, *subbands = (None if x is None else x[batch] for x in (residual, *coefs))
            return self._merged(subbands, low)

        return self._xp.concatenate(list(in_parallel(merge, self._batches(template), n)))

    def _batches(self, x: Array) -> list[slice]:
        """Slices of frames that are filtered together; on a device a single slice of all."""
        n, size = len(x), self._sides[0][0].size * self._sides[0][1].size
        step = n if on_device(x) else max(1, _BATCH // size)
        return [slice(i, i + step) for i in range(0, n, step)]

    def _split(self, low: Array) -> tuple[list[list[Array]], Array]:
        """The three parts of each level, finest first, and the low-pass of the coarsest."""
        details = []
        for (down, right), filters in zip(self._sides, self._filters, strict=True):
            rows = [f.apply(low, -1, right.before, right.after) for f in filters[:2]]
            low, *parts = (filters[i].apply(rows[j], -2, down.before, down.after) for i, j in ((0, 0), *_PARTS))
            details.append(parts)
        return details, low

    def _merged(self, coefs: Sequence[Array | None], low: Array | None) -> Array | None:
        """Frames from six subbands for each level, and the low-pass; None means zero."""
        for level in reversed(range(len(self._sides))):
            (down, right), back = self._sides[level], self._filters[level][2:]
            six = coefs[6 * level : 6 * level + 6]
            lh, hh, hl = (_two_sided(six[5 - i], six[i]) for i in (3, 4, 5))
            columns = (_synthesized(low, hl, back, -2), _synthesized(lh, hh, back, -2))
            low_right, high_right = (None if x is None else x[..., down.inside, :] for x in columns)
            low = _synthesized(low_right, high_right, back, -1)
            low = None if low is None else low[..., right.inside]
        return low


@dataclass(frozen=True)
class _Side:
    """The input samples of a level along one axis, in which the samples of both trees alternate."""

    size: int
    before: int = 0  # samples that reflection adds before the first
    after: int = 0  # samples that reflection adds after the last
    first: float = 0.0  # position of the first sample in the frame, in pixels
    step: float = 1.0  # distance of samples in pixels
    group: int = 2  # samples that make one complex coefficient

    @property
    def inside(self) -> slice:
        """The samples without those that reflection adds."""
        return slice(self.before, self.before + self.size)

    @property
    def samples(self) -> int:
        """Number of complex coefficients."""
        return (self.size + self.before + self.after) // self.group

    @property
    def origin(self) -> float:
        """Position of the first complex coefficient in the frame, in pixels: the center of its group of samples."""
        return self.first + self.step * ((self.group - 1) / 2 - self.before)

    def next(self) -> _Side:
        """The input samples of the next level."""
        size, step = 2 * self.samples, self.step * self.group / 2
        border = size % 4 // 2
        return _Side(size, border, border, self.origin - step / 2, step, 4)


@dataclass(frozen=True)
class _Filter:
    """A filter along an axis as a matrix, which computes a block of output samples from a window of input samples."""

    matrix: Any  # (output samples, window)
    start: int  # start of the window, relative to the first sample of the block
    step: int  # input samples from one block to the next

    @classmethod
    def of(cls, group: np.ndarray, start: int, step: int) -> _Filter:
        """The filter that computes a group of output samples at every `step` input samples by the same small matrix."""
        n = _BLOCK // max(step, len(group))
        matrix = np.zeros((n, len(group), (n - 1) * step + group.shape[1]))
        for i in range(n):
            matrix[i, :, i * step : i * step + group.shape[1]] = group
        return cls(matrix.reshape(n * len(group), -1), start, n * step)

    def on(self, dtype: Any, xp: ModuleType) -> _Filter:
        """The filter for arrays of a type and an array module."""
        return _Filter(xp.asarray(self.matrix, dtype=dtype), self.start, self.step)

    def apply(self, x: Array, axis: int, before: int = 0, after: int = 0) -> Array:
        """Filter x along axis -1 or -2, after reflection adds some samples; beyond these it is reflected again."""
        xp = namespace(x)
        size = x.shape[axis] + before + after
        outputs, window = self.matrix.shape
        blocks = -(-size // self.step)
        head, tail = _mirrored_samples(x.shape[axis], before, after, self.start, (blocks - 1) * self.step + window)
        x = xp.concatenate([xp.take(x, xp.asarray(head), axis), x, xp.take(x, xp.asarray(tail), axis)], axis)
        windows = xp.lib.stride_tricks.sliding_window_view(x, window, axis)
        shape = list(x.shape)
        shape[axis] = blocks * outputs
        y = xp.empty(shape, x.dtype)
        if axis == -1:  # the axes of both become (..., blocks, samples, rows or columns across the filter)
            windows = xp.moveaxis(windows[..., :: self.step, :], -3, -1)
            out = xp.moveaxis(y.reshape(*shape[:-1], blocks, outputs), -3, -1)
        else:
            windows = windows[..., :: self.step, :, :].swapaxes(-1, -2)
            out = y.reshape(*shape[:-2], blocks, outputs, shape[-1])
        columns = out.shape[-1] if on_device(x) else _COLUMNS
        for i in range(0, out.shape[-1], columns):
            xp.matmul(self.matrix, windows[..., i : i + columns], out=out[..., i : i + columns])
        length = size * outputs // self.step  # the last block may extend beyond the border
        return y[..., :length] if axis == -1 else y[..., :length, :]


@cache
def _mirrored_samples(n: int, before: int, after: int, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the samples that extend n samples at both ends, by one reflection and then by another."""
    indices = np.arange(start, start + length)
    for size, first in ((n + before + after, 0), (n, before)):
        indices = (indices - first) % (2 * size)
        indices = np.where(indices < size, indices, 2 * size - 1 - indices)
    count = before - start
    return indices[:count], indices[count + n :]


@cache
def _level_1_filters() -> tuple[_Filter, ...]:
    """Low-pass and high-pass of the finest level, for analysis and for synthesis."""
    filters = (_polynomial(*f) for f in ((_SHORT, 1), (_LONG, -1), (_LONG, 1), (_SHORT, -1)))
    return tuple(_Filter.of(taps[None], -(len(taps) // 2), 1) for taps in filters)


def _polynomial(weights: Sequence[float], sign: int) -> np.ndarray:
    """Taps of a polynomial in Z or in -Z."""
    taps = np.zeros(1)
    for weight in reversed(weights):  # Horner's rule
        taps = sign * np.convolve(taps, _Z)
        taps[len(taps) // 2] += weight
    return taps[3:-3]  # the first product, with zero, adds three zeros on either side


@cache
def _higher_level_filters() -> tuple[_Filter, ...]:
    """Low-pass and high-pass of the coarser levels, for analysis and for synthesis."""
    low, high = _lattice()
    pairs = [_pair(low), _pair(high)[::-1]]
    back = [2 * p.reshape(2, 7, 4)[:, ::-1].transpose(2, 1, 0).reshape(4, 14) for p in pairs]
    return (*(_Filter.of(p, -12, 4) for p in pairs), *(_Filter.of(b, -6, 2) for b in back))


def _lattice() -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal low-pass and high-pass of 14 taps; the group delay of the low-pass is 6.25 samples."""
    low = high = np.ones(1)
    for k, angle in enumerate((*_ANGLES, math.pi / 4 - sum(_ANGLES))):
        low, high = np.pad(low, (0, 2 if k else 1)), np.pad(high, (2 if k else 1, 0))
        sine, cosine = math.sin(angle), math.cos(angle)
        low, high = cosine * low + sine * high, cosine * high - sine * low
    return low, high


def _pair(taps: np.ndarray) -> np.ndarray:
    """The filter of one tree and its mirror image, that of the other, on alternating samples of both; the gain is 1."""
    pair = np.zeros((2, 28))
    pair[0, ::2] = taps / math.sqrt(2)
    pair[1] = pair[0, ::-1]
    return pair


@cache
def _center(level: int, kind: int) -> float:
    """Center frequency in radians per pixel of the low-pass or high-pass of a level, for both trees together."""
    if level > 3:
        return _center(3, kind) / 2 ** (level - 3)  # the responses of coarser levels are scaled copies
    first, second = _responses(level, kind)
    weight = abs(first - 1j * second) ** 2
    return float(weight @ _FREQUENCIES / weight.sum())


def _responses(level: int, kind: int) -> np.ndarray:
    """Frequency responses (2, F) of the two trees for the low-pass or high-pass of a level."""
    part = (_higher_level_filters() if level else _level_1_filters())[kind]
    samples = (part.start + np.arange(part.matrix.shape[1]))[:, None]
    waves = np.exp(1j * _FREQUENCIES * samples)
    if level:
        finer = _responses(level - 1, 0)
        waves = finer[samples[:, 0] % 2] * np.exp(1j * 2**level * _FREQUENCIES * (samples // 2))
    return part.matrix[:2] @ waves


def _pairs(part: Array) -> tuple[Array, Array]:
    """A part as complex arrays for the first and second vertical tree; the horizontal trees are real and imaginary."""
    pairs = namespace(part).ascontiguousarray(part).view(np.result_type(part.dtype, np.complex64))
    return pairs[..., ::2, :], pairs[..., 1::2, :]


def _one_sided(parts: Sequence[Array], sign: int) -> Array:
    """Coefficients of the quadrant of frequencies right and up (-1) or right and down (1), of consecutive batches."""
    pairs = [_pairs(part) for part in parts]
    xp, template = namespace(parts[0]), pairs[0][0]
    coefs = xp.empty((sum(map(len, parts)), *template.shape[1:]), template.dtype)
    ends = np.cumsum([len(part) for part in parts]).tolist()
    for end, (first, second) in zip(ends, pairs, strict=True):
        batch = coefs[end - len(first) : end]
        xp.multiply(second, 0.5j * sign, out=batch)
        batch += 0.5 * first
        xp.conjugate(batch, out=batch)
    return coefs


def _two_sided(up: Array | None, down: Array | None) -> Array | None:
    """The part of a level from the coefficients of its two quadrants; None means zero."""
    if (template := down if up is None else up) is None:
        return None
    xp = namespace(template)
    part = xp.empty((*template.shape[:-2], 2 * template.shape[-2], 2 * template.shape[-1]), template.real.dtype)
    first, second = _pairs(part)
    up, down = (0 if x is None else x for x in (up, down))
    xp.conjugate(down + up, out=first)
    xp.conjugate(1j * (down - up), out=second)
    return part


def _synthesized(low: Array | None, high: Array | None, back: Sequence[_Filter], axis: int) -> Array | None:
    """Synthesis along an axis from the outputs of a low-pass and a high-pass; None means zero."""
    total = None if low is None else back[0].apply(low, axis)
    if high is None:
        return total
    detail = back[1].apply(high, axis)
    return detail if total is None else detail + total
