"""Derivatives of a Gaussian along time: filters that a steady large motion does not pass."""

from __future__ import annotations

import math

import numpy as np

from vmm.parts import LookAheadFilter
from vmm.temporal.bands import frequency_in_cycles
from vmm.temporal.fir import gain, weighted_sum


def acceleration(frequency: float, fs: float | None = None, *, kernel: str = "gaussian") -> LookAheadFilter:
    """Second derivative of a Gaussian (negative), with unit gain and its peak at the frequency.

    Constants and ramps give zero, so that motion of constant speed is left alone.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, or in cycles per frame without `fs`.
    fs
        Rate of the camera in Hz; without it frequencies are in cycles per frame.
    kernel
        ``"gaussian"``: sigma = fs / (sqrt(2) pi f) frames, which peaks at f. As published, with their own gains:
        ``"dog"`` and ``"interval"`` (difference of Gaussians and second difference over a quarter period of the
        release of [1]_) and ``"takeda"`` (of the release of [2]_, whose pass band lies five times too high).

    Returns
    -------
    LookAheadFilter
        A filter whose group delay is half its length.

    Raises
    ------
    ValueError
        If the frequency lies outside (0, fs/2), or the kernel is unknown.

    References
    ----------
    .. [1] Zhang, Pintea, van Gemert: Video acceleration magnification. CVPR 2017, equation 8.
    .. [2] Takeda, Okami, Mikami, Isogai, Kimata: Jerk-aware video acceleration magnification. CVPR 2018.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> y, _ = vmm.temporal.acceleration(3, 30).apply(np.arange(60.0), None)
    >>> bool(np.allclose(y[30:], 0))
    True
    """
    f = frequency_in_cycles(frequency, fs)
    band = (f / 2, min(1.5 * f, 0.5))
    quarter = math.ceil(1 / (4 * f))
    if kernel == "gaussian":
        return weighted_sum(_unit(_gaussian_derivative(f, 2), f), band)
    if kernel == "dog":
        x = np.arange(-2.0 * quarter, 2 * quarter + 1)
        return weighted_sum(_absolute(_gaussian(x, quarter / 4) - _gaussian(x, quarter)), band)
    if kernel == "interval":
        weights = np.zeros(2 * quarter + 1)
        weights[[0, quarter, -1]] = -0.25, 0.5, -0.25
        return weighted_sum(weights, band)
    if kernel == "takeda":
        sigma = quarter / math.sqrt(2)
        x = np.linspace(-4 * sigma, 4 * sigma, _takeda_length(quarter))
        return weighted_sum(_absolute(_gaussian(x, sigma) - _gaussian(x, 2 * sigma)), band)
    raise ValueError(f"kernel={kernel!r} must be 'gaussian', 'dog', 'interval' or 'takeda'")


def jerk(frequency: float, fs: float | None = None, *, kernel: str = "gaussian") -> LookAheadFilter:
    """Third derivative of a Gaussian, with unit gain at the frequency: large where motion starts, stops or turns.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, or in cycles per frame without `fs`; below a quarter of `fs`, above
        which the derivative of so narrow a Gaussian has its peak elsewhere.
    fs
        Rate of the camera in Hz; without it frequencies are in cycles per frame.
    kernel
        ``"gaussian"``, of the width that ``acceleration`` has; or ``"takeda"``, as in the release of [1]_.

    Returns
    -------
    LookAheadFilter
        A filter whose group delay is half its length; its output is a quarter period out of phase with the motion.

    Raises
    ------
    ValueError
        If the frequency lies outside (0, fs/2), or the kernel is unknown.

    References
    ----------
    .. [1] Takeda, Okami, Mikami, Isogai, Kimata: Jerk-aware video acceleration magnification. CVPR 2018, equation 7.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.jerk(3, 30).delay
    10
    """
    f = frequency_in_cycles(frequency, fs)
    band = (f / 2, min(1.5 * f, 0.5))
    if kernel == "gaussian":
        return weighted_sum(_unit(_gaussian_derivative(f, 3), f), band)
    if kernel == "takeda":
        quarter = math.ceil(1 / (4 * f))
        sigma = quarter / math.sqrt(2)
        x = np.linspace(-4 * sigma, 4 * sigma, _takeda_length(quarter) + 3)
        return weighted_sum(_absolute(np.diff(_gaussian(x, sigma), 3)), band)
    raise ValueError(f"kernel={kernel!r} must be 'gaussian' or 'takeda'")


def _gaussian_derivative(f: float, order: int) -> np.ndarray:
    """Second (negative) or third derivative of the Gaussian whose second derivative peaks at f cycles per frame."""
    sigma = 1 / (math.sqrt(2) * math.pi * f)
    half = math.ceil(4 * sigma)
    t = np.arange(-half, half + 1) / sigma
    bell = np.exp(-(t**2) / 2)
    weights = (1 - t**2) * bell if order == 2 else (3 * t - t**3) * bell
    return weights - weights.mean()


def _unit(weights: np.ndarray, f: float) -> np.ndarray:
    return weights / abs(gain(weights, f))


def _absolute(weights: np.ndarray) -> np.ndarray:
    return weights / np.abs(weights).sum()


def _gaussian(x: np.ndarray, sigma: float) -> np.ndarray:
    bell = np.exp(-(x**2) / (2 * sigma**2))
    return bell / bell.sum()


def _takeda_length(quarter: int) -> int:
    length = max(quarter, 3)
    return length + 1 - length % 2
