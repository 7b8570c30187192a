"""Cramer-Rao bound for the displacement of a region."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from vmm.backend.arguments import checks_arguments
from vmm.backend.checks import as_picture
from vmm.measure.estimation._regions import Rois, as_regions

QUANTIZATION_VARIANCE = 1 / 12
"""Variance, in squared gray levels, that rounding to integers adds to the noise."""

_SINGULAR = 1e-12
"""Relative eigenvalue below which the Fisher information is taken as singular: the level of rounding errors."""


@checks_arguments
def displacement_crlb(image: ArrayLike, rois: Rois | None = None, *, noise: float, rounded: bool = True) -> np.ndarray:
    """Cramer-Rao bound for the displacement of regions.

    No unbiased estimator of the displacement has a smaller standard error.

    Parameters
    ----------
    image
        Frame (H, W) without noise, for example the mean of a clip in which nothing moves.
    rois
        Regions, as in ``displacement``.
    noise
        Standard deviation of the noise of a pixel, in gray levels.
    rounded
        Whether frames are rounded to integer gray levels, which adds a variance of 1/12. The default is True.

    Returns
    -------
    ndarray
        Standard errors (R, 2), down and right, in pixels. They are infinite in a direction without texture.

    Raises
    ------
    ValueError
        If `image` is not of shape (H, W), or `noise` is negative.

    References
    ----------
    .. [1] Robinson, Milanfar: Fundamental performance limits in image registration. IEEE Transactions on Image
       Processing 13(9), 2004.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> vmm.measure.displacement_crlb(synthetic.texture((64, 64))((0, 0)), (20, 20, 21, 21), noise=1.0).round(4)
    array([[0.0021, 0.0024]])
    """
    picture = as_picture("image", image)
    if min(picture.shape) < 3:
        raise ValueError(f"image of shape {picture.shape} must have at least 3 rows and 3 columns")
    if not noise >= 0:
        raise ValueError(f"noise={noise!r} must be a standard deviation in gray levels, at least 0")
    scale = float(np.abs(picture).max()) or 1.0  # Squares of very large or small values have no finite inverse.
    gradient = np.stack([spectral_derivative(picture / scale, axis) for axis in (0, 1)])
    stderr = math.hypot(noise, math.sqrt(QUANTIZATION_VARIANCE * rounded)) / scale
    bounds = []
    for region in as_regions(rois, (picture.shape[0], picture.shape[1])):
        inside = gradient[(slice(None), *region.slices)]
        information = np.einsum("ayx,byx,yx->ab", inside, inside, region.pixels())  # the Fisher information
        bounds.append(stderr * np.sqrt(_inverse_diagonal(information)))
    return np.stack(bounds)


def _inverse_diagonal(information: np.ndarray) -> np.ndarray:
    """Diagonal (2,) of the inverse of a symmetric matrix, infinite in directions without information."""
    values, vectors = np.linalg.eigh(information)
    regular = values > _SINGULAR * max(values[1], 1e-30)
    parts = np.where(regular, vectors**2 / np.where(regular, values, 1), np.where(vectors**2 > _SINGULAR, np.inf, 0))
    diagonal: np.ndarray = parts.sum(axis=1)
    return diagonal


def spectral_derivative(image: np.ndarray, axis: int) -> np.ndarray:
    """Derivative along an axis in the Fourier domain, the image continued by reflection."""
    n = image.shape[axis]
    mirrored = np.concatenate([image, np.flip(image, axis)], axis=axis)
    factor = 2j * np.pi * np.fft.rfftfreq(2 * n)
    factor[-1] = 0
    spectrum = np.moveaxis(np.fft.rfft(mirrored, axis=axis), axis, -1) * factor
    derivative: np.ndarray = np.fft.irfft(np.moveaxis(spectrum, -1, axis), 2 * n, axis=axis)
    return np.take(derivative, np.arange(n), axis=axis)
