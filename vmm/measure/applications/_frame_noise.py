"""The noise of the frames of a clip, as the changes between consecutive frames show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft

from vmm.backend.arrays import Array, to_host
from vmm.measure.estimation._crlb import spectral_derivative

_MAX_SAMPLES = 2**22
"""Number of pixels of frames that the noise is measured from: small frames need more frames."""

_CORRELATION = 1.5
"""Factor by which the correlation of consecutive changes raises the variance of mean powers."""

_MIN_POWER = 1e-4
"""Smallest power at a pixel or wavenumber relative to the mean, so that few pixels without noise do not outweigh all
others."""

_MIN_REMAINING = 0.1
"""Smallest fraction of the noise at a wavenumber that is left when changes by motion and light are removed."""


@dataclass(frozen=True)
class FrameNoise:
    """Noise whose strength depends on the place, and which is correlated between pixels.

    Attributes
    ----------
    deviation
        (H, W) standard deviation in gray levels.
    gain
        (H, W // 2 + 1) magnitude at each wavenumber, with a mean square of 1.
    """

    deviation: np.ndarray
    gain: np.ndarray

    def shaped(self, images: np.ndarray) -> np.ndarray:
        """Images (n, H, W) whose scalar products with white noise are as those of `images` with this noise."""
        return np.asarray(scipy.fft.irfft2(scipy.fft.rfft2(images * self.deviation) * self.gain, images.shape[1:]))

    def simulated(self, white: np.ndarray) -> np.ndarray:
        """Frames (n, H, W) of this noise, from frames of white noise."""
        return np.asarray(scipy.fft.irfft2(scipy.fft.rfft2(white) * self.gain, white.shape[1:])) * self.deviation


def white_noise(size: tuple[int, ...]) -> FrameNoise:
    """White noise of variance 1 in frames of a size."""
    return FrameNoise(np.ones(size), np.ones((size[0], size[1] // 2 + 1)))


def mean_and_noise(pieces: Iterator[Array]) -> tuple[Array, FrameNoise]:
    """The mean (H, W) of the frames in pieces (n, H, W), and their noise as the first of them show it."""
    total, count, changes, last = None, 0, _Changes(), None
    for piece in pieces:
        part = piece.sum(axis=0, dtype=np.float64)
        total, count = part if total is None else total + part, count + len(piece)
        if changes.count * part.size < _MAX_SAMPLES:
            frames = to_host(piece).astype(np.float64)
            changes.add(frames if last is None else np.concatenate([last, frames]), to_host(total / count))
            last = frames[-1:]
    if total is None:
        raise ValueError("the clip has no frames")
    return total / count, changes.noise(total.shape)


class _Changes:
    """Sums over changes between frames: of their squares, and of their power at each wavenumber.

    The expected values of both for white noise say what the patterns that are removed take away.
    """

    def __init__(self) -> None:
        self.count = 0
        self.sums = [np.zeros(1)] * 4

    def add(self, frames: np.ndarray, image: np.ndarray) -> None:
        """Add the changes between frames (n, H, W), without those that a motion or the light makes in this image."""
        if len(frames) < 2:
            return
        changes = np.diff(frames, axis=0)
        patterns = np.stack([image, *(spectral_derivative(image, axis) for axis in (0, 1))]).reshape(3, -1)
        basis = np.linalg.svd(patterns, full_matrices=False)[2]
        flat = changes.reshape(len(changes), -1)
        rest = (flat - (flat @ basis.T) @ basis).reshape(changes.shape)
        patterns = basis.reshape(3, *image.shape)
        power, removed = (np.sum(np.abs(scipy.fft.rfft2(x)) ** 2, axis=0) for x in (rest, patterns))
        remaining = [
            np.maximum(1 - share, _MIN_REMAINING) for share in (np.sum(patterns**2, axis=0), removed / image.size)
        ]
        terms = [np.sum(rest**2, axis=0), power, *(len(changes) * share for share in remaining)]
        self.sums = [total + term for total, term in zip(self.sums, terms, strict=True)]
        self.count += len(changes)

    def noise(self, size: tuple[int, ...]) -> FrameNoise:
        """The noise, or white noise if nothing changes."""
        if not np.any(self.sums[0]):
            return white_noise(size)
        variance, power = self.sums[0] / self.sums[2], self.sums[1] / self.sums[3]
        chance = _CORRELATION / self.count
        deviation = np.sqrt(variance.mean() / 2 * _without_chance(variance, 2 * chance))  # a change has twice the noise
        return FrameNoise(deviation, np.sqrt(_without_chance(power, chance)))


def _without_chance(power: np.ndarray, chance: float) -> np.ndarray:
    """Mean powers, relative to their mean, as far as they differ by more than the variance that chance explains."""
    relative = power / power.mean()
    share = max(0.0, 1 - chance / max(float(relative.var()), 1e-300))
    return np.asarray((1 + share * (relative - 1)).clip(_MIN_POWER))
