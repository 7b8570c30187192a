"""Find the band of a vibration
============================

Two parts of a scene vibrate at unknown frequencies. ``vmm.measure.suggest`` lists both, with a region and a band for
each, and each band shows one part alone. The script writes choose_band.mp4 and choose_band.png.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS, SHAPE = 60.0, (96, 192)  # rate of the camera in Hz, and rows and columns of a frame
picture = synthetic.leaves(SHAPE, seed=3)((0.0, 0.0))
cols = np.arange(SHAPE[1])
west = np.broadcast_to(np.clip((70 - cols) / 8, 0, 1), SHAPE)  # weights: 1 in a part, and 0 elsewhere
east = np.broadcast_to(np.clip((cols - 120) / 8, 0, 1), SHAPE)
motion = np.stack([synthetic.sway(180, FS, 3.0, 0.15), synthetic.sway(180, FS, 8.0, 0.1, angle=90)], axis=1)
frames = synthetic.render(synthetic.warp(picture, np.stack([west, east])), motion, noise=1.0)

suggestions = [line for line in vmm.measure.suggest(frames, fs=FS) if line.kind == "motion"]
for line in suggestions:
    print(f"{line.frequency:.2f} Hz, {line.amplitude:.2f} px, in column {line.point[1]}")

results = [vmm.gradient.magnify(frames, line.band, fs=FS, alpha=20) for line in suggestions[:2]]
labels = tuple(f"about {line.frequency:.0f} Hz" for line in suggestions[:2])
both = vmm.plot.side_by_side(*results, labels=labels, stacked=True)
vmm.io.write("choose_band.mp4", both[60:120], 30, overwrite=True)
regions = {"left": (32, 16, 32, 32), "right": (32, 144, 32, 32)}  # top, left, height, width
spectrum = vmm.measure.spectrum(vmm.measure.displacement(frames, regions, fs=FS))
vmm.plot.spectrum(spectrum).savefig("choose_band.png")
