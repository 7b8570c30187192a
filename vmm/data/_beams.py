"""A cantilever beam, whose modes of vibration are known exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from vmm.data._textures import texture

_WAVE_NUMBERS = (1.875104068711961, 4.694091132974175, 7.854757438237613, 10.995540734875467, 14.13716839104647)
"""First roots of cosh(x) cos(x) = -1: the wave numbers of the modes, times the length of the beam."""

_CLAMP = 8
"""Distance in pixels of the ends of the beam from the left and right border of the frame."""

_MARGIN = 16
"""Rows of texture above and below the frame, so that bending by up to 16 px does not wrap content around."""


def cantilever(positions: Any, modes: int = 3) -> np.ndarray:
    """Mode shapes of a slender (Euler-Bernoulli) beam that is clamped at 0 and free at 1.

    Parameters
    ----------
    positions
        Positions (N,) along the beam, from 0 to 1. Values outside are clipped to this range.
    modes
        Number of modes, from 1 to 5.

    Returns
    -------
    ndarray
        Mode shapes (modes, N), normalized to 1 at the free end.

    Raises
    ------
    ValueError
        If `modes` is not from 1 to 5.

    References
    ----------
    .. [1] Timoshenko, Young, Weaver: Vibration problems in engineering. 4th edition, 1974.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.cantilever([0.0, 0.5, 1.0]).round(3)
    array([[ 0.   ,  0.34 ,  1.   ],
           [ 0.   , -0.714,  1.   ],
           [ 0.   ,  0.02 ,  1.   ]])
    """
    if not 1 <= modes <= len(_WAVE_NUMBERS):
        raise ValueError(f"modes={modes!r} must be from 1 to {len(_WAVE_NUMBERS)}")
    x = np.clip(np.asarray(positions, dtype=float), 0, 1)
    number = np.array(_WAVE_NUMBERS[:modes])[:, None]
    ratio = (np.sinh(number) - np.sin(number)) / (np.cosh(number) + np.cos(number))

    def shape(phase: np.ndarray) -> np.ndarray:
        curve: np.ndarray = np.cosh(phase) - np.cos(phase) - ratio * (np.sinh(phase) - np.sin(phase))
        return curve

    shapes: np.ndarray = shape(number * x) / shape(number) + 0.0  # adding 0 turns -0 into 0
    return shapes


def beam(
    shape: tuple[int, int] = (96, 320),
    *,
    modes: int = 3,
    height: int = 48,
    softness: float = 1.5,
    contrast: float = 35.0,
    seed: int = 0,
) -> Callable[[Any], np.ndarray]:
    """Make a scene of a textured cantilever beam, clamped on the left, that bends in front of a static texture.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    modes
        Number of modes, from 1 to 5.
    height
        Height of the beam in pixels.
    softness
        Standard deviation in pixels of the Gaussian whose integral is the profile of an edge.
    contrast
        Standard deviation of each texture in gray levels, about a mean of 128.
    seed
        Seed of the textures.

    Returns
    -------
    callable
        The scene: a function of the downward displacement (modes,) in pixels of the free end in each mode. The
        columns of the frame move by the mode shapes ``cantilever(beam_positions(columns))`` times this displacement.

    Raises
    ------
    ValueError
        If `modes` is not from 1 to 5.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.beam()([0.2, 0.0, 0.0]).shape
    (96, 320)
    """
    backdrop = texture(shape, contrast=contrast, seed=seed)((0.0, 0.0))
    tall = shape[0] + 2 * _MARGIN, shape[1]
    spectrum = np.fft.rfft(texture(tall, contrast=contrast, seed=seed + 1)((0.0, 0.0)), axis=0)
    waves = -2j * np.pi * np.fft.rfftfreq(tall[0])[:, None]
    shapes = cantilever(beam_positions(shape[1]), modes)
    rows = np.arange(shape[0])[:, None] - (shape[0] - 1) / 2
    ends = scipy.special.ndtr((np.arange(shape[1]) - _CLAMP) / softness)
    ends *= scipy.special.ndtr((shape[1] - 1 - _CLAMP - np.arange(shape[1])) / softness)

    def scene(displacement: Any) -> np.ndarray:
        down = np.asarray(displacement, dtype=float) @ shapes
        front = np.fft.irfft(spectrum * np.exp(waves * down), tall[0], axis=0)[_MARGIN:-_MARGIN]
        matte = ends * scipy.special.ndtr((height / 2 - np.abs(rows - down)) / softness)
        return backdrop + matte * (front - backdrop)

    return scene


def beam_positions(columns: int = 320) -> np.ndarray:
    """Position along the beam of each column of a frame.

    Parameters
    ----------
    columns
        Number of columns of the frame.

    Returns
    -------
    ndarray
        Positions (columns,): 0 at the clamp and 1 at the free end.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.beam_positions(320)[[8, 311]]
    array([0., 1.])
    """
    return (np.arange(columns) - _CLAMP) / (columns - 1 - 2 * _CLAMP)
