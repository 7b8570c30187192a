"""A clip that is larger than memory
=================================

A file is read, magnified and written chunk by chunk, so that memory holds a few dozen frames however long the clip is.
The result equals that of the whole array, up to rounding. The script makes its own file, and prints the difference.
"""

import os

import numpy as np

import vmm
from vmm.data import synthetic

motion = synthetic.sway(240, 30, 2.0, 0.1)
frames = synthetic.render(synthetic.texture((72, 96)), motion, noise=1.0)
vmm.io.write("long_input.mkv", frames, 30, overwrite=True)

clip = vmm.io.stream("long_input.mkv", chunk=32, gray=True)  # nothing is decoded yet
vmm.io.write("long_output.mkv", vmm.gradient.magnify(clip, (1.5, 2.5), alpha=20), clip.fs, overwrite=True)

streamed, _ = vmm.io.read("long_output.mkv", gray=True)
whole = vmm.gradient.magnify(frames, (1.5, 2.5), fs=30, alpha=20)
difference = np.abs(streamed.astype(int) - whole).max()
print(f"{len(streamed)} frames were streamed; the largest difference from the whole array is {difference} gray levels.")
vmm.plot.contact_sheet(streamed, count=8, fs=30).savefig("long_clip.png")
for name in ("long_input.mkv", "long_output.mkv"):
    os.remove(name)
