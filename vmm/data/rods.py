"""A rod that is driven up and down beside a distance sensor, and a plate that a hammer hits beside an accelerometer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.special

from vmm.data.synthetic import render, texture

RATE, PIXEL = 240.0, 0.5  # of the camera that sees the plate in Hz; millimetres
_MODES = ((0.2, 1.5, 9.0), (0.05, 3.0, 34.0))  # of the plate: millimetres, decay a second, Hz


class Watched(NamedTuple):
    """A clip of something that moves up and down, and what a sensor beside the camera reads.

    Attributes
    ----------
    frames
        Clip (T, H, W), uint8.
    moved
        True displacement (T,) down, in pixels.
    readings
        What the sensor reads (S,), in its own unit.
    fs, sensor_fs
        Rates of camera and sensor in Hz.
    box
        Region (top, left, height, width) that moves as a whole.
    frequency
        Of the motion in Hz.
    """

    frames: np.ndarray
    moved: np.ndarray
    readings: np.ndarray
    fs: float
    sensor_fs: float
    box: tuple[int, int, int, int]
    frequency: float


def rod(
    shape: tuple[int, int] = (96, 128), *, frames: int = 120, amplitude: float = 0.2, noise: float = 1.0, seed: int = 0
) -> Watched:
    """A textured rod across the frame before a texture, driven up and down at 1.8 Hz; its sensor is exact.

    Parameters
    ----------
    shape
        Rows and columns; the rod has a third of the rows.
    frames
        Number of frames, at 30 frames/s.
    amplitude
        Of the motion in pixels, with a second harmonic of a fifth of it.
    noise
        Standard deviation of white noise in grey levels.
    seed
        Of textures and noise.

    Returns
    -------
    Watched
        The clip and the sensor's readings of the same seconds, in pixels, at 100 Hz.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, section 4.3.

    Examples
    --------
    >>> from vmm.data.rods import rod
    >>> rod((48, 64), frames=30).frames.shape
    (30, 48, 64)
    """
    behind = texture(shape, blur=2.0, seed=seed)((0.0, 0.0))
    front = texture(shape, seed=seed + 1)
    rows, half = np.arange(shape[0])[:, None] - (shape[0] - 1) / 2, shape[0] / 6

    def scene(displacement: Any) -> np.ndarray:
        matte = scipy.special.ndtr((half - np.abs(rows - displacement[0])) / 0.7)
        return behind + matte * (front(displacement) - behind)

    moved = _driven(np.arange(frames) / 30.0, amplitude)
    clip = render(scene, np.outer(moved, [1.0, 0.0]), noise=noise, seed=seed)
    readings = _driven(np.arange(round(frames / 0.3)) / 100.0, amplitude)
    box = (round(shape[0] / 3) + 2, 16, round(shape[0] / 3) - 4, shape[1] - 32)
    return Watched(clip, moved, readings, 30.0, 100.0, box, 1.8)


def plate(side: int = 64, *, frames: int = 360, noise: float = 1.0, seed: int = 0) -> Watched:
    """A plate that a hammer hits after half a second, in two modes; its accelerometer drifts and is noisy.

    Parameters
    ----------
    side
        Rows and columns of the frame, which it fills.
    frames
        Number of frames, at 240 frames/s.
    noise
        Standard deviation of white noise in grey levels.
    seed
        Of texture and noise.

    Returns
    -------
    Watched
        The clip, and acceleration in mm/s² at 2000 Hz, from 0.35 s before the first frame on; a pixel is 0.5 mm. Its
        stronger mode is at 9 Hz.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018: the hammer.

    Examples
    --------
    >>> from vmm.data.rods import plate
    >>> plate(32, frames=24).readings.shape
    (900,)
    """
    moved = _struck(np.arange(frames) / RATE) / PIXEL
    clip = render(texture((side, side), seed=seed), np.outer(moved, [1.0, 0.0]), noise=noise, seed=seed)
    times = np.arange(round((frames / RATE + 0.35) * 2000)) / 2000 - 0.35
    readings = np.gradient(np.gradient(_struck(times), 1 / 2000), 1 / 2000)
    readings += 30 + 5 * times + np.random.default_rng(seed).normal(0, 20, len(times))
    return Watched(clip, moved, readings, RATE, 2000.0, (12, 12, side - 24, side - 24), 9.0)


def _driven(times: np.ndarray, amplitude: float) -> np.ndarray:
    """The rod's displacement down in pixels."""
    turn = 2 * np.pi * 1.8 * times
    moved: np.ndarray = amplitude * (np.sin(turn) + 0.2 * np.sin(2 * turn + 1))
    return moved


def _struck(times: np.ndarray) -> np.ndarray:
    """The plate's displacement down in millimetres."""
    after = np.maximum(times - 0.5, 0)
    parts = [a * np.exp(-d * after) * np.sin(2 * np.pi * f * after) for a, d, f in _MODES]
    moved: np.ndarray = np.sum(parts, axis=0)
    return moved
