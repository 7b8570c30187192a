"""The scene of ``vmm demo``: a rocket on its pad that sways at one frequency, and towers that sway at another."""

from __future__ import annotations

import numpy as np

from vmm.data.synthetic import Scene, sway, warp

FS = 30.0
"""Rate of the camera in Hz."""

ROCKET = (135, 285, 110, 70)
"""Region (top, left, height, width) of the upper half of the rocket."""

BAND = (1.5, 2.5)
"""Band (low, high) in Hz that contains the frequency of the rocket, 2 Hz, but not that of the towers, 5 Hz."""

_EDGE = 4.0
"""Width in pixels of the soft edges of the moving columns."""


def __dir__() -> list[str]:
    return ["BAND", "FS", "ROCKET", "displacement", "scene"]


def scene() -> Scene:
    """Make the scene: the photograph of a rocket from scikit-image, bent as the rocket and the near towers sway.

    Returns
    -------
    callable
        The scene: a function of two displacements (2, 2) in pixels, of the top of the rocket and of the tops of the
        towers.

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
    height_above_ground = np.clip((410 - rows) / 290, 0, 1)  # 0 at row 410, the ground, and 1 at the top of the rocket
    towers = _plateau(cols, -60, 95) + _plateau(cols, 560, 700)
    return warp(image, np.stack([height_above_ground * _plateau(cols, 290, 352), height_above_ground * towers]))


def displacement(frames: int) -> np.ndarray:
    """Displacements of the demo clip: 0.1 px at 2 Hz for the rocket and 0.1 px at 5 Hz for the towers.

    Parameters
    ----------
    frames
        Number of frames, at 30 frames/s.

    Returns
    -------
    ndarray
        Displacements (frames, 2, 2) in pixels of the top of the rocket and of the tops of the towers.

    Examples
    --------
    >>> from vmm.data import demo
    >>> demo.displacement(5)[:, 0, 1].round(3)  # of the rocket, to the right
    array([0.   , 0.041, 0.074, 0.095, 0.099])
    """
    return np.stack([sway(frames, FS, 2.0, 0.1), sway(frames, FS, 5.0, 0.1)], axis=1)


def _plateau(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """1 between `low` and `high` and 0 elsewhere, with soft edges."""
    values: np.ndarray = 1 / (1 + np.exp((low - x) / _EDGE)) - 1 / (1 + np.exp((high - x) / _EDGE))
    return values
