"""Regions that move in parts: whether lines or rings divide the pixels of a region into parts with other motion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from vmm.backend.arrays import Array, to_host
from vmm.measure.estimation._own_pixels import PixelModel

_SIDE = 6
"""Largest number of blocks along the side of a region."""

_ANGLES = 8
"""Number of directions of the lines that divide a region."""

_MIN_PIXELS = 9
"""Smallest number of pixels of a part."""

_MIN_SIGNIFICANCE = 8.0
"""Standard deviations of noise by which two parts must explain the pixels better than one motion. About 100 divisions
are compared, of which the best one reaches 3 by chance."""

MIN_DIFFERENCE = 0.3
"""Smallest difference between the motions of the parts, relative to the largest motion of the region and its
neighborhood. Smaller ones move the displacement of the region by less than a sixth."""

_MIN_SHARE = 0.5
"""Smallest share that two parts must explain of what the motions of all blocks explain. On aliased pictures the blocks
scatter, and no line explains much of that."""

_MIN_TO_EVEN = 0.9
"""Smallest ratio of what two parts explain to what a motion explains that grows evenly across the region, and has twice
as many parameters. Of an even growth, two parts explain three quarters."""

_SINGULAR = 1e-4
"""Relative eigenvalue below which a normal matrix is singular: differences of single-precision sums are less exact."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Rectangular blocks of G regions, of which the scores are summed.

    Attributes
    ----------
    rows, cols
        Matrices (h, m) and (w, n) that are 1 where a row or column belongs to a block, else 0.
    slopes
        Slopes (G, 3, h, w): the change of the pixels with a displacement down and right and with an offset.
    normals
        Normal matrices (G, K, 3, 3) of these slopes in the K = m n blocks.
    """

    rows: Array
    cols: Array
    slopes: Array
    normals: np.ndarray

    @classmethod
    def of(cls, model: PixelModel) -> Blocks:
        """The blocks of the regions of a model."""
        xp, dtype = model.xp, model.images.dtype
        rows, cols = (xp.asarray(_membership(n), dtype) for n in model.weights.shape[1:])
        slopes = xp.concatenate([model.slopes, model.weights[:, None]], axis=1)
        products = slopes[:, :, None] * slopes[:, None]
        normals = to_host(rows.T @ products @ cols).astype(float)
        return cls(rows, cols, slopes, normals.reshape(*normals.shape[:3], -1).transpose(0, 3, 1, 2))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of blocks along both sides of a region."""
        return self.rows.shape[1], self.cols.shape[1]

    def scores(self, residual: Array) -> np.ndarray:
        """Scores (G, n, 3K): sums over each block of a residual (G, n, h, w) times the slopes."""
        parts = [to_host(self.rows.T @ (residual * self.slopes[:, None, i]) @ self.cols) for i in range(3)]
        return np.stack(parts, axis=-1).astype(float).reshape(*residual.shape[:2], 3 * len(self.normals[0]))


def _membership(length: int) -> np.ndarray:
    """Matrix (length, n) that divides a side into n blocks."""
    count = min(_SIDE, length)
    return (np.arange(length)[:, None] * count // length == np.arange(count)).astype(float)


def _centers(shape: tuple[int, int]) -> np.ndarray:
    """Centers (2, K) of blocks relative to that of the region, in sides of the region."""
    return np.stack(np.meshgrid(*((np.arange(n) + 0.5) / n - 0.5 for n in shape), indexing="ij")).reshape(2, -1)


@lru_cache
def _divisions(shape: tuple[int, int]) -> np.ndarray:
    """Divisions (S, K) of blocks: 1 in one part and 0 in the other.

    They are half planes, bands between two lines, and rings around the middle, as around a small object.
    """
    divisions: dict[bytes, np.ndarray] = {}
    for angle in np.pi * np.arange(_ANGLES) / _ANGLES:
        places = np.array([np.sin(angle), np.cos(angle)]) @ _centers(shape)
        cuts = np.linspace(places.min() - 1e-9, places.max() + 1e-9, _SIDE + 1)
        for i in range(_SIDE):
            for j in range(i + 1, _SIDE + 1):
                part = (places > cuts[i]) & (places <= cuts[j])
                part = part if part[0] else ~part
                if not part.all():
                    divisions[part.tobytes()] = part.astype(float)
    rows, cols = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in shape)
    depth = np.minimum(rows[:, None], cols).ravel()
    for width in range(1, depth.max() + 1):
        divisions[(depth < width).tobytes()] = (depth < width).astype(float)
    return np.stack(list(divisions.values()))


def two_parts(
    shape: tuple[int, int],
    normals: np.ndarray,
    covariance: np.ndarray,
    noise: np.ndarray,
    motion: np.ndarray,
    n_frames: np.ndarray,
    variances: np.ndarray,
    min_difference: float = MIN_DIFFERENCE,
) -> tuple[np.ndarray, np.ndarray]:
    """Fraction (G,) of the pixels in the smaller part, and second moments (G, 2, 2) of the motion of one part against
    the other, of regions that move in two parts, and 0 for other regions.

    Two motions, with an offset of their own, must explain the pixels better than one motion, and about as well as a
    motion that grows evenly across the region, as that of a bending beam.

    Parameters
    ----------
    shape
        Number of blocks along both sides of the regions.
    normals
        Normal matrices (G, K, 3, 3) of the blocks.
    covariance
        Covariance (G, 3K, 3K) over time of their scores, which one motion does not explain.
    noise
        Variance (G,) of the noise of a pixel.
    motion
        Second moments (G, 2, 2) of the largest motion of the region and its neighborhood.
    n_frames
        Number (G,) of frames.
    variances
        Sum (G, K) over the pixels of each block of their variance over time, which one motion does not explain. Where
        outliers increase it in a few blocks, these seem to move otherwise.
    min_difference
        Smallest difference between the motions of the parts, relative to `motion`.
    """
    tests = (_Test(shape, *arrays) for arrays in zip(normals, covariance, noise, motion, variances, strict=True))
    parts = [test.parts(int(count), min_difference) for test, count in zip(tests, n_frames, strict=True)]
    return np.array([part.share for part in parts]), np.array([part.moments for part in parts]).reshape(-1, 2, 2)


