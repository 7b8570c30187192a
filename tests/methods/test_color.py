"""The color method: properties that the laws of all methods do not cover."""

import numpy as np
import pytest

import vmm


def pulsing(amplitude=0.2):
    """Return a noisy patch whose color pulses at 1 Hz by ``amplitude`` gray levels, as skin does."""
    rng = np.random.default_rng(0)
    pulse = amplitude * np.sin(2 * np.pi * 1.0 * np.arange(180) / 30)
    frames = np.full((180, 64, 64, 3), (150.0, 110.0, 90.0))
    frames[:, 16:48, 16:48, 0] += pulse[:, None, None]
    return frames + rng.normal(0, 1, frames.shape), pulse


def test_a_faint_pulse_becomes_visible():
    frames, pulse = pulsing()
    out = vmm.color.magnify(np.rint(frames).astype(np.uint8), (0.8, 1.2), fs=30, alpha=50, level=3)
    red = out[:, 24:40, 24:40, 0].mean(axis=(1, 2))
    gain = np.dot(red - red.mean(), pulse) / np.dot(pulse, pulse)
    assert gain == pytest.approx(51, rel=0.15)
    green = out[:, 24:40, 24:40, 1].mean(axis=(1, 2))
    assert abs(np.dot(green, pulse) / np.dot(pulse, pulse)) < 5


def test_alpha_of_minus_one_removes_the_pulse():
    frames, pulse = pulsing(amplitude=2.0)
    red = vmm.color.magnify(frames, (0.8, 1.2), fs=30, alpha=-1, level=2)[:, 24:40, 24:40, 0].mean(axis=(1, 2))
    assert abs(np.dot(red - red.mean(), pulse) / np.dot(pulse, pulse)) < 0.1
