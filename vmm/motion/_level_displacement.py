"""Motion as displacement of the levels of a pyramid, estimated by gradient least squares."""

from __future__ import annotations

from typing import Any

from vmm.backend.arrays import Array, namespace
from vmm.backend.levels import displaced_level, gradient_displacement
from vmm.motion._shrinkage import Denoiser
from vmm.parts import Motion


def level_displacement(limit: float = 20.0, *, sigma: float = 3.0, denoise: bool = False) -> Motion:
    """Displacement of the level of a Laplacian pyramid; it is put by interpolation of the displaced level.

    The displacement between two images is the least-squares solution of the brightness constancy in a Gaussian window
    [1]_, with a change of contrast as the third unknown, so that a change of light is not taken for motion. Derivatives
    and smoothing are matched 3-tap filters. Images are displaced by cubic convolution [2]_.

    Parameters
    ----------
    limit
        Largest output displacement in pixels of the level, positive; larger displacement fades out. The default is 5.

    Returns
    -------
    Motion
        The motion, with displacement (T, 2, h', w') down and right on every second sample of the level, in pixels of
        the level.

    Raises
    ------
    ValueError
        If `limit` is not positive.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.
    .. [2] Keys: Cubic convolution interpolation for digital image processing. IEEE Transactions on Acoustics, Speech,
       and Signal Processing 29(6), 1981.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> x, y = np.meshgrid(np.arange(64.0), np.arange(64.0))
    >>> image, displaced = (100 * np.sin(0.3 * (x - d)) * np.cos(0.2 * y)[None] for d in (0.0, 0.1))
    >>> motion = vmm.motion.level_displacement()
    >>> down, right = motion.read(displaced, image)[0, :, 16, 16]
    >>> print(f"{right:.2f} pixels to the right")
    0.10 pixels to the right
    """
    if not limit > 0:
        raise ValueError(f"limit={limit!r} must be positive: the largest output displacement in pixels of each level")

    def put(coefs: Array, motion: Array, alpha: Any) -> Array:
        return displaced_level(coefs, motion, alpha, limit)

    def read(coefs: Array, reference: Array) -> Array:
        return gradient_displacement(first_plane(coefs), first_plane(reference), sigma=sigma)

    return Motion(read, put, _amplitude, takes=("real",), denoiser=Denoiser(sigma) if denoise else None)


def first_plane(coefs: Array) -> Array:
    """The level (T, h, w), or the first plane of a level (T, n, h, w), from which motion is read."""
    return coefs[:, 0] if coefs.ndim == 4 else coefs


def _amplitude(coefs: Array) -> Array:
    """1 everywhere: the least squares weights the displacement already."""
    return namespace(coefs).ones_like(coefs)
