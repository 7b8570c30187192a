"""The neighborhood of regions: whether it moves otherwise than the region, so that filters would mix the two."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.measure.estimation._own_pixels import PixelModel

STRIP = 15
"""Width in pixels of the strips outside the sides of a region: the reach of the filters that see the neighborhood."""

_MIN_PIXELS = 36
"""Smallest number of pixels of a strip that is read."""

_STEPS = 1
"""Steps of the fit to a strip from the displacement of the region: none are needed if it moves as the region does."""

_MIN_SIGNIFICANCE = 5.0
"""Standard deviations of noise by which the motion of the strips must differ from that of the region."""

_MIN_DIFFERENCE = 0.15
"""Smallest difference relative to the larger of both motions. Below it the filters mix little."""

_EDGE_DIFFERENCE = 0.3
"""Smallest difference of a single strip if an edge runs through the region: it then shows the motion of one part, and
the region that of both."""

_MAX_MOTION = 1.0
"""Motion in pixels beyond which the difference is compared with this value: a neighborhood that is still while a region
is tracked through a large motion leaves the range of the fit."""


@dataclass(frozen=True, eq=False)
class Strips:
    """Four strips outside the sides of G regions of one size: above, below, left and right.

    Attributes
    ----------
    slices
        Rows and columns of each strip in a crop.
    models
        Their models.
    """

    slices: list[tuple[slice, slice]]
    models: list[PixelModel]

    @classmethod
    def of(cls, images: np.ndarray, counts: np.ndarray, inside: np.ndarray, dtype: Any, xp: ModuleType) -> Strips:
        """The strips, from derivatives (G, 15, h, w) of the reference with a margin of `STRIP` around the regions.

        `counts` and `inside` (G, h, w) are bool: pixels that may count, and pixels of the regions.
        """
        rows, cols = (n - 2 * STRIP for n in counts.shape[1:])
        has_masks = not inside[:, STRIP:-STRIP, STRIP:-STRIP].all()
        deep = (rows // 2, cols // 2) if has_masks else (0, 0)  # pixels of the box outside a mask belong to the strips
        core = slice(STRIP, -STRIP)
        slices = [
            (slice(0, STRIP + deep[0]), core),
            (slice(STRIP + rows - deep[0], None), core),
            (core, slice(0, STRIP + deep[1])),
            (core, slice(STRIP + cols - deep[1], None)),
        ]
        weights = (counts & ~inside).astype(float)
        models = [PixelModel.from_derivatives(images[:, :, y, x], weights[:, y, x], dtype, xp) for y, x in slices]
        return cls(slices, models)

    def select(self, which: np.ndarray) -> Strips:
        """The strips of some of the regions."""
        return Strips(self.slices, [model.select(which) for model in self.models])

    def fit(self, crops: Array, start: np.ndarray) -> np.ndarray:
        """Displacement (G, 4, n, 2) of the strips in crops (G, n, h, w), from that of the regions (G, n, 2) on."""
        parts = zip(self.slices, self.models, strict=True)
        return np.stack([model.fit(crops[:, :, y, x], start, _STEPS).moves for (y, x), model in parts], axis=1)

    @property
    def covariance(self) -> np.ndarray:
        """Covariance (G, 4, 2, 2) of their displacement for white noise of variance 1."""
        return np.stack([model.covariance for model in self.models], axis=1)

    @property
    def gradient_energy(self) -> np.ndarray:
        """Squared gradient (G,) per pixel of the strip with the most texture."""
        energies = np.stack([model.gradient_energy for model in self.models], axis=1)
        largest: np.ndarray = np.where(self.is_usable, energies, 0).max(axis=1)
        return largest

    @property
    def is_usable(self) -> np.ndarray:
        """Bool array (G, 4): whether a strip has enough pixels inside the frame."""
        return np.stack([model.counts >= _MIN_PIXELS for model in self.models], axis=1)


@dataclass(frozen=True, eq=False)
class Neighborhood:
    """Motion of G regions and of the strips outside their sides.

    Attributes
    ----------
    moves, strip_moves
        Displacement of the regions (G, n, 2) and of their strips (G, 4, n, 2), relative to their means over time, and 0
        in frames that do not show the region.
    covariance, strip_covariance
        Their covariances (G, 2, 2) and (G, 4, 2, 2).
    is_usable
        Strips (G, 4) that are compared.
    n_frames
        Number (G,) of frames that show the region.
    """

    moves: np.ndarray
    strip_moves: np.ndarray
    covariance: np.ndarray
    strip_covariance: np.ndarray
    is_usable: np.ndarray
    n_frames: np.ndarray

    @property
    def moves_otherwise(self) -> np.ndarray:
        """Bool array (G,): whether opposite strips together move otherwise than the region between them.

        The mean of two opposite strips equals the motion of the region where it grows evenly, as on a bending beam. A
        strip whose opposite is outside the frame is compared alone.
        """
        return self._differs((0, 1), _MIN_DIFFERENCE) | self._differs((2, 3), _MIN_DIFFERENCE)

    @property
    def has_edge(self) -> np.ndarray:
        """Bool array (G,): whether any of the strips moves otherwise than the region, or there are none."""
        edges = [self._differs((strip,), _EDGE_DIFFERENCE) for strip in range(4)]
        result: np.ndarray = np.any(edges, axis=0) | ~self.is_usable.any(axis=1)
        return result

    @property
    def has_company(self) -> np.ndarray:
        """Bool array (G,): whether any of the strips moves as the region does, as far as noise lets this be seen."""
        limit = _EDGE_DIFFERENCE**2 * np.trace(self.largest_motion, axis1=1, axis2=2)[:, None]
        noise = sum(np.trace(x, axis1=-2, axis2=-1) for x in (self.covariance[:, None], self.strip_covariance))
        power = np.square(self.strip_moves - self.moves[:, None]).sum(axis=(2, 3)) / self.n_frames[:, None]
        is_alike = self.is_usable & (noise < limit) & (power - noise < limit)
        return is_alike.any(axis=1)

    @property
    def is_moving(self) -> np.ndarray:
        """Bool array (G,): whether any of the strips moves."""
        power = _power(self.strip_moves, np.linalg.inv(self.strip_covariance)) / self.n_frames[:, None] - 2
        is_significant = power / 2 * np.sqrt(self.n_frames)[:, None] > _MIN_SIGNIFICANCE
        return (is_significant & self.is_usable).any(axis=1)

    @property
    def largest_motion(self) -> np.ndarray:
        """Second moments (G, 2, 2) of the largest motion of the region and of its strips."""
        moves = np.concatenate([self.moves[:, None], self.strip_moves * self.is_usable[..., None, None]], axis=1)
        moments = moves.swapaxes(2, 3) @ moves / self.n_frames[:, None, None, None]
        largest = np.trace(moments, axis1=2, axis2=3).argmax(axis=1)
        result: np.ndarray = moments[np.arange(len(moments)), largest]
        return result

    def _differs(self, strips: tuple[int, ...], limit: float) -> np.ndarray:
        """Bool array (G,): whether the mean of strips differs from the region by `limit` times the larger motion."""
        usable = self.is_usable[:, strips].astype(float)
        share = usable / np.maximum(usable.sum(axis=1, keepdims=True), 1)
        moves = self.strip_moves[:, strips]
        difference = np.einsum("gs,gsni->gni", share, moves) - self.moves
        noise = self.covariance + np.einsum("gs,gsij->gij", share**2, self.strip_covariance[:, strips])
        information = np.linalg.inv(noise)
        both = np.concatenate([self.moves[:, None], moves * usable[..., None, None]], axis=1)
        motion = _power(both, information[:, None]).max(axis=1) / self.n_frames
        motion = np.minimum(motion, _MAX_MOTION**2 * np.trace(information, axis1=1, axis2=2))
        power = _power(difference, information) / self.n_frames - 2
        is_significant = power / 2 * np.sqrt(self.n_frames) > _MIN_SIGNIFICANCE
        return usable.any(axis=1) & is_significant & (power > limit**2 * motion)


def _power(moves: np.ndarray, information: np.ndarray) -> np.ndarray:
    """Sums (...) of the squares of displacements (..., n, 2) over time, weighted by matrices (..., 2, 2)."""
    result: np.ndarray = ((moves @ information) * moves).sum(axis=(-2, -1))
    return result
