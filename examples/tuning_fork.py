"""Frequency of a tuning fork, with its error: python tuning_fork.py [CLIP FS TOP LEFT HEIGHT WIDTH].

FS is the rate of the camera; without arguments a fork of 64 Hz is rendered. Leaves tuning_fork.png.
"""

import sys

import numpy as np

import vmm
from vmm.data import synthetic

FS = float(sys.argv[2]) if len(sys.argv) > 1 else 500.0
box = tuple(int(edge) for edge in sys.argv[3:7]) or None
if len(sys.argv) > 1:
    vmm.measure.check_codec(sys.argv[1])
    clip = vmm.io.stream(sys.argv[1], fs=FS, grey=True)
else:
    moves = synthetic.sway(500, FS, 64.0, 0.1) + synthetic.sway(500, FS, 128.0, 0.005)
    clip = synthetic.render(synthetic.texture((64, 64)), moves, noise=1.0)

moved = vmm.measure.displacement(clip, box, fs=FS)
lines = vmm.measure.peaks(moved, fs_uncertainty=1e-3)  # a rate told in round numbers may be as wrong as that
for line in lines:
    print(f"{line.frequency:.3f} +- {line.frequency_stderr:.3f} Hz, {np.nanmax(line.amplitude):.4f} {line.unit}")
found = vmm.measure.spectrum(moved, average=True)
vmm.plot.spectrum(found, lines).savefig("tuning_fork.png")
