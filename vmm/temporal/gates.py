"""Acceleration filters with a gate, which suppresses starts, stops and turns of large motion, and noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace, ndimage
from vmm.backend.reference import blur, resample
from vmm.backend.threads import in_parallel, workers
from vmm.parts import Grid, LazySequence, LookAheadFilter, NonlinearFilter
from vmm.temporal._vectors import scaled, squared_length
from vmm.temporal.bands import frequency_in_cycles
from vmm.temporal.derivative import JerkKernel, Kernel, acceleration, jerk

_EDGE_AMPLITUDE = 0.1
"""Amplitude, relative to the median of a subband, at which the weight of edges is one half. A larger value excludes
more of the texture that is weak and therefore noisy."""

_EDGE_LEVELS = 2
"""Number of levels above and below a subband whose edges count, because an edge spans several octaves."""


@checks_arguments
def jerk_aware(
    frequency: float,
    fs: float | None = None,
    *,
    beta: float = 0.5,
    max_displacement: float = 0.5,
    propagation: int = 5,
    kernel: Kernel = "gaussian",
) -> NonlinearFilter:
    """Jerk-aware acceleration filter: acceleration times a gate that closes where the jerk is large.

    The jerk, the third derivative along time, is large at a sudden change and small for a small vibration. The gate is
    ``S^beta`` with ``S = 1 / (1 + (jerk / max_displacement)^4)``. A sudden change is most distinct at coarse levels, so
    that the gates of a level and of the coarser ones are multiplied.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, in (0, fs/2); in cycles per frame if `fs` is None.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    beta
        Exponent of the gate, 0 or greater. With 0 the filter is ``acceleration`` alone. The default is 0.5.
    max_displacement
        Largest motion of interest, greater than 0, in the unit of the motion, which is px for displacement: the
        amplitude of a vibration at `frequency` whose largest jerk makes S one half. The published form uses the largest
        jerk of the whole clip instead, which is not available before the end of the clip. The default is 0.5.
    propagation
        Number of levels whose gates are multiplied, the level itself and coarser ones, at least 1. The default is 5.
    kernel
        Impulse response of ``acceleration`` and ``jerk``. The default is ``"gaussian"``.

    Returns
    -------
    NonlinearFilter
        A filter with the group delay of ``acceleration`` or of ``jerk``, whichever is greater.

    Raises
    ------
    ValueError
        If `frequency` is not in (0, fs/2), if `max_displacement` is not positive, if `beta` is negative, or if
        `propagation` is below 1.

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
    if not beta >= 0:
        raise ValueError(f"beta={beta!r} must be 0 or greater: the exponent of the gate")
    if propagation < 1:
        raise ValueError(f"propagation={propagation!r} must be at least 1: the number of levels whose gates are used")
    second, third = acceleration(frequency, fs, kernel=kernel), jerk(frequency, fs, kernel=_jerk_kernel(kernel))
    delay = max(second.delay, third.delay)

    def signals(motions: Sequence[Array], amplitudes: Sequence[Array], grids: Sequence[Grid]) -> Sequence[Array]:
        if beta == 0:
            return LazySequence(lambda i: _centered(second, motions[i], delay), len(grids))

        def roughness(i: int) -> Array:
            return _roughness(squared_length(_centered(third, motions[i], delay), grids[i]) / max_displacement**2)

        own = _map_parallel(roughness, range(len(grids)))
        samples = [_motion_grid(grid, x) for grid, x in zip(grids, own, strict=True)]

        def signal(i: int) -> Array:
            coarser = _coarser(i, grids)[: propagation - 1]
            total = sum((_resampled(own[j], samples[j], samples[i]) for j in coarser), start=own[i])
            return scaled(_centered(second, motions[i], delay), namespace(total).exp(-beta * total))

        return LazySequence(signal, len(grids))

    return NonlinearFilter(signals, delay, second.band)


