"""Displacements as speech makes them, and clips of a camera that reads one row after another."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage


def speech(
    frames: int,
    fs: float,
    rms: float,
    angle: float = 30.0,
    *,
    band: tuple[float, float] = (120.0, 900.0),
    seed: int = 0,
) -> np.ndarray:
    """Displacements along a straight line by a signal like speech: a gliding pitch, its harmonics, and hiss.

    Parameters
    ----------
    frames
        Number of samples.
    fs
        Their rate in Hz.
    rms
        Root of the mean square of the displacement in pixels.
    angle
        Direction in degrees: 0 is to the right, 90 down.
    band
        (low, high) in Hz beyond which it holds nothing.
    seed
        Of phases and hiss.

    Returns
    -------
    ndarray
        Displacement (frames, 2) down and right, in pixels.

    Examples
    --------
    >>> from vmm.data import voices
    >>> voices.speech(2200, 2200, 0.02).std(axis=0).round(4)
    array([0.01  , 0.0173])
    """
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / fs
    pitch = 2 * np.pi * (140 * times - 20 / (2 * np.pi * 1.3) * np.cos(2 * np.pi * 1.3 * times))  # 140 +- 20 Hz
    wave = np.zeros(frames)
    for k in range(1, 7):
        loud = (1 + 0.6 * np.sin(2 * np.pi * 3 * times + k)) / k**0.7
        wave += loud * np.sin(k * pitch + rng.uniform(0, 2 * np.pi))
    wave *= 1 + 0.5 * np.sin(2 * np.pi * 4 * times)  # syllables
    spectrum = np.fft.rfft(wave + 0.3 * wave.std() * rng.normal(size=frames))
    frequencies = np.fft.rfftfreq(frames, 1 / fs)
    spectrum[(frequencies < band[0]) | (frequencies > band[1])] = 0
    wave = np.fft.irfft(spectrum, frames)
    wave *= rms / np.sqrt(np.mean(wave**2))
    return np.outer(wave, [np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def rows(
    shape: tuple[int, int], wave: Any, period: int, *, noise: float = 0.0, contrast: float = 35.0, seed: int = 0
) -> np.ndarray:
    """A clip of a texture that moves to the right, taken by a rolling shutter: each row at a time of its own.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    wave
        Displacement (S,) in pixels at the times of the rows: row y of frame n is taken at sample ``n * period + y``.
    period
        Samples from one frame to the next, at least the number of rows.
    noise
        Standard deviation of white noise added, in grey levels.
    contrast
        Standard deviation of the grey levels about 128.
    seed
        Of texture and noise.

    Returns
    -------
    ndarray
        Frames (T, H, W) of uint8, as many as the wave holds whole.

    Raises
    ------
    ValueError
        Where the period is shorter than a frame or the wave than a period.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import voices
    >>> voices.rows((24, 64), np.zeros(90), 30).shape
    (3, 24, 64)
    """
    height, width = shape
    count = len(wave) // period
    if period < height or count < 1:
        raise ValueError(f"period={period} must be at least the {height} rows, and the wave {len(wave)} a period long")
    rng = np.random.default_rng(seed)
    margin = 16
    image = scipy.ndimage.gaussian_filter(rng.normal(size=(height, width + 2 * margin)), 1.2, mode="wrap")
    spectrum = np.fft.rfft(128 + contrast * (image - image.mean()) / image.std(), axis=1)
    turn = -2j * np.pi * np.fft.rfftfreq(width + 2 * margin)
    places = np.arange(count)[:, None] * period + np.arange(height)
    shifted = spectrum * np.exp(turn * np.asarray(wave)[places][..., None])
    clip = np.fft.irfft(shifted, width + 2 * margin, axis=2)[..., margin : margin + width]
    return np.clip(np.rint(clip + rng.normal(0, noise, clip.shape)), 0, 255).astype(np.uint8)
