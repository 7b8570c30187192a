"""Acceleration from those frames only in which the motion has the size of interest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.parts import Grid, LazySequence, NonlinearFilter
from vmm.temporal.derivative import acceleration


def bilateral(
    frequency: float, fs: float | None = None, *, largest: float = 0.5, pairs: bool = True
) -> NonlinearFilter:
    """Second derivative of a Gaussian along time, with smaller weights where motion is larger than that of interest.

    A frame ``t + tau`` adds ``k(tau) g(d) d``, k being the weights of ``acceleration``, d the motion between the two
    frames and g(d) a Gaussian, so that a jump or a turn does not ring.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, or in cycles per frame without `fs`.
    fs
        Rate of the camera in Hz; without it frequencies are in cycles per frame.
    largest
        Largest motion of interest, in the unit of the motion (pixels for ``local_displacement``); at an amplitude of a
        fifth of it the gain is still 0.95.
    pairs
        d is half of the motion from ``t - tau`` to t less that from t to ``t + tau``, which a steady drift does not
        change. False for the published form, which leaves out whatever drifts by more than `largest`.

    Returns
    -------
    NonlinearFilter

    Raises
    ------
    ValueError
        If the frequency lies outside (0, fs/2), or largest is not positive.

    References
    ----------
    .. [1] Takeda, Niwa, Isogai, Shimizu, Okami, Aono: Bilateral video magnification filter. CVPR 2022.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.bilateral(3, 30, largest=0.5).delay
    10
    """
    if not largest > 0:
        raise ValueError(f"largest={largest!r} must be positive: the largest motion of interest, such as 0.5 pixels")
    weights = impulse(frequency, fs)
    delay = len(weights) // 2

    def ranged(motion: Array) -> Array:
        n = len(motion) - 2 * delay
        here = motion[delay : delay + n]
        total = namespace(motion).zeros_like(here)
        for tau in range(1, delay + 1):
            before, after = motion[delay - tau : delay - tau + n], motion[delay + tau : delay + tau + n]
            if pairs:
                total += _within((before + after) / 2 - here, largest, 2 * weights[delay + tau])
            else:
                total += _within(before - here, largest, weights[delay - tau])
                total += _within(after - here, largest, weights[delay + tau])
        return total

    def signals(motions: Sequence[Array], amplitudes: Sequence[Array], grids: Sequence[Grid]) -> Sequence[Array]:
        return LazySequence(lambda i: ranged(motions[i]), len(motions))

    return NonlinearFilter(signals, delay, acceleration(frequency, fs).band)


def impulse(frequency: float, fs: float | None) -> np.ndarray:
    """Weights of ``acceleration``."""
    part = acceleration(frequency, fs)
    pulse = np.zeros(4 * part.delay + 1)
    pulse[part.delay] = 1
    return np.asarray(part.apply(pulse, None)[0])[part.delay : 3 * part.delay + 1]


def _within(d: Array, largest: float, weight: float) -> Array:
    """``weight g(d) d``."""
    return (weight * namespace(d).exp(d**2 * (-0.5 / largest**2))) * d
