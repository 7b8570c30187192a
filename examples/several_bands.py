"""Magnify one vibration and remove another
========================================

A texture sways at 2 Hz and shakes at 7 Hz. One call magnifies the first motion 11 times, with ``alpha=10``, and removes
the second one, with ``alpha=-1``. The script writes several_bands.png.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS = 30.0  # rate of the camera in Hz
motion = synthetic.sway(120, FS, 2.0, 0.1, angle=90) + synthetic.sway(120, FS, 7.0, 0.3, angle=90)
frames = synthetic.render(synthetic.texture((96, 128)), motion, noise=1.0)
out = vmm.gradient.magnify(frames, [(1.5, 2.5), (6, 8)], fs=FS, alpha=[10, -1])
vmm.plot.slices(frames, out, col=64, fs=FS).savefig("several_bands.png")

for name, clip in (("input", frames), ("output", out)):
    signal = vmm.measure.displacement(clip, fs=FS).values[30:90, 0, 0]
    amplitudes = [np.abs(vmm.measure.phasors(signal, [frequency], fs=FS)).max() for frequency in (2.0, 7.0)]
    print("{}: {:.2f} px at 2 Hz, {:.2f} px at 7 Hz".format(name, *amplitudes))
