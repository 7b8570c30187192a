"""Pulse from a face: python pulse.py [CLIP [TOP LEFT HEIGHT WIDTH]], the box on skin. Leaves pulse.png.

Without arguments a patch of skin is rendered whose heart beats 66 times a minute.
"""

import sys

import numpy as np

import vmm


def skin(frames=300, fs=30.0, rate=66.0):
    """A patch that blood darkens by less than a grey level, in the noise of a camera."""
    beat = np.sin(2 * np.pi * rate / 60 * np.arange(frames) / fs)
    colour = np.array([190.0, 140.0, 120.0]) - np.outer(beat, [0.15, 0.4, 0.2])
    noise = np.random.default_rng(0).normal(0, 2, (frames, 48, 48, 3))
    return np.rint(colour[:, None, None] + noise).astype(np.uint8)


box = tuple(int(edge) for edge in sys.argv[2:6]) or None
clip, fs = (vmm.io.stream(sys.argv[1]), None) if len(sys.argv) > 1 else (skin(), 30.0)
found = vmm.measure.pulse(clip, fs=fs, roi=box)
if found.is_known:
    print(f"{found.rate:.1f} +- {found.stderr:.1f} beats a minute, signal over noise {found.snr:.1f} dB")
else:
    print(f"unknown: {found.reason}")
vmm.plot.waveform(found).savefig("pulse.png")
