"""Displacement at every pixel, by least squares over a neighbourhood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype, to_host
from vmm.backend.reference import phase_since
from vmm.engine.frames import cut
from vmm.measure.bank import Bank, faded
from vmm.measure.clips import Twice
from vmm.measure.crops import grouped_by_size
from vmm.measure.follow import Follower
from vmm.measure.known import floor, telling
from vmm.measure.rois import Region
from vmm.measure.template import Template, inverse

_MARGIN, _FLAT = 16, 8  # pixels beyond the frame, mirrored, and of these the ones that count in full
_SIDE = 3.5  # of a square that holds as many pixels as a Gaussian, in its standard deviations
_REACH = 3.0  # standard deviations
_WIDEST = 1.6  # steps of a grid in the Gaussian's standard deviation; more would leave gaps
EVERY = 32  # one of so many frames tells the noise


class Neighbourhoods:
    """The mean of a clip in bands, and how their phases add up about each pixel with a Gaussian's weight."""

    def __init__(self, clip: Twice, sigma: float, step: int = 1) -> None:
        if not (np.isfinite(sigma) and sigma > 0):
            raise ValueError(f"sigma={sigma!r} must be positive: pixels of the neighbourhood that moves as one")
        if step < 1:
            raise ValueError(f"step={step!r} must be at least 1 pixel")
        shape = clip.shape[0], clip.shape[1]
        self.xp, self.dtype = namespace(clip.sample), real_dtype(clip.dtype)
        self._crops = grouped_by_size([Region((0, 0, *shape))], _MARGIN)[0]
        self._bank = Bank(self._crops.size, self.dtype, self.xp, 2, _SIDE * sigma)
        self._follow(clip)
        places = [np.arange(0, n, step) + _MARGIN for n in shape]
        self._down: list[Array] = []
        self._right: list[Array] = []
        for grid in self._bank.grids:
            width = [max(sigma, s / _WIDEST) for s in grid.step]
            for to, where, here, w in zip((self._down, self._right), places, grid.positions(), width, strict=True):
                away = (where[:, None] - here) / w
                weights = np.where(abs(away) < _REACH, np.exp(-0.5 * away**2), 0) / (w * np.sqrt(2 * np.pi))
                to.append(self.xp.asarray(weights, self.dtype))
        self.normal = self._normal(self._template.strengths)

    def _follow(self, clip: Twice) -> None:
        """Make the reference of the mean frame, the picture as a whole being followed by whole pixels."""
        self._follower = Follower(self._crops, self._bank, _FLAT)
        self.frames = self._done = 0
        for chunk in clip.first():
            self._see(chunk)
        mean = self.xp.asarray(self._follower.reference()[0], self.dtype)
        self._template = Template.of(mean, self._crops.inside, self._bank, faded(self._bank.size, _MARGIN, _FLAT))
        self.shifts = self._follower.places()[:, 0]

    def _see(self, chunk: Array) -> None:
        for frames in cut(chunk):
            self._follower.see(frames)
            self.frames += len(frames)

    @property
    def references(self) -> list[Array]:
        """Coefficients (h, w) of the mean frame in each band."""
        return [r[0] for r in self._template.references]

    def phases(self, frames: Array) -> Iterator[tuple[Array, Array]]:
        """Of each band the coefficients (n, h, w) of the frames that come next, shifted back, and their phase."""
        if self._done + len(frames) > self.frames:  # the clip could be read but once
            self._see(frames)
            self.shifts = self._follower.places()[:, 0]
        crops = self._crops.cut(frames, self.shifts[self._done : self._done + len(frames), None])
        self._done += len(frames)
        for coefs, r in zip(self._bank.analyze(self._template.windowed(crops)), self.references, strict=True):
            yield coefs, phase_since(coefs, self.xp.broadcast_to(r, coefs.shape))

    def spread(self, i: int, values: Array, squared: bool = False) -> Array:
        """Sums (..., H, W) about pixels of values (..., h, w) in band i, by the Gaussian's weight or by its square."""
        down, right = self._down[i], self._right[i]
        if squared:
            down, right = down**2, right**2
        return down @ values @ right.T

    def pull(self, i: int, signals: Array) -> Array:
        """What signals (n, h, w) in band i, such as phases, give to the right-hand side (n, 2, H, W)."""
        return self.spread(i, signals[:, None] * self._template.weights[i])

    def _normal(self, strengths: Sequence[Array], squared: bool = False) -> np.ndarray:
        """Normal matrices (H, W, 2, 2) about all pixels."""
        total: Any = 0
        for i, (w, k) in enumerate(zip(strengths, self._template.slopes, strict=True)):
            pairs = w * self.xp.stack([k[:, 0] ** 2, k[:, 0] * k[:, 1], k[:, 1] ** 2], axis=1)[0]
            total = total + self.spread(i, pairs, squared)
        full: np.ndarray = np.moveaxis(to_host(total).astype(float)[[0, 1, 1, 2]], 0, -1)
        return full.reshape(*full.shape[:2], 2, 2)

    def moves(self, pull: Array) -> Array:
        """Displacement (n, 2, H, W) of right-hand sides, where nothing is known yet of the noise."""
        return -self.xp.einsum("yxij,njyx->niyx", self._solver, pull)

    @cached_property
    def _solver(self) -> Array:
        """Inverse normal matrices (H, W, 2, 2)."""
        return self.xp.asarray(inverse(self.normal), self.dtype)

    def residual(self, phases: Sequence[tuple[Array, Array]]) -> Array:
        """Energy (H, W) of a frame's coefficients (h, w) across the phase that its displacement gives."""
        moves = self.moves(sum(self.pull(i, phase[None]) for i, (_, phase) in enumerate(phases)))[0]
        total: Any = 0
        for i, (coefs, phase) in enumerate(phases):
            near = [k.argmax(axis=0) for k in (self._down[i], self._right[i])]
            here = moves[:, near[0][:, None], near[1]]
            beside = abs(coefs) * self.xp.sin(phase + (self._template.slopes[i][0] * here).sum(axis=0))
            total = total + self.spread(i, self._template.strengths[i][0] * beside**2)
        return total

    def noise_expected(self) -> np.ndarray:
        """The same (H, W) of white noise of variance 1."""
        parts = enumerate(zip(self._template.strengths, self._bank.noise, strict=True))
        total = sum(to_host(self.spread(i, w[0])).astype(float) * n / 2 for i, (w, n) in parts)
        return np.maximum(total, 1e-20)

    def settled(self, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For noise of variance (H, W): known axes (H, W, 2), inverse normal matrices, and standard error (H, W, 2)."""
        parts = enumerate(zip(self._template.shares, self._bank.slope_noise, strict=True))
        energy = sum(to_host(self.spread(i, share[0])).astype(float) * e for i, (share, e) in parts)
        least = floor(noise, np.asarray(self._template.brightness[0]), np.asarray(energy), self.frames)
        known, told = telling(self.normal, least)
        solved = told @ np.linalg.pinv(self.normal, rcond=1e-9, hermitian=True)
        scatter = self._normal(self._template.strengths, squared=True) / 2
        spread = np.diagonal(solved @ scatter @ solved.swapaxes(-1, -2), axis1=-2, axis2=-1)
        return known, solved, np.sqrt(noise[..., None] * np.maximum(spread, 0))
