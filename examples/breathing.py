"""Breathing from the motion of a chest
====================================

A blanket rises and falls by a third of a pixel, 16 times per minute. The rate and its standard error are measured, and
the motion is magnified. The script writes breathing.mp4 and breathing.png. It is no medical device.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS, FRAMES, SHAPE = 15.0, 300, (64, 96)
rows, cols = np.arange(SHAPE[0])[:, None], np.arange(SHAPE[1])
chest = np.exp(-((((rows - 34) / 20) ** 2 + ((cols - 48) / 30) ** 2) ** 2))  # 1 on the chest, and 0 around it
scene = synthetic.warp(synthetic.pink(SHAPE, seed=2)((0.0, 0.0)), chest[None])
motion = synthetic.sway(FRAMES, FS, 16 / 60, 0.3, angle=90)
frames = synthetic.render(scene, motion[:, None], noise=1.0)

rate = vmm.measure.breathing(vmm.measure.displacement(frames, (18, 32, 32, 32), fs=FS))
print(f"{rate.rate:.2f} +- {rate.stderr:.2f} breaths per minute")
out = vmm.gradient.magnify(frames, (0.15, 0.5), fs=FS, alpha=10)
clip = vmm.plot.side_by_side(frames, out, labels=("original", "11 times"))
vmm.io.write("breathing.mp4", clip[120:240], 2 * FS, overwrite=True)
vmm.plot.waveform(rate).savefig("breathing.png")
