"""Magnify frame by frame, as a camera gives them: a causal filter answers at once. Prints the motion in and out."""

import numpy as np

import vmm
from vmm.data import synthetic

FS = 30
moves = synthetic.sway(150, FS, 2.0, 0.1)
camera = (synthetic.render(synthetic.texture((96, 128)), moves[t : t + 1], dtype=np.float32) for t in range(150))
shown = list(vmm.riesz.magnify(camera, (1.5, 2.5), fs=FS, alpha=10))  # one frame out for one frame in
seen = vmm.measure.displacement(np.concatenate(shown)).values[60:, 0, 1]
print(f"in {np.ptp(moves[60:, 1]) / 2:.2f} px, out {np.ptp(seen) / 2:.2f} px")
