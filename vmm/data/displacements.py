"""Displacements of scenes over time."""

from __future__ import annotations

from typing import Any

import numpy as np


def sway(frames: int, fs: float, frequency: float, amplitude: float, angle: float = 0.0) -> np.ndarray:
    """Displacements of a vibration along a straight line.

    Parameters
    ----------
    frames
        Number of frames.
    fs
        Rate of the camera in Hz.
    frequency
        Frequency in Hz.
    amplitude
        Peak displacement in pixels.
    angle
        Direction in degrees: 0 is to the right, 90 down.

    Returns
    -------
    ndarray
        Displacement (frames, 2) down and right, in pixels; 0 in the first frame.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.sway(30, 30, 2, 0.1).shape
    (30, 2)
    """
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(frames) / fs)
    return np.outer(wave, [np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def step(frames: int, at: int, size: float, angle: float = 0.0) -> np.ndarray:
    """Displacements of a jump.

    Parameters
    ----------
    frames
        Number of frames.
    at
        First frame after the jump.
    size
        How far, in pixels.
    angle
        Direction in degrees: 0 is to the right, 90 down.

    Returns
    -------
    ndarray
        Displacement (frames, 2) down and right, in pixels.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> synthetic.step(4, at=2, size=3.0)[:, 1]
    array([0., 0., 3., 3.])
    """
    wave = np.where(np.arange(frames) >= at, size, 0.0)
    return np.outer(wave, [np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def three_ways(wave: Any, drift: float = 0.0) -> np.ndarray:
    """Displacements of three circles that follow a wave to the right, down and along the diagonal.

    Parameters
    ----------
    wave
        Displacement (T,) in pixels.
    drift
        Speed in pixels per frame that is added along the same lines; the middle of the clip is where it started.

    Returns
    -------
    ndarray
        Displacement (T, 3, 2) down and right.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import synthetic
    >>> synthetic.three_ways(np.zeros(5), drift=1.0)[0, 0]
    array([ 0., -2.])
    """
    values = np.asarray(wave, dtype=float)
    along = values + drift * (np.arange(len(values)) - (len(values) - 1) / 2)
    diagonal = np.sqrt(0.5)
    return along[:, None, None] * np.array([[0.0, 1.0], [1.0, 0.0], [diagonal, diagonal]]) + 0.0
