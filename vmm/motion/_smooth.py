"""Amplitude-weighted blur of motion in space."""

from __future__ import annotations

from vmm.backend.arguments import checks_arguments
from vmm.parts import Motion


@checks_arguments
def smooth(motion: Motion, sigma: float) -> Motion:
    """The same motion, after a blur in space: ``blur(motion * amplitude) / blur(amplitude)``.

    Parameters
    ----------
    motion
        The motion to smooth.
    sigma
        Standard deviation of the Gaussian in pixels of each level, 0 or greater; a pixel of a level is twice as large
        one octave lower. 0 leaves the motion unchanged.

    Returns
    -------
    Motion
        The smoothed motion.

    Raises
    ------
    ValueError
        If sigma is negative, or if the motion is smoothed already.

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
    return motion if sigma == 0 else motion.decorated(sigma=(sigma, sigma))
