"""A live camera
=============

Magnify a live stream frame by frame with a causal filter, and print the amplitude before and after.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS = 30  # rate of the camera in Hz
displacement = synthetic.sway(150, FS, 2.0, 0.1)  # (T, 2) in pixels
scene = synthetic.texture((96, 128))
camera = (synthetic.render(scene, displacement[t : t + 1], dtype=np.float32) for t in range(150))  # one frame at a time
outputs = vmm.gradient.magnify(camera, (1.5, 2.5), fs=FS, alpha=10, temporal="causal")  # one frame out for one in

result = np.concatenate(list(outputs))
vmm.plot.slices(result, row=48, fs=FS).savefig("live.png")
signal = vmm.measure.displacement(result).values[:, 0, 1]
settled = slice(60, None)  # a causal filter needs two seconds to settle
amplitudes = [np.ptp(x[settled]) / 2 for x in (displacement[:, 1], signal)]
print("amplitude before {:.2f} px, after {:.2f} px".format(*amplitudes))
