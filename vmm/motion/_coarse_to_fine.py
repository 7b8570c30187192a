"""Displacement between two frames of any distance, by gradient least squares from coarse to fine levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.levels import spline_coefs
from vmm.backend.luma import LUMA_WEIGHTS
from vmm.backend.pairs import FLOOR, TINY, contrast_terms, pair_slopes, slope_products, window_displacement
from vmm.backend.reference import blur, expand, reduce, robust_std
from vmm.motion.warp import bicubic, bilinear, pixel_positions

MIN_SIDE = 10
"""Smallest side in px of a level: below it, the window of 3 px covers the level."""


@dataclass(frozen=True)
class Window:
    """A Gaussian window of the least squares.

    Attributes
    ----------
    sigma
        Standard deviation in px of the level. A narrow window follows small objects, a wide one averages more noise.
    halvings
        Number of times that the products of slopes are reduced to every second sample before they are averaged; a wide
        window keeps no detail that this loses.
    min_evidence
        Improvement over the estimate without this window, in variances of the change that remains unexplained, above
        which the displacement of this window begins to count. The estimate without the widest window is that of the
        coarser level. The larger it is, the less noise passes, and the farther neighbors are mixed.
    """

    sigma: float
    halvings: int
    min_evidence: float


WINDOWS = Window(8.0, 2, min_evidence=14.0), Window(3.0, 1, min_evidence=5.0), Window(1.5, 0, min_evidence=6.0)
"""The windows, the widest first; each has one halving less than the one before it."""

OFFSET = 8, 13
"""Rows and columns in px by which the change is moved away from the slopes to measure the correlation of noise. It is
more than the width of a window, and no multiple of the blocks of a codec in both directions."""

MEDIAN_GAIN = 1.386
"""Median of the improvement by noise that is independent in all samples: of a chi-squared variable with 2 degrees of
freedom."""

MIN_CORRELATION = 1.4
"""Correlation of the noise above which windows need more evidence: uncompressed photographs have at most 1.4, and clips
of H.264 about 2 to 4."""

STRICTNESS = 9.0
"""Largest increase of the evidence that windows need, which they need from a correlation of `MIN_CORRELATION` + 1 on.
The larger it is, the calmer are areas without texture in compressed clips, and the less small motion is followed."""

FINE_LEVELS = 2
"""Number of levels, from the finest, in which the narrowest window is used. More levels let more noise through."""

CONTRAST_WINDOW = 8.0, 2
"""Standard deviation in px of the level, and halvings, of the window in which a change of contrast is constant."""

RIDGE_CONTRAST = 1e-3
"""Regularization of the change of contrast relative to the mean square of the values."""

RIDGE_NOISE = 0.5
"""Regularization by the noise, in variances of the noise of the level."""

SOFTNESS = 8.0, 0.02
"""Constant in the weight of the products: in variances of the noise per channel, and relative to the mean energy. The
larger it is, the more equal are the weights, which averages noise best; the smaller it is, the less strong edges decide
alone what their surroundings do."""

MIN_NOISE = 0.4, 0.006
"""Smallest standard deviation that is assumed for noise: that of the rounding of both frames in gray levels for
integers, and a fraction of the standard deviation of the luma for all types."""

NOISE_OF_LEVELS = 0.942, 0.233, 0.101, 0.0488, 0.0239, 0.0115
"""Standard deviation of white noise in the levels of the pyramid, finest first, if it is 1 in the frame."""


@dataclass(frozen=True, eq=False)
class FrameLevels:
    """The band-passed levels of a frame, as cubic splines.

    Attributes
    ----------
    luma
        Luma (H, W) of the frame.
    splines
        Spline coefficients (C, h, w) of each level of the Laplacian pyramid, the finest first. C is 1 or 3.
    """

    luma: Array
    splines: list[Array]

    @property
    def channel_noise(self) -> float:
        """Standard deviation of the noise of a channel, relative to that of the luma, if channels are independent."""
        return 1 / math.hypot(*LUMA_WEIGHTS) if len(self.splines[0]) == 3 else 1.0


def frame_levels(planes: Array) -> FrameLevels:
    """The levels of the color planes (C, H, W) of a frame, C = 1 or 3."""
    weights = LUMA_WEIGHTS if len(planes) == 3 else (1.0,)
    luma = sum(weight * plane for weight, plane in zip(weights, planes, strict=True))
    splines: list[Array] = []
    x, side = planes, min(planes.shape[1:])
    while not splines or side >= 2 * MIN_SIDE:
        coarse = reduce(x)
        splines.append(spline_coefs(x - expand(coarse, x.shape[-2:])))
        x, side = coarse, (side + 1) // 2
    return FrameLevels(luma, splines)


def pair_displacement(a: FrameLevels, b: FrameLevels, min_noise: float = 0.0) -> Array:
    """Displacement (2, H, W), down and right, in px, from frame a to frame b at each pixel of the frame between them.

    Both frames are displaced by half of the displacement of the coarser level towards each other, by exact cubic
    splines, and the rest is the least-squares solution of the brightness constancy over all color channels [1]_, in
    Gaussian windows from wide to narrow. A window counts where it explains significantly more of the change than the
    coarser level and the wider windows, so that areas without texture follow their surroundings. The part of the change
    that resembles the level itself is a change of light and is removed.

    The noise of compressed clips is correlated between neighbors, and a window averages less of it. The correlation is
    measured by the residual in the finest level; if it is large, the displacement is estimated again, and the windows
    need more evidence.

    Parameters
    ----------
    a, b
        Levels of the two frames.
    min_noise
        Smallest standard deviation of the noise of the luma that is assumed, in gray levels. By default 0.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.
    """
    noise = noise_std(b.luma - a.luma), min_noise
    displacement, slopes = _from_coarse_to_fine(a, b, noise, 1)
    correlation = _noise_correlation(slopes, max(noise) * NOISE_OF_LEVELS[0], a.channel_noise)
    if correlation <= MIN_CORRELATION:
        return displacement
    return _from_coarse_to_fine(a, b, noise, 1 + STRICTNESS * min(correlation - MIN_CORRELATION, 1))[0]


def _from_coarse_to_fine(
    a: FrameLevels, b: FrameLevels, noise: tuple[float, float], strictness: float
) -> tuple[Array, Array]:
    """Displacement (2, H, W), and the slopes (4, C, H, W) of the finest level, whose change the last step explains.

    `noise` is the standard deviation of the noise of the luma and the smallest one that is assumed, and `strictness` is
    a factor of the evidence that a window needs.
    """
    displacement = slopes = None
    for level, (first, second) in reversed(list(enumerate(zip(a.splines, b.splines, strict=True)))):
        xp, pixels = namespace(first), pixel_positions(first)
        displacement = xp.zeros_like(pixels) if displacement is None else 2 * _doubled(displacement, first.shape[1:])
        earlier, later = bicubic(first, pixels - displacement / 2), bicubic(second, pixels + displacement / 2)
        share = NOISE_OF_LEVELS[min(level, len(NOISE_OF_LEVELS) - 1)]
        windows = WINDOWS if level < FINE_LEVELS else WINDOWS[:-1]
        slopes = pair_slopes(earlier, later)
        step = _step(slopes, share * noise[0], share * noise[1], a.channel_noise, windows, strictness)
        displacement = displacement + xp.clip(step, -1, 1)
    return displacement, slopes


def noise_std(change: Array) -> float:
    """Standard deviation of white noise in each of two frames, from the difference (H, W) of the frames."""
    rows = change[1:] - change[:-1]
    return robust_std(rows[:, 1:] - rows[:, :-1]) / (2 * math.sqrt(2))


def min_noise(luma: Array, is_integer: bool) -> float:
    """Smallest standard deviation of the noise that is assumed for a clip with frames of this luma (H, W)."""
    rounding, relative = MIN_NOISE
    return max(rounding if is_integer else 0.0, relative * float(luma.std()))


def _step(
    slopes: Array,
    noise: float,
    min_noise: float,
    channel_noise: float,
    windows: Sequence[Window],
    strictness: float,
) -> Array:
    """Displacement (2, h, w) from slopes (4, C, h, w), by windows from wide to narrow."""
    contrast, energy = _contrast(slopes)
    likely = max(noise, min_noise)
    products = [slope_products(slopes, contrast, energy, _softness(slopes, energy, likely))]
    for _ in range(windows[0].halvings):
        products.append(reduce(products[-1]))
    ridge = RIDGE_NOISE * noise**2 + FLOOR * float((products[0][0] + products[0][1]).mean()) + TINY
    displacement = namespace(slopes).zeros((2, *products[windows[0].halvings].shape[1:]), slopes.dtype)
    for window in windows:
        averaged = _averaged(products[window.halvings], window.sigma, window.halvings)
        if displacement.shape != (2, *averaged.shape[1:]):
            displacement = _doubled(displacement, averaged.shape[1:])
        narrower = window_displacement(averaged, ridge)
        excess = narrower - displacement
        variance = _unexplained(averaged, narrower) / slopes.shape[1]
        gain = _gain(averaged, excess, variance, (channel_noise * likely) ** 2 / 2, window)
        displacement += excess * _evidence(gain, strictness * window.min_evidence, window)
    return displacement if windows[-1].halvings == 0 else _doubled(displacement, slopes.shape[2:])


def _softness(slopes: Array, energy: Array, noise: float) -> float:
    """Constant in the weight of the products of slopes (4, C, h, w) with an energy (h, w)."""
    per_noise, per_energy = SOFTNESS
    return per_noise * slopes.shape[1] * noise**2 + per_energy * float(energy.mean()) + TINY


def _contrast(slopes: Array) -> tuple[Array, Array]:
    """Relative change of contrast (h, w), and the energy (h, w) of the slopes, from slopes (4, C, h, w)."""
    terms = contrast_terms(slopes)
    half = reduce(terms[:2])
    vt, vv = _averaged(reduce(half), *CONTRAST_WINDOW)
    contrast = vt / (vv + RIDGE_CONTRAST * float(vv.mean()) + TINY)
    return _doubled(_doubled(contrast[None], half.shape[1:]), slopes.shape[2:])[0], terms[2]


def _averaged(fields: Array, sigma: float, halvings: int) -> Array:
    """Averages of fields (C, h, w) that are halved already, in a Gaussian window of `sigma` px before that."""
    variance = sigma**2 - (4**halvings - 1) / 3  # without the variance of the binomial filters
    rest = math.sqrt(variance) / 2**halvings
    return blur(fields, (rest, rest))


def _doubled(fields: Array, size: tuple[int, int]) -> Array:
    """Fields (C, h, w), interpolated linearly to the samples (H, W) that they were reduced from."""
    points = namespace(fields).indices(size, dtype=np.float32) / 2
    return bilinear(fields, points)


def _unexplained(products: Array, displacement: Array) -> Array:
    """Averaged squared change (h, w) that a displacement (2, h, w) does not explain, from products (6, h, w)."""
    (yy, xx, yx, yt, xt, tt), (down, right) = products, displacement
    return tt - 2 * (yt * down + xt * right) + yy * down * down + xx * right * right + 2 * yx * down * right


def _gain(products: Array, excess: Array, variance: Array, min_variance: float, window: Window) -> Array:
    """Improvement (h, w) by the excess displacement (2, h, w) of a window, in variances of the unexplained change."""
    (yy, xx, yx), (down, right) = products[:3], excess
    samples = 4 * math.pi * window.sigma**2  # the number of independent samples in the window
    gain = samples * (yy * down * down + xx * right * right + 2 * yx * down * right)
    return gain / (namespace(products).maximum(variance, min_variance) + TINY)


def _evidence(gain: Array, min_evidence: float, window: Window) -> Array:
    """Weight (h, w) in [0, 1] of the excess displacement of a window over the estimate without it."""
    sigma = window.sigma / 2**window.halvings
    return namespace(gain).maximum(0, 1 - min_evidence / (blur(gain, (sigma, sigma)) + 1e-9)).astype(gain.dtype)


def _noise_correlation(slopes: Array, noise: float, channel_noise: float) -> float:
    """Variance of the displacement by noise, relative to that by noise which is independent in all samples.

    The change in slopes (4, C, h, w) is moved away from the slopes, so that no displacement explains it. The
    improvement by least squares is then that by noise alone, and its median is known for independent noise.
    """
    xp = namespace(slopes)
    contrast, energy = _contrast(slopes)
    away = slopes.copy()
    away[3] = xp.roll(slopes[3] - contrast * slopes[2], OFFSET, axis=(-2, -1))
    window = WINDOWS[1]
    products = slope_products(away, xp.zeros_like(contrast), energy, _softness(slopes, energy, noise))
    for _ in range(window.halvings):
        products = reduce(products)
    averaged = _averaged(products, window.sigma, window.halvings)
    displacement = window_displacement(averaged, FLOOR * float((products[0] + products[1]).mean()) + TINY)
    variance = _unexplained(averaged, displacement) / slopes.shape[1]
    gain = _gain(averaged, displacement, variance, (channel_noise * noise) ** 2 / 2, window)
    return float(xp.median(gain)) / MEDIAN_GAIN
