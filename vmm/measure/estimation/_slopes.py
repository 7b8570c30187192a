"""Slopes that the motion shows: the regression of each pixel on the displacement, against the slopes of the reference.

If a region moves as a whole, both are equal. They differ if a pattern keeps its place, if the picture is aliased, and
if parts of the region move otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, irfft2, namespace, to_host
from vmm.measure.estimation._observability import MIN_ENERGY_RATIO
from vmm.measure.estimation._residuals import Residuals
from vmm.measure.estimation._template import pseudo_inverse
from vmm.parts import Grid

_BLOCKS = 5
"""Number of blocks along the side of a region, of which the errors are taken as independent. They are as large as a
sample of the coarsest subband."""

_MAX_SAMPLES = 1024
"""Number of frames from which the slopes of the reference are computed. More are slower and hardly more accurate."""

_MIN_SAMPLES = 4
"""Fewest frames for which slopes are compared."""

_MIN_MOTION = 1e-6
"""Motion in pixels below which no slopes are compared: that of rounding errors."""

_MIN_SCATTER = 1e-3
"""Smallest ratio of the variances of the displacement in its two principal directions for which slopes are fitted in
both. In smaller motion across the main direction, noise dominates."""


@dataclass(eq=False)
class SlopeSums:
    """Sums over two halves of the frames, which alternate.

    Attributes
    ----------
    images
        Products (G, 2, 3, H, W) of the crops, less the reference, with the displacement (down, right) and with 1.
    moves
        Products (G, 2, 3, 3) of the displacement and 1 with themselves.
    """

    images: np.ndarray | float = 0.0
    moves: np.ndarray | float = 0.0

    def add(self, other: SlopeSums) -> None:
        """Add other sums to these."""
        self.images, self.moves = self.images + other.images, self.moves + other.moves


def slope_sums(crops: Array, image: Array, moves: np.ndarray, is_valid: np.ndarray, is_odd: np.ndarray) -> SlopeSums:
    """The sums over crops (G, n, H, W) of the reference `image` (G, H, W), with displacements (G, n, 2).

    Only the frames `is_valid` (G, n) count. Those for which `is_odd` (n,) is True are the second half.
    """
    if not moves.size:
        return SlopeSums()
    (n_regions, n), xp = moves.shape[:2], namespace(crops)
    vectors = np.concatenate([moves, np.ones((n_regions, n, 1))], axis=2) * is_valid[..., None]
    halves = np.stack([vectors * part[:, None] for part in (~is_odd, is_odd)], axis=1).swapaxes(2, 3)
    columns = halves.reshape(n_regions, 6, n)
    products = to_host(xp.asarray(columns, crops.dtype) @ crops.reshape(n_regions, n, -1)).astype(float)
    products -= columns.sum(axis=2)[..., None] * to_host(image).reshape(n_regions, 1, -1)
    return SlopeSums(products.reshape(n_regions, 2, 3, *crops.shape[2:]), halves @ halves.swapaxes(2, 3))


@dataclass(frozen=True, eq=False)
class Slopes:
    """Comparison of the slopes of G regions in L levels and all coarser ones.

    Attributes
    ----------
    ratio, ratio_stderr
        (L, G) energy of the slopes that the motion shows over their product with the slopes of the reference, and its
        standard error.
    scatter
        (L, G, 2, 2) covariance of the displacement that follows from their differences, which are taken as independent
        in blocks of the region.
    direction, rms
        (G, 2) main direction of the motion, and (G,) its root mean square in pixels.
    """

    ratio: np.ndarray
    ratio_stderr: np.ndarray
    scatter: np.ndarray
    direction: np.ndarray
    rms: np.ndarray


def compare_slopes(residuals: Residuals, sums: SlopeSums, moves: np.ndarray, is_valid: np.ndarray) -> Slopes:
    """Compare the slopes, for motion `moves` (T, G, 2) of which the frames `is_valid` (T, G) entered the sums.

    The frames alternate between the halves at the interval of the frames that entered the sums.
    """
    template, n_regions = residuals.template, len(residuals.template.normal)
    measured, direction, rms = _regression(sums)
    pairs = ((moves[:, g], is_valid[:, g]) for g in range(n_regions))
    expected = np.stack([_reference_slopes(residuals, g, *pair, direction[g]) for g, pair in enumerate(pairs)])
    images = template.bank.xp.asarray(np.concatenate([measured, expected[:, None]], axis=1), template.bank.dtype)
    coefs = [to_host(c) for c in template.bank.analyze(template.windowed(images))]
    coefs = [c.reshape(n_regions, 3, *c.shape[1:]) for c in coefs]
    # All sums are over one level and the coarser ones.
    product, model_product, model, noise = _from_coarsest(_energies(residuals, coefs)).swapaxes(0, 1)
    n_samples = residuals.inside.sum(axis=(1, 2)) / 4.0 ** np.arange(len(template.levels))[:, None]
    ratio = np.where(model_product > 0, product / np.where(model_product > 0, model_product, 1), 1)
    stderr = np.sqrt(4 * noise * (noise + model) / np.maximum(n_samples, 1)) / np.maximum(model, 1e-20)
    gain = model_product / np.maximum(model, 1e-20)
    scores = _from_coarsest(_block_scores(residuals, coefs))
    misfit = scores[:, :, 0] - gain[..., None, None] * scores[:, :, 1]
    influence = pseudo_inverse(_from_coarsest(template.level_normals), MIN_ENERGY_RATIO) @ misfit
    scatter = influence @ influence.swapaxes(-1, -2) * (rms**2)[:, None, None]
    return Slopes(ratio, stderr, scatter, direction, rms)


def _from_coarsest(parts: np.ndarray) -> np.ndarray:
    """Sums (L, ...) over each level and all coarser ones."""
    total: np.ndarray = parts[::-1].cumsum(axis=0)[::-1]
    return total


def _regression(sums: SlopeSums) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes (G, 2, H, W) along the main direction in both halves, this direction (G, 2), and the motion (G,)."""
    products, images = np.asarray(sums.moves), np.asarray(sums.images)
    count = np.maximum(products[:, :, 2, 2], 1)
    mean = products[:, :, 2, :2] / count[..., None]
    scatter = products[:, :, :2, :2] - count[..., None, None] * mean[..., :, None] * mean[..., None, :]
    values, vectors = np.linalg.eigh(scatter.sum(axis=1))
    direction, rms = vectors[..., 1], np.sqrt(np.maximum(values[..., 1], 0) / count.sum(axis=1))
    inverse = pseudo_inverse(scatter, _MIN_SCATTER) * (rms > _MIN_MOTION)[:, None, None, None]
    centered = images[:, :, :2] - mean[..., None, None] * images[:, :, 2:]
    return np.einsum("ga,ghab,ghbyx->ghyx", direction, inverse, centered), direction, rms


