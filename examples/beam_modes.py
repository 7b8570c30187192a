"""Modes of a beam from a clip, handed to pyOMA-2 and sdypy-EMA where installed: python beam_modes.py [SECONDS].

The beam is rendered: noise drives its modes of 5, 31 and 87 Hz. Leaves beam_modes.png and beam_modes.uff.
"""

import sys

import numpy as np
import scipy.signal
from hand_over import to_pyoma, to_sdypy

import vmm
from vmm.data import synthetic

FS, MODES, COUNT = 240.0, (5.0, 31.0, 87.0), int(240 * float(sys.argv[1] if len(sys.argv) > 1 else 20))
poles = [np.exp((-z + 1j) * 2 * np.pi * f / FS) for f, z in zip(MODES, (0.01, 0.01, 0.005), strict=True)]
noise = np.random.default_rng(0).normal(size=(3, COUNT + 2000))
ends = [scipy.signal.lfilter([1], np.poly([p, p.conj()]).real, n)[2000:] for p, n in zip(poles, noise, strict=True)]
ends = np.transpose([rms * end / end.std() for rms, end in zip((0.15, 0.015, 0.004), ends, strict=True)])  # pixels
clip = synthetic.render(synthetic.beam(), ends, noise=1.0)
rois = [(38, left, 21, 21) for left in range(12, 292, 20)]
truth = synthetic.cantilever(synthetic.beam_positions()[[left + 10 for _, left, _, _ in rois]])


def say(who, frequencies, shapes):
    """How like the true shapes (3, R) those found are: 1 is the same."""
    print(f"{who:9}", np.round(frequencies, 2), "Hz, likeness", np.diag(vmm.measure.mac(shapes, truth)).round(4))


moved = vmm.measure.displacement(clip, rois, fs=FS)
found = vmm.measure.blind_modes(moved, 3)
say("vmm", found.frequencies, found.shapes[..., 0])
vmm.plot.overlay(found, clip[0], rois=rois).savefig("beam_modes.png")
vmm.measure.save("beam_modes.uff", [moved, found], overwrite=True)
for package, hand_over in (("pyOMA-2", to_pyoma), ("sdypy-EMA", to_sdypy)):
    try:
        say(package, *hand_over(moved.values[..., 0], FS, found.frequencies))
    except ImportError as error:
        print(f"{package} is left out ({error}): pip install {package}")
