"""A string that is plucked
========================

A string vibrates at 82.4 Hz, the low E of a guitar, and at twice that, and is filmed at 600 frames/s. The band around
82 Hz shows its fundamental mode, and plays 20 times slower. It writes guitar_string.mp4 and guitar_string.png.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS, FRAMES, SHAPE = 600.0, 300, (96, 240)
cols, rows = np.arange(SHAPE[1]), np.arange(SHAPE[0])[:, None]
wood = 150 + 0.5 * (synthetic.pink(SHAPE, seed=1)((0.0, 0.0)) - 128)
string = np.exp(-(((rows - 48) / 3.5) ** 2))  # a bright line with soft edges
shapes = np.stack([np.sin(np.pi * k * cols / SHAPE[1]) for k in (1, 2)])  # mode shapes of a string
near_string = np.exp(-(((rows - 48) / 14.0) ** 4))
scene = synthetic.warp(wood * (1 - string) + 235 * string, shapes[:, None] * near_string)
decay = np.exp(-np.arange(FRAMES) / FS / 0.8)[:, None]
modes = [synthetic.sway(FRAMES, FS, f, a, angle=90) * decay for f, a in ((82.4, 0.15), (164.8, 0.05))]
frames = synthetic.render(scene, np.stack(modes, axis=1), noise=1.0)

out = vmm.gradient.magnify(frames, (72, 92), fs=FS, alpha=30)
labels = ("original", "72 to 92 Hz, 31 times")
clip = vmm.plot.side_by_side(frames, out, labels=labels, stacked=True)
vmm.io.write("guitar_string.mp4", clip[40:130], 30, fs=FS, overwrite=True)

signal = vmm.measure.displacement(frames, (40, 100, 16, 40), fs=FS)
peaks = vmm.measure.peaks(signal)
print(f"{peaks[0].frequency:.2f} +- {peaks[0].frequency_stderr:.2f} Hz")
vmm.plot.spectrum(vmm.measure.spectrum(signal), peaks).savefig("guitar_string.png")
