"""Smoothing that follows the noise: phase shifts are replaced by averages as far as they differ by noise alone.

The noise of a subband is estimated from the clip. Motion rotates a coefficient, whereas noise rotates it and changes
its amplitude alike: the changes of the logarithm of the amplitude have the variance that noise has in the phase.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.denoising import deviations, shrink_deviations, weighted_averages
from vmm.backend.reference import MAX_BLUR, add_amplitude_sums, blur
from vmm.parts import Grid

SIGMA = 2.0
"""Standard deviation of the window in which phase shifts are averaged, in px of the level."""

WIDER = 3.0
"""Standard deviation of the window towards whose average the averages are pulled, relative to `SIGMA`."""

LOCAL = 1.5
"""Standard deviation of the window in which the noise around a sample is averaged, relative to `SIGMA`."""

SHARE_AROUND = 0.5
"""Smallest noise of a sample relative to the mean around it. All of the mean smooths water and smoke a little more, and
motion next to a still object or in a slow drift too much."""

NOISE_MARGIN = 1.5
"""Factor of the variance that noise explains. With 1, half of the places that move alike would seem to differ."""

CORRELATION = 2.0
"""Variance of an average over that of independent samples: the noise of neighboring coefficients is correlated."""

LARGEST_OWN_SHARE = 0.9
"""Largest share of a sample in the average around it for which its deviation from the average is corrected."""

LEAST_POWER = 0.05
"""Smallest power of a coefficient after that of the noise is subtracted, relative to the power before."""

SATURATION = 1.5
"""Factor of the power of the noise. The logarithm of the amplitude of pure noise varies as if 0.64 of the power were
noise, because it is bounded from above; its phase is not bounded, and varies by far more."""

STEEPNESS = 1.5
"""Exponent of the power of a coefficient in its weight. Weak coefficients have phases that are not Gaussian, so that
they count for less than 1, the exponent of Gaussian noise, gives them."""

OUTSIDE = 1e-3
"""Weight of samples beyond the frame, which keeps averages finite there."""

SMALL = 1e-6
"""Smallest power of a coefficient relative to the mean power, and of the noise relative to the motion."""

TINY = 1e-30
"""Addend that keeps quotients finite in a clip without contrast or motion."""

PROBED_SAMPLES = 4000
"""Number of coefficients of a subband from which the noise is estimated: their median is certain to about 1 %."""

CLASSES = 8
"""Largest number of classes of coefficients by their power, of which each has its own noise."""

SAMPLES_PER_CLASS = 50
"""Smallest number of coefficients in a class: their median is certain to about a tenth."""

PROBED_ROWS = 8
"""Smallest number of rows in which they lie, unless the subband has fewer."""

MAX_STEP = 40
"""Largest distance of these rows, so that the noise is known at places of the frame."""


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
        self.step = probing_step(height, width)
        self.power = xp.zeros((height, width), coefs.real.dtype)
        self.stretch = xp.zeros((rank, math.ceil(height / self.step), width), coefs.real.dtype)

    def add(self, coefs: Array, previous: Array, columns: np.ndarray) -> None:
        """Add frames (T, h, w) that follow the coefficients `previous` (h, w), with their columns of the matrix."""
        add_amplitude_sums(coefs, previous, columns, self.step, self.power, self.stretch)

    def __iadd__(self, other: NoiseSums) -> NoiseSums:
        self.power += other.power
        self.stretch += other.stretch
        return self


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


def probing_step(height: int, width: int) -> int:
    """Distance of the rows in which the noise of a subband is estimated."""
    return max(1, min(MAX_STEP, height // PROBED_ROWS, round(height * width / PROBED_SAMPLES)))


def noise_of(sums: NoiseSums, motion: Array, gain: float, inside: Array, grid: Grid) -> Noise:
    """The noise of a motion (r, h, w) from its sums; see ``noise_from`` for the other arguments."""
    moving, stretch = motion[:, :: sums.step], sums.stretch
    moments = (stretch**2).sum(axis=0), (stretch * moving).sum(axis=0), (moving**2).sum(axis=0)
    return noise_from(sums.power, moments, sums.step, len(motion), gain, inside, grid)


def noise_from(
    power: Array,
    moments: tuple[Array, Array, Array],
    step: int,
    freedom: float,
    gain: float,
    inside: Array,
    grid: Grid,
) -> Noise:
    """The noise of a motion.

    Parameters
    ----------
    power
        Squared amplitude (h, w), summed over frames.
    moments
        Sums (h', w) in the probed rows of the squared change of the log amplitude, of its product with the motion, and
        of the squared motion.
    step
        Distance of the probed rows.
    freedom
        Number of degrees of freedom of these sums.
    gain
        Power of the filter for white noise of variance 1, relative to the number of frames in `power`.
    inside
        Map (h, w): 1 for samples in the frame and 0 beyond it, where the mirrored picture moves in other directions.
    grid
        The grid of the subband.
    """
    spread, both, moving = moments
    xp = namespace(spread)
    if freedom > 2:  # A change of amplitude that is in step with the phase comes from motion over uneven amplitude.
        spread = (spread - both**2 / (moving + TINY)) * (freedom / (freedom - 1))
    probed = power[::step]
    noise = spread * probed
    level = noise_by_power(noise, probed, power)
    if freedom > 2:
        level = xp.maximum(level, SHARE_AROUND * noise_around(noise, step, grid))
    level = level + SMALL * (moving * probed).mean() + TINY
    reduced = xp.maximum(power - SATURATION * 2 * level / gain, LEAST_POWER * power)
    reduced = xp.maximum(reduced, SMALL * reduced.mean() + TINY)
    certainty = reduced / level
    return Noise(1 / certainty, xp.maximum(inside, OUTSIDE) * (certainty / certainty.mean()) ** STEEPNESS)


def noise_by_power(noise: Array, probed: Array, power: Array) -> Array:
    """Noise (h, w) of coefficients of a power (h, w), from that (h', w') of others with the power `probed` (h', w').

    White noise is the same for all coefficients. Video codecs leave out the noise of weak ones, and the errors that
    they make grow with the contrast around, so that the median of all coefficients would be too small for the strong
    ones, which are visible.
    """
    xp = namespace(noise)
    noise, probed = noise.ravel(), probed.ravel()
    median = xp.median(noise)
    n = min(CLASSES, len(probed) // SAMPLES_PER_CLASS)
    if n < 2:
        return xp.zeros_like(power) + median
    size = len(probed) // n
    classes = xp.argsort(probed)[: n * size].reshape(n, size)
    powers, levels = (xp.median(values[classes], axis=1) for values in (probed, noise))
    levels = xp.maximum(levels, median)  # that of weak coefficients is not read in full
    return xp.interp(xp.log(power + TINY), xp.log(powers + TINY), levels).astype(power.dtype)


def noise_around(noise: Array, step: int, grid: Grid) -> Array:
    """Mean noise (h, w) around each sample, from that (h', w) in the probed rows.

    Water, smoke or leaves in the wind change amplitude and phase without order, at some places of the frame only.
    """
    down, right = _sigma(grid, LOCAL)
    nearest = (np.arange(grid.shape[0]) + step // 2) // step
    rows = namespace(noise).asarray(np.minimum(nearest, len(noise) - 1))
    return blur(noise[rows], (min(max(down, step / 2), MAX_BLUR * grid.shape[0]), right))


def samples_inside(grid: Grid, size: tuple[int, int], motion: Array) -> Array:
    """Map (h, w) of the samples of a subband: 1 in frames of `size` px, and 0 in the border that is added to them."""
    rows, cols = (
        (at > -step) & (at < n - 1 + step) for at, step, n in zip(grid.positions(), grid.step, size, strict=True)
    )
    return namespace(motion).asarray(np.outer(rows, cols), motion.dtype)


def smooth_noise(motion: Array, noise: Noise, grid: Grid) -> None:
    """Replace a motion (r, h, w) by its average around each sample as far as it differs from it by noise alone."""
    near, wide = windows_of(noise, grid)
    mean, square = near.deviations(motion)
    near_share = near.true_share(square)
    wider, square = wide.deviations(mean)
    shrink_deviations(motion, mean, wider, near_share, wide.true_share(square))


@dataclass(frozen=True)
class SmoothingWindow:
    """A window in which motion is averaged.

    Attributes
    ----------
    weight
        Weight (h, w) of each sample.
    error
        Variance (h, w) of each sample by noise.
    total
        Blur (h, w) of the weight.
    sigma
        Standard deviation down and right in samples.
    """

    weight: Array
    error: Array
    total: Array
    sigma: tuple[float, float]

    def averages(self, motion: Array) -> Array:
        """Weighted averages (r, h, w) of a motion around each sample."""
        return weighted_averages(motion, self.weight, self.total, self.sigma)

    def deviations(self, motion: Array) -> tuple[Array, Array]:
        """Replace a motion (r, h, w) by its deviations from the averages; these, and the sum (h, w) of the squares."""
        return deviations(motion, self.weight, self.total, self.sigma)

    def true_share(self, square: Array) -> Array:
        """Share (h, w) that noise does not explain of the squared deviations (h, w) from the averages."""
        xp, samples = namespace(square), 1 + 2 * math.pi * self.sigma[0] * self.sigma[1]
        own = xp.minimum(self.weight / (self.total * samples), LARGEST_OWN_SHARE)
        spread = blur(square * self.weight / (1 - own), self.sigma)
        by_noise = NOISE_MARGIN * blur(self.error * self.weight, self.sigma)
        true = xp.maximum(spread**2 - by_noise**2, 0) / (spread + TINY) / self.total
        return true / (true + self.error + TINY)


def windows_of(noise: Noise, grid: Grid) -> tuple[SmoothingWindow, SmoothingWindow]:
    """The window around each sample, and the wider one towards whose average the averages of the first are pulled."""
    sigma, wider = _sigma(grid, 1.0), _sigma(grid, WIDER)
    near = SmoothingWindow(noise.weight, noise.error, blur(noise.weight, sigma), sigma)
    of_mean = CORRELATION * blur(noise.error * noise.weight**2, sigma) / (1 + 4 * math.pi * sigma[0] * sigma[1])
    weight = near.total**2 / (of_mean + TINY)
    scaled = weight / (weight.mean() + TINY)
    return near, SmoothingWindow(scaled, 1 / (weight + TINY), blur(scaled, wider), wider)


def _sigma(grid: Grid, factor: float) -> tuple[float, float]:
    widths = zip(grid.step, grid.shape, strict=True)
    down, right = (min(factor * SIGMA * grid.scale / step, MAX_BLUR * n) for step, n in widths)
    return down, right
