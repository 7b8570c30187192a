"""Orbits: the elliptic path of a point at one frequency."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.checks import short_text
from vmm.measure.signals._noise_floor import phasor_with_stderr
from vmm.measure.signals._result import Result
from vmm.measure.signals._signal import SignalsLike, as_signals, check_band
from vmm.measure.signals._windows import detrend


@dataclass(frozen=True, eq=False, repr=False)
class Orbit(Result):
    """Ellipses that points follow at one frequency.

    Attributes
    ----------
    frequency
        In Hz, or in cycles/frame if the rate is not known: see `frequency_unit`.
    phasors
        (..., 2) complex amplitudes down and right: the displacement is the real part of
        ``phasors * exp(2 pi i f t)``.
    stderr
        (..., 2) standard error of each amplitude.
    major, minor
        (...) semi-axes. The minor one is negative if the point moves counterclockwise on the screen.
    angle
        (...) direction of the major axis in degrees, in (-90, 90]: 0 is to the right, 90 is down.
    unit
        Unit of the amplitudes. It is empty if the signals have no unit.
    frequency_unit
        ``"Hz"``, or ``"cycles/frame"`` if the rate is not known.
    """

    frequency: float
    phasors: np.ndarray = field(repr=False)
    stderr: np.ndarray = field(repr=False)
    major: np.ndarray
    minor: np.ndarray
    angle: np.ndarray
    unit: str
    frequency_unit: str = "Hz"

    def path(self, points: int = 64) -> np.ndarray:
        """Positions along one period.

        Parameters
        ----------
        points
            Number of positions. The last one equals the first one. The default is 64.

        Returns
        -------
        ndarray
            Positions (points, ..., 2), down and right.

        Examples
        --------
        >>> import numpy as np, vmm
        >>> angle = 2 * np.pi * 5 * np.arange(240) / 240
        >>> vmm.measure.orbit(np.stack([np.sin(angle), np.cos(angle)], axis=1), 5, fs=240).path(5)[1].round(3) + 0.0
        array([1., 0.])
        """
        rotation = np.exp(2j * np.pi * np.linspace(0, 1, points)).reshape(-1, *(1,) * self.phasors.ndim)
        return np.real(self.phasors * rotation)


@checks_arguments
def orbit(values: SignalsLike, frequency: float, *, fs: float | None = None) -> Orbit:
    """Ellipse that points follow at one frequency, by least squares.

    Parameters
    ----------
    values
        Displacement (T, ..., 2) down and right, or the result of ``displacement``.
    frequency
        Frequency in Hz, for example that of a peak of ``peaks``.
    fs
        Rate in Hz. The default is the rate of the result; without any, the frequency is in cycles/frame.

    Returns
    -------
    Orbit
        One ellipse for each point.

    Raises
    ------
    ValueError
        If the last axis of the signals does not have length 2, or `frequency` or `fs` is out of range.
    TypeError
        If the signals are not real numbers.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> angle = 2 * np.pi * 5 * np.arange(240) / 240
    >>> orbit = vmm.measure.orbit(np.stack([0.1 * np.sin(angle), 0.3 * np.cos(angle)], axis=1), 5, fs=240)
    >>> float(orbit.major.round(3)), float(orbit.minor.round(3)), abs(float(orbit.angle.round(3)))
    (0.3, 0.1, 0.0)
    """
    data = as_signals(values, fs)
    shape = data.values.shape
    if len(shape) < 2 or shape[-1] != 2:
        raise ValueError(f"values of shape {shape} must be displacement (T, ..., 2), down and right, for an orbit")
    if not 0 < frequency < data.nyquist:
        raise ValueError(f"frequency={short_text(frequency)} must lie inside (0, fs/2) = (0, {data.nyquist:g}) Hz")
    check_band((frequency, data.nyquist), shape[0], data.fs, 1.0, data.nyquist)
    usable = data.usable
    flat = np.zeros((shape[0], usable.size))
    flat[:, usable] = detrend(data.flat[:, usable], data.positions)
    phasors, stderr = phasor_with_stderr(flat, frequency / data.fs, data.positions)
    phasors[~np.isfinite(data.flat).all(axis=0)] = np.nan
    phasors, stderr = phasors.reshape(shape[1:]), stderr.reshape(shape[1:])
    if data.direction is not None:  # Motion across a single direction is unknown, and with it the ellipse.
        phasors[np.isfinite(data.direction).all(axis=1)] = np.nan
    return Orbit(float(frequency), phasors, stderr, *_ellipse(phasors), data.unit, data.frequency_unit)


def _ellipse(phasors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Semi-axes and angle of ellipses with phasors (..., 2) down and right.

    The path ``right + i down`` is the sum of two circles with opposite senses of rotation; the sum and the difference
    of their radii are the semi-axes.
    """
    down, right = phasors[..., 0], phasors[..., 1]
    clockwise, counterclockwise = (right + 1j * down) / 2, np.conj(right - 1j * down) / 2
    major = abs(clockwise) + abs(counterclockwise)
    minor = abs(clockwise) - abs(counterclockwise)
    angle = np.rad2deg(np.angle(clockwise * counterclockwise) / 2)
    return major, minor, angle
