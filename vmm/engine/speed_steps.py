"""Fading of motion where the speed steps, as at the edge of an object that passes by."""

from __future__ import annotations

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.denoising import attenuation
from vmm.backend.reference import product

STEP = 1.8
"""Standard deviation of the speed, in px per period of the middle of the band, at which motion is halved. Smaller
values fade the motion of objects that move unsteadily, larger ones leave halos along objects that pass by."""

LEAST_STEP = 0.1
"""Smallest such standard deviation in px per frame, which applies to long periods."""


class SpeedSteps:
    """Where the speed of a clip, averaged over a period of the band, varies around each time.

    A step of speed has energy in every band. It is no vibration, and magnified it is a halo.

    Parameters
    ----------
    n_frames
        Number of frames that are read.
    core
        Those of them that are magnified.
    band
        Passband (low, high) of the temporal filter in cycles per frame.
    delay
        Delay of the filter in frames. The speed is compared over this time before and after each frame, and at
        least over a period.

    Attributes
    ----------
    analysis
        Matrix (m, n_frames), which takes the displacement between frames to the mean speed over a period, for every
        half period.
    interpolation
        Matrix (core, k) from the times at which the fading is computed to all frames.
    """

    def __init__(self, n_frames: int, core: slice, band: tuple[float, float], delay: int) -> None:
        period = 2 / sum(band)
        reach = max(delay, round(period))
        n = max(1, min(n_frames, round(period)))
        step = max(1, n // 2)
        first = np.unique(np.append(np.arange(0, n_frames - n, step), n_frames - n))
        inside = np.arange(n_frames) - first[:, None]
        self.analysis: np.ndarray = ((inside >= 0) & (inside < n)) / n
        centers = first + (n - 1) / 2
        near = np.flatnonzero((centers > core.start - step) & (centers < core.stop + step))
        near = near if near.size else np.array([np.abs(centers - core.start).argmin()])
        around = abs(centers - centers[near, None]) <= reach
        self._around = around / around.sum(1, keepdims=True)
        self._threshold = speed_threshold(period)
        frames = np.arange(core.start, core.stop)
        self.interpolation: np.ndarray = np.stack(
            [np.interp(frames, centers[near], row) for row in np.eye(len(near))], axis=1
        )

    def fading(self, speeds: Array, scale: float) -> Array:
        """Factors (k, h', w') in [0, 1] from mean speeds (m, 2, h', w') in px of a level of this scale."""
        mean, square = product(speeds, self._around), product(speeds**2, self._around)
        return attenuation(square - mean**2, scale / self._threshold)


def speed_threshold(period: float) -> float:
    """Standard deviation of the speed in px per frame at which motion is halved, for a period in frames."""
    return max(STEP / period, LEAST_STEP)