@checks_arguments
def anisotropic(
    frequency: float,
    fs: float | None = None,
    *,
    gamma: float = 0.5,
    window: int = 25,
    beta: float = 0.5,
    max_displacement: float = 1.5,
    propagation: int = 5,
    kernel: Kernel = "gaussian",
) -> NonlinearFilter:
    """Jerk-aware acceleration filter, reduced where signals of the same place disagree.

    The output of ``jerk_aware`` is multiplied by ``FA^gamma``. FA is the fractional anisotropy of n signals: with C for
    their covariance in a window, it is ``FA^2 = n / (n - 1) (|C|^2 - (tr C)^2 / n) / |C|^2``. FA is 1 if all signals
    are those of one motion along a line, and 0 if they are uncorrelated noise.

    For a steerable pyramid the signals are those of all orientations of a level, and the output is also multiplied by a
    weight of edges. For displacement down and right they are the two components at the level and at the two next to it;
    for motion along a circle FA is 0.9.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, in (0, fs/2); in cycles per frame if `fs` is None.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    gamma
        Exponent of the anisotropy, 0 or greater. The default is 0.5.
    window
        Width of the window in samples of a level, odd and at least 3. It must be wider than the blur of the motion. The
        duration of the window is half a period. The default is 25.
    beta, max_displacement, propagation, kernel
        Options of ``jerk_aware``. The default of `max_displacement` differs: it is 1.5.

    Returns
    -------
    NonlinearFilter
        A filter for spatial parts with several orientations at each level, or for displacement with two components.

    Raises
    ------
    ValueError
        If `frequency` is not in (0, fs/2), or if an option is out of range; when frames are filtered, if the motion is
        a phase of one orientation.

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
        raise ValueError(f"gamma={gamma!r} must be 0 or greater: the exponent of the anisotropy")
    if window < 3 or window % 2 == 0:
        raise ValueError(f"window={window!r} must be an odd number of samples, at least 3")
    inner = jerk_aware(
        frequency, fs, beta=beta, max_displacement=max_displacement, propagation=propagation, kernel=kernel
    )
    reach = math.ceil(1 / (4 * frequency_in_cycles(frequency, fs)))  # frames before and after the center of a window

    def signals(motions: Sequence[Array], amplitudes: Sequence[Array], grids: Sequence[Grid]) -> Sequence[Array]:
        gated = inner.signals(motions, amplitudes, grids)  # These have `reach` more frames at both ends.
        if _orientations(grids) == 1:
            return _agreeing(gated, grids, reach, window, gamma)
        levels = [_level(i, grids) for i in range(0, len(grids), _orientations(grids))]
        anisotropies = _map_parallel(
            lambda level: _level_anisotropy(level, gated, grids, reach, window) ** gamma, levels
        )
        edges = _map_parallel(lambda i: _edge_weight(amplitudes[i]), range(len(grids)))

        def signal(i: int) -> Array:
            coarse_grid = _decimated(grids[_level(i, grids)[0]])
            anisotropy = _resampled(anisotropies[i // len(levels[0])], coarse_grid, grids[i])
            acceleration = gated[i]
            weight = anisotropy * _max_over_levels(i, edges, grids)
            return weight * acceleration[reach : len(acceleration) - reach]

        return LazySequence(signal, len(grids))

    return NonlinearFilter(signals, inner.delay + reach, inner.band)


def _agreeing(gated: Sequence[Array], grids: Sequence[Grid], reach: int, window: int, gamma: float) -> Sequence[Array]:
    """Displacement (T, 2, h', w') of levels, reduced where both components in neighboring levels are uncorrelated."""
    motions = [gated[i] for i in range(len(grids))]
    if motions[0].ndim != 4:
        raise ValueError(
            "the spatial part has one orientation (orientations=1), but the anisotropy compares the motion of several: "
            "use 2 or more, or a displacement with two components (motion='displacement')"
        )
    samples = [_motion_grid(grid, motion) for grid, motion in zip(grids, motions, strict=True)]

    def signal(i: int) -> Array:
        near = range(max(i - 1, 0), min(i + 2, len(grids)))
        signals = [
            _resampled(motions[j][:, k], samples[j], samples[i]) * grids[j].scale for j in near for k in range(2)
        ]
        anisotropy = _relative(_anisotropy(signals, reach, max(1, window // 4) * 2 + 1)) ** gamma
        return scaled(motions[i][reach : len(motions[i]) - reach], anisotropy)

    return LazySequence(signal, len(grids))


def _map_parallel(function: Callable[[Any], Array], items: Sequence[Any]) -> list[Array]:
    """The results of a function for all items, computed on several cores if the first result is on the host."""
    first = function(items[0])
    return [first, *in_parallel(function, items[1:], workers(first))]


def _jerk_kernel(kernel: Kernel) -> JerkKernel:
    return "takeda" if kernel == "takeda" else "gaussian"


def _centered(part: LookAheadFilter, motion: Array, delay: int) -> Array:
    """The filtered motion of those frames that have `delay` frames before and after them."""
    filtered, _ = part.apply(motion, None)
    return filtered[delay + part.delay : len(motion) - delay + part.delay]


def _roughness(square: Array) -> Array:
    """Negative logarithm of the smoothness S for a squared jerk, so that a product of smoothnesses is a sum."""
    return namespace(square).log1p(square * square)


def _motion_grid(grid: Grid, x: Array) -> Grid:
    """Grid of values (..., h', w') that were computed from one sample of a subband, or from 2x2 samples each."""
    shape = x.shape[-2], x.shape[-1]
    if shape == grid.shape:
        return grid
    origin = grid.origin[0] + grid.step[0] / 2, grid.origin[1] + grid.step[1] / 2
    return replace(grid, shape=shape, origin=origin, step=(2 * grid.step[0], 2 * grid.step[1]))


def _coarser(i: int, grids: Sequence[Grid]) -> list[int]:
    """Indices of the subbands with the orientation of subband i at coarser levels, the finest first."""
    return list(range(i + _orientations(grids), len(grids), _orientations(grids)))


def _level(i: int, grids: Sequence[Grid]) -> range:
    """Indices of the subbands at the level of subband i."""
    n = _orientations(grids)
    return range(i - i % n, i - i % n + n)


def _orientations(grids: Sequence[Grid]) -> int:
    return sum(grid.scale == grids[0].scale for grid in grids)


def _resampled(x: Array, grid: Grid, onto: Grid) -> Array:
    """Values on one grid at the samples of another."""
    rows, cols = ((p - o) / s for p, o, s in zip(onto.positions(), grid.origin, grid.step, strict=True))
    return resample(x, rows, cols)


def _edge_weight(amplitude: Array) -> Array:
    """Weight of edges: near 1 where the amplitude is above the median of the frame, near 0 far below the median."""
    xp = namespace(amplitude)
    power = blur(amplitude, (1.0, 1.0)) ** 2
    median = xp.median(power.reshape(len(power), -1), axis=1).reshape(-1, 1, 1)
    return power / (power + _EDGE_AMPLITUDE**2 * median + (median == 0))


def _max_over_levels(i: int, edges: Sequence[Array], grids: Sequence[Grid]) -> Array:
    """Largest weight of edges among the levels close to that of subband i, at the orientation of subband i."""
    n, out = _orientations(grids), edges[i]
    for j in range(i - _EDGE_LEVELS * n, i + _EDGE_LEVELS * n + 1, n):
        if j != i and 0 <= j < len(grids):
            out = namespace(out).maximum(out, _resampled(edges[j], grids[j], grids[i]))
    return out


def _anisotropy(signals: Sequence[Array], reach: int, window: int) -> Array:
    """Fractional anisotropy of n signals (n, T, h, w) in windows of 2 reach + 1 frames."""
    n, xp = len(signals), namespace(signals[0])
    mean = _window_mean(reach, window)
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


def _level_anisotropy(
    level: range, accelerations: Sequence[Array], grids: Sequence[Grid], reach: int, window: int
) -> Array:
    """Anisotropy of a level relative to its 95th percentile in each frame, on every second sample of the level."""
    grid = _decimated(grids[level[0]])
    signals = [_resampled(accelerations[j], grids[j], grid) for j in level]
    return _relative(_anisotropy(signals, reach, max(1, window // 4) * 2 + 1))


def _relative(anisotropy: Array) -> Array:
    """Anisotropy (T, h, w) relative to its 95th percentile in each frame, at most 1."""
    top = namespace(anisotropy).percentile(anisotropy.reshape(len(anisotropy), -1), 95, axis=1).reshape(-1, 1, 1)
    return namespace(anisotropy).clip(anisotropy / (top + (top == 0)), 0, 1).astype(anisotropy.dtype)


def _decimated(grid: Grid) -> Grid:
    """Every second sample of a grid."""
    shape = (grid.shape[0] + 1) // 2, (grid.shape[1] + 1) // 2
    return replace(grid, shape=shape, step=(2 * grid.step[0], 2 * grid.step[1]))


def _window_mean(reach: int, window: int) -> Callable[[Array], Array]:
    """A function that averages over windows of 2 reach + 1 frames and window x window samples."""

    def mean(x: Array) -> Array:
        total = x.cumsum(axis=0)
        n = 2 * reach + 1
        sums = total[n - 1 :].copy()
        sums[1:] -= total[:-n]
        return ndimage(x).uniform_filter(sums / n, (0, window, window), mode="mirror")

    return mean
