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

_MAX_MOTION = 1.0
"""Motion in pixels beyond which the difference is compared with this value: what moves otherwise than a region that is
tracked through a large motion leaves the range of the fit."""


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
        models = [
            PixelModel.from_derivatives(images[:, :, y, x], weights[:, y, x], dtype, xp)
            for y, x in slices
        ]
        return cls(slices, models)

    def fit(self, crops: Array, start: np.ndarray) -> np.ndarray:
        """Displacement (G, 4, n, 2) of the strips in crops (G, n, h, w), from that of the regions (G, n, 2) on."""
        parts = zip(self.slices, self.models, strict=True)
        return np.stack([model.fit(crops[:, :, y, x], start, _STEPS).moves for (y, x), model in parts], axis=1)

    @property
    def covariance(self) -> np.ndarray:
        """Covariance (G, 4, 2, 2) of their displacement for white noise of variance 1."""
        return np.stack([model.covariance for model in self.models], axis=1)

    @property
    def is_usable(self) -> np.ndarray:
        """Bool array (G, 4): whether a strip has enough pixels inside the frame."""
        return np.stack([model.counts >= _MIN_PIXELS for model in self.models], axis=1)


def moves_otherwise(
    moves: np.ndarray,
    strip_moves: np.ndarray,
    covariance: np.ndarray,
    strip_covariance: np.ndarray,
    is_usable: np.ndarray,
    is_sampled: np.ndarray,
) -> np.ndarray:
    """Bool array (G,): whether opposite strips together move otherwise than the region between them.

    The mean of two opposite strips equals the motion of the region where it grows evenly, as on a bending beam. A strip
    whose opposite is outside the frame is compared alone.

    Parameters
    ----------
    moves, strip_moves
        Displacement of the regions (G, n, 2) and of their strips (G, 4, n, 2), relative to their means over time, and 0
        in frames that do not show the region.
    covariance, strip_covariance
        Their covariances (G, 2, 2) and (G, 4, 2, 2).
    is_usable
        Strips (G, 4) that are compared.
    is_sampled
        Frames (G, n) that show the region.
    """
    count = np.maximum(is_sampled.sum(axis=1), 1)
    result = np.zeros(len(moves), bool)
    for pair in ((0, 1), (2, 3)):
        usable = is_usable[:, pair].astype(float)
        share = usable / np.maximum(usable.sum(axis=1, keepdims=True), 1)
        difference = np.einsum("gs,gsni->gni", share, strip_moves[:, pair]) - moves
        noise = covariance + np.einsum("gs,gsij->gij", share**2, strip_covariance[:, pair])
        information = np.linalg.inv(noise)
        both = np.concatenate([moves[:, None], strip_moves[:, pair] * usable[..., None, None]], axis=1)
        motion = np.einsum("gij,gsni,gsnj->gs", information, both, both).max(axis=1) / count
        motion = np.minimum(motion, _MAX_MOTION**2 * np.trace(information, axis1=1, axis2=2))
        power = np.einsum("gij,gni,gnj->g", information, difference, difference) / count - 2
        is_significant = power / 2 * np.sqrt(count) > _MIN_SIGNIFICANCE
        result |= usable.any(axis=1) & is_significant & (power > _MIN_DIFFERENCE**2 * motion)
    return result
