"""Compare two recordings of a machine: which spectral peaks grew, and which are new. Writes machine_fault.html.

The machine turns at 25 Hz. In the second recording it is out of balance, and a bearing knocks 4.1 times per turn.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS, FRAMES = 240.0, 480


def recording(*vibrations, seed):
    """Render a clip of the machine with vibrations of (frequency in Hz, amplitude in px, angle in degrees)."""
    displacement = sum(synthetic.sway(FRAMES, FS, *vibration) for vibration in vibrations)
    return synthetic.render(synthetic.texture((64, 64)), displacement, noise=1.0, seed=seed)


healthy = recording((25, 0.10, 90), (50, 0.01, 90), seed=1)
faulty = recording((25, 0.16, 90), (50, 0.01, 90), (102.5, 0.006, 0), seed=2)
before, after = (vmm.measure.displacement(clip, fs=FS) for clip in (healthy, faulty))

rows = [("frequency", "before", "after", "")]
for peak in sorted(vmm.measure.peaks(after), key=lambda peak: peak.frequency):
    orbits = [vmm.measure.orbit(signal, peak.frequency) for signal in (before, after)]
    old, new = (float(orbit.major[0]) for orbit in orbits)
    threshold = 4 * np.hypot(*(orbit.stderr for orbit in orbits)).max()  # noise rarely exceeds four standard errors
    verdict = "as before" if abs(new - old) < threshold else "new" if old < threshold else f"x {new / old:.2f}"
    rows.append((f"{peak.frequency:.2f} Hz", f"{old:.4f} px", f"{new:.4f} px", verdict))
    print(*rows[-1], sep="  ")
spectra = [vmm.measure.spectrum(signal, average=True) for signal in (before, after)]
figures = [vmm.plot.spectrum(s, vmm.measure.peaks(d)) for s, d in zip(spectra, (before, after), strict=True)]
with open("machine_fault.html", "w", encoding="utf-8") as file:
    file.write(vmm.plot.page("Two recordings of a machine", [("Peaks", [rows]), ("Before and after", figures)]))
