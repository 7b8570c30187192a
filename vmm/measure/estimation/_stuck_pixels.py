"""Stuck and dead pixels of the camera: how they are found, and filled from their neighbors.

They keep their place while the picture moves, so that a region with a few of them seems to move less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import Array, namespace, to_host

if TYPE_CHECKING:
    from vmm.measure.estimation._crops import Crops

INTERVAL = 4
"""Interval in frames at which the mean and the deviation of the pixels are computed."""


@dataclass(frozen=True)
class StuckPixelOptions:
    """Thresholds.

    Attributes
    ----------
    far_range, far_noise
        Factors of the contrast of the neighbors and of the usual deviation over time: a pixel that differs from the
        median of its neighborhood by more than the sum of both is stuck. Smaller factors take sharp detail of
        photographs for stuck pixels.
    still_range, still_noise
        The same factors for a pixel that never changes while its neighbors do.
    max_deviation
        Largest deviation over time of a stuck pixel, relative to the quarter of the pixels that change least: detail
        that moves changes more.
    max_fraction
        Largest fraction of the pixels that may be stuck: more are a pattern, as an overlay is.
    """

    far_range: float = 3.0
    far_noise: float = 8.0
    still_range: float = 1.0
    still_noise: float = 4.0
    max_deviation: float = 1.5
    max_fraction: float = 0.03


_OPTIONS = StuckPixelOptions()

_NEIGHBORS = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)])

_ROUNDING = 1e-3
"""Deviation over time in gray levels below which a pixel never changes."""

_RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)


class StuckPixelFinder:
    """Finds stuck pixels around regions from some of the frames of the first pass.

    Parameters
    ----------
    crops
        The regions.
    """

    def __init__(self, crops: Crops) -> None:
        self._crops = crops
        self._sums = np.zeros((2, *crops.inside.shape))
        self._count = self._n_frames = 0

    def observe(self, frames: Array) -> None:
        """Add the next frames."""
        sample = frames[-self._n_frames % INTERVAL :: INTERVAL]
        self._n_frames += len(frames)
        if len(sample):
            shifts = np.zeros((len(sample), len(self._crops.index), 2), int)
            crops = to_host(self._crops.extract(sample, shifts)).astype(float)
            self._sums += [crops.sum(axis=1), (crops**2).sum(axis=1)]
            self._count += len(sample)

    def find(self) -> list[np.ndarray]:
        """Row and column (M, 2) in the frame of the stuck pixels around each region."""
        mean, square = self._sums / max(self._count, 1)
        deviation = np.sqrt(np.maximum(square - mean**2, 0))
        pairs = zip(mean, deviation, self._crops.corners, strict=True)
        return [np.argwhere(stuck_pixels(image, change)) + corner for image, change, corner in pairs]


def stuck_pixels(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Bool array (H, W): the stuck pixels, from the mean and the standard deviation of each pixel over time."""
    options = _OPTIONS
    median = scipy.ndimage.median_filter(mean, 3)
    distance = abs(mean - median)
    high, low = (f(mean, footprint=_RING) for f in (scipy.ndimage.maximum_filter, scipy.ndimage.minimum_filter))
    contrast = np.maximum(high - median, median - low)
    noise = np.median(deviation)
    is_far = distance > options.far_range * contrast + options.far_noise * noise
    is_far &= deviation <= options.max_deviation * np.quantile(deviation, 0.25) + _ROUNDING
    is_still = (deviation < _ROUNDING) & (distance > options.still_range * contrast + options.still_noise * noise)
    if is_still.any():  # the median takes half of the time
        is_still &= (scipy.ndimage.median_filter(deviation, 3) > 0.5 * noise) & (noise > 0)
    is_stuck: np.ndarray = is_far | is_still
    return is_stuck & (is_stuck.mean() <= options.max_fraction)


def fill(crops: Array, places: np.ndarray) -> None:
    """Replace the pixels at `places` (M, 2) of crops (n, H, W) by the mean of their neighbors that are not stuck."""
    size = np.array(crops.shape[1:])
    places = places[((places >= 0) & (places < size)).all(axis=1)]
    if not len(places):
        return
    is_stuck = np.zeros(crops.shape[1:], bool)
    is_stuck[tuple(places.T)] = True
    neighbors = places[:, None] + _NEIGHBORS
    is_inside = ((neighbors >= 0) & (neighbors < size)).all(axis=2)
    rows, cols = np.moveaxis(np.clip(neighbors, 0, size - 1), 2, 0)
    weights = (is_inside & ~is_stuck[rows, cols]).astype(float)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1)
    has_neighbors = weights.any(axis=1)
    xp = namespace(crops)
    rows, cols, weights, places = (
        rows[has_neighbors],
        cols[has_neighbors],
        weights[has_neighbors],
        places[has_neighbors],
    )
    values = crops[:, xp.asarray(rows), xp.asarray(cols)]
    filled = (values * xp.asarray(weights, crops.dtype)).sum(axis=2)
    crops[:, xp.asarray(places[:, 0]), xp.asarray(places[:, 1])] = filled
