"""Amplitude-weighted motion, which suppresses noise."""

from __future__ import annotations

from collections.abc import Callable

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import riesz
from vmm.parts import Motion

_TAPS = (-0.5, 0.0, 0.5)
"""Taps of the approximate Riesz transform."""


@checks_arguments
def weighted(
    motion: Motion, strength: float, *, nu: float = 0.0, amplitude: Callable[[Array], Array] | None = None
) -> Motion:
    """The same motion, reduced where the amplitude is small and the motion is mostly noise.

    With A for the amplitude, s for `strength` times the 75th percentile of the amplitude in the frame, and
    ``rho = A^2 / (A^2 + s^2)``, the motion is multiplied by ``rho / (1 + nu (1 - rho))``.

    Parameters
    ----------
    motion
        The motion to weight.
    strength
        Strength of the weight, 0 or greater. 0 leaves the motion unchanged; with 1 three quarters of a frame are
        magnified by less than half of alpha.
    nu
        Steepness of the weight, 0 or greater; 0.7 in [1]_. The default is 0.
    amplitude
        ``amplitude(coefs)``, the amplitude to use; by default that of the motion.

    Returns
    -------
    Motion
        The weighted motion.

    Raises
    ------
    ValueError
        If strength or nu is negative, or if the motion is weighted already.

    References
    ----------
    .. [1] FrAM: fractional-order adaptive motion magnification; its adaptive gain.

    Examples
    --------
    >>> import vmm
    >>> vmm.motion.weighted(vmm.motion.local_phase, 0) is vmm.motion.local_phase
    True
    """
    if not strength >= 0 or not nu >= 0:
        raise ValueError(f"strength={strength!r} and nu={nu!r} must be 0 or greater")
    if strength == 0:
        return motion

    def weight(coefs: Array, own_amplitude: Callable[[Array], Array]) -> Array:
        xp = namespace(coefs)
        size = (amplitude or own_amplitude)(coefs)
        flat = size.reshape(len(size), -1)
        scale = xp.percentile(flat, 75, axis=1).reshape(-1, *[1] * (size.ndim - 1)).astype(size.dtype)
        power, noise = size**2, (strength * scale) ** 2
        rho = power / (power + noise + (power + noise == 0))
        return rho / (1 + nu * (1 - rho))

    return motion.decorated(weight=weight)


def monogenic(coefs: Array) -> Array:
    """Local amplitude of real subbands (..., h, w): the modulus of the value and its approximate Riesz transform."""
    parts = riesz(coefs.reshape(-1, *coefs.shape[-2:]), _TAPS, (1.0,))
    return namespace(coefs).sqrt((parts**2).sum(axis=1)).reshape(coefs.shape)
