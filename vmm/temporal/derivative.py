"""Derivatives of a Gaussian along time: filters that reject motion of constant speed."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.parts import LookAheadFilter
from vmm.temporal._fir import filter_of_taps, gain
from vmm.temporal.bands import check_taps, frequency_in_cycles

JerkKernel: TypeAlias = Literal["gaussian", "takeda"]
"""Name of the impulse response of a jerk filter."""

Kernel: TypeAlias = Literal["gaussian", "dog", "interval", "takeda"]
"""Name of the impulse response of an acceleration filter."""


@checks_arguments
def acceleration(frequency: float, fs: float | None = None, *, kernel: Kernel = "gaussian") -> LookAheadFilter:
    """Acceleration filter: the negative second derivative of a Gaussian, with a peak gain of 1 at the frequency.

    Constant signals and linear trends give zero, so that motion of constant speed is not magnified. This is a filter;
    the method that magnifies with it is ``vmm.acceleration``.

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, in (0, fs/2); in cycles per frame if `fs` is None.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    kernel
        Impulse response. ``"gaussian"``, the default, has a standard deviation of fs / (sqrt(2) pi frequency) frames,
        so that its gain has its peak at the frequency. The others are those of released code, and their gain is not 1:
        ``"dog"``, a difference of Gaussians, and ``"interval"``, a second difference over a quarter period, both of
        [1]_; and ``"takeda"`` of [2]_, whose passband is at five times the frequency.

    Returns
    -------
    LookAheadFilter
        A filter whose group delay is half of its length.

    Raises
    ------
    ValueError
        If `frequency` is not in (0, fs/2), or if `kernel` is unknown.

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
    f = _checked_frequency(frequency, fs)
    band = (f / 2, min(1.5 * f, 0.5))
    quarter = math.ceil(1 / (4 * f))
    if kernel == "gaussian":
        return filter_of_taps(_with_unit_gain(_gaussian_derivative(f, 2), f), band)
    if kernel == "dog":
        x = np.arange(-2.0 * quarter, 2 * quarter + 1)
        return filter_of_taps(_with_unit_sum(_gaussian(x, quarter / 4) - _gaussian(x, quarter)), band)
    if kernel == "interval":
        weights = np.zeros(2 * quarter + 1)
        weights[[0, quarter, -1]] = -0.25, 0.5, -0.25
        return filter_of_taps(weights, band)
    if kernel == "takeda":
        sigma = quarter / math.sqrt(2)
        x = np.linspace(-4 * sigma, 4 * sigma, _takeda_length(quarter))
        return filter_of_taps(_with_unit_sum(_gaussian(x, sigma) - _gaussian(x, 2 * sigma)), band)
    raise ValueError(f"kernel={kernel!r} must be 'gaussian', 'dog', 'interval' or 'takeda'")


@checks_arguments
def jerk(frequency: float, fs: float | None = None, *, kernel: JerkKernel = "gaussian") -> LookAheadFilter:
    """Jerk filter: the third derivative of a Gaussian, with a gain of 1 at the frequency.

    Its output is large where motion starts, stops or turns. This is a filter; the method ``vmm.jerk`` does not magnify
    the jerk, but the acceleration where the jerk is small (``jerk_aware``).

    Parameters
    ----------
    frequency
        Frequency of the motion of interest in Hz, in (0, fs/2); in cycles per frame if `fs` is None. Above fs/4 the
        Gaussian is so narrow that the gain has its peak at another frequency.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    kernel
        Impulse response: ``"gaussian"``, the default, with the standard deviation of ``acceleration``; or ``"takeda"``,
        that of the code released with [1]_.

    Returns
    -------
    LookAheadFilter
        A filter whose group delay is half of its length. Its output leads or lags the motion by a quarter period.

    Raises
    ------
    ValueError
        If `frequency` is not in (0, fs/2), or if `kernel` is unknown.

    References
    ----------
    .. [1] Takeda, Okami, Mikami, Isogai, Kimata: Jerk-aware video acceleration magnification. CVPR 2018, equation 7.

    Examples
    --------
    >>> import vmm
    >>> vmm.temporal.jerk(3, 30).delay
    10
    """
    f = _checked_frequency(frequency, fs)
    band = (f / 2, min(1.5 * f, 0.5))
    if kernel == "gaussian":
        return filter_of_taps(_with_unit_gain(_gaussian_derivative(f, 3), f), band)
    if kernel == "takeda":
        quarter = math.ceil(1 / (4 * f))
        sigma = quarter / math.sqrt(2)
        x = np.linspace(-4 * sigma, 4 * sigma, _takeda_length(quarter) + 3)
        return filter_of_taps(_with_unit_sum(np.diff(_gaussian(x, sigma), 3)), band)
    raise ValueError(f"kernel={kernel!r} must be 'gaussian' or 'takeda'")


def _checked_frequency(frequency: float, fs: float | None) -> float:
    """The frequency in cycles per frame, for which no filter of this module is too long."""
    f = frequency_in_cycles(frequency, fs)
    check_taps("frequency", frequency, 2 / f)
    return f


def _gaussian_derivative(f: float, order: int) -> np.ndarray:
    """Negative second or third derivative of a Gaussian; the gain of the second has its peak at f cycles per frame."""
    sigma = 1 / (math.sqrt(2) * math.pi * f)
    half = math.ceil(4 * sigma)
    t = np.arange(-half, half + 1) / sigma
    bell = np.exp(-(t**2) / 2)
    weights = (1 - t**2) * bell if order == 2 else (3 * t - t**3) * bell
    return weights - weights.mean()


def _with_unit_gain(weights: np.ndarray, f: float) -> np.ndarray:
    return weights / abs(gain(weights, f))


def _with_unit_sum(weights: np.ndarray) -> np.ndarray:
    """The weights, scaled so that their absolute values add up to 1."""
    return weights / np.abs(weights).sum()


def _gaussian(x: np.ndarray, sigma: float) -> np.ndarray:
    bell = np.exp(-(x**2) / (2 * sigma**2))
    return bell / bell.sum()


def _takeda_length(quarter: int) -> int:
    """Number of samples of a "takeda" kernel, which is odd."""
    length = max(quarter, 3)
    return length + 1 - length % 2
