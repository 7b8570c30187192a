"""A rod that is driven up and down beside a distance sensor: python rod.py [CLIP READINGS TOP LEFT HEIGHT WIDTH].

READINGS has lines "Distance: N" at a rate that is not known: it follows from the line that both show. Without arguments
both are made. Prints the scaled mean absolute error of the lightweight-network paper's table 2, and leaves rod.png.
"""

import sys

import numpy as np

import vmm
from vmm.data import synthetic

if len(sys.argv) > 1:
    box = tuple(int(edge) for edge in sys.argv[3:7])
    clip = vmm.io.stream(sys.argv[1], grey=True)
    with open(sys.argv[2], encoding="utf-8") as file:
        readings = np.array([float(line.split(":")[1]) for line in file if ":" in line])
    moved = vmm.measure.displacement(clip, box)
else:
    clip = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(120, 30, 1.8, 0.5, angle=90), noise=1.0)
    readings = np.rint(17 + 2 * np.sin(2 * np.pi * 1.8 * np.arange(66) / 15.4 + 1))
    moved = vmm.measure.displacement(clip, fs=30)

down = moved.values[:, 0, 0]
ours, theirs = vmm.measure.peaks(down, fs=moved.fs)[0], vmm.measure.peaks(readings, fs=1)[0]
sensor_fs = ours.frequency / theirs.frequency
found = vmm.measure.compare(down, readings, fs=moved.fs, sensor_fs=sensor_fs)
print(f"rod {ours.frequency:.3f} +- {ours.frequency_stderr:.3f} Hz, sensor at {sensor_fs:.2f} Hz")
print(f"correlation {abs(found.correlation):.3f}, scaled mean absolute error {found.nmae:.3f}")
vmm.plot.comparison(found).savefig("rod.png")
