"""A temporal filter of your own
=============================

A causal filter is a function of the next samples and of its memory. This one is the difference of two exponential
averages, which needs one line per average, and works frame by frame. It writes own_filter.png.
"""

import numpy as np

import vmm
from vmm.data import synthetic


def difference_of_averages(fast, slow):
    """Keep motion that is slower than one average and faster than the other; both are weights of a new frame."""

    def apply(x, memory):
        averages = np.stack([x[0], x[0]]) if memory is None else memory
        weights, output = np.array([fast, slow]).reshape(2, *[1] * (x.ndim - 1)), np.empty_like(x)
        for t, frame in enumerate(x):
            averages = (averages + weights * (frame - averages)).astype(x.dtype)
            output[t] = averages[0] - averages[1]
        return output, averages

    return vmm.parts.CausalFilter(apply)


FS = 30.0  # rate of the camera in Hz
frames = synthetic.render(synthetic.texture((96, 128)), synthetic.sway(120, FS, 2.0, 0.1, angle=90), noise=1.0)
out = vmm.magnify(
    frames,
    spatial=vmm.spatial.luma(vmm.spatial.padded(vmm.spatial.DualTree)),
    motion=vmm.motion.local_phase,
    temporal=difference_of_averages(0.6, 0.1),
    alpha=15,
)
before, after = (vmm.measure.displacement(clip).values[60:, 0, 0].std() for clip in (frames, out))
print(f"The output motion is {after / before:.1f} times the input motion.")
vmm.plot.slices(frames, out, col=64, fs=FS).savefig("own_filter.png")