def _reference_slopes(
    residuals: Residuals, g: int, moves: np.ndarray, is_valid: np.ndarray, direction: np.ndarray
) -> np.ndarray:
    """Slopes (H, W) along a direction that the reference of region g, moved by (T, 2), would show."""
    height, width = residuals.template.bank.size
    index = np.random.default_rng(0).permutation(np.flatnonzero(is_valid))[:_MAX_SAMPLES]
    samples, is_odd = moves[index], residuals.is_odd(index)
    halves = [np.flatnonzero(is_odd == half) for half in (False, True)]
    if min(map(len, halves)) < _MIN_SAMPLES or samples.std(axis=0).max() < _MIN_MOTION:
        return np.zeros((height, width))
    weights = np.zeros(len(samples))
    for half in halves:
        part = samples[half] - samples[half].mean(axis=0)
        weights[half] = part @ pseudo_inverse(part.T @ part, _MIN_SCATTER) @ direction / 2
    down, right = (-2j * np.pi * frequency.ravel() for frequency in residuals.frequencies)
    factor = (np.exp(np.outer(down, samples[:, 0])) * weights) @ np.exp(np.outer(samples[:, 1], right))
    spectrum = to_host(residuals.reference_spectrum[g]) * factor
    slopes: np.ndarray = irfft2(spectrum[None].astype(np.complex64), (2 * height, 2 * width))[0]
    return slopes[:height, :width]


def _energies(residuals: Residuals, coefs: Sequence[np.ndarray]) -> np.ndarray:
    """Energies (L, 4, G) from coefficients (G, 3, h, w) of the slopes in both halves and of those of the reference.

    They are the product of the halves, that of their mean with the slopes of the reference, the energy of the latter,
    and that of the noise in the mean.
    """
    template, result = residuals.template, []
    for index in template.levels:
        total: Any = 0
        for i in index:
            first, second, model = np.moveaxis(coefs[i], 1, 0)
            mean, noise, area = (first + second) / 2, (first - second) / 2, to_host(template.areas[i])
            pairs = ((first, second), (mean, model), (model, model), (noise, noise))
            total = total + np.stack([((a * b.conj()).real * area).sum(axis=(1, 2)) for a, b in pairs])
        result.append(total)
    return np.stack(result).astype(float)


def _block_scores(residuals: Residuals, coefs: Sequence[np.ndarray]) -> np.ndarray:
    """Scores (L, G, 2, 2, N) down and right in N blocks, of the mean slopes of both halves and of the reference."""
    template, n_blocks, result = residuals.template, _BLOCKS**2, []
    for index in template.levels:
        total: Any = 0
        for i in index:
            reference, area, gradient = (
                to_host(parts[i]) for parts in (template.references, template.areas, template.phase_gradients)
            )
            slopes = np.stack([coefs[i][:, :2].mean(axis=1), coefs[i][:, 2]], axis=1)
            density = -(slopes * (reference.conj() * area)[:, None]).imag[:, :, None] * gradient[:, None]
            member = _block_labels(residuals.inside, template.bank.grids[i])[..., None] == np.arange(n_blocks)
            flat = density.reshape(*density.shape[:3], -1)
            total = total + flat @ member.reshape(len(flat), 1, -1, n_blocks)
        result.append(total)
    return np.stack(result).astype(float)


def _block_labels(inside: np.ndarray, grid: Grid) -> np.ndarray:
    """Block (G, h, w) of each sample of a grid; samples outside the region belong to the nearest block."""
    labels = []
    for mask in inside > 0:
        parts = []
        for axis in (0, 1):
            occupied = np.flatnonzero(mask.any(axis=1 - axis))
            places = grid.origin[axis] + grid.step[axis] * np.arange(grid.shape[axis])
            part = (places - occupied[0] + 0.5) * _BLOCKS / (occupied[-1] - occupied[0] + 1)
            parts.append(np.clip(part.astype(int), 0, _BLOCKS - 1))
        labels.append(parts[0][:, None] * _BLOCKS + parts[1])
    return np.stack(labels)
