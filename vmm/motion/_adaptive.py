"""Smoothing that follows the noise: phase shifts are replaced by averages as far as they differ by noise alone.

The noise of a subband is estimated from the clip. Motion rotates a coefficient, whereas noise rotates it and changes
its amplitude alike: the changes of the logarithm of the amplitude have the variance that noise has in the phase.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import MAX_BLUR, add_amplitude_sums, blur
from vmm.parts import Grid

SIGMA = 2.0
"""Standard deviation of the window in which phase shifts are averaged, in px of the level."""

WIDER = 3.0
"""Standard deviation of the window towards whose average the averages are pulled, relative to `SIGMA`."""

NOISE_MARGIN = 1.5
"""Factor of the variance that noise explains. With 1, half of the places that move alike would seem to differ."""

CORRELATION = 2.0
"""Variance of an average over that of independent samples: the noise of neighboring coefficients is correlated."""

LARGEST_OWN_SHARE = 0.9
"""Largest share of a sample in the average around it for which its deviation from the average is corrected."""

LEAST_POWER = 0.05
"""Smallest power of a coefficient after that of the noise is subtracted, relative to the power before."""

STEEPNESS = 1.5
"""Exponent of the power of a coefficient in its weight. Weak coefficients have phases that are not Gaussian, so that
they count for less than 1, the exponent of Gaussian noise, gives them."""

OUTSIDE = 1e-3
"""Weight of samples beyond the frame, which keeps averages finite there."""

SMALL = 1e-6
"""Smallest power of a coefficient relative to the mean power, and of the noise relative to the motion."""

TINY = 1e-30
"""Addend that keeps quotients finite in a clip without contrast or motion."""

PROBED = 3
"""Distance of the rows in which the noise is estimated."""

FEW_SAMPLES = 2000
"""Number of coefficients up to which the noise is estimated from all rows."""


class NoiseSums:
    """Sums over the frames of a window from which the noise of one subband is estimated.

    Parameters
    ----------
    coefs
        Coefficients (T, h, w) of some frames.
    rank
        Number of rows r of the analysis matrix.

    Attributes
    ----------
    power
        Sum (h, w) of the squared amplitude.
    stretch
        Product (r, h', w) of the analysis matrix with the changes of the log amplitude, in the probed rows.
    step
        Distance of the probed rows.
    """

    def __init__(self, coefs: Array, rank: int) -> None:
        xp, (height, width) = namespace(coefs), coefs.shape[1:]
        self.step = PROBED if height * width > FEW_SAMPLES else 1
        self.power = xp.zeros((height, width), coefs.real.dtype)
        self.stretch = xp.zeros((rank, math.ceil(height / self.step), width), coefs.real.dtype)

    def add(self, coefs: Array, previous: Array, columns: np.ndarray) -> None:
        """Add frames (T, h, w) that follow the coefficients `previous` (h, w), with their columns of the matrix."""
        add_amplitude_sums(coefs, previous, columns, self.step, self.power, self.stretch)


@dataclass(frozen=True)
class Noise:
    """Noise of the phase shifts of one subband.

    Attributes
    ----------
    error
        Variance (h, w) of the phase shift, summed over the rows of the analysis matrix.
    weight
        Weight (h, w) of each coefficient in averages.
    """

    error: Array
    weight: Array


def noise_of(sums: NoiseSums, motion: Array, gain: float, inside: Array) -> Noise:
    """The noise of a motion (r, h, w) from its sums.

    `gain` is the power of the filter for white noise of variance 1. `inside` (h, w) is 1 for samples in the frame and 0
    beyond it, where the mirrored picture moves in other directions.
    """
    xp = namespace(motion)
    moving, stretch = motion[:, :: sums.step], sums.stretch
    spread = (stretch**2).sum(axis=0)
    if len(motion) > 2:  # A change of amplitude that is in step with the phase comes from motion over uneven amplitude.
        common = (stretch * moving).sum(axis=0) ** 2 / ((moving**2).sum(axis=0) + TINY)
        spread = (spread - common) * (len(motion) / (len(motion) - 1))
    probed = sums.power[:: sums.step]
    level = xp.median(spread * probed) + SMALL * ((moving**2).sum(axis=0) * probed).mean() + TINY
    power = xp.maximum(sums.power - 2 * level / gain, LEAST_POWER * sums.power)
    power = xp.maximum(power, SMALL * power.mean() + TINY)
    return Noise(level / power, xp.maximum(inside, OUTSIDE) * (power / power.mean()) ** STEEPNESS)


def smooth_noise(motion: Array, noise: Noise, grid: Grid) -> None:
    """Replace a motion (r, h, w) by its average around each sample as far as it differs from it by noise alone."""
    sigma = _sigma(grid, 1.0)
    error, weight = noise.error, noise.weight
    total = blur(weight, sigma)
    mean = _averages(motion, weight, total, sigma)
    for x, m in zip(motion, mean, strict=True):
        x -= m
    motion *= _true_share(motion, weight, error, total, sigma)
    of_mean = CORRELATION * blur(error * weight**2, sigma) / (1 + 4 * math.pi * sigma[0] * sigma[1])
    _pull(mean, total**2 / (of_mean + TINY), _sigma(grid, WIDER))
    motion += mean


def _pull(mean: Array, weight: Array, sigma: tuple[float, float]) -> None:
    """Pull averages (r, h, w), weighted by the inverse of their variance, towards those in a wider window."""
    error = 1 / (weight + TINY)
    scale = weight.mean() + TINY
    weight = weight / scale
    total = blur(weight, sigma)
    wide = _averages(mean, weight, total, sigma)
    mean -= wide
    mean *= _true_share(mean, weight, error, total, sigma)
    mean += wide


def _true_share(rest: Array, weight: Array, error: Array, total: Array, sigma: tuple[float, float]) -> Array:
    """Share (h, w) of the variance of deviations (r, h, w) from averages that noise does not explain."""
    own = namespace(rest).minimum(weight / (total * (1 + 2 * math.pi * sigma[0] * sigma[1])), LARGEST_OWN_SHARE)
    square = (rest**2).sum(axis=0) * weight / (1 - own)
    spread, by_noise = blur(square, sigma), NOISE_MARGIN * blur(error * weight, sigma)
    true = namespace(rest).maximum(spread**2 - by_noise**2, 0) / (spread + TINY) / total
    return true / (true + error + TINY)


def _averages(motion: Array, weight: Array, total: Array, sigma: tuple[float, float]) -> Array:
    """Weighted averages (r, h, w), from the blur of the weight."""
    result = blur(motion * weight, sigma)
    result /= total
    return result


def _sigma(grid: Grid, factor: float) -> tuple[float, float]:
    widths = zip(grid.step, grid.shape, strict=True)
    down, right = (min(factor * SIGMA * grid.scale / step, MAX_BLUR * n) for step, n in widths)
    return down, right
