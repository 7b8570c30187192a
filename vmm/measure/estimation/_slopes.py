"""Slopes that the motion shows: the regression of each pixel on the displacement, against the slopes of the reference.

Where a region moves as a whole, both are equal. They differ where a pattern stands still, where the picture is aliased,
and where parts of the region move otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vmm.backend.arrays import Array, irfft2, namespace, to_host
from vmm.measure.estimation._observability import MIN_ENERGY_RATIO
from vmm.measure.estimation._residuals import Residuals
from vmm.measure.estimation._template import pseudo_inverse

_BLOCKS = 5
"""Number of blocks along the side of a region, of which the errors are taken as independent. They are as large as a
sample of the coarsest subband."""

_MAX_SAMPLES = 1024
"""Number of frames from which the slopes of the reference are computed. More make it slower and hardly more accurate."""

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


def slope_sums(crops: Array, image: Array, moves: np.ndarray, is_valid: np.ndarray) -> SlopeSums:
    """The sums over crops (G, n, H, W) of the reference `image` (G, H, W), with displacements (G, n, 2)."""
    if not moves.size:
        return SlopeSums()
    (n_regions, n), xp = moves.shape[:2], namespace(crops)
    vectors = np.concatenate([moves, np.ones((n_regions, n, 1))], axis=2) * is_valid[..., None]
    halves = np.stack([vectors * (np.arange(n) % 2 == half)[:, None] for half in (0, 1)], axis=1).swapaxes(2, 3)
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
    """Compare the slopes, for motion `moves` (T, G, 2) of which the frames `is_valid` (T, G) entered the sums."""
    template = residuals.template
    n_regions = len(template.normal)
    products = np.asarray(sums.moves)
    count = np.maximum(products[:, :, 2, 2], 1)
    mean = products[:, :, 2, :2] / count[..., None]
    scatter = products[:, :, :2, :2] - count[..., None, None] * mean[..., :, None] * mean[..., None, :]
    values, vectors = np.linalg.eigh(scatter.sum(axis=1))
    direction, rms = vectors[..., 1], np.sqrt(np.maximum(values[..., 1], 0) / count.sum(axis=1))
    inverse = pseudo_inverse(scatter, _MIN_SCATTER) * (rms > _MIN_MOTION)[:, None, None, None]
    images = np.asarray(sums.images)
    centered = images[:, :, :2] - mean[..., None, None] * images[:, :, 2:]
    shown = np.einsum("ga,ghab,ghbyx->ghyx", direction, inverse, centered)
    expected = np.stack(
        [_reference_slopes(residuals, g, moves[is_valid[:, g], g], direction[g]) for g in range(n_regions)]
    )
    xp, bank = template.bank.xp, template.bank
    coefs = bank.analyze(template.windowed(xp.asarray(np.concatenate([shown, expected[:, None]], axis=1), bank.dtype)))
    energies, blocks = np.zeros((4, len(template.levels), n_regions)), []
    for level, index in enumerate(template.levels):
        total = np.zeros((n_regions, 2, 2, _BLOCKS**2))
        for i in index:
            c, r, area = (to_host(x) for x in (coefs[i], template.references[i], template.areas[i]))
            first, second, model = np.moveaxis(c.reshape(n_regions, 3, *c.shape[1:]), 1, 0)
            measured, difference = (first + second) / 2, (first - second) / 2
            pairs = ((first, second), (measured, model), (model, model), (difference, difference))
            energies[:, level] += [((a * b.conj()).real * area).sum(axis=(1, 2)) for a, b in pairs]
            labels = _block_labels(residuals.inside, bank.grids[i])
            k = to_host(template.phase_gradients[i])
            for part, slope in enumerate((measured, model)):
                density = -(slope * r.conj()).imag * area
                for g in range(n_regions):
                    for axis in (0, 1):
                        total[g, part, axis] += np.bincount(
                            labels[g].ravel(), (density[g] * k[g, axis]).ravel(), _BLOCKS**2
                        )
        blocks.append(total)
    kept = energies[:, ::-1].cumsum(axis=1)[:, ::-1]
    tails = np.stack(blocks)[::-1].cumsum(axis=0)[::-1]
    normals = template.level_normals[::-1].cumsum(axis=0)[::-1]
    pixels = residuals.inside.sum(axis=(1, 2)) / 4.0 ** np.arange(len(normals))[:, None]
    ratio = kept[0] / np.where(kept[1] > 0, kept[1], np.nan)
    stderr = np.sqrt((4 * kept[3] ** 2 + 4 * kept[3] * kept[2]) / np.maximum(pixels, 1)) / np.maximum(kept[2], 1e-20)
    slope_gain = kept[1] / np.maximum(kept[2], 1e-20)
    difference = tails[:, :, 0] - slope_gain[..., None, None] * tails[:, :, 1]
    inverse = pseudo_inverse(normals, MIN_ENERGY_RATIO)
    influence = inverse @ difference
    covariance = influence @ influence.swapaxes(-1, -2) * (rms**2)[:, None, None]
    return Slopes(ratio, stderr, covariance, direction, rms)


def _reference_slopes(residuals: Residuals, g: int, moves: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Slopes (H, W) along a direction that the reference of region g, moved by (n, 2), would show."""
    height, width = residuals.template.bank.size
    down, right = (frequency.ravel() for frequency in residuals.frequencies)
    spectrum = to_host(residuals.reference_spectrum[g])
    samples = moves[:_MAX_SAMPLES]
    if len(samples) < _MIN_SAMPLES or samples.std(axis=0).max() < _MIN_MOTION:
        return np.zeros((height, width))
    weights = np.zeros(len(samples))
    for half in (0, 1):
        part = samples[half::2] - samples[half::2].mean(axis=0)
        weights[half::2] = part @ pseudo_inverse(part.T @ part, _MIN_SCATTER) @ direction / 2
    rows = np.exp(-2j * np.pi * np.outer(down, samples[:, 0])) * weights
    factor = rows @ np.exp(-2j * np.pi * np.outer(samples[:, 1], right))
    slopes: np.ndarray = irfft2((spectrum * factor)[None].astype(spectrum.dtype), (2 * height, 2 * width))[0]
    return slopes[:height, :width]


def _block_labels(inside: np.ndarray, grid) -> np.ndarray:
    """Block (G, h, w) in which each sample of a grid lies; samples outside the region belong to the nearest block."""
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
