"""What noise allows: the bound on the error of any estimate of displacement, and of a line in its spectrum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vmm.backend.arrays import to_host
from vmm.measure.rois import regions

ROUNDING = 1 / 12  # variance of what rounding to whole grey levels adds
_TELLING = 1e-12  # of the information in the other direction


def bound(image: Any, rois: Any = None, *, noise: float, rounded: bool = True) -> np.ndarray:
    """Least standard error that the displacement of regions can have (the bound of Cramer and Rao).

    Parameters
    ----------
    image
        What stands in the frame (H, W), without noise: the mean of a still clip, say.
    rois
        Regions, as for ``displacement``.
    noise
        Standard deviation of the pixels' noise in grey levels.
    rounded
        Whether frames are rounded to whole grey levels, which adds a variance of 1/12.

    Returns
    -------
    ndarray
        (R, 2) down and right, in pixels; infinite where the texture does not tell that direction.

    Raises
    ------
    ValueError
        Where image is no picture (H, W), or noise is negative.

    References
    ----------
    .. [1] Robinson, Milanfar: Fundamental performance limits in image registration. IEEE TIP 2004, (9).

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> vmm.measure.bound(synthetic.texture((64, 64))((0, 0)), (20, 20, 21, 21), noise=1.0).round(4)
    array([[0.0021, 0.0024]])
    """
    picture = to_host(image).astype(float)
    if picture.ndim != 2:
        raise ValueError(f"image of shape {picture.shape} must be (H, W): one frame of brightness")
    if not noise >= 0:
        raise ValueError(f"noise={noise!r} must be at least 0: a standard deviation in grey levels")
    slopes = np.stack([_slope(picture, axis) for axis in (0, 1)])
    variance = noise**2 + ROUNDING * rounded
    found = []
    for region in regions(rois, (picture.shape[0], picture.shape[1])):
        top, left, height, width = region.box
        inside = slopes[:, top : top + height, left : left + width]
        information = np.einsum("ayx,byx,yx->ab", inside, inside, region.pixels())  # the matrix of Fisher
        found.append(np.sqrt(variance * _least(information)))
    return np.stack(found)


def bound_of_line(error: float, frames: int, amplitude: float, fs: float = 1.0) -> tuple[float, float]:
    """Least standard errors of amplitude and frequency of a steady vibration.

    Parameters
    ----------
    error
        Standard error of the displacement in one frame.
    frames
        How many there are.
    amplitude
        Of the vibration, in the unit of `error`.
    fs
        Rate of the camera in Hz.

    Returns
    -------
    tuple of float
        Standard errors of the amplitude, in that unit, and of the frequency, in Hz.

    Raises
    ------
    ValueError
        Where an argument is not positive.

    References
    ----------
    .. [1] Rife, Boorstyn: Single-tone parameter estimation from discrete-time observations. IEEE TIT 1974.

    Examples
    --------
    >>> import vmm
    >>> amplitude, frequency = vmm.measure.bound_of_line(0.0025, 960, amplitude=0.02, fs=240)
    >>> f"{amplitude:.1e} px, {frequency:.1e} Hz"
    '1.1e-04 px, 7.9e-04 Hz'
    """
    if min(error, frames, amplitude, fs) <= 0:
        raise ValueError(f"error={error}, frames={frames}, amplitude={amplitude} and fs={fs} must be positive")
    return error * math.sqrt(2 / frames), math.sqrt(6) * error * fs / (math.pi * amplitude * frames**1.5)


def _least(information: np.ndarray) -> np.ndarray:
    """Diagonal (2,) of the inverse of a matrix, infinite where it tells nothing."""
    values, vectors = np.linalg.eigh(information)
    told = values > _TELLING * max(values[1], 1e-30)
    parts = np.where(told, vectors**2 / np.where(told, values, 1), np.where(vectors**2 > _TELLING, np.inf, 0))
    least: np.ndarray = parts.sum(axis=1)
    return least


def _slope(image: np.ndarray, axis: int) -> np.ndarray:
    """Derivative along an axis in the Fourier domain, the image mirrored at its end."""
    n = image.shape[axis]
    twice = np.concatenate([image, np.flip(image, axis)], axis=axis)
    waves = 2j * np.pi * np.fft.rfftfreq(2 * n)
    waves[-1] = 0
    turned = np.moveaxis(np.fft.rfft(twice, axis=axis), axis, -1) * waves
    slope: np.ndarray = np.fft.irfft(np.moveaxis(turned, -1, axis), 2 * n, axis=axis)
    return np.take(slope, np.arange(n), axis=axis)
