"""A machine that was filmed twice: which lines grew, and which are new. Leaves machine_fault.html.

It turns 25 times a second; in the second recording it is out of balance, and a bearing knocks 4.1 times a turn.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS, FRAMES = 240.0, 480


def filmed(*lines, seed):
    """A clip of the machine: lines of (frequency, amplitude, angle)."""
    moves = sum(synthetic.sway(FRAMES, FS, *line) for line in lines)
    return synthetic.render(synthetic.texture((64, 64)), moves, noise=1.0, seed=seed)


sound = filmed((25, 0.10, 90), (50, 0.01, 90), seed=1)
worn = filmed((25, 0.16, 90), (50, 0.01, 90), (102.5, 0.006, 0), seed=2)
before, after = (vmm.measure.displacement(clip, fs=FS) for clip in (sound, worn))

rows = [("frequency", "before", "after", "")]
for line in sorted(vmm.measure.peaks(after), key=lambda line: line.frequency):
    then, now = (vmm.measure.orbit(moved, line.frequency) for moved in (before, after))
    least = 4 * np.hypot(then.stderr, now.stderr).max()  # what noise does not make
    grown = float(now.major[0] - then.major[0])
    ratio = f"x {float(now.major[0] / then.major[0]):.2f}"
    verdict = "as before" if abs(grown) < least else "new" if then.major[0] < least else ratio
    rows.append((f"{line.frequency:.2f} Hz", f"{then.major[0]:.4f} px", f"{now.major[0]:.4f} px", verdict))
    print(*rows[-1], sep="  ")
spectra = [vmm.measure.spectrum(moved, average=True) for moved in (before, after)]
pictures = [vmm.plot.spectrum(found, vmm.measure.peaks(m)) for found, m in zip(spectra, (before, after), strict=True)]
with open("machine_fault.html", "w", encoding="utf-8") as file:
    file.write(vmm.plot.page("Two recordings of a machine", [("Lines", [rows]), ("Before, and after", pictures)]))
