"""A driven rod with a distance sensor, and a plate hit by a hammer with an accelerometer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from vmm.data.synthetic import render, texture

FS = 240.0
"""Rate in Hz of the camera that films the plate."""

PIXEL = 0.5
"""Size of a pixel of the plate in millimeters."""

_PLATE_MODES = ((0.2, 1.5, 9.0), (0.05, 3.0, 34.0))
"""Modes of the plate: amplitude in millimeters, decay rate in 1/s, frequency in Hz."""

_ROD_FREQUENCY = 1.8
"""Frequency in Hz at which the rod is driven."""

_SENSOR_LEAD = 0.35
"""Time in seconds by which the accelerometer starts before the camera."""


def __dir__() -> list[str]:
    return ["FS", "PIXEL", "Recording", "plate", "rod"]


@dataclass(frozen=True, eq=False)
class Recording:
    """A clip of an object that moves up and down, and the signal of a sensor that measured the same motion.

    Attributes
    ----------
    frames
        Clip (T, H, W) of uint8.
    displacement
        True downward displacement (T,) in pixels.
    readings
        Signal (S,) of the sensor, in its own unit.
    fs
        Rate of the camera in Hz.
    sensor_fs
        Sampling rate of the sensor in Hz.
    roi
        Region (top, left, height, width) in pixels that moves as a whole.
    frequency
        Frequency of the strongest motion in Hz.
    """

    frames: np.ndarray
    displacement: np.ndarray
    readings: np.ndarray
    fs: float
    sensor_fs: float
    roi: tuple[int, int, int, int]
    frequency: float


def rod(
    shape: tuple[int, int] = (96, 128), *, frames: int = 120, amplitude: float = 0.2, noise: float = 1.0, seed: int = 0
) -> Recording:
    """Render a horizontal textured rod, driven up and down at 1.8 Hz in front of a texture; its sensor has no error.

    Parameters
    ----------
    shape
        Rows and columns of a frame. The rod fills a third of the rows.
    frames
        Number of frames, at 30 frames/s.
    amplitude
        Amplitude of the motion in pixels. A second harmonic has a fifth of it.
    noise
        Standard deviation of white noise in gray levels.
    seed
        Seed of textures and noise.

    Returns
    -------
    Recording
        The clip, and the readings of the sensor over the same time, in pixels, at 100 Hz.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, section 4.3.

    Examples
    --------
    >>> from vmm.data.rods import rod
    >>> rod((48, 64), frames=30).frames.shape
    (30, 48, 64)
    """
    backdrop = texture(shape, blur=2.0, seed=seed)((0.0, 0.0))
    front = texture(shape, seed=seed + 1)
    rows, half = np.arange(shape[0])[:, None] - (shape[0] - 1) / 2, shape[0] / 6

    def scene(displacement: Any) -> np.ndarray:
        matte = scipy.special.ndtr((half - np.abs(rows - displacement[0])) / 0.7)
        return backdrop + matte * (front(displacement) - backdrop)

    displacement = _rod_displacement(np.arange(frames) / 30.0, amplitude)
    clip = render(scene, np.outer(displacement, [1.0, 0.0]), noise=noise, seed=seed)
    readings = _rod_displacement(np.arange(round(frames / 0.3)) / 100.0, amplitude)
    roi = (round(shape[0] / 3) + 2, 16, round(shape[0] / 3) - 4, shape[1] - 32)
    return Recording(clip, displacement, readings, 30.0, 100.0, roi, _ROD_FREQUENCY)


def plate(side: int = 64, *, frames: int = 360, noise: float = 1.0, seed: int = 0) -> Recording:
    """Render a plate that a hammer hits after half a second; its accelerometer drifts and is noisy.

    Two modes ring down, at 9 Hz and at 34 Hz.

    Parameters
    ----------
    side
        Rows and columns of the frame, which the plate fills.
    frames
        Number of frames, at 240 frames/s.
    noise
        Standard deviation of white noise in gray levels.
    seed
        Seed of texture and noise.

    Returns
    -------
    Recording
        The clip, in which a pixel is 0.5 mm, and the acceleration in mm/s² at 2000 Hz, from 0.35 s before the first
        frame.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018: the hammer.

    Examples
    --------
    >>> from vmm.data.rods import plate
    >>> plate(32, frames=24).readings.shape
    (900,)
    """
    displacement = _plate_displacement(np.arange(frames) / FS) / PIXEL
    clip = render(texture((side, side), seed=seed), np.outer(displacement, [1.0, 0.0]), noise=noise, seed=seed)
    times = np.arange(round((frames / FS + _SENSOR_LEAD) * 2000)) / 2000 - _SENSOR_LEAD
    readings = np.gradient(np.gradient(_plate_displacement(times), 1 / 2000), 1 / 2000)
    readings += 30 + 5 * times + np.random.default_rng(seed).normal(0, 20, len(times))  # offset, drift and noise
    return Recording(clip, displacement, readings, FS, 2000.0, (12, 12, side - 24, side - 24), 9.0)


def _rod_displacement(times: np.ndarray, amplitude: float) -> np.ndarray:
    """Downward displacement of the rod in pixels."""
    phase = 2 * np.pi * _ROD_FREQUENCY * times
    displacement: np.ndarray = amplitude * (np.sin(phase) + 0.2 * np.sin(2 * phase + 1))
    return displacement


def _plate_displacement(times: np.ndarray) -> np.ndarray:
    """Downward displacement of the plate in millimeters."""
    elapsed = np.maximum(times - 0.5, 0)  # since the blow of the hammer
    modes = [a * np.exp(-d * elapsed) * np.sin(2 * np.pi * f * elapsed) for a, d, f in _PLATE_MODES]
    displacement: np.ndarray = np.sum(modes, axis=0)
    return displacement
