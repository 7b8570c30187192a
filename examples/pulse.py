"""Pulse from the color of skin
============================

Measure a pulse from the color of skin: pulse.py [CLIP [TOP LEFT HEIGHT WIDTH]], where the region shows skin.

Without arguments, the script renders a patch of skin with 66 heartbeats per minute. It writes pulse.png.
"""

import sys

import numpy as np

import vmm


def skin(frames=300, fs=30.0, rate=66.0):
    """Render a patch of skin that blood darkens by less than a gray level, with the noise of a camera."""
    beat = np.sin(2 * np.pi * rate / 60 * np.arange(frames) / fs)
    color = np.array([190.0, 140.0, 120.0]) - np.outer(beat, [0.15, 0.4, 0.2])
    noise = np.random.default_rng(0).normal(0, 2, (frames, 48, 48, 3))
    return np.rint(color[:, None, None] + noise).astype(np.uint8)


roi = tuple(int(argument) for argument in sys.argv[2:6]) or None
clip, fs = (vmm.io.stream(sys.argv[1]), None) if len(sys.argv) > 1 else (skin(), 30.0)
pulse = vmm.measure.pulse(clip, fs=fs, roi=roi)
if pulse.is_known:
    print(f"{pulse.rate:.1f} +- {pulse.stderr:.1f} beats per minute, signal-to-noise ratio {pulse.snr:.1f} dB")
else:
    print(f"The pulse is unknown: {pulse.reason}")
vmm.plot.waveform(pulse).savefig("pulse.png")
