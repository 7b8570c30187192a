"""Displacement of every pixel, by least squares over a Gaussian neighborhood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import Array, namespace, real_dtype, to_host
from vmm.backend.reference import phase_shift
from vmm.engine.frames import cut
from vmm.engine.regions import Region
from vmm.engine.two_pass import TwoPassClip
from vmm.measure.estimation._crops import group_by_size
from vmm.measure.estimation._filter_bank import FilterBank, gradients, taper_window
from vmm.measure.estimation._frozen_cells import FrozenCells
from vmm.measure.estimation._neighborhood_sums import NeighborhoodSums
from vmm.measure.estimation._noise_of_pixels import quiet_noise
from vmm.measure.estimation._observability import gradient_floor, observable_directions
from vmm.measure.estimation._pixel_motion import PixelMotion
from vmm.measure.estimation._pixel_windows import Components, without_flicker
from vmm.measure.estimation._repeats import FrameSteps
from vmm.measure.estimation._template import Template, pseudo_inverse
from vmm.measure.estimation._tracking import Tracker
from vmm.measure.estimation._window_choice import explain_pixels
from vmm.measure.estimation._window_sums import interpolation_matrix

_MARGIN, _FLAT = 16, 8
"""Width in pixels of the mirrored margin around the frame, and of its part with full weight. The margin keeps the
periodic filters from mixing opposite edges."""

_EQUIVALENT_SIDE = 3.5
"""Side of the square that holds as many pixels as a Gaussian, in its standard deviations (the root of 4 pi)."""

NOISE_INTERVAL, _NOISE_STEP = 32, 4
"""Interval in frames, and distance in pixels, at which the noise is estimated."""

_MIN_ENERGY_RATIO = 0.01
"""Smallest ratio of the gradient energies of the two directions. Below it, as along a straight edge, changes of light
and motion of the surroundings would read as motion along the edge that is ten times larger."""

_BORDER = 3
"""Width in pixels of the border of the frame where the slopes of the luma are not reliable."""

_MIN_CHANGE = 1.5
"""Ratio of the variances over time of a pixel with and without shifts from which one of them is steadier."""

_SATURATION_INTERVAL, _MAX_SATURATED = 8, 0.02
"""Interval in frames at which saturated pixels are counted, and the fraction of them up to which a pixel is used."""


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
        self._step, self._sigma = step, sigma
        self._sums = self._neighborhoods([np.arange(0, n, step) for n in clip.size])
        self._noise_places = [np.arange(0, n, _NOISE_STEP) for n in clip.size]
        self._noise_sums = self._neighborhoods(self._noise_places)
        self.normal = self._normal_matrices(self._template.weights, self._sums)

    def _neighborhoods(self, places: Sequence[np.ndarray]) -> NeighborhoodSums:
        """Sums around the pixels of some rows and columns."""
        targets = [place + _MARGIN for place in places]
        return NeighborhoodSums(targets, self._bank.grids, self._sigma, self.xp, self.dtype)

    def _track(self, clip: TwoPassClip) -> None:
        """Track the frame as a whole by whole pixels, and make the reference from the mean frame."""
        window = taper_window(self._bank.size, _MARGIN, _FLAT)
        self._tracker = Tracker(self._crops, self._bank, window)
        self.n_frames = self._n_done = 0
        self._saturated = np.zeros(clip.size)
        self._n_examined = 0
        self._frozen = FrozenCells()
        self.frame_steps = FrameSteps()
        for chunk in self.frame_steps.watch(clip.first_pass()):
            self._observe(chunk)
        mean = self._tracker.reference()[0]
        self._is_tracked = True
        self.shifts = self._crop_shifts()
        if self.shifts.any():
            mean_at_rest, self._is_tracked = self._compare_with_rest(clip)
            self.shifts = self._crop_shifts()
            mean = mean if self._is_tracked else mean_at_rest[None]
        self._template = Template.from_crops(self.xp.asarray(mean, self.dtype), self._crops.inside, self._bank, window)

    def _crop_shifts(self) -> np.ndarray:
        """Whole-pixel shifts (n, 2) of the frames, or 0 if the frame does not move as a whole."""
        shifts = self._tracker.crop_shifts()[:, 0]
        return shifts if self._is_tracked else np.zeros_like(shifts)

    def _compare_with_rest(self, clip: TwoPassClip) -> tuple[np.ndarray, bool]:
        """Mean crop without shifts, and whether shifts make more pixels steadier than they make less steady.

        A large object that moves in front of a background at rest can lead the tracker to follow it in some frames,
        and the background would then seem to jump by whole pixels.
        """
        first, count = None, 0
        sums: Any = np.zeros((2, 2, *self._crops.size))
        for chunk in clip.first_pass():
            for frames in cut(chunk):
                shifts = self.shifts[count : count + len(frames)]
                pairs = [self._crops.extract(frames, s[:, None])[0] for s in (0 * shifts, shifts)]
                first = pairs[0][0] if first is None else first
                changes = self.xp.stack(pairs) - first
                sums += to_host(self.xp.stack([changes.sum(axis=1), (changes**2).sum(axis=1)], axis=1)).astype(float)
                count += len(frames)
        mean = sums / count
        at_rest, shifted = self.inside((mean[:, 1] - mean[:, 0] ** 2)[None])
        is_steadier = (shifted * _MIN_CHANGE < at_rest).sum()
        is_tracked = bool(is_steadier >= (at_rest * _MIN_CHANGE < shifted).sum())
        return to_host(first).astype(float) + mean[0, 0], is_tracked

    def _observe(self, chunk: Array) -> None:
        for frames in cut(chunk):
            self._tracker.update(frames)
            self._frozen.observe(frames)
            self._examine_saturation(frames[-self.n_frames % _SATURATION_INTERVAL :: _SATURATION_INTERVAL])
            self.n_frames += len(frames)

    def _examine_saturation(self, frames: Array) -> None:
        """Count in how many frames (n, H, W[, 3]) each pixel has the smallest or largest value of its type."""
        if frames.dtype.kind == "u" and len(frames):
            is_saturated = (frames == 0) | (frames == np.iinfo(frames.dtype).max)
            self._saturated += to_host(is_saturated.reshape(*frames.shape[:3], -1).any(axis=3).sum(axis=0))
        self._n_examined += len(frames)

    @property
    def references(self) -> list[Array]:
        """Coefficients (h, w) of the reference in each subband."""
        return [r[0] for r in self._template.references]

    def next_crops(self, frames: Array) -> Array:
        """Luma (1, n, rows, cols) of the next frames, shifted back, with a margin."""
        if self._n_done + len(frames) > self.n_frames:  # of an iterator, only the first frames are observed
            self._observe(frames)
            self.shifts = self._crop_shifts()
        crops = self.crops_of(frames, self._n_done)
        self._n_done += len(frames)
        return crops

    def crops_of(self, frames: Array, start: int) -> Array:
        """Luma (1, n, rows, cols) of the frames from number `start` on, shifted back, with a margin."""
        return self._crops.extract(frames, self.shifts[start : start + len(frames), None])

    @staticmethod
    def inside(crops: Array) -> Array:
        """The frames (n, H, W) of crops (1, n, rows, cols), without the margin."""
        return crops[0, :, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]

    def phase_shifts(self, crops: Array) -> Iterator[tuple[Array, Array]]:
        """Coefficients (n, h, w) of crops (1, n, rows, cols), and their phase shifts, for each subband."""
        for coefs, r in zip(self._bank.analyze(self._template.windowed(crops)), self.references, strict=True):
            yield coefs, phase_shift(coefs, self.xp.broadcast_to(r, coefs.shape))

    def right_side(self, i: int, phases: Array) -> Array:
        """Contribution (n, 2, h, w) of phase shifts in subband i to the right-hand side of the system."""
        return self._sums(i, phases[:, None] * self._template.weighted_gradients[i])

    def _normal_matrices(self, weights: Sequence[Array], sums: NeighborhoodSums, squared: bool = False) -> np.ndarray:
        """Normal matrices (h, w, 2, 2) around each pixel."""
        total: Any = 0
        for i, (w, k) in enumerate(zip(weights, self._template.phase_gradients, strict=True)):
            products = w * self.xp.stack([k[:, 0] ** 2, k[:, 0] * k[:, 1], k[:, 1] ** 2], axis=1)[0]
            total = total + sums(i, products, squared)
        matrices: np.ndarray = np.moveaxis(to_host(total).astype(float)[[0, 1, 1, 2]], 0, -1)
        return matrices.reshape(*matrices.shape[:2], 2, 2)

    def displacement(self, right_side: Array) -> Array:
        """Displacement (n, 2, h, w) for a right-hand side, without knowledge of the noise."""
        return -self.xp.einsum("yxij,njyx->niyx", self._inverse, right_side)

    @cached_property
    def _inverse(self) -> Array:
        """Inverse normal matrices (h, w, 2, 2)."""
        return self.xp.asarray(pseudo_inverse(self.normal), self.dtype)

    def leverage(self) -> np.ndarray:
        """Error (5, h, w, 2, 2) in pixels of the displacement for derivatives of the motion, without noise.

        They are the slopes, down and right, and the second derivatives, down, right and mixed. The phase of a small
        motion that is a product of coordinates follows from the derivatives of the reference.
        """
        template = self._template
        y, x = np.indices(self._crops.size) - float(_MARGIN)
        slopes = np.stack(gradients(template.image - float(template.level[0])), axis=1)
        products = (np.ones_like(x), y, x, y * y / 2, x * x / 2, x * y)
        one, by_y, by_x, by_yy, by_xx, by_xy = (self._response(-slopes * product) for product in products)
        rows, cols = (np.arange(0, n, self._step, dtype=float) for n in self._saturated.shape)
        down, right = rows[:, None, None, None], cols[:, None, None]
        return np.stack(
            [
                by_y - down * one,
                by_x - right * one,
                by_yy - down * by_y + down**2 / 2 * one,
                by_xx - right * by_x + right**2 / 2 * one,
                by_xy - right * by_y - down * by_x + down * right * one,
            ]
        )

    def _response(self, changes: Array) -> np.ndarray:
        """Displacement (h, w, 2, 2), by its direction and that of the motion, for small changes (1, 2, rows, cols)."""
        right_side: Any = 0
        coefs = self._bank.analyze(self._template.windowed(self.xp.asarray(changes, self.dtype)))
        for i, (change, r) in enumerate(zip(coefs, self.references, strict=True)):
            right_side = right_side + self.right_side(i, (r.conj() * change).imag / self.xp.maximum(abs(r) ** 2, 1e-20))
        return np.moveaxis(to_host(self.displacement(right_side)).astype(float), (0, 1), (3, 2))

    @cached_property
    def _noise_inverse(self) -> Array:
        """Inverse normal matrices (h', w', 2, 2) at the places where the noise is estimated."""
        normal = self._normal_matrices(self._template.weights, self._noise_sums)
        return self.xp.asarray(pseudo_inverse(normal), self.dtype)

    def residual(self, subbands: Sequence[tuple[Array, Array]]) -> np.ndarray:
        """Energy (h', w') of the coefficients of a frame in quadrature to the prediction from its displacement.

        `subbands` holds coefficients and phase shifts of each subband. The places are the same for every `step`.
        """
        gradients = self._template.weighted_gradients
        right_side = sum(self._noise_sums(i, phases * gradients[i][0]) for i, (_, phases) in enumerate(subbands))
        moves = -self.xp.einsum("yxij,jyx->iyx", self._noise_inverse, right_side)
        total: Any = 0
        for i, (coefs, phases) in enumerate(subbands):
            down, right = self._noise_sums.nearest(i)
            local = moves[:, down[:, None], right]
            quadrature = abs(coefs) * self.xp.sin(phases + (self._template.phase_gradients[i][0] * local).sum(axis=0))
            total = total + self._noise_sums(i, self._template.weights[i][0] * quadrature**2)
        return to_host(total).astype(float)

    def noise(self, residual: np.ndarray) -> np.ndarray:
        """Variance (H, W) of the noise of each pixel, from the mean of ``residual`` over frames."""
        parts = enumerate(zip(self._template.weights, self._bank.noise_power, strict=True))
        expected = sum(to_host(self._noise_sums(i, w[0])).astype(float) * n / 2 for i, (w, n) in parts)
        size, places = self._saturated.shape, self._noise_places
        down, right = (interpolation_matrix(np.arange(n), place) for n, place in zip(size, places, strict=True))
        interpolated: np.ndarray = down @ (residual / np.maximum(expected, 1e-20)) @ right.T
        return interpolated

    def solve(self, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Observable axes (H, W, 2), inverse normal matrices (H, W, 2, 2) and standard errors (H, W, 2).

        `noise` (H, W) is the variance of the pixels.
        """
        noise = noise[:: self._step, :: self._step]
        parts = enumerate(zip(self._template.areas, self._bank.gradient_noise_power, strict=True))
        energy = sum(to_host(self._sums(i, area[0])).astype(float) * e for i, (area, e) in parts)
        floor = gradient_floor(noise, np.asarray(self._template.level[0]), np.asarray(energy), self.n_frames)
        floor = np.maximum(floor, _MIN_ENERGY_RATIO * np.linalg.eigvalsh(self.normal)[..., 1])
        is_known, projections = observable_directions(self.normal, floor)
        inverse = projections @ np.linalg.pinv(self.normal, rcond=1e-9, hermitian=True)
        scatter = self._normal_matrices(self._template.weights, self._sums, squared=True) / 2
        variance = np.diagonal(inverse @ scatter @ inverse.swapaxes(-1, -2), axis1=-2, axis2=-1)
        return is_known, inverse, np.sqrt(noise[..., None] * np.maximum(variance, 0))

    def explain(
        self,
        images: np.ndarray,
        mean: np.ndarray,
        noise: np.ndarray,
        motion: tuple[np.ndarray, np.ndarray, np.ndarray],
        squares: tuple[np.ndarray, float],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Motion of the pixels, taken from windows of pixels where their surroundings move otherwise.

        Parameters
        ----------
        images
            Components (M, H, W) of the luma over time, each with the noise of a single frame.
        mean
            Mean (H, W) of the luma.
        noise
            Variance (H, W) of the noise of each pixel.
        motion
            Components (M, h, w, 2) of the displacement, standard errors (h, w, 2) and known axes (h, w, 2).
        squares
            Mean square (M,) over time of a motion of 1 in one component, and the kurtosis of the motion over time.

        Returns
        -------
        tuple
            Components (M, h, w, 2), their standard errors, and the known axes (h, w, 2).
        """
        images = without_flicker(images, mean)
        hidden = self._frozen.hidden_change(mean.shape)
        components = Components(images, mean, self._usable(), noise, hidden, *squares, self.n_frames)
        values, stderr, is_known = motion
        variance = np.broadcast_to(stderr**2, values.shape)
        flat_values, flat_variance = (x.reshape(len(values), -1, 2) for x in (values, variance))
        flat = PixelMotion(flat_values, flat_variance, is_known.reshape(-1, 2))
        result = explain_pixels(components, self._sigma, self._step, flat, self.leverage)
        return (
            result.values.reshape(values.shape),
            np.sqrt(result.variance).reshape(values.shape),
            result.is_known.reshape(stderr.shape),
        )

    def quiet(
        self, noise: np.ndarray, stderr: np.ndarray, mean: np.ndarray, scatter: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Variance (H, W) of the noise and standard errors (h, w, 2) without the motion of objects nearby.

        `scatter` (H, W) is the variance over time of the pixels beyond their motion, and `mean` (H, W) their mean.
        """
        quiet = quiet_noise(noise, scatter, mean, self._usable())
        share = np.sqrt(quiet / np.maximum(noise, 1e-20))[:: self._step, :: self._step, None]
        return quiet, stderr * share

    @property
    def n_neighborhoods(self) -> float:
        """Number of neighborhoods that hold independent pixels."""
        return max(1.0, self._saturated.size / max(_EQUIVALENT_SIDE * self._sigma, 1.0) ** 2)

    def _usable(self) -> np.ndarray:
        """(H, W) 1 where a pixel is inside all shifted frames and not saturated, else 0."""
        is_saturated = self._saturated > _MAX_SATURATED * self._n_examined
        usable = 1.0 - scipy.ndimage.binary_dilation(is_saturated, np.ones((3, 3)))
        for axis, shift in enumerate(np.abs(self.shifts).max(axis=0)):
            border = np.moveaxis(usable, axis, 0)
            border[: _BORDER + shift], border[-_BORDER - shift :] = 0, 0
        return usable
