"""Readings of regions from their own pixels: displacement over time, noise, and errors of the model."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, to_host
from vmm.measure.estimation._estimates import Estimates
from vmm.measure.estimation._hidden_frames import MIN_SIMILARITY, hidden_frames
from vmm.measure.estimation._observability import gradient_floor, observable_directions, single_directions
from vmm.measure.estimation._own_pixels import Fit, PixelModel, gradient_noise
from vmm.measure.estimation._own_slopes import OwnSlopes, SlopeSums, compare_own_slopes
from vmm.measure.estimation._parts import MIN_DIFFERENCE, Blocks, two_parts
from vmm.measure.estimation._solution import NOT_ONE_MOTION, MisfitOptions

_ROUNDING = 1e-5
"""Smallest noise relative to the mean level. Rounding errors of single precision reach a tenth of it."""

_MIN_FULL = 0.5
"""Smallest share of its pixels with which a block is compared to others."""

_UNEXPLAINED_TO_NOISE = 9.0
_UNEXPLAINED_TO_CONTRAST = 0.3
"""Smallest variance over time that a model fails to explain in a block, relative to that of the quarter of the blocks
in which it explains most, and to the variance of the picture over the region."""

_COLORED_TO_WHITE = 1.5
"""Smallest ratio of the variance of a displacement by the jackknife over blocks to that for white noise, if what the
model does not explain is taken as a picture that moves otherwise. The jackknife alone scatters by a few per cent."""

_MAX_NEAR, _MIN_NEAR = 0.3, 16
"""Displacement in pixels from the reference up to which the Taylor series is accurate also on the finest texture, and
smallest number of frames with such a displacement: with fewer, all frames are compared."""

_UNEXPLAINED_SHARE = 0.15
"""Smallest share of the blocks in which a model must fail. Below it the rest of the region
determines the motion."""

_MAX_BIAS = 9.0
"""Largest bias of a displacement, relative to it, that slopes show: a tenth of the motion is measured. Slopes without
any motion have no ratio, and would show any bias."""

_SLOPES = MisfitOptions(bias_of_ratio=1.0)
"""Limits for the slopes that the model leaves; the displacement is too small by the whole of them."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over sampled frames.

    Attributes
    ----------
    count
        Number (G,) of frames that show the region.
    residual, energy
        Sums (G, h, w) of the residuals and of their squares.
    scores, products
        Sums of the scores (G, 3K) of the blocks and of their products (G, 3K, 3K).
    slopes
        Sums for the slopes that the model leaves.
    """

    count: np.ndarray
    residual: np.ndarray
    energy: np.ndarray
    scores: np.ndarray
    products: np.ndarray
    slopes: SlopeSums

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))


class Reading:
    """Reads the displacement of G regions from the pixels of a model.

    Call ``read`` with blocks of crops, in any thread, and ``append`` with the results in the order of the frames.

    Parameters
    ----------
    model
        The model.
    level
        Mean gray level (G,) of the regions.
    """

    def __init__(self, model: PixelModel, level: np.ndarray) -> None:
        self.model, self._level = model, level
        self._moves: list[np.ndarray] = []
        self._contrast: list[np.ndarray] = []
        self._sampled: list[Fit] = []
        self._sums: list[Sums] = []

    @cached_property
    def blocks(self) -> Blocks:
        """Blocks of the regions, of which scores are summed."""
        return Blocks.of(self.model)

    def read(
        self, crops: Array, chosen: np.ndarray, times: np.ndarray, start: np.ndarray | None = None
    ) -> tuple[Fit, Fit, Sums]:
        """The fit to crops (G, n, h, w), and the fit to the frames with indices `chosen` and sums over these.

        The fit starts from the displacement `start` (G, n, 2), by default 0. `times` are the numbers of the chosen
        frames in the clip.
        """
        fit = self.model.fit(crops, start)
        sampled = Fit(fit.moves[:, chosen], fit.contrast[:, chosen])
        is_visible = sampled.contrast >= MIN_SIMILARITY
        residual = self.model.residual(crops[:, self.model.xp.asarray(chosen)], sampled)
        residual = residual * self.model.xp.asarray(is_visible, residual.dtype)[..., None, None]
        scores = self.blocks.scores(residual)
        total, energy = (to_host(x.sum(axis=1)).astype(float) for x in (residual, residual**2))
        products = scores.swapaxes(1, 2) @ scores
        slopes = SlopeSums.of(sampled, is_visible, residual, times)
        return fit, sampled, Sums(is_visible.sum(axis=1), total, energy, scores.sum(axis=1), products, slopes)

    def append(self, fit: Fit, sampled: Fit, sums: Sums, shifts: np.ndarray) -> None:
        """Add the results for the next frames, which were shifted by whole pixels (n, G, 2)."""
        self._moves.append(fit.moves.swapaxes(0, 1) + shifts)
        self._contrast.append(fit.contrast.T)
        self._sampled.append(sampled)
        self._sums = [sum(self._sums, sums)] if self._sums else [sums]

    @property
    def moves(self) -> np.ndarray:
        """Displacement (T, G, 2) in pixels."""
        return np.concatenate(self._moves)

    @cached_property
    def is_sampled(self) -> np.ndarray:
        """Bool array (G, n): which of the sampled frames show a region."""
        return np.concatenate([fit.contrast for fit in self._sampled], axis=1) >= MIN_SIMILARITY

    @cached_property
    def sampled_moves(self) -> np.ndarray:
        """Displacement (G, n, 2) in sampled frames, beyond the shifts and relative to its mean; 0 if hidden."""
        return centered(np.concatenate([fit.moves for fit in self._sampled], axis=1), self.is_sampled)

    @cached_property
    def _variance(self) -> np.ndarray:
        """Variance (G, h, w) over time of what the model does not explain."""
        sums = self._sums[0]
        count = sums.count[:, None, None]
        energy = sums.energy - np.square(sums.residual) / np.maximum(count, 1)
        variance: np.ndarray = np.maximum(energy, 0) / np.maximum(count - 1, 1)
        return variance

    @cached_property
    def noise(self) -> np.ndarray:
        """Variance (G,) of the noise of the pixels, with all that the model does not explain."""
        variance = self._variance.sum(axis=(1, 2)) / np.maximum(self.model.counts - 4, 1)
        return np.maximum(variance, np.square(_ROUNDING * self._level) + 1e-12)

    @cached_property
    def is_unexplained(self) -> np.ndarray:
        """Bool array (G,): whether the model fails in a part of a region, while it holds in another one.

        The reference shows one part alone if the parts move against each other by more than the size of the texture.
        """
        counts, energy = (self._block_sums(x) for x in (to_host(self.model.weights), self._variance))
        is_full = counts >= _MIN_FULL * counts.max(axis=(1, 2), keepdims=True)
        variance = np.where(is_full, energy / np.maximum(counts, 1), np.nan).reshape(len(counts), -1)
        lowest = np.nanquantile(variance, 0.25, axis=1, keepdims=True)
        contrast = self.model.gram[:, :1, 0] / np.maximum(self.model.counts, 1)[:, None]
        fails = (variance > _UNEXPLAINED_TO_NOISE * lowest) & (variance > _UNEXPLAINED_TO_CONTRAST * contrast)
        is_unexplained: np.ndarray = fails.sum(axis=1) > _UNEXPLAINED_SHARE * is_full.sum(axis=(1, 2))
        return is_unexplained

    def disagreement(self, values: np.ndarray, chosen: Any) -> np.ndarray:
        """Variance (G, 2) by which another estimate differs from this reading, beyond what noise explains.

        Both are biased where pixels do not follow one motion, but not alike. Either the part of the difference counts
        that follows the motion, which is known best, or the whole of it, whichever is larger. Frames count in which
        this reading is accurate. `values` (n, G, 2) are those in sampled frames, of which `chosen` are the positions
        among the frames that are read.
        """
        is_near = self.is_sampled & self._is_near
        own, other = (centered(x.swapaxes(0, 1), is_near) for x in (self.moves[chosen], values))
        motion = centered(values.swapaxes(0, 1), self.is_sampled)
        count, n_sampled = (np.maximum(x.sum(axis=1), 1) for x in (is_near, self.is_sampled))
        power, near_power = (np.square(x).sum(axis=(1, 2)) / n for x, n in ((motion, n_sampled), (other, count)))
        growth = np.maximum(power / np.maximum(near_power, 1e-30), 1)[:, None]
        total = np.square(other - own).sum(axis=1) / count[:, None] - _diagonal(self.covariance)
        # At most the whole motion is wrong: frames without motion show nothing of the others.
        proportional = np.fmin(growth * proportional_variance(other - own, other, count), power[:, None])
        disagreement: np.ndarray = np.fmax(total, proportional)
        return disagreement

    @cached_property
    def _is_near(self) -> np.ndarray:
        """Bool array (G, n): the sampled frames so near to the reference that the Taylor series is accurate."""
        moves = np.concatenate([fit.moves for fit in self._sampled], axis=1)
        is_near: np.ndarray = np.linalg.norm(moves, axis=2) < _MAX_NEAR
        return is_near | (is_near.sum(axis=1, keepdims=True) < _MIN_NEAR)

    @cached_property
    def score_covariance(self) -> np.ndarray:
        """Covariance (G, 3K, 3K) of the scores of the blocks over time."""
        sums = self._sums[0]
        count = sums.count[:, None, None]
        outer = sums.scores[:, :, None] * sums.scores[:, None] / np.maximum(count, 1)
        covariance: np.ndarray = (sums.products - outer) / np.maximum(count - 1, 1)
        return covariance

    @cached_property
    def covariance(self) -> np.ndarray:
        """Covariance (G, 2, 2) of the displacement for white noise of the variance `noise`."""
        covariance: np.ndarray = self.noise[:, None, None] * self.model.covariance
        return covariance

    def two_parts(
        self, motion: np.ndarray, which: np.ndarray, min_difference: float = MIN_DIFFERENCE
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fraction of the pixels in the smaller part, and second moments (..., 2, 2) of the motion of one part against
        the other, of the regions with indices `which`, and 0 if they have no parts.

        `motion` (G, 2, 2) are the second moments of the largest motion of each region and its neighborhood, of
        which the motions of the parts must differ by `min_difference`.
        """
        arrays = (self.blocks.normals, self.score_covariance, self.noise, motion, self._sums[0].count)
        normals, covariance, noise, motion, n_frames = (x[which] for x in arrays)
        variances = self._block_sums(self._variance[which]).reshape(-1, normals.shape[1])
        return two_parts(self.blocks.shape, normals, covariance, noise, motion, n_frames, variances, min_difference)

    def _block_sums(self, images: np.ndarray) -> np.ndarray:
        """Sums (G, m, n) of images (G, h, w) over the blocks."""
        rows, cols = (to_host(x) for x in (self.blocks.rows, self.blocks.cols))
        sums: np.ndarray = rows.T @ images @ cols
        return sums

    @cached_property
    def _observable(self) -> tuple[np.ndarray, np.ndarray]:
        """Observable axes (G, 2), and projections (G, 2, 2) on observable directions."""
        energy = self.model.counts * gradient_noise()
        floor = gradient_floor(self.noise, self._level, energy, sum(map(len, self._moves)))
        return observable_directions(self.model.normal, floor)

    @cached_property
    def _jackknife(self) -> np.ndarray:
        """Covariance (G, 2, 2) of the displacement by the jackknife over the blocks."""
        count = len(self.blocks.normals[0])
        scores = self.score_covariance.reshape(-1, count, 3, count, 3)
        power = np.einsum("gkakb->gab", scores[:, :, :2, :, :2])
        inverse = self.model.covariance
        covariance: np.ndarray = inverse @ power @ inverse * count / (count - 1)
        return covariance

    @property
    def is_poor(self) -> np.ndarray:
        """Bool array (G,): whether the model explains little of the picture, and the rest is no white noise.

        The reference shows a mixture of parts that move relative to each other by more than the size of the texture.
        """
        contrast = self.model.gram[:, 0, 0] / np.maximum(self.model.counts, 1)
        traces = (np.trace(x, axis1=1, axis2=2) for x in (self._jackknife, self.covariance))
        is_colored = next(traces) > _COLORED_TO_WHITE * next(traces)
        result: np.ndarray = (self.noise > _UNEXPLAINED_TO_CONTRAST * contrast) & is_colored
        return result

    @cached_property
    def _slopes(self) -> OwnSlopes:
        """The slopes that the model leaves."""
        return compare_own_slopes(self._sums[0].slopes, self.model, self.projections, self.noise)

    def _bias(self) -> np.ndarray:
        """Second moments (G, 2, 2) of the bias of the displacement, as far as noise does not explain it.

        That of marked regions has any direction, and counts noise as well.
        """
        is_marked = self.is_marked
        excess, stderr = self._slopes.excess, self._slopes.stderr
        beyond = np.maximum(excess - _SLOPES.ratio_deviations * stderr - _SLOPES.ratio_rounding, 0)
        share: np.ndarray = _SLOPES.bias_of_ratio * np.where(is_marked, excess + stderr, beyond)
        moments = self._slopes.moments
        power = np.trace(moments, axis1=1, axis2=2)[:, None, None] * np.eye(2)
        share = np.minimum(share, _MAX_BIAS)
        bias: np.ndarray = (share**2)[:, None, None] * np.where(is_marked[:, None, None], power, moments)
        return bias

    @property
    def is_marked(self) -> np.ndarray:
        """Bool array (G,): whether the model leaves slopes that noise does not explain."""
        limit = np.maximum(_SLOPES.min_ratio, _SLOPES.min_ratio_deviations * self._slopes.stderr)
        marked: np.ndarray = self._slopes.excess > limit
        return marked

    @property
    def projections(self) -> np.ndarray:
        """Projections (G, 2, 2) on the observable directions."""
        return self._observable[1]

    def estimates(self, saturated: np.ndarray) -> Estimates:
        """The displacement in the observable directions, of regions of which this fraction (G,) is saturated.

        The standard error is the larger one of that for white noise and of the jackknife over the blocks, which counts
        what the model does not explain, and the bias by slopes that the model leaves.
        """
        is_known, projections = self._observable
        parts = (self.covariance, self._jackknife, self._bias())
        white, jackknife, bias = (_diagonal(projections @ x @ projections) for x in parts)
        variance = np.fmax(white, jackknife) + bias
        contrast_stderr = np.sqrt(self.noise / np.maximum(self.model.gram[:, 0, 0], 1e-30))
        return Estimates(
            np.einsum("gij,tgj->tgi", projections, self.moves),
            np.sqrt(variance),
            is_known,
            single_directions(projections),
            hidden_frames(np.concatenate(self._contrast), contrast_stderr),
            saturated,
            np.where(self.is_marked, NOT_ONE_MOTION, "").astype(object),
        )


