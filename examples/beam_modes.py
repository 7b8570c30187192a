"""Modes of a beam for modal software
==================================

Modes are identified, written to beam_modes.uff and .png, and compared with pyOMA-2 and sdypy-EMA if installed.
"""

import sys

import numpy as np
import scipy.signal
from hand_over import to_pyoma, to_sdypy

import vmm
from vmm.data import synthetic

FS, COUNT = 240.0, int(240 * float(sys.argv[1] if len(sys.argv) > 1 else 6))
poles = [np.exp((-z + 1j) * 2 * np.pi * f / FS) for f, z in ((5.0, 0.01), (31.0, 0.01), (87.0, 0.005))]
noise = np.random.default_rng(0).normal(size=(3, COUNT + 2000))
ends = [scipy.signal.lfilter([1], np.poly([p, p.conj()]).real, n)[2000:] for p, n in zip(poles, noise, strict=True)]
ends = np.transpose([rms * end / end.std() for rms, end in zip((0.15, 0.015, 0.004), ends, strict=True)])  # pixels
clip = synthetic.render(synthetic.beam(), ends, noise=1.0)
rois = [(38, col, 21, 21) for col in range(12, 292, 20)]
truth = synthetic.cantilever(synthetic.beam_positions()[[col + 10 for _, col, _, _ in rois]])


def report(name, frequencies, shapes):
    """Print the frequencies and the MAC of each shape (3, R) with the truth."""
    print(f"{name:9}", np.round(frequencies, 2), "Hz, MAC", np.diag(vmm.measure.mac(shapes, truth)).round(4))


signal = vmm.measure.displacement(clip, rois, fs=FS)
modes = vmm.measure.blind_modes(signal, 3)
report("vmm", modes.frequencies, modes.shapes[..., 0])
vmm.plot.overlay(modes, clip[0], rois=rois).savefig("beam_modes.png")
vmm.measure.save("beam_modes.uff", [signal, modes], overwrite=True)
for package, identify in (("pyOMA-2", to_pyoma), ("sdypy-EMA", to_sdypy)):
    try:
        report(package, *identify(signal.values[..., 0], FS, modes.frequencies))
    except ImportError as error:
        print(f"{package} is skipped ({error}): pip install {package}")
