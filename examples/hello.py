"""Magnify a small vibration
=========================

Magnify a vibration of 0.1 px at 2 Hz by a factor of 21, and measure the motion before and after.

The script renders its own clip and writes hello.mp4 and hello.png.
"""

import vmm
from vmm.data import synthetic

FS = 30  # rate of the camera in Hz
frames = synthetic.render(synthetic.texture((128, 160)), synthetic.sway(90, FS, 2.0, 0.1), noise=1.0)
out = vmm.gradient.magnify(frames, (1.5, 2.5), fs=FS, alpha=20)
vmm.io.write("hello.mp4", vmm.plot.side_by_side(frames, out), FS, overwrite=True)
vmm.plot.slices(frames, out, row=64, fs=FS).savefig("hello.png")

middle = slice(30, 60)  # at the ends of a clip, a filter lacks frames and magnifies less
before, after = (vmm.measure.displacement(clip).values[middle, 0, 1].std() for clip in (frames, out))
print(f"The output motion is {after / before:.1f} times the input motion.")
