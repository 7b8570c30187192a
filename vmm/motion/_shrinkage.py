"""Shrinkage of displacement by its predicted variance: noise is removed, and motion that is known well is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vmm.backend.arrays import Array, namespace, samples
from vmm.backend.denoising import structure_terms, weighing
from vmm.backend.levels import gradient_evidence
from vmm.backend.reference import MAX_BLUR, blur, resample
from vmm.parts import Grid

KAPPA = (1.9, 2.5, 2.8, 3.1)
"""Variance of the right-hand side of the normal equations over that for independent noise in each sample, for levels 0,
1, 2 and all coarser ones. Noise is correlated by the pyramid and by the smoothing; measured on textures with white
noise, for windows of 2 to 5 px, within 15 % in the finest levels."""

WINDOW = 2.0
"""Standard deviation of the window in which variances are compared and displacement is averaged, in samples of 2 px.
With 3 samples, flat areas near texture are calmer, but things that move before a background of like luma lose a third
of their motion at the edge."""

LEAST_VARIANCE = 1e-3
"""Smallest variance of true motion over that of its predicted error, so that the division below is finite."""

NOISE_MARGIN = 1.5
"""Factor of the predicted variance. With 1, about half of the places without texture would seem to move a little more
than their noise explains; the gain of true motion in strong noise decreases by about 1 %."""

LARGEST_AGREEMENT = 1.1
"""Largest factor of the displacement towards which a level is shrunk. Above 1, it restores motion that the shrinkage of
the coarser level has lost, which is up to a tenth in strong noise; much larger factors would amplify noise."""

STILL = 0.05
"""Largest mean speed, in px of the level per frame, of what counts as still."""

PROBED_ROWS = 16
"""Number of rows of each level in which the noise within the band is compared with white noise."""


@dataclass(frozen=True)
class Moments:
    """Means over time of the products of the filtered displacement with itself and with that of the coarser level.

    Attributes
    ----------
    own, mixed, coarse
        Means (h, w) of d.d, d.c and c.c, summed over both components, where c is the cleaned displacement of the
        coarser level on the grid of this level.
    """

    own: Array
    mixed: Array
    coarse: Array


@dataclass(frozen=True)
class Shrinkage:
    """Estimate of the displacement of a level from its own displacement and that of the coarser level.

    The estimate is ``c + M (d - c)`` with matrices M of 2x2 that weigh both by their variances, times a factor.

    Attributes
    ----------
    agreement
        Factor (h, w), from 0 to `LARGEST_AGREEMENT`, of the displacement of the coarser level, which is 0 where this
        level does not follow.
    matrix
        Elements (3, h, w) of the symmetric M: down-down, down-right and right-right.
    error
        Mean squared error (h, w) that remains.
    """

    agreement: Array
    matrix: Array
    error: Array

    def apply(self, displacement: Array, coarse: Array) -> None:
        """Replace `coarse` by the estimate (n, 2, h, w)."""
        yy, yx, xx = self.matrix
        for own, prior in zip(displacement, coarse, strict=True):  # one by one, which needs less memory
            prior *= self.agreement
            down, right = own - prior
            prior[0] += yy * down + yx * right
            prior[1] += yx * down + xx * right


@dataclass(frozen=True)
class Denoiser:
    """Reading of displacement with the evidence for it, and its shrinkage.

    Attributes
    ----------
    sigma
        Standard deviation of the window of the least squares, in px of the level.
    speed_tolerance
        Threshold of the fading of motion where the speed steps, relative to ``vmm.engine.speed_steps.STEP``.
    """

    sigma: float
    speed_tolerance: float = 1.0

    def read(self, images: Array, earlier: Array) -> Array:
        """Displacement and evidence (T, 6, h', w'): see ``gradient_evidence``."""
        return gradient_evidence(images, earlier, min(self.sigma, MAX_BLUR * max(images.shape[-2:])))

    def noise(self, evidence: Array, power: float, grid: Grid) -> Array:
        """Variance (h', w') of the right-hand side of the normal equations after a filter that passes `power` of noise.

        The covariance of the displacement is this times the inverse of the structure tensor.
        """
        # The residual is of the difference of two frames, which has twice the variance of one.
        kappa = KAPPA[min(round(math.log2(grid.scale)), len(KAPPA) - 1)]
        pixels = max(4 * math.pi * self.sigma**2, 1.0)  # in the window
        return evidence[3] * (NOISE_MARGIN * power / 2 * kappa / pixels)


def shrinkage(evidence: Array, noise: Array, moments: Moments) -> Shrinkage:
    """The shrinkage for mean evidence (4, h', w'), the noise of its normal equations, and moments of displacement."""
    xp, terms = namespace(noise), structure_terms(evidence, noise)
    structure, variance, weight = terms[:3], terms[3], terms[4]
    mixed, coarse = _blurred(weight * moments.mixed, weight * moments.coarse)
    agreement = xp.clip(mixed / (coarse + 1e-12), 0, LARGEST_AGREEMENT)
    excess = xp.maximum(moments.own - 2 * agreement * moments.mixed + agreement**2 * moments.coarse, 0)
    excess, error, total = _blurred(weight * excess, weight * variance, weight)
    true = xp.maximum(excess - error, LEAST_VARIANCE * error) / (2 * total)
    result = weighing(structure, noise, true)
    return Shrinkage(agreement, result[:3], result[3])


def smooth(displacement: Array, error: Array) -> None:
    """Replace displacement (n, 2, h', w') by its mean around each sample, weighted by the reciprocal of its error."""
    weight = 1 / (error + 1e-9)
    (total,) = _blurred(weight)
    for part in displacement:  # one by one, which needs less memory
        part[...] = blur(weight * part, (WINDOW, WINDOW)) / total


def calm(power: Array, error: Array) -> Array:
    """Factor (h', w') in [0, 1] of displacement of a mean square that is not larger than its error around."""
    weight = 1 / (error + 1e-9)
    power, error = _blurred(weight * power, weight * error)
    return namespace(power).maximum(1 - error / (power + 1e-12), 0)


def _blurred(*maps: Array) -> Array:
    return blur(namespace(maps[0]).stack(maps), (WINDOW, WINDOW))


def finer(displacement: Array, coarse: Grid, grid: Grid) -> Array:
    """Displacement (n, 2, h', w') of a coarser level, interpolated to the samples of a level and in its pixels."""
    ratio = coarse.scale / grid.scale
    rows, cols = ((2 * np.arange((n + 1) // 2) + 0.5) / ratio for n in grid.shape)
    return resample(ratio * displacement, (rows - 0.5) / 2, (cols - 0.5) / 2)


def probe_rows(height: int) -> np.ndarray:
    """Indices (n, 3) of rows with their neighbors, spread over a level, in which noise is probed."""
    rows = np.linspace(2, height - 3, max(1, min(PROBED_ROWS, height // 3))).round().astype(int)
    return np.clip(rows[:, None] + np.arange(-1, 2), 0, height - 1)


def color_of_noise(power: Array, residual: Array, speed: Array, white: float, rows: np.ndarray) -> float:
    """Power of noise within the band over that of white noise of the same variance, at least 1.

    Noise of video compression changes slowly; it has much more power in low bands than white noise. Errors of the
    reading of moving objects look like such noise, so that only samples at rest count. The result is 1 if no sample is
    at rest.

    Parameters
    ----------
    power
        Mean square (n, w) of the residual within the band, in the probed rows.
    residual
        Mean residual (h', w') of the brightness constancy between frames.
    speed
        Mean displacement (2, h', w') between frames.
    white
        Power that the filter passes of white noise of variance 1.
    rows
        Indices (n, 3) of the probed rows.
    """
    columns = np.arange(power.shape[-1]) // 2
    residual, down, right = (
        samples(samples(x, rows[:, 1] // 2, -2), columns, -1) for x in (residual * (white / 2), *speed)
    )
    maps = blur(namespace(power).stack([power, residual]), (2.0, 2.0))
    ratios = (maps[0] / (maps[1] + 1e-9))[down * down + right * right < STILL**2]
    return max(1.0, float(namespace(power).median(ratios))) if ratios.size else 1.0
