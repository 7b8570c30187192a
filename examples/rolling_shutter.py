"""Sound from the rows of an ordinary camera
=========================================

A camera with a rolling shutter exposes its rows one after another. At 60 frames/s it thus samples a vibration 9,600
times per second, and a tone of 440 Hz is recovered, far above the frame rate. It writes rolling_shutter.wav and .png.
"""

import numpy as np

import vmm
from vmm.data import voices

FS, ROWS, PERIOD = 60.0, 120, 160  # frames per second, rows of a frame, and row times from frame to frame
ROW_TIME = 1 / (FS * PERIOD)  # seconds from one row to the next
times = np.arange(60 * PERIOD) * ROW_TIME
clip = voices.rolling_shutter((ROWS, 160), 0.05 * np.sin(2 * np.pi * 440 * times), PERIOD, noise=1.0)

sound = vmm.measure.sound(clip, fs=FS, row_time=ROW_TIME, band=(200, 1000))
spectrum = np.abs(np.fft.rfft(sound.values * np.hanning(len(sound.values))))
loudest = np.fft.rfftfreq(len(sound.values), 1 / sound.fs)[spectrum.argmax()]
print(f"{len(clip)} frames gave {len(sound.values)} samples; the loudest tone has {loudest:.0f} Hz")
vmm.measure.save("rolling_shutter.wav", sound, overwrite=True)
vmm.plot.spectrum(vmm.measure.spectrum(sound)).savefig("rolling_shutter.png")
