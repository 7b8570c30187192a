"""A soft limit on how far coefficients are turned."""

from __future__ import annotations

import math

from vmm.parts import Motion


def limited(motion: Motion, limit: float) -> Motion:
    """The same motion, faded out where it would shift the phase of coefficients by more than a limit.

    A subband whose phase is shifted too far shows its motion twice, or torn. An angle becomes
    ``angle / (1 + (angle / limit)^4)``: nearly the same up to half of the limit, half of it at the limit, and nearly 0
    far beyond.

    Parameters
    ----------
    motion
        A motion that is an angle, such as ``local_phase`` or ``quaternion``.
    limit
        The limit in radians, greater than 0; infinity leaves the motion unchanged.

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
    if not limit > 0:
        raise ValueError(f"limit={limit!r} must be positive: an angle in radians")
    return motion if math.isinf(limit) else motion.decorated(limit=limit)
