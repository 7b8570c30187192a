"""A machine before and after a fault
==================================

Compare two recordings of a machine: which lines grew, and which are new. Writes machine_fault.html and .png.

The machine turns at 25 Hz. In the second recording it is out of balance, and a bearing knocks 4.1 times per turn.
"""

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

changes = vmm.measure.changes(before, after)
rows = [("frequency", "before", "after", "change")]
for change in changes:
    ratio = f", x {change.ratio:.2f}" if change.verdict in ("larger", "smaller") else ""
    rows.append(
        (f"{change.frequency:.2f} Hz", f"{change.before:.4f} px", f"{change.after:.4f} px", change.verdict + ratio)
    )
    print(*rows[-1], sep="  ")
spectra = [vmm.measure.spectrum(signal) for signal in (before, after)]
figure = vmm.plot.changes(*spectra, changes)
figure.savefig("machine_fault.png")
with open("machine_fault.html", "w", encoding="utf-8") as file:
    file.write(vmm.plot.page("Two recordings of a machine", [("Lines", [rows]), ("Before and after", [figure])]))
