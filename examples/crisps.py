"""Sound from a bag of crisps: a surface that a voice shakes by a hundredth of a pixel. Leaves crisps.wav and .png."""

import numpy as np

import vmm
from vmm.data import synthetic, voices

FS = 2200.0  # a high-speed camera
voice = voices.speech(1100, FS, 0.01)  # displacement (T, 2) in pixels, 120 to 900 Hz
bag = synthetic.render(synthetic.texture((64, 64)), voice, noise=1.0)

heard = vmm.measure.sound(bag, fs=FS, band=(100, 900))
vmm.measure.save("crisps.wav", heard, overwrite=True)
vmm.plot.waveform(heard).savefig("crisps.png")

spoken = voice[:, 1]
likeness = abs(np.corrcoef(heard.values, spoken)[0, 1])  # which way is up is not heard
print(f"signal over noise {heard.snr:.1f} dB, correlation with what was spoken {likeness:.3f}")
