"""Least squares of the pixels in Gaussian windows, which read nothing outside the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage

from vmm.measure.estimation._motion_edges import MotionEdges, dilated
from vmm.measure.estimation._observability import gradient_floor, observable_directions
from vmm.measure.estimation._window_sums import WindowSums, interpolation_matrix

_TAPS = (0.9259, -0.3649, 0.1584, -0.0604, 0.0141)
"""Weights of the derivative at distances of 1 to 5 pixels, by least squares up to 0.36 cycles per pixel: more taps
would mix pixels of different objects, and fewer would be wrong for fine texture."""

_WINDOWS_PER_SIGMA = 2.5
"""Windows within one standard deviation: more would hardly differ from their neighbors."""

_MIN_WEIGHT = 0.1
"""Smallest weight of the usable pixels of a window, relative to the whole window."""

_MIN_ENERGY_RATIO = 0.01
"""Smallest ratio of the gradient energies of the two directions, as for the dense field."""

_MIN_FREEDOM = 0.2
"""Smallest share of the noise that is taken to be left by the fit of a window with few pixels."""

_MAX_NOISE_EXCESS, _NOISE_DEVIATIONS = 0.15, 4.0
"""Excess of the unexplained energy over that of the noise that is allowed in a consistent window: a fraction, for the
error of the noise itself, and standard deviations."""

_MAX_MISFIT = 0.004
"""Unexplained share of the energy of the motion that is allowed in a consistent window. It covers errors of the
derivative; a part of the window that moves otherwise leaves about its share of the energy."""

_MAX_CHANGE, _MAX_NONLINEAR = 0.1, 0.2
"""Variance over time that the motion does not explain, relative to that of the mean image, and relative error of larger
motion, above which slopes do not show the motion: objects then cover pixels that their motion does not reach."""

NONLINEAR_SHARE = 0.4
"""Share of the correction for larger motion that is its standard error: it depends on more than one curvature."""

_QUIET_SHARES, _MAX_QUIET_RATIO = (0.25, 0.05), 3.0
"""Quantiles of the unexplained energy over that of the noise, of which the first is taken as noise: slow drifts and
codecs make noise that is stronger in some components. The last value is its largest ratio to the second quantile,
because large motion can disturb more than three quarters of the windows."""

_MAX_SCALE_RATIO = 8.0
"""Largest ratio of that noise to the one in smaller windows. Motion that bends raises it by less, and a row of narrow
objects, which every large window mixes, by more."""

_CURVATURE_SHARE = 0.75
"""Curvature of the texture along the motion over its mean in both directions, for isotropic texture."""

_MIN_HIDDEN = 0.5
"""Share of the frames in which a window repeats from which its motion may be hidden as a whole."""

_FLICKER_ROUNDS, _FLICKER_RANGE = 3, 4.0
"""Rounds of reweighting when changes of light are fitted, and the energy, relative to the median, at which a pixel
counts half."""


@dataclass(frozen=True, eq=False)
class Components:
    """The motion of a clip in M components over time, each with the noise of a single frame.

    Attributes
    ----------
    images
        Components (M, H, W) of the pixels' luma.
    mean
        Mean image (H, W).
    usable
        (H, W) 1 where a pixel may be used, else 0.
    noise
        Variance (H, W) of the noise of a pixel.
    hidden
        Root mean square change of the luma that an encoder may have hidden, and the share of the frames in which the
        place repeats, as (2, H, W).
    mean_squares
        (M,) mean square over time of a motion that has the value 1 in one component.
    kurtosis
        Kurtosis of the motion over time: 1.5 for a sine, 3 for random motion.
    n_frames
        Number of frames.
    """

    images: np.ndarray
    mean: np.ndarray
    usable: np.ndarray
    noise: np.ndarray
    hidden: np.ndarray
    mean_squares: np.ndarray
    kurtosis: float
    n_frames: int


@dataclass(frozen=True, eq=False)
class WindowFits:
    """Motion in windows of one size.

    Attributes
    ----------
    sigma
        Standard deviation of the windows in pixels.
    spacing
        Distance in pixels between neighboring windows.
    values, variance
        Components (M, h, w, 2) of the displacement, down and right, and their variances.
    is_known
        (h, w, 2) bool: whether the texture makes the direction observable.
    is_torn
        (h, w) bool: whether one motion does not explain the pixels.
    is_lost
        (h, w) bool: whether the pixels change too much for their slopes to show the motion, as in large motion.
    edges
        What neighboring windows say about edges of the motion.
    noise_ratio
        (M,) variance of the noise of each component relative to that of a single frame.
    nonlinear
        (h, w) relative error of the displacement that larger motion may leave.
    hidden
        (M, h, w, 2) variance of the displacement that an encoder may have hidden.
    """

    sigma: float
    spacing: int
    values: np.ndarray
    variance: np.ndarray
    is_known: np.ndarray
    is_torn: np.ndarray
    is_lost: np.ndarray
    edges: MotionEdges
    noise_ratio: np.ndarray
    nonlinear: np.ndarray
    hidden: np.ndarray

    @property
    def distance(self) -> int:
        """Windows within one standard deviation."""
        return max(1, round(self.sigma / self.spacing))

    @property
    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the centers of the windows in pixels."""
        height, width = self.is_torn.shape
        return np.arange(height) * self.spacing, np.arange(width) * self.spacing

    def with_edges(self, is_near_edge: np.ndarray) -> WindowFits:
        """The windows where `is_near_edge` (h, w) says that the motion has an edge nearby, and bends elsewhere.

        Torn windows are then those that mix both sides of an edge; bends are corrected, and part of the variance.
        """
        is_torn = np.where(is_near_edge, self.is_torn | self.edges.is_mixed, self.edges.is_unclear) | self.is_lost
        edges = self.edges.outside(is_near_edge)
        values, variance = self.values - edges.growth, self.variance + edges.bend
        return replace(self, values=values, variance=variance, is_torn=is_torn, edges=edges)

    def between(self, maps: np.ndarray, positions: Sequence[np.ndarray]) -> np.ndarray:
        """Maps (..., h, w, 2) of the windows, interpolated at some rows and columns in pixels, as (..., N, 2)."""
        down, right = (interpolation_matrix(x, p) for x, p in zip(positions, self.positions, strict=True))
        result = np.einsum("yi,...ijk,xj->...yxk", down, maps, right, optimize=True)
        return result.reshape(*maps.shape[:-3], -1, 2)

    def nearest(self, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Indices of the windows nearest to positions in pixels."""
        indices = ((x + self.spacing // 2) // self.spacing for x in (rows, cols))
        first, second = (np.minimum(i, n - 1) for i, n in zip(indices, self.is_torn.shape, strict=True))
        return first, second


def without_flicker(images: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Components (M, H, W) of the luma without changes of light that are the same in the whole frame.

    The changes are a multiple of the mean image (H, W) and a level. Pixels with large motion hardly count.
    """
    design = np.stack([np.ones(mean.size), mean.ravel() - mean.mean()], axis=1)
    flat = images.reshape(len(images), -1).T.astype(np.float64)
    residual, weights = flat, np.ones(mean.size)
    for _ in range(_FLICKER_ROUNDS):
        weighted = design * weights[:, None]
        residual = flat - design @ (np.linalg.pinv(weighted.T @ design) @ (weighted.T @ flat))
        energy = np.square(residual).mean(axis=1)
        weights = 1 / (1 + energy / np.maximum(_FLICKER_RANGE * np.median(energy), 1e-12))
    return residual.T.reshape(images.shape)


def fit_windows(
    components: Components, slopes: np.ndarray, sigma: float, reach: float, smaller: WindowFits | None = None
) -> WindowFits:
    """The motion in windows of standard deviation `sigma`.

    In each window, the luma changes by the slopes (2, H, W) of the mean image times the displacement, and by an offset.
    Edges of the motion are judged by the largest motion within `reach` pixels. The noise is not much larger than in
    `smaller` windows, of which fewer mix objects.
    """
    usable = components.usable
    spacing = max(1, int(sigma / _WINDOWS_PER_SIGMA))
    sums = WindowSums(usable.shape, sigma, spacing)
    noise = components.noise[np.ix_(*sums.positions)]
    weight = sums(usable)
    weight_safe, weight_squared = np.maximum(weight, 1e-9), sums(usable, squared=True)
    means = sums(slopes * usable) / weight_safe
    normal = _products(sums, slopes, usable) - weight * means[:, None] * means
    cross = means[:, None] * sums(slopes * usable, squared=True)
    scatter = _products(sums, slopes, usable, squared=True) - cross - cross.swapaxes(0, 1)
    scatter += weight_squared * means[:, None] * means
    normal, scatter = (np.moveaxis(x, (0, 1), (-2, -1)) for x in (normal, scatter))
    is_known, inverse = _observable_inverse(normal, weight, noise, components)
    luma = sums(components.images * usable)
    right_side = np.stack([sums(components.images * slope * usable) for slope in slopes], axis=-1)
    right_side -= np.moveaxis(means, 0, -1) * luma[..., None]
    values = -np.einsum("yxij,myxj->myxi", inverse, right_side)
    explained = -np.einsum("myxi,myxi->myx", right_side, values) / weight_safe
    energy = (sums(components.images**2 * usable) - luma**2 / weight_safe) / weight_safe
    freedom = np.maximum(weight**2 / np.maximum(weight_squared, 1e-9), 1e-9)
    unexplained = (energy - explained) / np.maximum(1 - 3 / freedom, _MIN_FREEDOM)
    values, nonlinear = _corrected(values, sums, slopes, components)
    large = weight >= _MIN_WEIGHT * weight.max()
    usual, low = np.maximum(np.quantile((unexplained / noise)[:, large], _QUIET_SHARES, axis=1), 1)
    quiet = np.minimum(usual, _MAX_QUIET_RATIO * low)
    if smaller is not None:
        quiet = np.minimum(quiet, _MAX_SCALE_RATIO * smaller.noise_ratio)
    limit = noise * quiet[:, None, None] * (1 + _MAX_NOISE_EXCESS + _NOISE_DEVIATIONS * np.sqrt(2 / freedom))
    is_torn = (unexplained > limit + (_MAX_MISFIT + nonlinear**2) * explained).any(axis=0)
    misfit = np.minimum(np.maximum(unexplained - limit, 0) / np.maximum(explained, 1e-9), 1)[..., None]
    efficiency = np.diagonal(inverse @ scatter @ inverse, axis1=-2, axis2=-1)
    is_known &= large[..., None]
    least_noise = (noise * quiet[:, None, None])[..., None] * efficiency
    leverage = _leverage(sums, slopes, usable, means, normal, inverse)
    distances = max(1, round(sigma / spacing)), int(np.ceil(reach / spacing))
    level, size = np.maximum(noise, unexplained.mean(axis=0)), np.square(values).sum(axis=-1, keepdims=True)
    inaccuracy = (NONLINEAR_SHARE * nonlinear[..., None]) ** 2 * size
    edges = MotionEdges.of(values, least_noise + inaccuracy, is_known, leverage, *distances)
    variance = level[..., None] * efficiency + misfit**2 * size + inaccuracy
    changes = np.einsum("m,myx->yx", components.mean_squares, np.maximum(unexplained - limit, 0))
    contrast = np.maximum(sums(components.mean**2 * usable) - sums(components.mean * usable) ** 2 / weight_safe, 1e-9)
    is_lost = (changes > _MAX_CHANGE * contrast / weight_safe) | (nonlinear > _MAX_NONLINEAR)
    is_lost &= large
    hidden = _hidden(components, sums, values, inverse)
    return WindowFits(sigma, spacing, values, variance, is_known, is_torn, is_lost, edges, quiet, nonlinear, hidden)


def _hidden(components: Components, sums: WindowSums, values: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Variance (M, h, w, 2) of the motion `values` of windows that an encoder may have hidden.

    The frames that it coded show the motion, so that those that repeat hide no larger share of it than their own.
    """
    change, share = sums(components.hidden * components.usable)
    weight = np.maximum(sums(components.usable), 1e-9)
    energy = np.square(change) / weight / components.mean_squares[:, None, None]
    variance = energy[..., None] * np.diagonal(inverse, axis1=-2, axis2=-1)
    share = share / weight
    ratio = share / np.maximum(1 - share, 1e-9)
    largest = (ratio**2 * np.square(values).sum(axis=-1))[..., None]
    result: np.ndarray = np.where((share < _MIN_HIDDEN)[..., None], np.minimum(variance, largest), variance)
    return result


def near_edges(larger: WindowFits, smaller: Sequence[WindowFits]) -> np.ndarray:
    """Bool map (h, w) on the grid of the larger windows: whether the motion has an edge nearby, and does not only bend.

    A bend is weaker in smaller windows and an edge is not, so that they decide where noise lets them.
    """
    result = dilated(larger.edges.is_edge, larger.distance)
    for fit in smaller:
        places = np.ix_(*fit.nearest(*larger.positions))
        is_shown = dilated(fit.edges.is_edge, max(1, round(larger.sigma / fit.spacing)))
        result &= (is_shown | ~fit.edges.can_show_edge)[places]
    return result


def _leverage(
    sums: WindowSums,
    slopes: np.ndarray,
    usable: np.ndarray,
    means: np.ndarray,
    normal: np.ndarray,
    inverse: np.ndarray,
) -> np.ndarray:
    """Error (5, h, w, 2, 2) of the displacement in every window for its derivatives from window to window.

    They are the slopes, down and right, and the second derivatives, down, right and mixed. A window shows the mean over
    its texture, which is not in its center.
    """

    def moment(weights: np.ndarray) -> np.ndarray:
        products = _products(sums, slopes, usable * weights) - means[:, None] * sums(slopes * usable * weights)
        return np.moveaxis(products, (0, 1), (-2, -1))

    y, x = np.indices(usable.shape) / sums.spacing
    down, right = (p[..., None, None] for p in np.meshgrid(*(p / sums.spacing for p in sums.positions), indexing="ij"))
    by_y, by_x = moment(y), moment(x)
    parts = [
        by_y - down * normal,
        by_x - right * normal,
        (moment(y * y) - 2 * down * by_y + down**2 * normal) / 2,
        (moment(x * x) - 2 * right * by_x + right**2 * normal) / 2,
        moment(x * y) - right * by_y - down * by_x + down * right * normal,
    ]
    return np.stack([inverse @ part for part in parts])


def derivatives(image: np.ndarray) -> np.ndarray:
    """Derivatives (2, H, W) of an image (H, W), down and right."""
    taps = [-t for t in _TAPS[::-1]] + [0.0, *_TAPS]
    return np.stack([scipy.ndimage.correlate1d(image, taps, axis, mode="mirror") for axis in (0, 1)])


def _products(sums: WindowSums, slopes: np.ndarray, usable: np.ndarray, squared: bool = False) -> np.ndarray:
    """Sums (2, 2, h, w) of the products of two slopes."""
    down, right = slopes
    parts = sums(np.stack([down * down, down * right, right * right]) * usable, squared)
    return parts[[0, 1, 1, 2]].reshape(2, 2, *parts.shape[1:])


def _observable_inverse(
    normal: np.ndarray, weight: np.ndarray, noise: np.ndarray, components: Components
) -> tuple[np.ndarray, np.ndarray]:
    """Observable axes (h, w, 2), and inverses (h, w, 2, 2) in the observable directions."""
    energy = 2 * float(np.dot(_TAPS, _TAPS)) * weight
    floor = gradient_floor(noise, np.asarray(abs(components.mean.mean())), energy, components.n_frames)
    floor = np.maximum(floor, _MIN_ENERGY_RATIO * np.linalg.eigvalsh(normal)[..., 1])
    is_known, projections = observable_directions(normal, floor)
    return is_known, projections @ np.linalg.pinv(normal, rcond=1e-9, hermitian=True)


def _corrected(
    values: np.ndarray, sums: WindowSums, slopes: np.ndarray, components: Components
) -> tuple[np.ndarray, np.ndarray]:
    """Values without the errors of larger motion, and the relative size (h, w) of those that are left.

    Motion blurs the mean image, so that the luma changes more than its slopes predict, and luma is not linear in the
    displacement: the gain is ``1 + c m (3 - k) / 6`` for a texture of curvature c, and motion of mean square m and
    kurtosis k.
    """
    second = derivatives(slopes[0]), derivatives(slopes[1])
    bending = sum((part**2).sum(axis=0) for part in second)
    steepness = np.maximum(sums((slopes**2).sum(axis=0) * components.usable), 1e-9)
    curvature = _CURVATURE_SHARE * sums(bending * components.usable) / steepness
    motion = np.einsum("m,myxi->yx", components.mean_squares, values**2)
    gain = 1 + curvature * motion * (3 - components.kurtosis) / 6
    return values / gain[..., None], np.minimum(curvature * motion / 4, 0.25)
