"""Motion as displacement along the direction of a subband, in pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from vmm.backend import reference as kernels
from vmm.backend.arrays import Array
from vmm.parts import Grid, Motion


def local_displacement(sigma: float = 3.0, *, limit: float = math.inf) -> Motion:
    """Displacement along the direction of each subband in pixels: phase shift divided by the local frequency.

    The phase of a coefficient changes unevenly while a texture drifts, because the local frequency depends on position.
    Divided by the local frequency it is the displacement, which is the same for all points of a rigid object, so that
    a steady drift is steady. The displacement is the amplitude-weighted least-squares solution in a neighborhood, and
    is multiplied by the local frequency again when it is put.

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian neighborhood in pixels at the finest level, 0 or greater; it increases with
        the square root of the pixel size of a level. With 0 each coefficient is used alone, with the center frequency
        of the subband in place of the local frequency, as in most papers.
    limit
        Angle in radians beyond which the phase shift fades out, as in ``limited``; greater than 0.

    Returns
    -------
    Motion
        A motion for complex subbands of one direction, such as those of ``SteerablePyramid``.

    Raises
    ------
    ValueError
        If sigma is negative, or limit is not positive.

    References
    ----------
    .. [1] Fleet, Jepson: Computation of component image velocity from local phase information. IJCV 1990, equations
       (4) to (6).

    Examples
    --------
    >>> import vmm
    >>> import numpy as np
    >>> pyramid = vmm.spatial.SteerablePyramid((32, 32))
    >>> coefs = pyramid.analyze(np.random.default_rng(0).random((2, 32, 32)).astype(np.float32))[0][0]
    >>> motion = vmm.motion.local_displacement(2.0).on(pyramid.grids[0])
    >>> abs(motion.read(coefs, coefs)).max().item()
    0.0
    """
    if not sigma >= 0:
        raise ValueError(f"sigma={sigma!r} must be 0 or a positive number of pixels")
    if not limit > 0:
        raise ValueError(f"limit={limit!r} must be positive: an angle in radians")

    def at(grid: Grid) -> Motion:
        if grid.frequency == (0.0, 0.0):
            raise ValueError("local_displacement needs subbands of one direction, such as those of SteerablePyramid")
        width = sigma * math.sqrt(grid.scale)  # coarse levels have less noise, and large pixels
        return _along(grid, (width / grid.step[0], width / grid.step[1]), limit)

    return replace(_along(Grid((1, 1), frequency=(0.0, math.pi / 2)), (sigma, sigma), limit), at=at)


def _along(grid: Grid, blur: tuple[float, float], limit: float) -> Motion:
    """The motion on the grid of one subband; the blur is in samples."""
    center = math.hypot(*grid.frequency)

    def read(coefs: Array, reference: Array) -> Array:
        if not any(blur):
            return kernels.phase_since(coefs, reference) / -center
        sums = kernels.blur(kernels.displaced(coefs, reference, grid.frequency, grid.step, grid.turn), blur)
        return sums[:, 0] / ((sums[:, 1] == 0) - sums[:, 1])

    def phase_shift(coefs: Array, motion: Array, alpha: Any) -> Array:
        frequency = kernels.slope(coefs, grid.frequency, grid.step, grid.turn) if any(blur) else center
        angle = alpha * motion * -frequency  # the phase lags where the motion is along the direction
        return angle if math.isinf(limit) else kernels.faded(angle, limit)

    def put(coefs: Array, motion: Array, alpha: Any) -> Array:
        return kernels.turn(coefs, phase_shift(coefs, motion, alpha))

    def changed(coefs: Array, motion: Array, alpha: Any) -> Array:
        return kernels.turned(coefs, phase_shift(coefs, motion, alpha))

    return Motion(read, put, abs, changed, takes=("complex",))