class _Division(NamedTuple):
    """A division of a region into two parts.

    Attributes
    ----------
    energy, difference
        Energies that the division and the difference in motion between its parts explain beyond noise.
    scale
        Energy that the largest motion would explain.
    share
        Fraction of the pixels in the smaller part.
    moments
        Second moments (2, 2) of the motion of one part against the other.
    noise
        Variance of a pixel of the smaller part, at least that of the region.
    """

    energy: float = 0.0
    difference: float = 0.0
    scale: float = 1.0
    share: float = 0.0
    moments: np.ndarray = np.zeros((2, 2))
    noise: float = 1.0


@dataclass(frozen=True, eq=False)
class _Test:
    """Test of one region: normal matrices, covariance of scores, noise, largest motion and variances of its blocks."""

    shape: tuple[int, int]
    normals: np.ndarray
    covariance: np.ndarray
    noise: float
    motion: np.ndarray
    variances: np.ndarray

    def parts(self, n_frames: int, min_difference: float) -> _Division:
        """The best division if it explains the motion best, else an empty one."""
        best = self._best()
        excess = best.energy - 3 * (best.noise - self.noise)
        significance = excess / (3 * best.noise) * np.sqrt(1.5 * n_frames)
        if significance < _MIN_SIGNIFICANCE or best.difference < min_difference**2 * best.scale:
            return _Division()
        return best if best.energy > max(_MIN_SHARE * self._separate(), _MIN_TO_EVEN * self._even()) else _Division()

    @cached_property
    def _scores(self) -> np.ndarray:
        """Covariance (K, 3, K, 3) of the scores, without what a motion and an offset of all blocks together explain."""
        normals = self.normals.reshape(-1, 3)
        total = np.tile(np.eye(3), (1, len(self.normals)))
        projection = np.eye(len(normals)) - normals @ _pinv(self.normals.sum(axis=0)) @ total
        covariance: np.ndarray = projection @ self.covariance @ projection.T
        return covariance.reshape(len(self.normals), 3, -1, 3)

    def _separate(self) -> float:
        """Energy that separate motions and offsets of all blocks explain beyond that of noise."""
        index = np.arange(len(self.normals))
        return self._explained(self.normals, self._scores[index, :, index])

    def _explained(self, normals: np.ndarray, power: np.ndarray) -> float:
        """Energy that models with these normal matrices and powers of their scores explain beyond that of noise."""
        inverse = _pinv(normals)
        freedom = (inverse * normals).sum()
        return float((inverse * power).sum() - freedom * self.noise)

    def _best(self) -> _Division:
        """The division that explains most."""
        divisions = _divisions(self.shape)
        counts = divisions @ self.normals[:, 2, 2]
        counts = np.minimum(counts, self.normals[:, 2, 2].sum() - counts)
        divisions, counts = divisions[counts >= _MIN_PIXELS], counts[counts >= _MIN_PIXELS]
        if not len(divisions):
            return _Division()
        part, total = np.einsum("sk,kab->sab", divisions, self.normals), self.normals.sum(axis=0)
        normals = part - part @ _pinv(total) @ part
        inverse = _pinv(normals)
        power = np.einsum("sakb,sk->sab", np.tensordot(divisions, self._scores, 1), divisions)
        energy = np.einsum("sab,sba->s", inverse, power) - 3 * self.noise
        best = int(energy.argmax())
        deviation = (inverse[best] @ power[best] @ inverse[best])[:2, :2]
        information = _pinv(inverse[best, :2, :2])
        difference = (information * deviation).sum() - 2 * self.noise
        scale = float(np.trace(information) * np.trace(self.motion) / 2)
        share = float(counts[best] / self.normals[:, 2, 2].sum())
        moments = deviation - self.noise * inverse[best, :2, :2]
        noise = max(self.noise, self._smaller_variance(divisions[best]))
        return _Division(float(energy[best]), float(difference), scale, share, moments, noise)

    def _smaller_variance(self, division: np.ndarray) -> float:
        """Variance of a pixel over time in the smaller part."""
        counts = self.normals[:, 2, 2]
        part = division if 2 * (division @ counts) <= counts.sum() else 1 - division
        return float(part @ self.variances / max(part @ counts, 1))

    def _even(self) -> float:
        """Energy that a motion and an offset explain that grow evenly across the region, beyond that of noise."""
        growth = np.concatenate([np.ones((1, len(self.normals))), _centers(self.shape)])
        normal = np.einsum("fk,gk,kab->fagb", growth, growth, self.normals).reshape(9, 9)
        power = np.einsum("fk,kalb,gl->fagb", growth, self._scores, growth, optimize=True).reshape(9, 9)
        return self._explained(normal, power)


def _pinv(matrices: np.ndarray) -> np.ndarray:
    """Pseudo-inverse of symmetric positive matrices."""
    inverse: np.ndarray = np.linalg.pinv(matrices, rcond=_SINGULAR, hermitian=True)
    return inverse
