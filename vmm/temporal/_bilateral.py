"""Acceleration filter with small weights for frames between which the motion is large."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace
from vmm.parts import Grid, LazySequence, NonlinearFilter
from vmm.temporal._vectors import scaled, squared_length
from vmm.temporal.derivative import acceleration


@checks_arguments
def bilateral(
    frequency: float, fs: float | None = None, *, max_displacement: float = 0.6, pairs: bool = True
) -> NonlinearFilter:
    """Acceleration filter whose weights decrease with the motion between two frames.

    The output at frame t is the sum of ``k(tau) g(d) d`` over tau, where k are the weights of ``acceleration``, d is
    the motion from frame t to frame ``t + tau``, and g is a Gaussian of its length. Frames between which the motion is
    large have almost no weight, so that the filter does not ring where motion jumps or turns.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, in (0, fs/2); in cycles per frame if `fs` is None.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    max_displacement
        Largest motion of interest, greater than 0, in the unit of the motion, which is px for displacement: the
        standard deviation of g. A vibration whose amplitude is a fifth of it has a gain of 0.95. The default is 0.6.
    pairs
        If True, the default, d is the mean of the motions from frame t to frames ``t - tau`` and ``t + tau``, which
        does not depend on a drift of constant speed. If False, each frame has a weight of its own, as published; then
        an object that drifts by more than `max_displacement` between two frames of the window is not magnified.

    Returns
    -------
    NonlinearFilter
        A filter with the group delay of ``acceleration``.

    Raises
    ------
    ValueError
        If `frequency` is not in (0, fs/2), or if `max_displacement` is not positive.

    References
    ----------
    .. [1] Takeda, Niwa, Isogai, Shimizu, Okami, Aono: Bilateral video magnification filter. CVPR 2022.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.bilateral(3, 30, max_displacement=0.5).delay
    10
    """
    weights = _impulse_response(frequency, fs)
    delay = len(weights) // 2

    def weighted_acceleration(motion: Array, grid: Grid) -> Array:
        n = len(motion) - 2 * delay
        here = motion[delay : delay + n]
        total = namespace(motion).zeros_like(here)
        for tau in range(1, delay + 1):
            before, after = motion[delay - tau : delay - tau + n], motion[delay + tau : delay + tau + n]
            if pairs:
                total += _weighted((before + after) / 2 - here, grid, max_displacement, 2 * weights[delay + tau])
            else:
                total += _weighted(before - here, grid, max_displacement, weights[delay - tau])
                total += _weighted(after - here, grid, max_displacement, weights[delay + tau])
        return total

    def signals(motions: Sequence[Array], amplitudes: Sequence[Array], grids: Sequence[Grid]) -> Sequence[Array]:
        return LazySequence(lambda i: weighted_acceleration(motions[i], grids[i]), len(motions))

    return NonlinearFilter(signals, delay, acceleration(frequency, fs).band)


def _impulse_response(frequency: float, fs: float | None) -> np.ndarray:
    """Weights of ``acceleration``."""
    part = acceleration(frequency, fs)
    impulse = np.zeros(4 * part.delay + 1)
    impulse[part.delay] = 1
    return np.asarray(part.apply(impulse, None)[0])[part.delay : 3 * part.delay + 1]


def _weighted(d: Array, grid: Grid, sigma: float, weight: float) -> Array:
    """The motion d times its weight ``weight g(d)``."""
    return scaled(d, weight * namespace(d).exp(squared_length(d, grid) * (-0.5 / sigma**2)))
