"""Displacements with the spectrum of speech, and clips of a camera with a rolling shutter."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage

_PITCH = 140.0
"""Mean pitch of the voice in Hz: that of a man."""

_GLIDE = 20.0
"""Amplitude of the pitch's variation in Hz, at ``_GLIDE_RATE``."""

_GLIDE_RATE = 1.3
"""Frequency of the pitch's variation in Hz."""

_SYLLABLES = 4.0
"""Syllables per second, which modulate the loudness."""

_HISS = 0.3
"""Standard deviation of the noise relative to that of the voice."""

_MARGIN = 16
"""Columns of texture on each side of the frame, so that motion up to 16 px does not wrap content around."""


def __dir__() -> list[str]:
    return ["rolling_shutter", "speech"]


def speech(
    frames: int,
    fs: float,
    rms: float,
    angle: float = 30.0,
    *,
    band: tuple[float, float] = (120.0, 900.0),
    seed: int = 0,
) -> np.ndarray:
    """Displacement along a straight line by a signal similar to speech: a gliding pitch, its harmonics, and noise.

    Parameters
    ----------
    frames
        Number of samples.
    fs
        Sampling rate in Hz.
    rms
        Root mean square of the displacement in pixels.
    angle
        Direction in degrees: 0 is to the right and 90 is down.
    band
        Band (low, high) in Hz to which the signal is limited.
    seed
        Seed of the phases and the noise.

    Returns
    -------
    ndarray
        Displacement (frames, 2), down and right, in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import voices
    >>> displacement = voices.speech(2200, 2200, rms=0.02)
    >>> round(float(np.sqrt((displacement**2).sum(axis=1).mean())), 4)
    0.02
    """
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / fs
    glide = _GLIDE / (2 * np.pi * _GLIDE_RATE) * np.cos(2 * np.pi * _GLIDE_RATE * times)
    phase = 2 * np.pi * (_PITCH * times - glide)
    wave = np.zeros(frames)
    for k in range(1, 7):
        envelope = (1 + 0.6 * np.sin(2 * np.pi * 3 * times + k)) / k**0.7
        wave += envelope * np.sin(k * phase + rng.uniform(0, 2 * np.pi))
    wave *= 1 + 0.5 * np.sin(2 * np.pi * _SYLLABLES * times)
    spectrum = np.fft.rfft(wave + _HISS * wave.std() * rng.normal(size=frames))
    frequencies = np.fft.rfftfreq(frames, 1 / fs)
    spectrum[(frequencies < band[0]) | (frequencies > band[1])] = 0
    wave = np.fft.irfft(spectrum, frames)
    wave *= rms / np.sqrt(np.mean(wave**2))
    return np.outer(wave, [np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def rolling_shutter(
    shape: tuple[int, int], wave: Any, period: int, *, noise: float = 0.0, contrast: float = 35.0, seed: int = 0
) -> np.ndarray:
    """Render a texture that moves horizontally, as a camera with a rolling shutter records it, row by row.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    wave
        Displacement (S,) to the right in pixels, sampled at the row rate: row y of frame n is exposed at sample
        ``n * period + y``.
    period
        Number of samples from one frame to the next, at least the number of rows.
    noise
        Standard deviation of white noise in gray levels. By default none.
    contrast
        Standard deviation of the texture in gray levels, about a mean of 128.
    seed
        Seed of texture and noise.

    Returns
    -------
    ndarray
        Frames (T, H, W) of uint8, where T is the number of whole periods in `wave`.

    Raises
    ------
    ValueError
        If `period` is shorter than a frame, or `wave` is shorter than a period.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data import voices
    >>> voices.rolling_shutter((24, 64), np.zeros(90), 30).shape
    (3, 24, 64)
    """
    height, width = shape
    count = len(wave) // period
    if period < height or count < 1:
        raise ValueError(
            f"period={period} must be at least the {height} rows of a frame and at most the {len(wave)} samples of wave"
        )
    rng = np.random.default_rng(seed)
    image = scipy.ndimage.gaussian_filter(rng.normal(size=(height, width + 2 * _MARGIN)), 1.2, mode="wrap")
    spectrum = np.fft.rfft(128 + contrast * (image - image.mean()) / image.std(), axis=1)
    frequencies = -2j * np.pi * np.fft.rfftfreq(width + 2 * _MARGIN)
    samples = np.arange(count)[:, None] * period + np.arange(height)  # (T, H)
    translated = spectrum * np.exp(frequencies * np.asarray(wave)[samples][..., None])
    clip = np.fft.irfft(translated, width + 2 * _MARGIN, axis=2)[..., _MARGIN : _MARGIN + width]
    return np.clip(np.rint(clip + rng.normal(0, noise, clip.shape)), 0, 255).astype(np.uint8)
