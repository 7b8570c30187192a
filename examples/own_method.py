"""A method of your own
====================

A method chooses a spatial part, a motion part and a temporal filter. This one smooths the motion of a complex steerable
pyramid and keeps a band of it. The script writes own_method.png.
"""

import vmm
from vmm.data import synthetic
from vmm.motion import local_phase, smooth
from vmm.spatial import SteerablePyramid, luma, padded


def magnify(frames, band, *, fs, alpha=10):
    """Magnify motion in a band by smoothed local phase."""
    return vmm.magnify(
        frames,
        spatial=luma(padded(SteerablePyramid, octave=0.5)),
        motion=smooth(local_phase, sigma=2),
        temporal=vmm.temporal.fir(band, fs),
        alpha=alpha,
    )


FS = 30.0  # rate of the camera in Hz
frames = synthetic.render(synthetic.texture((96, 128)), synthetic.sway(90, FS, 2.0, 0.1, angle=90), noise=1.0)
out = magnify(frames, (1.5, 2.5), fs=FS)
before, after = (vmm.measure.displacement(clip).values[30:60, 0, 0].std() for clip in (frames, out))
print(f"The output motion is {after / before:.1f} times the input motion.")
vmm.plot.slices(frames, out, col=64, fs=FS).savefig("own_method.png")
