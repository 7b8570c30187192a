"""Pairs of a clip and the result of a perfect magnifier, for the comparison of methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.data.synthetic import BACKGROUNDS, background, circles, render, step, sway, three_directions

FS = 30.0
"""Rate of the camera in Hz."""

FREQUENCY = 2.5
"""Frequency of the motion in Hz."""

_FLICKER_RATIO = 1.7
"""Frequency of the flicker relative to that of the motion: not an integer, so that it is none of the harmonics."""


def __dir__() -> list[str]:
    return ["FREQUENCY", "FS", "Magnified", "moving_circles", "swaying"]


@dataclass(frozen=True, eq=False)
class Magnified:
    """A clip and the result of a perfect magnifier.

    Attributes
    ----------
    frames
        Clip (T, H, W) of uint8.
    truth
        Clip (T, H, W) of uint8 of the same scene, without noise, whose motion is (1 + alpha) times as large.
    background
        Static background (H, W) in gray levels. For a scene without background, the scene at rest.
    fs
        Rate of the camera in Hz.
    frequency
        Frequency of the motion in Hz.
    """

    frames: np.ndarray
    truth: np.ndarray
    background: np.ndarray
    fs: float = FS
    frequency: float = FREQUENCY


def moving_circles(
    name: str,
    alpha: float,
    *,
    shape: tuple[int, int] = (120, 240),
    frames: int = 48,
    amplitude: float = 0.1,
    noise: float = 0.0,
    drift: float = 0.0,
    jump: float = 0.0,
    flicker: float = 0.0,
) -> Magnified:
    """Three circles in front of a background that vibrate to the right, down and along the diagonal.

    Parameters
    ----------
    name
        Name of the background, one of ``vmm.data.synthetic.BACKGROUNDS``.
    alpha
        Magnification factor: the motion in the truth is (1 + alpha) times as large.
    shape
        Rows and columns of a frame.
    frames
        Number of frames.
    amplitude
        Amplitude of the vibration in pixels.
    noise
        Standard deviation of white noise in gray levels. By default none.
    drift
        Speed of an additional uniform motion in pixels per frame. By default none.
    jump
        Length in pixels of an additional jump in the middle of the clip. By default none.
    flicker
        Amplitude of the change of illumination, as a fraction, at 1.7 times the frequency of the motion. By default
        none.

    Returns
    -------
    Magnified
        Clip, truth and background, at 30 frames/s and 2.5 Hz.

    Raises
    ------
    ValueError
        If there is no background with this name.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, table 3.

    Examples
    --------
    >>> from vmm.data.magnified import moving_circles
    >>> moving_circles("moon", 99.0, shape=(48, 96), frames=12).truth.shape
    (12, 48, 96)
    """
    backdrop = background(name, shape)
    seed = BACKGROUNDS.index(name)
    scene = circles(backdrop, seed=seed)
    wave = sway(frames, FS, FREQUENCY, amplitude)[:, 1]
    other = step(frames, frames // 2, jump)[:, 1]
    light = 1 + flicker * np.sin(2 * np.pi * _FLICKER_RATIO * FREQUENCY * np.arange(frames) / FS)
    clip = render(scene, three_directions(wave + other, drift), noise=noise, light=light, seed=seed)
    truth = render(scene, three_directions((1 + alpha) * wave + other, drift), light=light)
    return Magnified(clip, truth, backdrop)


def swaying(
    scene: Callable[[Any], np.ndarray],
    amplitude: float,
    alpha: float,
    *,
    frames: int = 48,
    noise: float = 0.0,
    seed: int = 0,
) -> Magnified:
    """A scene that vibrates horizontally, at 30 frames/s and 2.5 Hz.

    Parameters
    ----------
    scene
        The scene: a function of a displacement (2,) in pixels.
    amplitude
        Amplitude of the vibration in pixels.
    alpha
        Magnification factor: the motion in the truth is (1 + alpha) times as large.
    frames
        Number of frames.
    noise
        Standard deviation of white noise in gray levels. By default none.
    seed
        Seed of the noise.

    Returns
    -------
    Magnified
        Clip, truth and scene at rest.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> from vmm.data.magnified import swaying
    >>> swaying(synthetic.disc((48, 64), radius=16), 0.2, 9.0, frames=12).frames.shape
    (12, 48, 64)
    """
    displacement = sway(frames, FS, FREQUENCY, amplitude)
    clip = render(scene, displacement, noise=noise, seed=seed)
    return Magnified(clip, render(scene, (1 + alpha) * displacement), scene((0.0, 0.0)))
