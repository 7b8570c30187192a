"""Templates: the reference of regions in subbands, and the displacement that follows from phase or luma.

The subbands are a tight frame, so that white noise has the same variance in all of them, and the weight of a phase is
the squared amplitude of the reference alone. With these weights, least squares over all subbands and pixels is, for
small motion, the maximum-likelihood estimate from the pixels themselves, and reaches the Cramer-Rao bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, to_host
from vmm.backend.reference import phase_sums
from vmm.measure.estimation._filter_bank import FilterBank, gradients, sample_areas, shifted

_CONTRAST_RANGE = (0.5, 2.0)
"""Contrast relative to the reference within which a crop still shows the region."""

_CURVATURE_STEP = 0.3
"""Displacement in pixels from which the curvature of the similarity is measured: large against rounding errors, small
against a wavelength."""

_SINGULAR = 1e-5
"""Relative eigenvalue below which a normal matrix is taken as singular: the level of rounding errors."""

_MIN_SIMILARITY = 0.1
"""Smallest similarity of which the logarithm is taken."""


@dataclass(frozen=True, eq=False)
class Template:
    """Reference of G regions of one size.

    Attributes
    ----------
    bank
        The subbands.
    window
        (G, H, W) window that tapers crops to 0 at their border.
    image
        Reference (G, H, W) in gray levels.
    level
        (G,) mean gray level.
    references
        Coefficients (G, h, w) of each subband.
    phase_gradients
        Gradient (G, 2, h, w) of their phase, down and right, in radians per pixel, for each subband.
    areas
        Area (G, h, w) in pixels of the part of the region that a sample represents, for each subband.
    """

    bank: FilterBank
    window: Array
    image: Array
    level: np.ndarray
    references: list[Array]
    phase_gradients: list[Array]
    areas: list[Array]

    @classmethod
    def from_crops(cls, crops: Array, inside: np.ndarray, bank: FilterBank, window: np.ndarray) -> Template:
        """The template of reference crops (G, H, W), with the regions where `inside` (G, H, W) is positive."""
        xp = bank.xp
        weights = xp.asarray(np.broadcast_to(window, crops.shape), bank.dtype)
        level = (crops * weights).sum(axis=(1, 2), keepdims=True) / weights.sum(axis=(1, 2), keepdims=True)
        images = [_windowed(part, weights) for part in (crops, *gradients(crops - level))]
        references, phase_gradients, areas = [], [], []
        for coefs, grid in zip(bank.analyze(xp.concatenate(images).astype(bank.dtype)), bank.grids, strict=True):
            r, down, right = coefs.reshape(3, len(crops), *grid.shape)
            products = xp.stack([(r.conj() * derivative).imag for derivative in (down, right)], axis=1)
            references.append(r)
            phase_gradients.append(products / xp.maximum(abs(r) ** 2, 1e-20)[:, None])
            areas.append(xp.asarray(sample_areas(inside, grid), bank.dtype))
        mean_level = np.abs(to_host(level)[:, 0, 0]).astype(float)
        return cls(bank, weights, crops, mean_level, references, phase_gradients, areas)

    def select(self, g: int) -> Template:
        """The template of one of the regions."""
        parts = [[part[g : g + 1] for part in parts] for parts in (self.references, self.phase_gradients, self.areas)]
        window, image, level = (x[g : g + 1] for x in (self.window, self.image, self.level))
        template = Template(self.bank, window, image, level, *parts)
        template.__dict__["images"] = self.images[g : g + 1]  # the value of the cached property
        return template

    @cached_property
    def weights(self) -> list[Array]:
        """Weight (G, h, w) of a squared phase in each subband: the squared amplitude times the area."""
        return [abs(r) ** 2 * area for r, area in zip(self.references, self.areas, strict=True)]

    @cached_property
    def weighted_gradients(self) -> list[Array]:
        """Phase gradients (G, 2, h, w) times the weights."""
        return [w[:, None] * k for w, k in zip(self.weights, self.phase_gradients, strict=True)]

    @cached_property
    def subband_normals(self) -> np.ndarray:
        """Normal matrices (B, G, 2, 2) of the subbands."""
        xp = self.bank.xp
        pairs = zip(self.weighted_gradients, self.phase_gradients, strict=True)
        return to_host(xp.stack([xp.einsum("gayx,gbyx->gab", wk, k) for wk, k in pairs])).astype(float)

    @cached_property
    def normal(self) -> np.ndarray:
        """Normal matrices (G, 2, 2) of all subbands together."""
        total: np.ndarray = self.subband_normals.sum(axis=0)
        return total

    @cached_property
    def coarsest(self) -> list[int]:
        """Indices of the subbands of the coarsest level."""
        scale = max(grid.scale for grid in self.bank.grids)
        return [i for i, grid in enumerate(self.bank.grids) if grid.scale == scale]

    def windowed(self, crops: Array) -> Array:
        """Windowed crops (G * n, H, W) for the filter bank, from crops (G, n, H, W)."""
        return _windowed(crops, self.window[:, None]).reshape(-1, *self.bank.size)

    @cached_property
    def levels(self) -> list[list[int]]:
        """Indices of the subbands of each level, the finest level first."""
        scales = [grid.scale for grid in self.bank.grids]
        return [[i for i, scale in enumerate(scales) if scale == level] for level in sorted(set(scales))]

    @cached_property
    def level_normals(self) -> np.ndarray:
        """Normal matrices (L, G, 2, 2) of the levels."""
        return np.stack([self.subband_normals[index].sum(axis=0) for index in self.levels])

    @cached_property
    def level_images(self) -> Array:
        """Images (G, L, 2, H, W) whose products with a crop are its scores, down and right, in each level.

        A score is the product of the normal matrix with a small displacement, beyond noise.
        """
        xp, images = self.bank.xp, []
        for index in self.levels:
            coefs: list[Array | None] = [None] * len(self.references)
            for i in index:
                weighted = -1j * (self.areas[i] * self.references[i])[:, None] * self.phase_gradients[i]
                coefs[i] = weighted.reshape(-1, *weighted.shape[2:]).astype(self.references[i].dtype)
            images.append(self.bank.adjoint(coefs).reshape(len(self.window), 2, *self.window.shape[1:]))
        stacked = xp.stack(images, axis=1) * self.window[:, None, None]
        window = self.window[:, None, None]
        return stacked - stacked.sum(axis=(3, 4), keepdims=True) / window.sum(axis=(3, 4), keepdims=True) * window

    def level_scores(self, coefs: Sequence[Array]) -> np.ndarray:
        """Scores (L, G, n, 2) of the levels from the phases of coefficients (G * n, h, w)."""
        levels = []
        for index in self.levels:
            sums: Any = 0
            for i in index:
                r = self.references[i]
                sums = sums - phase_sums(coefs[i].reshape(len(r), -1, *r.shape[1:]), r, self.weighted_gradients[i])
            levels.append(to_host(sums))
        return np.stack(levels)

    def displacement_from_phase(self, coefs: Sequence[Array], subbands: Sequence[int] | None = None) -> np.ndarray:
        """Displacement (G, n, 2) in pixels from the phases of coefficients (G * n, h, w), in all or some subbands."""
        indices = range(len(coefs)) if subbands is None else subbands
        sums: Any = 0
        for i in indices:
            r = self.references[i]
            sums = sums + phase_sums(coefs[i].reshape(len(r), -1, *r.shape[1:]), r, self.weighted_gradients[i])
        return -to_host(sums).astype(float) @ pseudo_inverse(self.subband_normals[list(indices)].sum(axis=0))

    @cached_property
    def images(self) -> Array:
        """Images (G, 5, H, W) whose products with a crop replace the analysis of the crop in subbands.

        The first two products are the sums of weight, gradient and sine of the phase shift, down and right. The other
        three are the sums of weight, squared gradient (down-down, down-right and right-right) and cosine.
        """
        xp, coefs = self.bank.xp, []
        for r, k, area in zip(self.references, self.phase_gradients, self.areas, strict=True):
            down, right, weighted = k[:, 0], k[:, 1], area * r
            parts = (
                1j * weighted * down,
                1j * weighted * right,
                weighted * down**2,
                weighted * down * right,
                weighted * right**2,
            )
            coefs.append(xp.concatenate(parts).astype(r.dtype))
        images = self.bank.adjoint(coefs).reshape(len(parts), *self.window.shape) * self.window
        level = images.sum(axis=(2, 3), keepdims=True) / self.window.sum(axis=(1, 2), keepdims=True)
        return xp.ascontiguousarray((images - level * self.window).swapaxes(0, 1))

    def displacement_from_luma(self, products: Array) -> tuple[np.ndarray, np.ndarray]:
        """Displacement (G, n, 2) in pixels and similarity (G, n), from products (G, n, 5) of crops with `images`.

        The displacement is accurate up to about half a pixel. The mean sine and cosine of the phase shift p give p to
        the fifth order: ``3 sin p / (2 + cos p) = p (1 - p**4 / 180)``. The contrast of the crop follows from the ratio
        of the mean cosine to the value that the displacement predicts.
        """
        sums = to_host(products).astype(float)
        energy = np.trace(self.normal, axis1=-2, axis2=-1)[:, None]
        similarity = (sums[..., 2] + sums[..., 4]) / np.where(energy > 0, energy, 1)
        moves = self._solve(sums, 1.0)
        exponent = np.einsum("gni,gij,gnj->gn", moves, self._similarity_curvature, moves)
        contrast = np.clip(similarity * np.exp(np.clip(exponent, 0, 4) / 2), *_CONTRAST_RANGE)
        return self._solve(sums, contrast), similarity

    def _solve(self, sums: np.ndarray, contrast: Any) -> np.ndarray:
        """Displacement (G, n, 2) from sums (G, n, 5)."""
        normal = self.normal[:, None] * np.asarray(contrast)[..., None, None]
        a, b, c = ((2 * normal[..., i, j] + sums[..., k]) / 3 for i, j, k in ((0, 0, 2), (0, 1, 3), (1, 1, 4)))
        determinant = a * c - b**2
        is_regular = determinant > _SINGULAR * (a + c) ** 2
        adjugate = np.stack([c * sums[..., 0] - b * sums[..., 1], a * sums[..., 1] - b * sums[..., 0]], axis=-1)
        moves: np.ndarray = -adjugate / np.where(is_regular, determinant, 1)[..., None]
        if is_regular.all():
            return moves
        return np.where(is_regular[..., None], moves, -sums[..., :2] @ pseudo_inverse(self.normal))

    @cached_property
    def _similarity_curvature(self) -> np.ndarray:
        """Matrices (G, 2, 2) Q such that the similarity falls as ``exp(-d Q d / 2)`` with a displacement d."""
        down, right, both = (
            -2
            * np.log(np.maximum(self.similarity(shifted(self.image, step)[:, None])[:, 0], _MIN_SIMILARITY))
            / _CURVATURE_STEP**2
            for step in ((_CURVATURE_STEP, 0.0), (0.0, _CURVATURE_STEP), (_CURVATURE_STEP, _CURVATURE_STEP))
        )
        mixed = (both - down - right) / 2
        return np.stack([down, mixed, mixed, right], axis=-1).reshape(-1, 2, 2)

    def similarity(self, crops: Array) -> np.ndarray:
        """Similarity (G, n) of crops (G, n, H, W) to the reference: 1 if they are equal."""
        image = (self.images[:, 2] + self.images[:, 4]).reshape(len(crops), -1, 1)
        products = to_host((crops.reshape(*crops.shape[:2], -1) @ image)[..., 0]).astype(float)
        energy = np.trace(self.normal, axis1=-2, axis2=-1)[:, None]
        ratio: np.ndarray = products / np.where(energy > 0, energy, 1)
        return ratio

    @cached_property
    def similarity_stderr(self) -> np.ndarray:
        """Standard error (G,) of the similarity for white noise of variance 1."""
        image = to_host(self.images[:, 2] + self.images[:, 4]).astype(float)
        energy = np.trace(self.normal, axis1=-2, axis2=-1)
        return np.sqrt((image**2).sum(axis=(1, 2))) / np.where(energy > 0, energy, 1)

    @cached_property
    def noise_energy(self) -> np.ndarray:
        """Energy (G,) that white noise of variance 1 adds to each diagonal element of the normal matrices."""
        parts = zip(self.areas, self.bank.gradient_noise_power, strict=True)
        return to_host(sum(area.sum(axis=(1, 2)) * energy for area, energy in parts)).astype(float)


def pseudo_inverse(normal: np.ndarray, min_ratio: float = _SINGULAR) -> np.ndarray:
    """Pseudo-inverse (..., 2, 2) of symmetric positive matrices, without eigenvalues below a ratio to the largest."""
    values, vectors = np.linalg.eigh(normal)
    is_regular = values > np.maximum(min_ratio * values[..., 1:], 1e-30)
    scaled = vectors * np.where(is_regular, 1 / np.where(is_regular, values, 1), 0)[..., None, :]
    return scaled @ vectors.swapaxes(-1, -2)


def _windowed(images: Array, window: Array) -> Array:
    """Images (..., H, W) without their mean level, times a window, so that a change of illumination has no effect."""
    level = (images * window).sum(axis=(-2, -1), keepdims=True) / window.sum(axis=(-2, -1), keepdims=True)
    return (images - level) * window
