"""A camera that records a scene: its noise, its faults, its exposure and its bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from vmm.data.synthetic import Scene

FS = 240.0
"""Rate of the camera in Hz."""


@dataclass(frozen=True)
class Camera:
    """A camera. All amplitudes are standard deviations in gray levels of 8 bits.

    Attributes
    ----------
    noise
        White noise.
    electrons
        Electrons per gray level, which make shot noise; 0 for none.
    rows
        Noise that is common to the pixels of a row in a frame.
    smoothing
        Sigma in pixels of the Gaussian that smooths the noise, whose standard deviation remains.
    pattern
        Fixed pattern: noise that is the same in all frames.
    dead
        Fraction of the pixels that are black or white in all frames.
    salt
        Fraction of the pixels that are white in a frame, others in each.
    bits
        Number of bits: 8 or 16; 0 for floating-point numbers that are not rounded.
    """

    noise: float = 1.0
    electrons: float = 0.0
    rows: float = 0.0
    smoothing: float = 0.0
    pattern: float = 0.0
    dead: float = 0.0
    salt: float = 0.0
    bits: int = 8

    @property
    def levels(self) -> float:
        """Values of a pixel per gray level."""
        return 256.0 if self.bits == 16 else 1.0

    def record(self, light: np.ndarray, seed: int) -> np.ndarray:
        """Frames (T, H, W) of the light (T, H, W) in gray levels that reaches the pixels."""
        rng = np.random.default_rng([seed, 6])
        frames = light + self.pattern * rng.normal(size=light.shape[1:])
        noise = rng.normal(size=light.shape)
        if self.smoothing:
            noise = scipy.ndimage.gaussian_filter(noise, (0, self.smoothing, self.smoothing))
            noise /= noise.std()
        frames += self.noise * noise + self.rows * rng.normal(size=(*light.shape[:2], 1))
        if self.electrons:
            frames += np.sqrt(np.maximum(light, 0) / self.electrons) * rng.normal(size=light.shape)
        is_dead = rng.random(light.shape[1:]) < self.dead
        frames[:, is_dead] = rng.choice([0.0, 255.0], size=is_dead.sum())
        frames[rng.random(light.shape) < self.salt] = 255
        if not self.bits:
            return frames.astype(np.float32)
        frames = np.clip(np.rint(frames * self.levels), 0, 2**self.bits - 1)
        return frames.astype(np.uint16 if self.bits == 16 else np.uint8)

    def deviation(self, light: np.ndarray) -> float:
        """Standard deviation of the noise of a pixel in the values of the frames, for the Cramer-Rao bound."""
        shot = light.mean() / self.electrons if self.electrons else 0.0
        return self.levels * float(np.sqrt(self.noise**2 + self.rows**2 + shot))


def sway(frames: int, seed: int, *, amplitude: float = 0.2, angle: float = 25.0, frequency: float = 7.3) -> np.ndarray:
    """Displacement (T, 2) down and right: a sine in a direction whose angle is counted from the right downwards."""
    phase = np.random.default_rng([seed, 7]).uniform(0, 2 * np.pi)
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(frames) / FS + phase)
    return np.outer(wave, [np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])


def rendered(scene: Scene, moves: np.ndarray) -> np.ndarray:
    """Light (T, H, W) of a scene at displacements (T, 2), or averaged over the exposure at displacements (T, K, 2)."""
    if moves.ndim == 2:
        return np.stack([scene(move) for move in moves])
    return np.stack([np.mean([scene(move) for move in steps], axis=0) for steps in moves])
