"""Slopes that the motion of a region shows in its own pixels, against those of its picture.

If the pixels follow one motion, what the model leaves of them does not depend on the displacement. A pattern that keeps
its place, aliased detail and parts that move otherwise leave slopes, and make the displacement too small.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from vmm.backend.arrays import Array, to_host
from vmm.measure.estimation._own_pixels import Fit, PixelModel

_MIN_POWER = 1e-10
"""Mean square of the motion in square pixels below which no slopes are compared: that of rounding errors."""


_GOLDEN = 0.7548776662466927
"""Step of the sequence that divides the frames into halves, which has no period that the motion could have."""


@dataclass(frozen=True, eq=False)
class SlopeSums:
    """Sums over two halves of the sampled frames.

    Attributes
    ----------
    count
        Number (2, G) of frames that show the region.
    moves, moments
        Sums of the displacement (2, G, 2) and of its products (2, G, 2, 2).
    residual, products
        Sums of the residuals (2, G, h, w) and of their products (2, G, 2, h, w) with the displacement.
    overlap, n_pairs
        Sum (G,) of the squared products of the residuals of two frames, and the number (G,) of such pairs.
    """

    count: np.ndarray
    moves: np.ndarray
    moments: np.ndarray
    residual: np.ndarray
    products: np.ndarray
    overlap: np.ndarray
    n_pairs: np.ndarray

    @classmethod
    def of(cls, fit: Fit, is_visible: np.ndarray, residual: Array, numbers: np.ndarray) -> SlopeSums:
        """The sums for residuals (G, n, h, w), which are 0 in frames that do not show the region.

        `numbers` (n,) are those of the frames in the clip.
        """
        is_first = numbers * _GOLDEN % 1 < 0.5
        n_pixels = residual.shape[2] * residual.shape[3]  # -1 would be undefined without frames
        flat = to_host(residual).reshape(*residual.shape[:2], n_pixels).astype(float)
        halves = []
        for half in (is_first, ~is_first):
            moves, part = (fit.moves * is_visible[..., None])[:, half], flat[:, half]
            sums = is_visible[:, half].sum(axis=1), moves.sum(axis=1), moves.swapaxes(1, 2) @ moves
            images = part.sum(axis=1), moves.swapaxes(1, 2) @ part
            halves.append((*sums, *(image.reshape(*image.shape[:-1], *residual.shape[2:]) for image in images)))
        gram = np.square(flat @ flat.swapaxes(1, 2))
        overlap = gram.sum(axis=(1, 2)) - np.trace(gram, axis1=1, axis2=2)
        n_frames = is_visible.sum(axis=1)
        count, moves, moments, total, products = (np.stack(pair) for pair in zip(*halves, strict=True))
        return cls(count, moves, moments, total, products, overlap, n_frames * (n_frames - 1))

    def __add__(self, other: SlopeSums) -> SlopeSums:
        return SlopeSums(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))


@dataclass(frozen=True, eq=False)
class OwnSlopes:
    """Comparison of the slopes of G regions.

    Attributes
    ----------
    excess, stderr
        Energy (G,) of the slopes that the model leaves, relative to that of the picture, and its standard error. The
        displacement is too small by this number times its value.
    moments
        Second moments (G, 2, 2) of the motion in square pixels.
    """

    excess: np.ndarray
    stderr: np.ndarray
    moments: np.ndarray


def compare_own_slopes(sums: SlopeSums, model: PixelModel, projections: np.ndarray, noise: np.ndarray) -> OwnSlopes:
    """The slopes left by a model along the main direction of the motion in observable directions.

    `projections` (G, 2, 2) are on these, and `noise` (G,) is the variance of a pixel. Noise differs between the halves
    of the frames, so that it adds nothing to the product of their slopes on average; its scatter follows from the
    products of the residuals of different frames, which are larger if the noise of neighboring pixels is alike.
    """
    count = np.maximum(sums.count, 1)[..., None]
    means = sums.moves / count
    moments = projections @ (sums.moments - means[..., :, None] * sums.moves[..., None, :]) @ projections
    products = sums.products - means[..., None, None] * sums.residual[:, :, None]
    total = moments.sum(axis=0)
    direction = np.linalg.eigh(total)[1][..., 1]
    power = np.einsum("gi,hgij,gj->hg", direction, moments, direction)
    is_moving = (power > _MIN_POWER * count[..., 0]).all(axis=0)
    safe = np.where(is_moving, power, 1)
    first, second = np.einsum("gi,hgiyx->hgyx", direction, products) / safe[..., None, None]
    common = (first * second).sum(axis=(1, 2))
    scatter = np.fmax(model.counts * noise**2, sums.overlap / np.maximum(sums.n_pairs, 1))
    variance = scatter / safe.prod(axis=0) + np.maximum(common, 0) * noise * (1 / safe).sum(axis=0)
    energy = np.maximum(np.einsum("gi,gij,gj->g", direction, model.normal, direction), 1e-30)
    moments = total / np.maximum(sums.count.sum(axis=0), 1)[:, None, None]
    return OwnSlopes(
        np.where(is_moving, common / energy, 0), np.where(is_moving, np.sqrt(variance) / energy, np.inf), moments
    )
