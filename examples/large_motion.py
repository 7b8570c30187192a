"""A small vibration of an object that moves far
=============================================

Five methods are compared. A disc drifts to the right by half a pixel per frame and vibrates vertically by 0.1 px. The
script writes large_motion.png, the middle column of each result over time, and prints the vibration of the disc.
"""

import numpy as np
from matplotlib import pyplot as plt

import vmm
from vmm.data import synthetic

FS, FRAMES = 30, 60
drift = 0.5 * (np.arange(FRAMES) - FRAMES / 2)[:, None] * np.array([0.0, 1.0])
displacement = drift + synthetic.sway(FRAMES, FS, 2.0, 0.1, angle=90)
frames = synthetic.render(synthetic.disc((120, 160), radius=30), displacement, noise=1.0)

along = vmm.temporal.acceleration(2.0, FS)
results = {
    "input": frames,
    "phase": vmm.phase.magnify(frames, (1.5, 2.5), fs=FS, alpha=30),
    "gradient": vmm.gradient.magnify(frames, (1.5, 2.5), fs=FS, alpha=30),
    "acceleration": vmm.acceleration.magnify(frames, 2.0, fs=FS, alpha=30),
    "lagrangian": vmm.lagrangian.magnify(frames, None, fs=FS, alpha=30, temporal=along),
    "stabilize": vmm.stabilize.magnify(frames, (1.5, 2.5), fs=FS, alpha=30, roi=(28, 32, 64, 64)),
}
figure, axes = plt.subplots(1, len(results), figsize=(3 * len(results), 3), layout="constrained")
for axis, (title, clip) in zip(axes, results.items(), strict=True):
    axis.imshow(clip[:, :, 80].T, cmap="gray", aspect="auto")
    axis.set(title=title, xlabel="frame", yticks=[])
figure.savefig("large_motion.png")

for title in ("input", "acceleration", "lagrangian", "stabilize"):  # the others cannot be tracked
    down = vmm.measure.displacement(results[title], (48, 53, 24, 24)).values[15:45, 0, 0]
    print(f"{title}: amplitude {np.sqrt(2) * down.std():.2f} px")
