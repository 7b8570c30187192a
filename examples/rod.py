"""A distance sensor as reference
==============================

Compare a driven rod with a distance sensor: python rod.py [CLIP READINGS TOP LEFT HEIGHT WIDTH].

READINGS has lines "Distance: N". The unknown rate of the sensor follows from the peak in both spectra. Without
arguments, the script makes both signals. It prints the scaled mean absolute error of table 2 in the paper on the
lightweight network, and writes rod.png.
"""

import sys

import numpy as np

import vmm
from vmm.data import synthetic

if len(sys.argv) > 1:
    roi = tuple(int(argument) for argument in sys.argv[3:7])
    clip = vmm.io.stream(sys.argv[1], gray=True)
    with open(sys.argv[2], encoding="utf-8") as file:
        readings = np.array([float(line.split(":")[1]) for line in file if ":" in line])
    signal = vmm.measure.displacement(clip, roi)
else:
    clip = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(120, 30, 1.8, 0.5, angle=90), noise=1.0)
    readings = np.rint(17 + 2 * np.sin(2 * np.pi * 1.8 * np.arange(66) / 15.4 + 1))
    signal = vmm.measure.displacement(clip, fs=30)

down = signal.values[:, 0, 0]
peak, sensor_peak = vmm.measure.peaks(down, fs=signal.fs)[0], vmm.measure.peaks(readings, fs=1)[0]
sensor_fs = peak.frequency / sensor_peak.frequency
result = vmm.measure.compare(down, readings, fs=signal.fs, sensor_fs=sensor_fs)
print(f"rod {peak.frequency:.3f} +- {peak.frequency_stderr:.3f} Hz, sensor at {sensor_fs:.2f} Hz")
print(f"correlation {abs(result.correlation):.3f}, scaled mean absolute error {result.normalized_mae:.3f}")
vmm.plot.comparison(result).savefig("rod.png")
