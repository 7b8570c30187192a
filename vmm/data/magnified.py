"""Clips with what a perfect magnifier makes of them: the scenes by which methods are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from vmm.data.circles import BACKGROUNDS, background, circles
from vmm.data.displacements import step, sway, three_ways
from vmm.data.synthetic import render

FS, FREQUENCY = 30.0, 2.5


class Magnified(NamedTuple):
    """A clip and its truth.

    Attributes
    ----------
    frames
        Clip (T, H, W), uint8.
    truth
        Clip whose motion is (1 + alpha) times as large, without noise.
    behind
        What does not move (H, W), or the scene at rest.
    fs
        Rate of the camera in Hz.
    frequency
        Frequency of the motion in Hz.
    """

    frames: np.ndarray
    truth: np.ndarray
    behind: np.ndarray
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
    """Three circles before a background that sway to the right, down and along the diagonal.

    Parameters
    ----------
    name
        One of ``vmm.data.synthetic.BACKGROUNDS``.
    alpha
        What is added to the motion in the truth.
    shape, frames
        Rows, columns and number of frames.
    amplitude
        Of the motion, in pixels.
    noise
        Standard deviation of white noise in grey levels.
    drift
        Speed in pixels a frame that is added.
    jump
        Step in pixels in the middle of the clip.
    flicker
        Share by which the light changes, at 1.7 times the frequency of the motion.

    Returns
    -------
    Magnified
        Clip, truth and background, at 30 frames/s and 2.5 Hz.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, table 3.

    Examples
    --------
    >>> from vmm.data.magnified import moving_circles
    >>> moving_circles("moon", 99.0, shape=(48, 96), frames=12).truth.shape
    (12, 48, 96)
    """
    behind = background(name, shape)
    seed = BACKGROUNDS.index(name)
    scene = circles(behind, seed=seed)
    wave = sway(frames, FS, FREQUENCY, amplitude)[:, 1]
    other = step(frames, frames // 2, jump)[:, 1]
    light = 1 + flicker * np.sin(2 * np.pi * 1.7 * FREQUENCY * np.arange(frames) / FS)
    clip = render(scene, three_ways(wave + other, drift), noise=noise, light=light, seed=seed)
    truth = render(scene, three_ways((1 + alpha) * wave + other, drift), light=light)
    return Magnified(clip, truth, behind)


def swaying(
    scene: Callable[[Any], np.ndarray],
    amplitude: float,
    alpha: float,
    *,
    frames: int = 48,
    noise: float = 0.0,
    seed: int = 0,
) -> Magnified:
    """A scene that sways to the right, at 30 frames/s and 2.5 Hz.

    Parameters
    ----------
    scene
        One that takes a displacement (2,).
    amplitude
        Of the motion, in pixels.
    alpha
        What is added to the motion in the truth.
    frames
        Number of frames.
    noise
        Standard deviation of white noise in grey levels.
    seed
        Of the noise.

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
    moves = sway(frames, FS, FREQUENCY, amplitude)
    clip = render(scene, moves, noise=noise, seed=seed)
    return Magnified(clip, render(scene, (1 + alpha) * moves), scene((0.0, 0.0)))
