"""Motion as displacement along a band's direction, in pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from vmm.backend import reference as kernels
from vmm.backend.arrays import Array
from vmm.parts import Grid, Motion


def local_displacement(sigma: float = 3.0, *, limit: float = math.inf) -> Motion:
    """Displacement along the direction of each band in pixels: change of phase over the local frequency.

    The phase of a coefficient grows unevenly while a texture drifts past, for the local frequency differs from place
    to place. Over the local frequency it is the displacement, the same wherever things move alike, so that a steady
    drift stays steady. It is the least squares solution in a neighbourhood, weighted by amplitude, and is written
    by the local frequency again.

    Parameters
    ----------
    sigma
        Standard deviation of the neighbourhood, a Gaussian, in pixels at the finest level; it grows with the square
        root of a level's pixel. 0 takes each coefficient by itself and the frequency of the band's centre in place of
        the local one, as most papers do.
    limit
        How far coefficients may be turned, in radians, as in ``limited``.

    Returns
    -------
    Motion
        For complex bands of one direction, those of ``SteerablePyramid``.

    Raises
    ------
    ValueError
        Where sigma is negative, or limit not positive.

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
            raise ValueError("local_displacement needs bands of one direction, such as those of SteerablePyramid")
        width = sigma * math.sqrt(grid.scale)  # coarse levels are less noisy, and reach far as they are
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
