"""A rocket that sways by a tenth of a pixel
=========================================

The scene of ``vmm demo``: a photograph of a rocket on its pad, which sways at 2 Hz between towers that sway at 5 Hz.
The band of 1.5 to 2.5 Hz shows the rocket alone. The script writes rocket.mp4 and rocket_slices.png.
"""

import vmm
from vmm.data import demo, synthetic

frames = synthetic.render(demo.scene(), demo.displacement(60), noise=1.0)
frames = frames[:, 100:420, 180:460]  # the part with the rocket
out = vmm.gradient.magnify(frames, demo.BAND, fs=demo.FS, alpha=20)
labels = ("original", "21 times")
vmm.io.write("rocket.mp4", vmm.plot.side_by_side(frames, out, labels=labels), demo.FS, overwrite=True)
vmm.plot.slices(frames, out, row=80, fs=demo.FS).savefig("rocket_slices.png")

rocket = (40, 110, 110, 60)  # top, left, height and width of the upper half of the rocket
before, after = (vmm.measure.displacement(clip, rocket).values[15:45, 0, 1].std() for clip in (frames, out))
print(f"The rocket moves {after / before:.1f} times as far.")
