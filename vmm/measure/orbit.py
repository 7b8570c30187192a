"""Orbits: the ellipse that a point runs through at one frequency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.measure.lines import steady
from vmm.measure.peaks import line_at
from vmm.measure.signals import check_band, signals


@dataclass(frozen=True)
class Orbit:
    """Ellipses of points at one frequency.

    Attributes
    ----------
    frequency
        In Hz.
    waves
        (..., 2) complex amplitudes down and right: the displacement is the real part of ``waves * exp(2 pi i f t)``.
    error
        (..., 2) standard error of each amplitude.
    major, minor
        (...) half axes; minor is negative where the point runs counter-clockwise as seen on the screen.
    angle
        (...) direction of the major axis in degrees: 0 is to the right, 90 down; in (-90, 90].
    unit
        Of the amplitudes.
    """

    frequency: float
    waves: np.ndarray
    error: np.ndarray
    major: np.ndarray
    minor: np.ndarray
    angle: np.ndarray
    unit: str

    def path(self, points: int = 64) -> np.ndarray:
        """Places (points, ..., 2) down and right along one turn, the first again at the end.

        Examples
        --------
        >>> import numpy as np, vmm
        >>> angle = 2 * np.pi * 5 * np.arange(240) / 240
        >>> vmm.measure.orbit(np.stack([np.sin(angle), np.cos(angle)], axis=1), 5, fs=240).path(5)[1].round(3) + 0.0
        array([1., 0.])
        """
        turns = np.exp(2j * np.pi * np.linspace(0, 1, points)).reshape(-1, *(1,) * self.waves.ndim)
        return np.real(self.waves * turns)


def orbit(values: Any, frequency: float, *, fs: float | None = None) -> Orbit:
    """Ellipse that points run through at one frequency, by least squares.

    Parameters
    ----------
    values
        Displacement (T, ..., 2) down and right, or the result of ``displacement``.
    frequency
        In Hz, such as that of a line that ``peaks`` found.
    fs
        Rate in Hz; by default that of the result, else 1.

    Returns
    -------
    Orbit

    Raises
    ------
    ValueError
        Where signals are not pairs, or frequency or fs is out of range.
    TypeError
        Where signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> angle = 2 * np.pi * 5 * np.arange(240) / 240
    >>> found = vmm.measure.orbit(np.stack([0.1 * np.sin(angle), 0.3 * np.cos(angle)], axis=1), 5, fs=240)
    >>> float(found.major.round(3)), float(found.minor.round(3)), abs(float(found.angle.round(3)))
    (0.3, 0.1, 0.0)
    """
    data = signals(values, fs)
    shape = data.values.shape
    if len(shape) < 2 or shape[-1] != 2:
        raise ValueError(f"an orbit needs displacement (T, ..., 2) down and right, not {shape}")
    check_band((frequency, data.fs / 2), shape[0], data.fs, 1.0)
    usable = data.usable
    flat = np.zeros((shape[0], usable.size))
    flat[:, usable] = steady(data.flat[:, usable])
    waves, error = line_at(flat, frequency / data.fs)
    waves[~np.isfinite(data.flat).all(axis=0)] = np.nan
    waves, error = waves.reshape(shape[1:]), error.reshape(shape[1:])
    return Orbit(float(frequency), waves, error, *_ellipse(waves), data.unit or "px")


def _ellipse(waves: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half axes and angle of ellipses with amplitudes (..., 2) down and right.

    The sum of two circles, run through either way: (right + i down) as function of time.
    """
    down, right = waves[..., 0], waves[..., 1]
    clockwise, counter = (right + 1j * down) / 2, np.conj(right - 1j * down) / 2
    major, minor = abs(clockwise) + abs(counter), abs(clockwise) - abs(counter)
    angle = np.rad2deg(np.angle(clockwise * counter) / 2)
    return major, minor, angle
