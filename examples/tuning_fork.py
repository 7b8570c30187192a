"""The frequency of a tuning fork
==============================

Measure the frequencies of a tuning fork with their standard errors: tuning_fork.py [CLIP FS TOP LEFT HEIGHT WIDTH].

FS is the rate of the camera in Hz. Without arguments, the script renders a fork of 64 Hz. It writes tuning_fork.png.
"""

import sys

import numpy as np

import vmm
from vmm.data import synthetic

FS = float(sys.argv[2]) if len(sys.argv) > 1 else 500.0
roi = tuple(int(argument) for argument in sys.argv[3:7]) or None
if len(sys.argv) > 1:
    vmm.measure.check_codec(sys.argv[1])
    clip = vmm.io.stream(sys.argv[1], fs=FS, gray=True)
else:
    displacement = synthetic.sway(500, FS, 64.0, 0.1) + synthetic.sway(500, FS, 128.0, 0.005)
    clip = synthetic.render(synthetic.texture((64, 64)), displacement, noise=1.0)

signal = vmm.measure.displacement(clip, roi, fs=FS)
peaks = vmm.measure.peaks(signal, fs_uncertainty=1e-3)  # 1e-3: the nominal rate may be wrong by 0.1 %
for peak in peaks:
    print(f"{peak.frequency:.3f} +- {peak.clock_stderr:.3f} Hz, {np.nanmax(peak.amplitude):.4f} {peak.unit}")
spectrum = vmm.measure.spectrum(signal, average=True)
vmm.plot.spectrum(spectrum, peaks).savefig("tuning_fork.png")
