"""Reference kernels of the denoising of displacement: running means over frames, shrinkage and probes of noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, samples
from vmm.backend.dispatch import fast
from vmm.backend.levels import SLOPE, SMOOTH
from vmm.backend.reference import blur, correlate

NOISE_STRUCTURE = 0.35
"""Structure tensor that noise itself makes, over the residual; measured as 0.27 to 0.34, rounded up."""

LEAST_STRUCTURE = 0.02
"""Smallest part of the structure tensor that remains after that of noise is subtracted."""

LARGEST_CORRELATION = 0.98
"""Largest correlation of the slopes down and right after the subtraction, so that the tensor can be inverted."""

NOISE_RIDGE = 0.01
"""Regularization of the predicted variance, relative to the trace of the structure tensor."""


@fast
def structure_terms(evidence: Array, noise: Array) -> Array:
    """Structure tensor without that of noise (3 planes), variance of the displacement, and weight, (5, h, w).

    Parameters
    ----------
    evidence
        Mean structure tensor and residual (4, h, w).
    noise
        Variance (h, w) of the right-hand side of the normal equations.
    """
    xp = namespace(evidence)
    yy, yx, xx, residual = evidence
    own = NOISE_STRUCTURE * residual
    yy, xx = xp.maximum(yy - own, LEAST_STRUCTURE * yy), xp.maximum(xx - own, LEAST_STRUCTURE * xx)
    largest = LARGEST_CORRELATION * xp.sqrt(yy * xx)
    yx = xp.clip(yx, -largest, largest)
    ridge = NOISE_RIDGE * (yy + xx) + 1e-6
    variance = noise * (yy + xx + 2 * ridge) / ((yy + ridge) * (xx + ridge) - yx * yx)
    return xp.stack([yy, yx, xx, variance, 1 / (variance + 1e-9)])


@fast
def weighing(structure: Array, noise: Array, true: Array) -> Array:
    """Matrix of the shrinkage (3 planes) and mean squared error that remains, (4, h, w).

    Parameters
    ----------
    structure
        Structure tensor (3, h, w).
    noise
        Variance (h, w) of the right-hand side of the normal equations.
    true
        Variance (h, w) of each component of the true displacement.
    """
    xp = namespace(structure)
    yy, yx, xx = structure
    mu = noise / xp.maximum(true, 1e-12)
    determinant = (yy + mu) * (xx + mu) - yx * yx + 1e-20
    parts = [(xx + mu) * yy - yx * yx, mu * yx, (yy + mu) * xx - yx * yx, noise * (yy + xx + 2 * mu)]
    return xp.stack(parts) / determinant


@fast
def update_means(means: Array, reading: Array, signal: Array, prior: Array, weights: np.ndarray) -> None:
    """Update running means (9, h, w) by some frames, in place.

    Parameters
    ----------
    means
        Means of the evidence, 4 planes; of the displacement between frames, 2; and of d.d, d.c and c.c, summed over
        both components, where d is `signal` and c is `prior`.
    reading
        Displacement between frames and the evidence for it (T, 6, h, w): see ``gradient_evidence``.
    signal
        Filtered displacement (T, 2, h, w).
    prior
        Denoised displacement (T, 2, h, w) of the coarser level on the samples of this level.
    weights
        Weight (T,) of each frame in the means.
    """
    xp = namespace(means)
    for frame, own, coarse, weight in zip(reading, signal, prior, weights.tolist(), strict=True):
        moments = xp.stack([own * own, own * coarse, coarse * coarse]).sum(1)
        means += weight * (xp.concatenate([frame[2:], frame[:2], moments]) - means)


@fast
def update_mean_product(mean: Array, a: Array, b: Array, weights: np.ndarray) -> None:
    """Update a running mean (h, w) of the product of a and b (T, h, w) by some frames with weights (T,), in place.

    The frames are added one by one, so that the result does not depend on how many are added at once.
    """
    for x, y, weight in zip(a, b, weights.tolist(), strict=True):
        mean += weight * (x * y - mean)


@fast
def shrink_displacement(
    means: Array,
    motion: Array,
    signal: Array,
    prior: Array,
    estimate: Array,
    weights: np.ndarray,
    per_threshold: tuple[float, float],
) -> None:
    """Denoise the displacement of some frames, and fade it where the speed steps.

    Parameters
    ----------
    means
        Running means (9, h, w), updated in place: of the square of the denoised displacement; and, down and right each,
        of the speed, of this mean, of the result and of its square.
    motion
        Displacement between frames (T, 2 or more, h, w), of which the first 2 planes are used.
    signal
        Filtered displacement (T, 2, h, w), replaced by the denoised and faded displacement.
    prior
        Denoised displacement (T, 2, h, w) of the coarser level on the samples of this level, replaced by the denoised
        displacement of this level.
    estimate
        Agreement with the coarser level, three elements of the symmetric matrix of the shrinkage, and the factor of the
        result (5, h, w): see ``vmm.motion._shrinkage``.
    weights
        Weights (T, 2) of each frame in the first mean, and in all others.
    per_threshold
        Factor of the speed, and the reciprocal of the standard deviation of this product at which motion is halved.
    """
    agreement, yy, yx, xx, factor = estimate
    power, speed, smooth, mean, square = means[0], means[1:3], means[3:5], means[5:7], means[7:9]
    for t, (long, short) in enumerate(weights.tolist()):
        coarse = agreement * prior[t]
        down, right = signal[t] - coarse
        coarse[0] += yy * down + yx * right
        coarse[1] += yx * down + xx * right
        power += long * ((coarse * coarse).sum(0) - power)
        prior[t] = coarse * factor
        speed += short * (per_threshold[0] * motion[t, :2] - speed)
        smooth += short * (speed - smooth)
        mean += short * (smooth - mean)
        square += short * (smooth * smooth - square)
        signal[t] = prior[t] * attenuation((square - mean * mean)[None], per_threshold[1])


def attenuation(variance: Array, per_threshold: float) -> Array:
    """Factor in [0, 1] for the variance of speed (n, 2, h', w') down and right."""
    total = namespace(variance).maximum(variance.sum(1), 0) * per_threshold**2
    return 1 / (1 + total**2)


@fast
def probed_residual(images: Array, earlier: Array, displacement: Array, rows: np.ndarray) -> Array:
    """Part (T, n, w) of the change between frames in probed rows that the displacement does not explain.

    Parameters
    ----------
    images, earlier
        Levels (T, h, w) of frames and of the frames before them.
    displacement
        Displacement (T, 2 or more, h', w') between them, of which the first 2 planes are used.
    rows
        Indices (n, 3) of rows with their neighbors.
    """
    image, before = samples(images, rows, 1), samples(earlier, rows, 1)
    value, change = (image + before) / 2, image - before
    across = np.array(SMOOTH)

    def mixed(x: Array, taps: Any) -> Array:
        return sum(float(tap) * x[..., i, :] for i, tap in enumerate(taps) if tap)

    change = correlate(mixed(change, across), SMOOTH, -1)
    down, right = correlate(mixed(value, SLOPE), SMOOTH, -1), correlate(mixed(value, across), SLOPE, -1)
    columns = np.arange(change.shape[-1]) // 2
    displacement = samples(samples(displacement, rows[:, 1] // 2, -2), columns, -1)
    return change + down * displacement[:, 0] + right * displacement[:, 1]


@fast
def weighted_averages(x: Array, weight: Array, total: Array, sigma: tuple[float, float]) -> Array:
    """Weighted averages of images (n, h, w) around each sample; `total` (h, w) is the blur of the weight (h, w)."""
    return blur(x * weight, sigma) / total


@fast
def deviations(x: Array, weight: Array, total: Array, sigma: tuple[float, float]) -> tuple[Array, Array]:
    """Replace images (n, h, w) by their deviations from ``weighted_averages``.

    The results are the averages (n, h, w) and the sum (h, w) of the squared deviations.
    """
    mean = weighted_averages(x, weight, total, sigma)
    x -= mean
    return mean, (x**2).sum(axis=0)


@fast
def shrink_deviations(x: Array, mean: Array, wider: Array, near_share: Array, wide_share: Array) -> None:
    """Replace deviations x (n, h, w) from averages by ``near_share * x + (wide_share * mean + wider)``."""
    x *= near_share
    mean *= wide_share
    mean += wider
    x += mean
