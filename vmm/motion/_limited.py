"""A soft limit on phase shifts."""

from __future__ import annotations

import math

from vmm.backend.arguments import checks_arguments
from vmm.parts import Motion


@checks_arguments
def limited(motion: Motion, limit: float) -> Motion:
    """The same motion with a soft limit on the phase shift that is put into the coefficients.

    A phase shift that is too large for a subband causes ghosts and tears in the image. An angle is replaced by ``angle
    / (1 + (angle / limit)^4)``: it is almost unchanged up to half of the limit, halved at the limit, and almost 0 far
    beyond it.

    Parameters
    ----------
    motion
        A motion in radians, such as ``local_phase`` or ``quaternion``.
    limit
        Limit in radians, at least 1e-6. Infinity leaves the motion unchanged.

    Returns
    -------
    Motion
        The limited motion.

    Raises
    ------
    ValueError
        If the limit is not positive, or if the motion is limited already.

    References
    ----------
    .. [1] Wadhwa, Rubinstein, Durand, Freeman: Phase-based video motion processing. SIGGRAPH 2013, section 3.3 (the
       bounds).

    Examples
    --------
    >>> import numpy as np, vmm
    >>> small = vmm.motion.limited(vmm.motion.local_phase, np.pi)
    >>> far = np.full((1, 1, 1), 31.4, np.float32)
    >>> bool(abs(small.write(np.ones((1, 1, 1), np.complex64), far, 1.0) - 1).max() < 0.01)
    True
    """
    return motion if math.isinf(limit) else motion.decorated(limit=limit)
