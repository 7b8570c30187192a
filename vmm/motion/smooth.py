"""Motion blurred in space, weighted by amplitude."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vmm.backend.arrays import Array
from vmm.backend.reference import weighted_blur
from vmm.engine.protocols import Grid, Motion


def smooth(motion: Motion, sigma: float) -> Motion:
    """The same motion, blurred in space before it is written: ``blur(motion * amplitude) / blur(amplitude)``.

    Parameters
    ----------
    motion
        The motion to smooth.
    sigma
        Standard deviation of the Gaussian in pixels of each level (a level's pixel is twice as large an octave
        lower); 0 leaves the motion as it is.

    Returns
    -------
    Motion

    Raises
    ------
    ValueError
        Where sigma is negative.

    References
    ----------
    .. [1] Wadhwa, Rubinstein, Durand, Freeman: Phase-based video motion processing. SIGGRAPH 2013, equation 17.

    Examples
    --------
    >>> import vmm
    >>> vmm.motion.smooth(vmm.motion.local_phase, 0) is vmm.motion.local_phase
    True
    """
    if not sigma >= 0:
        raise ValueError(f"sigma={sigma!r} must be 0 or a positive number of pixels")
    if sigma == 0:
        return motion
    return _smooth(motion, sigma, (sigma, sigma))


def _smooth(motion: Motion, sigma: float, samples: tuple[float, float]) -> Motion:
    def blurred(coefs: Array, signal: Array) -> Array:
        return weighted_blur(signal, motion.amplitude(coefs), samples)

    def write(coefs: Array, signal: Array, alpha: Any) -> Array:
        return motion.write(coefs, blurred(coefs, signal), alpha)

    def change(coefs: Array, signal: Array, alpha: Any) -> Array:
        return motion.change(coefs, blurred(coefs, signal), alpha)

    def at(grid: Grid) -> Motion:
        down, right = (sigma * grid.scale / step for step in grid.step)
        return _smooth(motion.on(grid), sigma, (down, right))

    return replace(motion, write=write, change=change, sigma=samples, at=at)
