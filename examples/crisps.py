"""Sound from a bag of crisps
==========================

Recover sound from a bag of crisps, whose surface a voice shakes by a hundredth of a pixel.

The script renders its own clip, compares the sound with the voice, and writes crisps.wav and crisps.png.
"""

import numpy as np

import vmm
from vmm.data import synthetic, voices

FS = 2200.0  # rate of a high-speed camera in Hz
voice = voices.speech(1100, FS, 0.01)  # displacement (T, 2) in pixels, 120 to 900 Hz
bag = synthetic.render(synthetic.texture((64, 64)), voice, noise=1.0)

sound = vmm.measure.sound(bag, fs=FS, band=(100, 900))
vmm.measure.save("crisps.wav", sound, overwrite=True)
vmm.plot.waveform(sound).savefig("crisps.png")

correlation = abs(np.corrcoef(sound.values, voice[:, 1])[0, 1])  # the sign of a sound is arbitrary
print(f"signal-to-noise ratio {sound.snr:.1f} dB, correlation with the voice {correlation:.3f}")
