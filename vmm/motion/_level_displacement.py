"""Motion as displacement of the levels of a pyramid, estimated by gradient least squares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, namespace
from vmm.backend.checks import short_text
from vmm.backend.levels import displaced_level, displaced_level_change, gradient_displacement
from vmm.backend.reference import MAX_BLUR
from vmm.motion._shrinkage import Denoiser
from vmm.parts import Motion

LIMIT = 20.0
"""Default of the largest output displacement in px of a level."""


@checks_arguments
def level_displacement(
    limit: float = LIMIT,
    *,
    sigma: float = 3.0,
    denoise: bool = False,
    direction: float | Sequence[float] | None = None,
    across: float = 0.0,
    speed_tolerance: float = 1.0,
) -> Motion:
    """Displacement of the level of a Laplacian pyramid; it is put by interpolation of the displaced level.

    The displacement between two images is the least-squares solution of the brightness constancy in a Gaussian window
    [1]_, with a change of contrast as the third unknown, so that a change of light is not taken for motion. Derivatives
    and smoothing are matched 3-tap filters. Images are displaced by cubic splines. In levels of several planes, the
    first is luma; the others are chroma, which has a small weight in the least squares.

    Parameters
    ----------
    limit
        Largest output displacement in px of the level, greater than 0; larger displacement fades out. The default is
        20.
    sigma
        Standard deviation of the Gaussian window of the least squares, in px of the level, greater than 0. The default
        is 3.
    denoise
        If True, linear temporal filters shrink the displacement by its predicted variance, and fade it where the speed
        steps. The default is False.
    direction
        Direction of the displacement that is put: an angle in degrees, where 0 is to the right and 90 is down, or a
        vector (down, right). By default displacement in all directions is put.
    across
        Factor for the displacement perpendicular to `direction`. 0, the default, leaves this displacement out.
    speed_tolerance
        With `denoise`, the standard deviation of the speed around which motion fades, relative to that for band-pass
        filters, positive. Smaller values suit filters that pass more of a step of the speed. The default is 1.

    Returns
    -------
    Motion
        The motion, with displacement (T, 2, h', w') down and right on every second sample of the level, in pixels of
        the level.

    Raises
    ------
    ValueError
        If `limit` or `sigma` is not positive, if `direction` is neither a finite angle nor a vector other than (0, 0),
        or if `across` is not finite.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> x, y = np.meshgrid(np.arange(64.0), np.arange(64.0))
    >>> image, displaced = (100 * np.sin(0.3 * (x - d)) * np.cos(0.2 * y)[None] for d in (0.0, 0.1))
    >>> motion = vmm.motion.level_displacement()
    >>> down, right = motion.read(displaced, image)[0, :, 16, 16]
    >>> print(f"{right:.1f} pixels to the right")
    0.1 pixels to the right
    """
    if not 0 < sigma < math.inf:
        raise ValueError(
            f"sigma={sigma!r} must be positive and finite: the width of the window in pixels of each level"
        )

    selection = None if direction is None else _selection(direction, across)

    def selected(motion: Array) -> Array:
        return motion if selection is None else _multiplied(selection, motion)

    def put(coefs: Array, motion: Array, alpha: Any) -> Array:
        return displaced_level(coefs, selected(motion), alpha, limit)

    def changed(coefs: Array, motion: Array, alpha: Any) -> Array:
        return displaced_level_change(coefs, selected(motion), alpha, limit)

    def read(coefs: Array, reference: Array) -> Array:
        return gradient_displacement(coefs, reference, min(sigma, MAX_BLUR * max(coefs.shape[-2:])))

    denoiser = Denoiser(sigma, speed_tolerance) if denoise else None
    return Motion(read, put, _amplitude, changed, takes=("real",), denoiser=denoiser)


def _selection(direction: float | Sequence[float], across: float) -> np.ndarray:
    """Matrix (2, 2) that keeps displacement along a direction and multiplies displacement across it by a factor."""
    if not math.isfinite(across):
        raise ValueError(f"across={across!r} must be finite: the factor of alpha for motion across the direction")
    try:
        vector = np.asarray(direction, float)
    except (TypeError, ValueError, OverflowError):  # It holds no numbers.
        vector = np.array([])
    if vector.ndim == 0 and math.isfinite(vector):
        vector = np.array([np.sin(np.deg2rad(vector)), np.cos(np.deg2rad(vector))])
    length = math.hypot(*vector) if vector.shape == (2,) else 0.0
    if not 0 < length < math.inf:
        raise ValueError(
            f"direction={short_text(direction)} must be an angle in degrees, such as 0 for right and 90 for down, or "
            "a vector (down, right)"
        )
    unit = vector / length
    return across * np.eye(2) + (1 - across) * np.outer(unit, unit)


def _multiplied(matrix: np.ndarray, motion: Array) -> Array:
    """Displacement (T, 2, h', w') multiplied by a matrix (2, 2)."""
    (a, b), (c, d) = matrix.tolist()
    down, right = motion[:, 0], motion[:, 1]
    return namespace(motion).stack([a * down + b * right, c * down + d * right], axis=1)


def first_plane(coefs: Array) -> Array:
    """The level (T, h, w), or the first plane of a level (T, n, h, w), in which noise is probed."""
    return coefs[:, 0] if coefs.ndim == 4 else coefs


def _amplitude(coefs: Array) -> Array:
    """1 everywhere: the least squares weights the displacement already."""
    return namespace(coefs).ones_like(coefs)
