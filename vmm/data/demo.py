"""The scene of ``vmm demo``: a rocket on its pad that sways at one frequency, beside towers that sway at another."""

from __future__ import annotations

import numpy as np

from vmm.data.synthetic import Scene, sway, warp

FS = 30.0
"""Rate of the camera in Hz."""

ROCKET = (135, 285, 110, 70)
"""Region (top, left, height, width) of the upper half of the rocket."""

BAND = (1.5, 2.5)
"""Band in Hz that holds the rocket's frequency, 2 Hz, and not that of the towers, 5 Hz."""


def scene() -> Scene:
    """The photograph of a rocket that ships inside scikit-image, bent as the rocket and the two near towers sway.

    Returns
    -------
    callable
        The scene; it takes two displacements (2, 2), of the rocket's top and of the towers' tops.

    Examples
    --------
    >>> from vmm.data import demo
    >>> demo.scene()([(0, 0), (0, 0)]).shape
    (427, 640, 3)
    """
    import skimage.data

    image = skimage.data.rocket()
    height, width = image.shape[:2]
    rows, cols = np.arange(height)[:, None], np.arange(width)
    lever = np.clip((410 - rows) / 290, 0, 1)
    towers = _plateau(cols, -60, 95) + _plateau(cols, 560, 700)
    return warp(image, np.stack([lever * _plateau(cols, 290, 352), lever * towers]))


def displacement(frames: int) -> np.ndarray:
    """Displacements (frames, 2, 2) in pixels: 0.1 px at 2 Hz of the rocket's top, 0.1 px at 5 Hz of the towers'.

    Examples
    --------
    >>> from vmm.data import demo
    >>> demo.displacement(30).shape
    (30, 2, 2)
    """
    return np.stack([sway(frames, FS, 2.0, 0.1), sway(frames, FS, 5.0, 0.1)], axis=1)


def _plateau(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """1 between low and high, 0 beyond, with soft edges."""
    values: np.ndarray = 1 / (1 + np.exp((low - x) / 4)) - 1 / (1 + np.exp((high - x) / 4))
    return values
