"""A soft limit on how far coefficients are turned."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from vmm.backend.arrays import Array
from vmm.backend.reference import faded
from vmm.engine.protocols import Grid, Motion


def limited(motion: Motion, limit: float) -> Motion:
    """The same motion, written less and less where it would turn coefficients by more than a limit.

    A band that is turned too far shows its motion twice, or torn. An angle becomes ``angle / (1 + (angle / limit)^4)``:
    nearly itself up to half of the limit, half of itself at the limit, and nothing far beyond it.

    Parameters
    ----------
    motion
        A motion that is an angle, such as ``local_phase`` or ``quaternion``.
    limit
        In radians; infinite leaves the motion as it is.

    Returns
    -------
    Motion

    Raises
    ------
    ValueError
        Where the limit is not positive.

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
    if math.isinf(limit):
        return motion

    def write(coefs: Array, signal: Array, alpha: Any) -> Array:
        return motion.write(coefs, faded(alpha * signal, limit), 1.0)

    def change(coefs: Array, signal: Array, alpha: Any) -> Array:
        return motion.change(coefs, faded(alpha * signal, limit), 1.0)

    def at(grid: Grid) -> Motion:
        return limited(motion.on(grid), limit)

    return replace(motion, write=write, change=change, limit=limit, at=at if motion.at else None)
