"""Gated acceleration: reduced where motion starts, stops or turns, and where it is noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from vmm.backend.arrays import Array, namespace, ndimage
from vmm.backend.reference import blur, resample
from vmm.backend.threads import in_parallel, workers
from vmm.parts import Grid, LazySequence, LookAheadFilter, NonlinearFilter
from vmm.temporal.bands import frequency_in_cycles
from vmm.temporal.derivative import acceleration, jerk

_EDGE_AMPLITUDE = 0.1  # amplitude, relative to the median of the subband, at which the weight of edges is one half
_EDGE_LEVELS = 2  # levels above and below whose edges count, because an edge spans several octaves


def jerk_aware(
    frequency: float,
    fs: float | None = None,
    *,
    beta: float = 0.5,
    largest: float = 0.5,
    propagation: int = 5,
    kernel: str = "gaussian",
) -> NonlinearFilter:
    """Acceleration times a smoothness ``S^beta``, S = 1 / (1 + (jerk / largest)^4), of this level and coarser ones.

    The jerk of a sudden change is large, that of a small vibration is small. A change is most distinct at the coarse
    levels, so that the smoothness of a level is multiplied by that of the coarser ones.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, or in cycles per frame without `fs`.
    fs
        Rate of the camera in Hz; without it frequencies are in cycles per frame.
    beta
        Exponent of the gate, 0 or greater; 0 is acceleration alone.
    largest
        Jerk at which S is one half, given as the amplitude of a vibration at `frequency`, in the unit of the motion
        (pixels for ``local_displacement``). The published form uses the largest jerk of a subband over the clip, which
        is known at the end of the clip only.
    propagation
        Number of levels whose smoothness is multiplied, including the own level; at least 1.
    kernel
        Kernel of ``acceleration`` and ``jerk``.

    Returns
    -------
    NonlinearFilter

    Raises
    ------
    ValueError
        If the frequency lies outside (0, fs/2), largest is not positive, beta negative, or propagation below 1.

    References
    ----------
    .. [1] Takeda, Okami, Mikami, Isogai, Kimata: Jerk-aware video acceleration magnification. CVPR 2018, equations 7
       to 10.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.jerk_aware(3, 30).delay
    10
    """
    if not largest > 0:
        raise ValueError(f"largest={largest!r} must be positive: the largest motion of interest, such as 0.5 pixels")
    if not beta >= 0:
        raise ValueError(f"beta={beta!r} must be 0 or positive: the strength of the gate")
    if propagation < 1:
        raise ValueError(f"propagation={propagation!r} must be at least 1: how many levels are multiplied")
    wanted, abrupt = acceleration(frequency, fs, kernel=kernel), jerk(frequency, fs, kernel=_jerk_of(kernel))
    delay = max(wanted.delay, abrupt.delay)

    def signals(motions: Sequence[Array], amplitudes: Sequence[Array], grids: Sequence[Grid]) -> Sequence[Array]:
        if beta == 0:
            return LazySequence(lambda i: _centered(wanted, motions[i], delay), len(grids))
        rough = _of_each(lambda i: _roughness(_centered(abrupt, motions[i], delay) / largest), range(len(grids)))

        def signal(i: int) -> Array:
            near = _coarser(i, grids)[: propagation - 1]
            total = sum((_resampled(rough[j], grids[j], grids[i]) for j in near), start=rough[i])
            return namespace(total).exp(-beta * total) * _centered(wanted, motions[i], delay)

        return LazySequence(signal, len(grids))

    return NonlinearFilter(signals, delay, wanted.band)


def anisotropic(
    frequency: float,
    fs: float | None = None,
    *,
    gamma: float = 0.5,
    window: int = 25,
    **options: float,
) -> NonlinearFilter:
    """Jerk-aware acceleration times its fractional anisotropy among orientations and a weight of edges.

    Motion causes correlated signals in all orientations, noise uncorrelated ones. With C for the covariance of n
    signals in a window, ``FA^2 = n / (n - 1) (|C|^2 - (tr C)^2 / n) / |C|^2``: 1 for one motion, 0 for noise.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, or in cycles per frame without `fs`.
    fs
        Rate of the camera in Hz; without it frequencies are in cycles per frame.
    gamma
        Exponent of the anisotropy, 0 or greater.
    window
        Odd width of the window in samples, at least 3 and wider than the blur of the motion; its duration is half a
        period.
    **options
        Options of ``jerk_aware``.

    Returns
    -------
    NonlinearFilter
        A filter for spatial parts with several orientations at each level.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] Takeda, Okami, Mikami, Isogai, Kimata: Video magnification in the wild using fractional anisotropy in
       temporal distribution. CVPR 2019, equations 5 to 12.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.anisotropic(3, 30).delay
    13
    """
    if not gamma >= 0:
        raise ValueError(f"gamma={gamma!r} must be 0 or positive: the power of the anisotropy")
    if window < 3 or window % 2 == 0:
        raise ValueError(f"window={window!r} must be odd and at least 3")
    inner = jerk_aware(frequency, fs, **options)  # type: ignore[arg-type]
    around = math.ceil(1 / (4 * frequency_in_cycles(frequency, fs)))

    def signals(motions: Sequence[Array], amplitudes: Sequence[Array], grids: Sequence[Grid]) -> Sequence[Array]:
        steady = inner.signals(motions, amplitudes, grids)  # of as many frames more as the window takes
        levels = [_level(i, grids) for i in range(0, len(grids), _orientations(grids))]
        one = _of_each(lambda level: _of_level(level, steady, grids, around, window) ** gamma, levels)
        edges = _of_each(lambda i: _edge(amplitudes[i]), range(len(grids)))

        def signal(i: int) -> Array:
            own = steady[i]
            there = _resampled(one[i // len(levels[0])], _coarse(grids[_level(i, grids)[0]]), grids[i])
            return there * _largest_near(i, edges, grids) * own[around : len(own) - around]

        return LazySequence(signal, len(grids))

    return NonlinearFilter(signals, inner.delay + around, inner.band)


def _of_each(function: Callable[[Any], Array], items: Sequence[Any]) -> list[Array]:
    """The function of each item, on several cores if the first result shows that the host computes it."""
    first = function(items[0])
    return [first, *in_parallel(function, items[1:], workers(first))]


def _jerk_of(kernel: str) -> str:
    return "takeda" if kernel == "takeda" else "gaussian"


def _centered(part: LookAheadFilter, motion: Array, delay: int) -> Array:
    """The filtered motion of those frames that have `delay` frames before and after them."""
    filtered, _ = part.apply(motion, None)
    return filtered[delay + part.delay : len(motion) - delay + part.delay]


def _roughness(jerk: Array) -> Array:
    """Logarithm of one over the smoothness: what is summed where smoothness is multiplied."""
    square = jerk * jerk
    return namespace(jerk).log1p(square * square)


def _coarser(i: int, grids: Sequence[Grid]) -> list[int]:
    """Bands of the orientation of band i at the levels above its own, the nearest first."""
    return list(range(i + _orientations(grids), len(grids), _orientations(grids)))


def _level(i: int, grids: Sequence[Grid]) -> range:
    """Bands of the level of band i."""
    n = _orientations(grids)
    return range(i - i % n, i - i % n + n)


def _orientations(grids: Sequence[Grid]) -> int:
    return sum(grid.scale == grids[0].scale for grid in grids)


def _resampled(x: Array, grid: Grid, onto: Grid) -> Array:
    """Values on one grid at the samples of another."""
    places = [(p - o) / s for p, o, s in zip(onto.positions(), grid.origin, grid.step, strict=True)]
    return resample(x, *places)


def _edge(amplitude: Array) -> Array:
    """Weight of edges: near 1 where the amplitude is above the median of the frame, near 0 far below."""
    xp = namespace(amplitude)
    soft = blur(amplitude, (1.0, 1.0)) ** 2
    middle = xp.median(soft.reshape(len(soft), -1), axis=1).reshape(-1, 1, 1)
    return soft / (soft + _EDGE_AMPLITUDE**2 * middle + (middle == 0))


def _largest_near(i: int, edges: Sequence[Array], grids: Sequence[Grid]) -> Array:
    """The largest weight of edges among the levels near that of subband i."""
    n, out = _orientations(grids), edges[i]
    for j in range(i - _EDGE_LEVELS * n, i + _EDGE_LEVELS * n + 1, n):
        if j != i and 0 <= j < len(grids):
            out = namespace(out).maximum(out, _resampled(edges[j], grids[j], grids[i]))
    return out


def _anisotropy(signals: Sequence[Array], around: int, window: int) -> Array:
    """Fractional anisotropy of n signals (n, T, h, w) in windows of 2 around + 1 frames."""
    n, xp = len(signals), namespace(signals[0])
    mean = _windowed(around, window)
    means = [mean(x) for x in signals]
    trace: Any = 0
    norm: Any = 0
    for i in range(n):
        for j in range(i, n):
            c = mean(signals[i] * signals[j]) - means[i] * means[j]
            norm = norm + c * c * (1 if i == j else 2)
            trace = trace + c if i == j else trace
    tiny = xp.finfo(norm.dtype).tiny
    return xp.sqrt(xp.clip(n / (n - 1) * (norm - trace**2 / n) / (norm + tiny), 0, 1))


def _of_level(level: range, steady: Sequence[Array], grids: Sequence[Grid], around: int, window: int) -> Array:
    """Anisotropy of a level relative to the largest in each frame, on every second sample of its first band."""
    grid = _coarse(grids[level[0]])
    signals = [_resampled(steady[j], grids[j], grid) for j in level]
    anisotropy = _anisotropy(signals, around, max(1, window // 4) * 2 + 1)
    top = namespace(anisotropy).percentile(anisotropy.reshape(len(anisotropy), -1), 95, axis=1).reshape(-1, 1, 1)
    return namespace(anisotropy).clip(anisotropy / (top + (top == 0)), 0, 1).astype(anisotropy.dtype)


def _coarse(grid: Grid) -> Grid:
    """Every second sample of a grid."""
    shape = (grid.shape[0] + 1) // 2, (grid.shape[1] + 1) // 2
    return replace(grid, shape=shape, step=(2 * grid.step[0], 2 * grid.step[1]))


def _windowed(around: int, window: int) -> Callable[[Array], Array]:
    """Mean over windows of 2 around + 1 frames and window x window samples."""

    def mean(x: Array) -> Array:
        total = x.cumsum(axis=0)
        n = 2 * around + 1
        sums = total[n - 1 :].copy()
        sums[1:] -= total[:-n]
        return ndimage(x).uniform_filter(sums / n, (0, window, window), mode="mirror")

    return mean
