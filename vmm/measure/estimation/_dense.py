"""Displacement of every pixel, by least squares over a Gaussian neighborhood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype, to_host
from vmm.backend.reference import phase_shift
from vmm.engine.frames import cut
from vmm.engine.regions import Region
from vmm.engine.two_pass import TwoPassClip
from vmm.measure.estimation._crops import group_by_size
from vmm.measure.estimation._filter_bank import FilterBank, taper_window
from vmm.measure.estimation._observability import gradient_floor, observable_directions
from vmm.measure.estimation._template import Template, pseudo_inverse
from vmm.measure.estimation._tracking import Tracker

_MARGIN, _FLAT = 16, 8
"""Width in pixels of the mirrored margin around the frame, and of its part with full weight. The margin keeps the
periodic filters from mixing opposite edges."""

_EQUIVALENT_SIDE = 3.5
"""Side of the square that holds as many pixels as a Gaussian, in its standard deviations (the root of 4 pi)."""

_TRUNCATION = 3.0
"""Standard deviations at which the Gaussian is cut off."""

_MAX_GRID_STEP = 1.6
"""Largest sample spacing of a subband in standard deviations. A coarser grid would leave gaps between samples."""

NOISE_INTERVAL = 32
"""Interval in frames at which the noise is estimated: that takes as long as the displacement itself."""


class DenseEstimator:
    """Sums of phase shifts around each pixel, with the weights of a Gaussian.

    Parameters
    ----------
    clip
        The clip. Its first pass runs when the estimator is made.
    sigma
        Standard deviation of the Gaussian in pixels.
    step
        Distance in pixels between neighboring points of the result.
    """

    def __init__(self, clip: TwoPassClip, sigma: float, step: int = 1) -> None:
        if not (np.isfinite(sigma) and sigma > 0):
            raise ValueError(f"sigma={sigma!r} must be a positive number of pixels: the size of the neighborhood")
        if step < 1:
            raise ValueError(f"step={step!r} must be at least 1 pixel")
        self.xp, self.dtype = namespace(clip.sample), real_dtype(clip.dtype)
        self._crops = group_by_size([Region((0, 0, *clip.size))], _MARGIN)[0]
        self._bank = FilterBank(self._crops.size, self.dtype, self.xp, 2, _EQUIVALENT_SIDE * sigma)
        self._track(clip)
        positions = [np.arange(0, n, step) + _MARGIN for n in clip.size]
        self._down: list[Array] = []
        self._right: list[Array] = []
        for grid in self._bank.grids:
            widths = [max(sigma, spacing / _MAX_GRID_STEP) for spacing in grid.step]
            axes = zip((self._down, self._right), positions, grid.positions(), widths, strict=True)
            for matrices, targets, samples, width in axes:
                matrices.append(self.xp.asarray(_gaussian_matrix(targets, samples, width), self.dtype))
        self.normal = self._normal_matrices(self._template.weights)

    def _track(self, clip: TwoPassClip) -> None:
        """Track the frame as a whole by whole pixels, and make the reference from the mean frame."""
        window = taper_window(self._bank.size, _MARGIN, _FLAT)
        self._tracker = Tracker(self._crops, self._bank, window)
        self.n_frames = self._n_done = 0
        for chunk in clip.first_pass():
            self._observe(chunk)
        mean = self.xp.asarray(self._tracker.reference()[0], self.dtype)
        self._template = Template.from_crops(mean, self._crops.inside, self._bank, window)
        self.shifts = self._tracker.crop_shifts()[:, 0]

    def _observe(self, chunk: Array) -> None:
        for frames in cut(chunk):
            self._tracker.update(frames)
            self.n_frames += len(frames)

    @property
    def references(self) -> list[Array]:
        """Coefficients (h, w) of the reference in each subband."""
        return [r[0] for r in self._template.references]

    def phase_shifts(self, frames: Array) -> Iterator[tuple[Array, Array]]:
        """Coefficients (n, h, w) of the next frames, shifted back, and their phase shifts, for each subband."""
        if self._n_done + len(frames) > self.n_frames:  # of an iterator, only the first frames are observed
            self._observe(frames)
            self.shifts = self._tracker.crop_shifts()[:, 0]
        crops = self._crops.extract(frames, self.shifts[self._n_done : self._n_done + len(frames), None])
        self._n_done += len(frames)
        for coefs, r in zip(self._bank.analyze(self._template.windowed(crops)), self.references, strict=True):
            yield coefs, phase_shift(coefs, self.xp.broadcast_to(r, coefs.shape))

    def _neighborhood_sums(self, i: int, values: Array, squared: bool = False) -> Array:
        """Sums (..., H, W) of values (..., h, w) of subband i around each pixel, by the weights or their squares."""
        down, right = self._down[i], self._right[i]
        if squared:
            down, right = down**2, right**2
        return down @ values @ right.T

    def right_side(self, i: int, phases: Array) -> Array:
        """Contribution (n, 2, H, W) of phase shifts (n, h, w) in subband i to the right-hand side of the system."""
        return self._neighborhood_sums(i, phases[:, None] * self._template.weighted_gradients[i])

    def _normal_matrices(self, weights: Sequence[Array], squared: bool = False) -> np.ndarray:
        """Normal matrices (H, W, 2, 2) around each pixel."""
        total: Any = 0
        for i, (w, k) in enumerate(zip(weights, self._template.phase_gradients, strict=True)):
            products = w * self.xp.stack([k[:, 0] ** 2, k[:, 0] * k[:, 1], k[:, 1] ** 2], axis=1)[0]
            total = total + self._neighborhood_sums(i, products, squared)
        matrices: np.ndarray = np.moveaxis(to_host(total).astype(float)[[0, 1, 1, 2]], 0, -1)
        return matrices.reshape(*matrices.shape[:2], 2, 2)

    def displacement(self, right_side: Array) -> Array:
        """Displacement (n, 2, H, W) for a right-hand side, without knowledge of the noise."""
        return -self.xp.einsum("yxij,njyx->niyx", self._inverse, right_side)

    @cached_property
    def _inverse(self) -> Array:
        """Inverse normal matrices (H, W, 2, 2)."""
        return self.xp.asarray(pseudo_inverse(self.normal), self.dtype)

    def residual(self, subbands: Sequence[tuple[Array, Array]]) -> Array:
        """Energy (H, W) of the coefficients of a frame in quadrature to the prediction from its displacement.

        `subbands` holds coefficients (h, w) and phase shifts (h, w) of each subband.
        """
        right_side = sum(self.right_side(i, phases[None]) for i, (_, phases) in enumerate(subbands))
        moves = self.displacement(right_side)[0]
        total: Any = 0
        for i, (coefs, phases) in enumerate(subbands):
            nearest = [matrix.argmax(axis=0) for matrix in (self._down[i], self._right[i])]
            local = moves[:, nearest[0][:, None], nearest[1]]
            quadrature = abs(coefs) * self.xp.sin(phases + (self._template.phase_gradients[i][0] * local).sum(axis=0))
            total = total + self._neighborhood_sums(i, self._template.weights[i][0] * quadrature**2)
        return total

    def expected_residual(self) -> np.ndarray:
        """The same energy (H, W) for white noise of variance 1."""
        parts = enumerate(zip(self._template.weights, self._bank.noise_power, strict=True))
        total = sum(to_host(self._neighborhood_sums(i, w[0])).astype(float) * n / 2 for i, (w, n) in parts)
        return np.maximum(total, 1e-20)

    def solve(self, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Observable axes (H, W, 2), inverse normal matrices (H, W, 2, 2) and standard errors (H, W, 2).

        `noise` (H, W) is the variance of the pixels.
        """
        parts = enumerate(zip(self._template.areas, self._bank.gradient_noise_power, strict=True))
        energy = sum(to_host(self._neighborhood_sums(i, area[0])).astype(float) * e for i, (area, e) in parts)
        floor = gradient_floor(noise, np.asarray(self._template.level[0]), np.asarray(energy), self.n_frames)
        is_known, projections = observable_directions(self.normal, floor)
        inverse = projections @ np.linalg.pinv(self.normal, rcond=1e-9, hermitian=True)
        scatter = self._normal_matrices(self._template.weights, squared=True) / 2
        variance = np.diagonal(inverse @ scatter @ inverse.swapaxes(-1, -2), axis1=-2, axis2=-1)
        return is_known, inverse, np.sqrt(noise[..., None] * np.maximum(variance, 0))


def _gaussian_matrix(targets: np.ndarray, samples: np.ndarray, width: float) -> np.ndarray:
    """Weights (targets, samples) of a truncated Gaussian of standard deviation `width`."""
    distance = (targets[:, None] - samples) / width
    return np.where(abs(distance) < _TRUNCATION, np.exp(-0.5 * distance**2), 0) / (width * np.sqrt(2 * np.pi))
