"""Noise of pixels near objects that move."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

_LOW_NOISE, _MAX_NOISE_RATIO = 0.2, 6.0
"""Quantile of the noise of the pixels that is taken as low, and the largest variance relative to it that counts as
noise: shot noise varies less, and motion that the phase does not explain looks like much stronger noise."""

_SIGMA, _MARGIN = 2.0, 1.1
"""Standard deviation in pixels of the Gaussian over which the noise of pixels alone is averaged, and a factor for its
own error."""

_LARGE_CHANGE, _MAX_LARGE = 0.1, 0.02
"""Variance over time beyond the motion, relative to the contrast nearby, from which motion is too large for the phase;
and the share of such pixels above which it disturbs the phase in most of the frame."""

_LARGE_MOTION_QUANTILE = 0.25
"""Quantile of the ratio of the noise of the phase to that of pixels alone that counts if large motion disturbs most of
the frame. The median counts if not. The ratio is above 1 where the noise of neighboring pixels is similar, as that of
codecs is."""


def quiet_noise(noise: np.ndarray, scatter: np.ndarray, mean: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Variance (H, W) of the noise of pixels without the motion of objects nearby.

    Filters of the phase, which yield `noise` (H, W), see objects that move nearby, and pixels alone do not. `scatter`
    (H, W) is the variance over time of the pixels beyond their motion, and `mean` (H, W) their mean. `usable` (H, W) is
    1 where a pixel may be used, else 0.
    """
    inside = usable > 0
    quiet = noise
    if inside.any():
        weight, total, level, square = (
            gaussian_filter(x * usable, _SIGMA) for x in (np.ones(usable.shape), scatter, mean, mean**2)
        )
        weight = np.maximum(weight, 1e-9)
        alone = np.maximum(total / weight, 1e-9)
        contrast = square / weight - (level / weight) ** 2
        is_large = alone > np.maximum(
            _LARGE_CHANGE * contrast, _MAX_NOISE_RATIO * np.quantile(alone[inside], _LOW_NOISE)
        )
        quantile = _LARGE_MOTION_QUANTILE if is_large[inside].mean() > _MAX_LARGE else 0.5
        ratio = max(float(np.quantile((noise / alone)[inside], quantile)), 1)
        quiet = np.where(inside, np.minimum(noise, _MARGIN * ratio * alone), noise)
    result: np.ndarray = np.minimum(quiet, _MAX_NOISE_RATIO * np.quantile(quiet, _LOW_NOISE))
    return result
