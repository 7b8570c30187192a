"""Displacements over time, for the rendering of scenes."""

from __future__ import annotations

from typing import Any

import numpy as np


def sway(frames: int, fs: float, frequency: float, amplitude: float, angle: float = 0.0) -> np.ndarray:
    """Displacement of a sinusoidal vibration along a straight line.

    Parameters
    ----------
    frames
        Number of frames.
    fs
        Rate of the camera in Hz.
    frequency
        Frequency of the vibration in Hz.
    amplitude
        Amplitude (zero to peak) in pixels.
    angle
        Direction in degrees: 0 is to the right and 90 is down.

    Returns
    -------
    ndarray
        Displacement (frames, 2), down and right, in pixels. It is 0 in the first frame.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.sway(4, 8, 1, 0.1)[:, 1].round(3)  # the first half of a period, to the right
    array([0.   , 0.071, 0.1  , 0.071])
    """
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(frames) / fs)
    return np.outer(wave, [np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def step(frames: int, at: int, size: float, angle: float = 0.0) -> np.ndarray:
    """Displacement of a sudden jump.

    Parameters
    ----------
    frames
        Number of frames.
    at
        First frame after the jump.
    size
        Length of the jump in pixels.
    angle
        Direction in degrees: 0 is to the right and 90 is down.

    Returns
    -------
    ndarray
        Displacement (frames, 2), down and right, in pixels: 0 before the jump.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.step(4, at=2, size=3.0)[:, 1]
    array([0., 0., 3., 3.])
    """
    wave = np.where(np.arange(frames) >= at, size, 0.0)
    return np.outer(wave, [np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def three_directions(wave: Any, drift: float = 0.0) -> np.ndarray:
    """Displacements of three circles that follow the same wave to the right, down and along the diagonal.

    Parameters
    ----------
    wave
        Displacement (T,) in pixels.
    drift
        Speed in pixels per frame of a uniform motion that is added in the same directions. It is 0 in the middle of
        the clip.

    Returns
    -------
    ndarray
        Displacement (T, 3, 2), down and right, in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import synthetic
    >>> synthetic.three_directions(np.zeros(5), drift=1.0)[0, 0]
    array([ 0., -2.])
    """
    values = np.asarray(wave, dtype=float)
    distance = values + drift * (np.arange(len(values)) - (len(values) - 1) / 2)
    diagonal = np.sqrt(0.5)
    return distance[:, None, None] * np.array([[0.0, 1.0], [1.0, 0.0], [diagonal, diagonal]]) + 0.0
