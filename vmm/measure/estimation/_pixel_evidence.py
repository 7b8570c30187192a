"""How well motions explain single pixels."""

from __future__ import annotations

import numpy as np

from vmm.measure.estimation._pixel_windows import Components
from vmm.measure.estimation._window_sums import WindowSums

_PIXEL_SIGMA = 1.2
"""Standard deviation in pixels of the Gaussian in which a motion must explain a pixel."""

_CHANCE = 4.0
"""Standard deviations of chi-square that noise may exceed its mean by in a pixel that a motion explains."""

_MAX_NOISE_EXCESS, _MAX_SHARE = 0.2, 0.1
"""Chi-square of a motion that explains a pixel, beyond its mean and its scatter: as a fraction of the mean, and as a
fraction of the energy of the luma. Near edges the slopes of the mean image are less accurate than elsewhere."""


class Evidence:
    """How well motions explain N pixels: the energy of the luma that they leave in a small Gaussian."""

    def __init__(self, components: Components, slopes: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> None:
        sums = WindowSums(components.mean.shape, _PIXEL_SIGMA, 1)
        images, (down, right) = components.images, slopes
        ones = np.ones(components.mean.shape)
        scale = (sums(ones) / sums(ones, squared=True))[rows, cols] / components.noise[rows, cols]
        self.energy = sums((images**2).sum(axis=0))[rows, cols] * scale
        self._cross = np.stack([sums(images * slope)[:, rows, cols] * scale for slope in slopes], axis=-1)
        products = np.stack([down * down, 2 * down * right, right * right])
        self._normal = sums(products)[:, rows, cols] * scale
        self.freedom = len(images) * (sums(ones) ** 2 / sums(ones, squared=True))[rows, cols]

    @property
    def limit(self) -> np.ndarray:
        """Chi-square (N,) up to which a motion explains a pixel."""
        noise = (1 + _MAX_NOISE_EXCESS) * self.freedom + _CHANCE * np.sqrt(2 * self.freedom)
        return noise + _MAX_SHARE * self.energy

    def chi_square(self, values: np.ndarray) -> np.ndarray:
        """Chi-square (N,) of the motion (M, N, 2)."""
        down, right = values[..., 0], values[..., 1]
        squares = ((down**2).sum(axis=0), (down * right).sum(axis=0), (right**2).sum(axis=0))
        linear = 2 * np.einsum("mni,mni->n", self._cross, values)
        total: np.ndarray = self.energy + linear + sum(n * s for n, s in zip(self._normal, squares, strict=True))
        return total
