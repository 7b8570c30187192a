"""Amplitude-weighted blur of motion in space."""

from __future__ import annotations

from dataclasses import replace

from vmm.backend.arguments import checks_arguments
from vmm.motion._local_phase import local_phase
from vmm.parts import Motion


@checks_arguments
def smooth(motion: Motion, sigma: float | None) -> Motion:
    """The same motion, after a blur in space: ``blur(motion * amplitude) / blur(amplitude)``.

    With ``sigma=None`` the blur follows the noise of the clip, which is estimated in each subband from the changes of
    the amplitude within the temporal passband: motion changes the phase of a coefficient, noise changes phase and
    amplitude alike. It follows the power of the coefficients and their place, since water or smoke changes as noise
    does at some places only. The phase shift of each coefficient is then pulled towards the average of its neighbors as
    far as it differs from it by noise alone, so that a clip without noise is not blurred at all. A look-ahead filter
    uses the statistics of a window, a whole-clip filter those of the clip, and a causal filter running means;
    non-linear filters do not blur.

    Parameters
    ----------
    motion
        The motion to smooth.
    sigma
        Standard deviation of the Gaussian in pixels of each level, 0 or greater; a pixel of a level is twice as large
        one octave lower. 0 leaves the motion unchanged; None follows the noise, for ``local_phase`` only.

    Returns
    -------
    Motion
        The smoothed motion.

    Raises
    ------
    ValueError
        If sigma is negative, if the motion is smoothed already, or if sigma is None for another motion than
        ``local_phase``.

    References
    ----------
    .. [1] Wadhwa, Rubinstein, Durand, Freeman: Phase-based video motion processing. SIGGRAPH 2013, equation 17.

    Examples
    --------
    >>> import vmm
    >>> vmm.motion.smooth(vmm.motion.local_phase, 0) is vmm.motion.local_phase
    True
    """
    if sigma is None:
        if motion.read is not local_phase.read:
            raise ValueError("sigma=None follows the noise of local_phase only: state sigma in pixels")
        return replace(motion, adaptive=True)
    if not sigma >= 0:
        raise ValueError(f"sigma={sigma!r} must be 0 or a positive number of pixels")
    return motion if sigma == 0 else motion.decorated(sigma=(sigma, sigma))
