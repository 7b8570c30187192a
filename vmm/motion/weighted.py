"""Motion believed where the amplitude is large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import riesz
from vmm.engine.protocols import Grid, Motion

_TAPS = (-0.5, 0.0, 0.5)


def weighted(
    motion: Motion, strength: float, *, nu: float = 0.0, amplitude: Callable[[Array], Array] | None = None
) -> Motion:
    """The same motion, written less where the amplitude is small, and its motion noise.

    With A the amplitude, s = `strength` times the amplitude that a quarter of the frame exceeds, and
    ``rho = A^2 / (A^2 + s^2)``, alpha becomes ``alpha rho / (1 + nu (1 - rho))``.

    Parameters
    ----------
    motion
        The motion to weight.
    strength
        0 leaves the motion as it is; with 1 three quarters of a frame are magnified by less than half.
    nu
        How much sharper the weight is; [1]_ takes 0.7.
    amplitude
        ``amplitude(coefs)``; by default the motion's own.

    Returns
    -------
    Motion

    Raises
    ------
    ValueError
        Where strength or nu is negative.

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
        raise ValueError(f"strength={strength!r} and nu={nu!r} must be 0 or positive")
    if strength == 0:
        return motion
    strong = amplitude or motion.amplitude

    def believed(coefs: Array, signal: Array) -> Array:
        xp = namespace(coefs)
        size = strong(coefs)
        flat = size.reshape(len(size), -1)
        usual = xp.percentile(flat, 75, axis=1).reshape(-1, *[1] * (size.ndim - 1)).astype(size.dtype)
        power, noise = size**2, (strength * usual) ** 2
        rho = power / (power + noise + (power + noise == 0))
        return signal * (rho / (1 + nu * (1 - rho)))

    def write(coefs: Array, signal: Array, alpha: Any) -> Array:
        return motion.write(coefs, believed(coefs, signal), alpha)

    def change(coefs: Array, signal: Array, alpha: Any) -> Array:
        return motion.change(coefs, believed(coefs, signal), alpha)

    def at(grid: Grid) -> Motion:
        return weighted(motion.on(grid), strength, nu=nu, amplitude=amplitude)

    return replace(motion, write=write, change=change, at=at if motion.at else None, fusible=False)


def monogenic(coefs: Array) -> Array:
    """Local amplitude of real bands (..., h, w): of a value and its approximate Riesz transform."""
    parts = riesz(coefs.reshape(-1, *coefs.shape[-2:]), _TAPS, (1.0,))
    return namespace(coefs).sqrt((parts**2).sum(axis=1)).reshape(coefs.shape)
