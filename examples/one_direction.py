"""Magnify one direction only
==========================

A texture moves to the right and downwards with the same frequency. With ``direction=90``, motion downwards is magnified
11 times, and motion to the right keeps its size. The script writes one_direction.mp4.
"""

import vmm
from vmm.data import synthetic

FS = 30.0  # rate of the camera in Hz
motion = synthetic.sway(90, FS, 2.0, 0.2, angle=45)
frames = synthetic.render(synthetic.leaves((96, 128)), motion, noise=1.0)
out = vmm.gradient.magnify(frames, (1.5, 2.5), fs=FS, alpha=10, direction=90)
labels = ("original", "only downwards")
vmm.io.write("one_direction.mp4", vmm.plot.side_by_side(frames, out, labels=labels), FS, overwrite=True)

before, after = (vmm.measure.displacement(clip).values[30:60, 0].std(axis=0) for clip in (frames, out))
print("downwards x {:.1f}, to the right x {:.1f}".format(*after / before))
