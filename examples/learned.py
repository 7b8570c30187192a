"""Two networks next to the recommended method
===========================================

A textured disc moves by 0.2 px relative to the first frame. ``lightweight`` and ``realtime`` are neural networks, and
``gradient`` computes the displacement. All magnify it 11 times here. The script writes learned.png.
"""

import vmm
from vmm.data import synthetic

FS = 30.0  # rate of the camera in Hz
scene, motion = synthetic.disc((96, 128), radius=30), synthetic.sway(30, FS, 1.5, 0.2)
frames, truth = (synthetic.render(scene, gain * motion, noise=1.0) for gain in (1, 11))
results = {
    "input": frames,
    "lightweight": vmm.lightweight.magnify(frames, mode="static", alpha=10),
    "realtime": vmm.realtime.magnify(frames, mode="static", alpha=10),
    "gradient": vmm.gradient.magnify(frames, None, alpha=10),
    "truth": truth,
}
for name, clip in results.items():
    similarity = vmm.measure.structural_similarity(clip[5:], truth[5:])
    print(f"{name}: structural similarity to the truth {similarity:.3f}")
vmm.plot.grid(results, row=48).savefig("learned.png")
