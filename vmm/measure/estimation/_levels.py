"""Levels of the pyramid of one region: which of them agree, and the covariance of their displacement.

If the model holds, the levels measure the same displacement, and differ by noise alone. A fixed pattern of the
sensor, dead pixels and aliasing act on the finest levels most: those are left out if their difference from the coarser
ones follows the motion, and is larger than the noise that leaving them out adds.
"""

from __future__ import annotations

import numpy as np

from vmm.measure.estimation._observability import MIN_ENERGY_RATIO
from vmm.measure.estimation._template import pseudo_inverse

_MIN_SIGNIFICANCE = 5.0
"""Standard errors by which the difference of a level from the coarser ones must follow the motion to count."""

_MIN_ENERGY = 0.02
"""Smallest share of the information that the coarser levels must have for a level to be left out."""

_MIN_EXCESS = 2.0
"""Standard deviations by which the disagreement of levels must exceed that of noise to be counted."""

_MIN_MOTION = 3.0
"""Standard deviations by which the power of the motion must exceed that of noise for disagreement to follow it."""

_MIN_BIAS = 0.15
"""Smallest ratio of the squared bias by a level to the variance of the noise for which levels differ."""


class Levels:
    """Levels of one region: their scores are the normal matrices times the displacement, and noise.

    ``differ`` is True after ``first`` if the first level of those that it keeps differs from the coarser ones.

    Parameters
    ----------
    normals
        (L, 2, 2) normal matrices.
    noise
        (2 L, 2 L) covariance of the scores for the noise in the frames.
    moments
        (2 L, 2 L) covariance of the scores over time.
    count
        Number of frames.
    """

    def __init__(self, normals: np.ndarray, noise: np.ndarray, moments: np.ndarray, count: float) -> None:
        self.normals, self.noise, self.moments, self.count = normals, noise, moments, count
        self.differ = False

    def normal(self, start: int) -> np.ndarray:
        """Normal matrix (2, 2) of the levels from one on."""
        total: np.ndarray = self.normals[start:].sum(axis=0)
        return total

    def inverse(self, start: int) -> np.ndarray:
        """Inverse (2, 2) of that matrix in the observable directions."""
        return pseudo_inverse(self.normal(start), MIN_ENERGY_RATIO)

    def solver(self, start: int, stop: int | None = None) -> np.ndarray:
        """Matrix (2, 2 L) that gives the displacement in a range of levels from all scores."""
        n_levels = len(self.normals)
        stop = n_levels if stop is None else stop
        inverse = pseudo_inverse(self.normals[start:stop].sum(axis=0), MIN_ENERGY_RATIO)
        blocks = [inverse if start <= i < stop else np.zeros((2, 2)) for i in range(n_levels)]
        return np.concatenate(blocks, axis=1)

    def covariance(self, start: int) -> np.ndarray:
        """Covariance (2, 2) of the displacement in the levels from one on, for the noise in the frames."""
        solver = self.solver(start)
        return solver @ self.noise @ solver.T

    def first(self) -> int:
        """The finest level that agrees with the coarser ones, or whose disagreement costs less than leaving it out."""
        start, n_levels = 0, len(self.normals)
        while start < n_levels - 1 and self._is_better_left_out(start):
            start += 1
        return start

    def _is_better_left_out(self, start: int) -> bool:
        """Whether the levels after one give a more accurate displacement without it."""
        if np.trace(self.normal(start + 1)) < _MIN_ENERGY * np.trace(self.normal(0)):
            return False
        cost = float(np.trace(self.covariance(start + 1)) - np.trace(self.covariance(start)))
        if np.linalg.eigvalsh(self.normals[start])[0] <= 0:  # The level holds noise alone.
            return cost <= 0
        coarse = self.solver(start + 1)
        difference = self.solver(start, start + 1) - coarse
        share = self.inverse(start) @ self.normals[start]
        power, u = self._motion(coarse)
        noise = u @ coarse @ self.noise @ coarse.T @ u
        if power <= noise:
            return False
        slope = u @ difference @ (self.moments - self.noise) @ coarse.T @ u / power
        proportional = slope**2 * power * np.outer(u, u)
        rest = difference @ self.moments @ difference.T - proportional
        variance = u @ rest @ u * (power + noise) / (power**2 * self.count)
        bias = np.trace(share @ proportional @ share.T)
        excess = np.trace(share @ (rest - difference @ self.noise @ difference.T) @ share.T)
        is_significant = slope**2 > _MIN_SIGNIFICANCE**2 * variance
        self.differ = bool(is_significant and bias > _MIN_BIAS * np.trace(self.covariance(start)))
        return bool(is_significant and bias > max(cost, 0) + max(excess, 0))

    def _motion(self, solver: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean square of the motion along its main direction, beyond noise, and this direction (2,)."""
        power, vectors = np.linalg.eigh(solver @ (self.moments - self.noise) @ solver.T)
        return float(power[1]), vectors[:, 1]

    def disagreement(self, start: int) -> np.ndarray:
        """Covariance (2, 2) of the displacement by disagreement of the levels beyond noise, as in a jackknife.

        The part of the disagreement that follows the motion is known best; of the whole, only an excess counts that
        noise hardly reaches.
        """
        n_kept = len(self.normals) - start
        variance, expected, proportional = np.zeros((3, 2, 2))
        if n_kept < 2:
            return variance
        solver, inverse = self.solver(start), self.inverse(start)
        power, u = self._motion(solver)
        for i in range(start, len(self.normals)):
            influence = -inverse @ self.normals[i] @ solver
            influence[:, 2 * i : 2 * i + 2] += inverse
            variance += influence @ self.moments @ influence.T
            expected += influence @ self.noise @ influence.T
            slope = influence @ (self.moments - self.noise) @ solver.T @ u
            proportional += np.outer(slope, slope) / max(power, 1e-20)
        noise = u @ self.covariance(start) @ u
        scatter = np.sqrt(2 / self.count)
        if power > _MIN_MOTION * scatter * noise:
            proportional -= expected * (1 + noise / power) / self.count
        else:
            proportional[:] = 0
        limit = _MIN_EXCESS * scatter * float(np.trace(expected))
        return larger(_positive(variance - expected, limit), _positive(proportional, 0.0)) * n_kept / (n_kept - 1)


def _positive(matrix: np.ndarray, limit: float) -> np.ndarray:
    """The part of a symmetric matrix with eigenvalues above a limit."""
    values, vectors = np.linalg.eigh(matrix)
    part: np.ndarray = (vectors * np.where(values > limit, values, 0)) @ vectors.T
    return part


def larger(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The matrix with the larger trace."""
    return a if np.trace(a) > np.trace(b) else b
