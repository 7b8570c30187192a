"""Magnify a clip that is rendered here: 0.1 px at 2 Hz, 21 times. Leaves hello.mp4 and hello.png."""

import vmm
from vmm.data import synthetic

FS = 30
frames = synthetic.render(synthetic.texture((128, 160)), synthetic.sway(90, FS, 2.0, 0.1), noise=1.0)
out = vmm.phase.magnify(frames, (1.5, 2.5), fs=FS, alpha=20)
vmm.io.write("hello.mp4", vmm.plot.side_by_side(frames, out), FS, overwrite=True)
vmm.plot.slices(frames, out, col=80, fs=FS).savefig("hello.png")
