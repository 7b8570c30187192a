"""A plate that a hammer hits: what the video measures beside an accelerometer, integrated twice. Leaves hammer.png.

The accelerometer drifts, runs at another rate and starts earlier; the high-pass of the integration has no delay.
"""

import numpy as np

import vmm
from vmm.data import synthetic

FS, SENSOR_FS, PIXEL = 240.0, 2000.0, 0.5  # Hz, Hz, mm
EARLY = 0.35  # seconds by which the sensor began before the camera


def plate(times):
    """Displacement in mm at times after the camera's first frame: two modes that ring down from a blow at 0.5 s."""
    after = np.maximum(times - 0.5, 0)
    return sum(a * np.exp(-d * after) * np.sin(2 * np.pi * f * after) for a, d, f in ((0.2, 1.5, 9), (0.05, 3, 34)))


down = plate(np.arange(480) / FS) / PIXEL
clip = synthetic.render(synthetic.texture((64, 64)), np.outer(down, [1, 0]), noise=1.0)
moved = vmm.measure.displacement(clip, fs=FS, pixel_size=PIXEL, unit="mm")

times = np.arange(6000) / SENSOR_FS - EARLY
acceleration = np.gradient(np.gradient(plate(times), 1 / SENSOR_FS), 1 / SENSOR_FS)  # mm/s²
acceleration += 30 + 5 * times + np.random.default_rng(0).normal(0, 20, 6000)  # its offset, drift and noise
integrated = vmm.measure.integrate(acceleration, fs=SENSOR_FS, highpass=3.0)

found = vmm.measure.compare(moved.values[:, 0, 0], integrated, fs=FS, sensor_fs=SENSOR_FS, band=(4, 100))
print(f"lag {found.lag:.3f} s, gain {found.gain:.3f}, correlation {found.correlation:.4f}, error {found.nmae:.3f}")
vmm.plot.comparison(found).savefig("hammer.png")
