"""Motion as displacement along the direction of a subband, in pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from vmm.backend import reference as kernels
from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array
from vmm.parts import Grid, Motion


@checks_arguments
def local_displacement(sigma: float = 3.0, *, limit: float = math.inf) -> Motion:
    """Displacement along the direction of each subband in pixels: phase shift divided by the local frequency.

    The local frequency of a texture depends on position, so that the phase of a coefficient changes unevenly while a
    texture drifts at constant speed. The phase shift divided by the local frequency is the displacement, which is the
    same for all points of a rigid object. The displacement is estimated by amplitude-weighted least squares in a
    neighborhood. When it is put into coefficients, it is multiplied by the local frequency again.

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian neighborhood in px at the finest level, 0 or greater. At other levels it
        increases with the square root of the size of their pixels. With 0 each coefficient is used alone, with the
        center frequency of the subband instead of the local frequency, as in most papers. The default is 3.
    limit
        Limit on the phase shift in radians, as in ``limited``, at least 1e-6. No limit by default.

    Returns
    -------
    Motion
        A motion for complex subbands of one direction, such as those of ``SteerablePyramid``.

    Raises
    ------
    ValueError
        If `sigma` is negative, or if `limit` is not positive.

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

    def at(grid: Grid) -> Motion:
        if grid.frequency == (0.0, 0.0):
            raise ValueError("local_displacement needs subbands of one direction, such as those of SteerablePyramid")
        width = sigma * math.sqrt(grid.scale)  # Coarse levels have less noise, and larger pixels.
        return _along(grid, (width / grid.step[0], width / grid.step[1]), limit)

    return replace(_along(Grid((1, 1), frequency=(0.0, math.pi / 2)), (sigma, sigma), limit), at=at)


def _along(grid: Grid, blur: tuple[float, float], limit: float) -> Motion:
    """The motion on the grid of one subband; the blur is in samples."""
    center = math.hypot(*grid.frequency)
    direction = grid.frequency, grid.step, grid.phase_advance

    def read(coefs: Array, reference: Array) -> Array:
        if not any(blur):
            return kernels.phase_shift(coefs, reference) / -center
        sums = kernels.blur(kernels.displacement_terms(coefs, reference, *direction), blur)
        return sums[:, 0] / ((sums[:, 1] == 0) - sums[:, 1])

    def rotation_angle(coefs: Array, motion: Array, alpha: Any) -> Array:
        frequency = kernels.local_frequency(coefs, *direction) if any(blur) else center
        angle = alpha * motion * -frequency  # Motion along the direction decreases the phase.
        return angle if math.isinf(limit) else kernels.soft_limit(angle, limit)

    def put(coefs: Array, motion: Array, alpha: Any) -> Array:
        return kernels.rotate(coefs, rotation_angle(coefs, motion, alpha))

    def changed(coefs: Array, motion: Array, alpha: Any) -> Array:
        return kernels.rotation_change(coefs, rotation_angle(coefs, motion, alpha))

    return Motion(read, put, abs, changed, takes=("complex",))
