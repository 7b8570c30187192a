"""Which directions a region's texture tells the displacement in."""

from __future__ import annotations

import warnings

import numpy as np

TELLING = 25.0  # times the gradient energy that noise alone has in the reference
_SLENDER = 1e-4  # of the energy in the other direction
_TILT = 0.1  # part of a direction that may lie along one that is unknown
_ROUNDING = 1e-6  # of the brightness


def telling(normal: np.ndarray, floor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of normal matrices (..., 2, 2): which axes (..., 2) are known, and the projection on the directions that are.

    An eigenvalue below `floor` (...) is noise; an axis that leans on its eigenvector is unknown.
    """
    values, vectors = np.linalg.eigh(normal)
    good = values > np.maximum(floor[..., None], _SLENDER * values[..., 1:])
    lean = np.abs(vectors) * ~good[..., None, :]
    return (lean <= _TILT).all(axis=-1), (vectors * good[..., None, :]) @ vectors.swapaxes(-1, -2)


def floor(noise: np.ndarray, brightness: np.ndarray, energy: np.ndarray, frames: int) -> np.ndarray:
    """Gradient energy below which nothing is told: several times that of the reference's noise, and rounding.

    `noise` is the variance of a pixel in one frame, `energy` the gradient energy of white noise of variance 1.
    """
    least: np.ndarray = TELLING * energy * np.maximum(noise / frames, (_ROUNDING * brightness) ** 2)
    return least


def say(which: np.ndarray, what: str) -> None:
    """Warn of what some regions hold."""
    index = [str(i) for i in np.flatnonzero(which)]
    if index:
        names = f"region {index[0]} holds" if len(index) == 1 else f"regions {', '.join(index)} hold"
        warnings.warn(f"{names} {what}", stacklevel=5)
