"""An accelerometer as reference
=============================

Compare a plate hit by a hammer with an accelerometer, whose signal is integrated twice. Writes hammer.png.

The accelerometer drifts, has another sampling rate and starts before the camera. All are corrected or estimated.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS, SENSOR_FS, PIXEL = 240.0, 2000.0, 0.5  # rates in Hz, and the size of a pixel in mm
LEAD = 0.35  # seconds by which the sensor starts before the camera


def plate(times):
    """Displacement in mm at times after the first frame: two modes that ring down from a blow at 0.5 s."""
    elapsed = np.maximum(times - 0.5, 0)
    modes = ((0.2, 1.5, 9), (0.05, 3, 34))  # amplitude in mm, decay rate in 1/s, frequency in Hz
    return sum(a * np.exp(-d * elapsed) * np.sin(2 * np.pi * f * elapsed) for a, d, f in modes)


down = plate(np.arange(480) / FS) / PIXEL
clip = synthetic.render(synthetic.texture((64, 64)), np.outer(down, [1, 0]), noise=1.0)
signal = vmm.measure.displacement(clip, fs=FS, pixel_size=PIXEL, unit="mm")

times = np.arange(6000) / SENSOR_FS - LEAD
acceleration = np.gradient(np.gradient(plate(times), 1 / SENSOR_FS), 1 / SENSOR_FS)  # mm/s²
acceleration += 30 + 5 * times + np.random.default_rng(0).normal(0, 20, 6000)  # offset, drift and noise
integral = vmm.measure.integrate(acceleration, fs=SENSOR_FS, highpass=3.0)

result = vmm.measure.compare(signal.values[:, 0, 0], integral, fs=FS, sensor_fs=SENSOR_FS, band=(4, 100))
print(f"lag {result.lag:.3f} s, gain {result.gain:.3f}, ", end="")
print(f"correlation {result.correlation:.4f}, error {result.normalized_mae:.3f}")
vmm.plot.comparison(result).savefig("hammer.png")
