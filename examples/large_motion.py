"""A disc drifts by half a pixel a frame and vibrates by a tenth: four ways to see it. Leaves large_motion.png."""

import numpy as np
from matplotlib import pyplot as plt

import vmm
from vmm.data import synthetic

FS, FRAMES = 30, 60
drift = 0.5 * (np.arange(FRAMES) - FRAMES / 2)[:, None] * np.array([0.0, 1.0])
moves = drift + synthetic.sway(FRAMES, FS, 2.0, 0.1, angle=90)
frames = synthetic.render(synthetic.disc((120, 160), radius=30), moves, noise=1.0)

along = vmm.temporal.acceleration(2.0, FS)
shown = {
    "as filmed": frames,
    "phase": vmm.phase.magnify(frames, (1.5, 2.5), fs=FS, alpha=30),
    "acceleration": vmm.acceleration.magnify(frames, 2.0, fs=FS, alpha=30),
    "lagrangian": vmm.lagrangian.magnify(frames, None, fs=FS, alpha=30, temporal=along),
    "stabilize": vmm.stabilize.magnify(frames, (1.5, 2.5), fs=FS, alpha=30, roi=(28, 32, 64, 64)),
}
figure, axes = plt.subplots(1, len(shown), figsize=(3 * len(shown), 3), layout="constrained")
for axis, (title, clip) in zip(axes, shown.items(), strict=True):
    axis.imshow(clip[:, :, 80].T, cmap="gray", aspect="auto")  # the middle column, over time
    axis.set(title=title, xlabel="frame", yticks=[])
figure.savefig("large_motion.png")
