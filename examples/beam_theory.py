"""Mode shapes of a beam and the theory of Euler and Bernoulli
===========================================================

A cantilever beam vibrates in its first three modes by 0.1 px and less. Its shapes are measured at every pixel and are
compared with those of the theory by the modal assurance criterion (MAC), which is 1 for equal shapes. The script writes
beam_theory.mp4, the animated second mode, and beam_theory.png.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS, FRAMES = 240.0, 240
ratios = (np.array([1.8751, 4.6941, 7.8548]) / 1.8751) ** 2  # theory: frequencies of a cantilever beam, 1 : 6.27 : 17.5
frequencies = 5.0 * ratios
ends = [synthetic.sway(FRAMES, FS, f, a, angle=90)[:, 0] for f, a in zip(frequencies, (0.1, 0.05, 0.03), strict=True)]
clip = synthetic.render(synthetic.beam((72, 240), height=36), np.transpose(ends), noise=1.0)

modes = vmm.measure.modes(clip, frequencies, fs=FS)
line = modes.shapes[:, 36, 12:226, 0]  # along the middle row of the beam, downwards
for k, (shape, truth) in enumerate(zip(line, synthetic.cantilever(synthetic.beam_positions(240)[12:226]), strict=True)):
    valid = np.isfinite(shape)
    mac = float(vmm.measure.mac(shape[None, valid], truth[None, valid])[0, 0])
    print(f"mode {k + 1}: {frequencies[k]:.2f} Hz, MAC {mac:.3f}")
vmm.io.write("beam_theory.mp4", np.tile(vmm.plot.animated(modes, clip[0], 1), (2, 1, 1)), 24, overwrite=True)
vmm.plot.overlay(modes, clip[0]).savefig("beam_theory.png")