def _diagonal(matrices: np.ndarray) -> np.ndarray:
    return np.diagonal(matrices, axis1=1, axis2=2)


def centered(moves: np.ndarray, is_visible: np.ndarray) -> np.ndarray:
    """Displacement (..., n, 2) relative to its mean over the visible frames (..., n), and 0 in the others."""
    weights = is_visible[..., None]
    count = np.maximum(weights.sum(axis=-2, keepdims=True), 1)
    result: np.ndarray = (moves - (moves * weights).sum(axis=-2, keepdims=True) / count) * weights
    return result


def proportional_variance(values: np.ndarray, moves: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Variance (G, 2) of the part of values (G, n, 2) that follows the main direction of displacements (G, n, 2).

    Both have a mean of 0, and are 0 in all but a number (G,) of frames. What noise explains is not counted.
    """
    moments = moves.swapaxes(1, 2) @ moves
    power, vectors = np.linalg.eigh(moments)
    motion = np.einsum("gni,gi->gn", moves, vectors[..., 1])
    power = np.maximum(power[:, 1:], 1e-30)
    slope = np.einsum("gn,gni->gi", motion, values) / power
    rest = np.square(values - motion[..., None] * slope[:, None]).sum(axis=1) / count[:, None]
    variance: np.ndarray = np.maximum(slope**2 * power - 2 * rest, 0) / count[:, None]
    return variance
