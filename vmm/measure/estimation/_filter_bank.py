"""The subbands in which regions are measured, and the weights of their samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, irfft2, namespace, rfft2
from vmm.parts import Grid
from vmm.spatial import SteerablePyramid

_SAMPLES_PER_SIDE = 5
"""Smallest number of samples of a subband along the side of a region. Coarser subbands mix the region with its
surroundings."""

_MIN_COARSEST = 4.0
"""Sample spacing in pixels up to which subbands are kept even for very small regions."""


class FilterBank:
    """Subbands of crops of one size, one octave each, without those that are too coarse for the side of a region.

    Parameters
    ----------
    size
        Height and width of a crop in pixels.
    dtype
        Floating type.
    xp
        Array module.
    orientations
        Number of orientations.
    side
        Side of a region in pixels.
    """

    def __init__(self, size: tuple[int, int], dtype: Any, xp: ModuleType, orientations: int, side: float) -> None:
        self.size, self.xp, self.dtype = size, xp, np.dtype(dtype)
        self._pyramid = SteerablePyramid(size, dtype, xp, octave=1.0, orientations=orientations)
        coarsest = max(side / _SAMPLES_PER_SIDE, _MIN_COARSEST)
        self.indices = [i for i, grid in enumerate(self._pyramid.grids) if grid.scale <= coarsest]
        self.grids: list[Grid] = [self._pyramid.grids[i] for i in self.indices]

    def analyze(self, images: Array) -> list[Array]:
        """Coefficients (n, h, w) of images (n, H, W), one array per subband."""
        coefs, _ = self._pyramid.analyze(images)
        return [coefs[i] for i in self.indices]

    def adjoint(self, coefs: Sequence[Array | None]) -> Array:
        """Images (n, H, W) of the adjoint of ``analyze``.

        The product of such an image with a frame equals the sum of the products of `coefs` with the frame's
        coefficients.
        """
        padded: list[Array | None] = [None] * len(self._pyramid.grids)
        for i, subband, grid in zip(self.indices, coefs, self.grids, strict=True):
            padded[i] = None if subband is None else subband / math.prod(grid.step)
        return self._pyramid.synthesize(padded, None) / 2

    @cached_property
    def noise_power(self) -> list[float]:
        """Variance of the coefficients of each subband for white noise of variance 1."""
        return [float(energy[0]) for energy in self._energies]

    @cached_property
    def gradient_noise_power(self) -> list[float]:
        """Variance of the gradient of the coefficients of each subband, in one direction, for such noise."""
        return [float(energy[1:].mean()) for energy in self._energies]

    @cached_property
    def _energies(self) -> list[Array]:
        """Energy (3,) of the response of each subband to a point and to its two derivatives."""
        point = self.xp.zeros((1, *self.size), self.dtype)
        point[0, self.size[0] // 2, self.size[1] // 2] = 1
        coefs = self.analyze(self.xp.concatenate([point, *gradients(point)]).astype(self.dtype))
        return [(abs(c) ** 2).sum(axis=(1, 2)) * math.prod(g.step) for c, g in zip(coefs, self.grids, strict=True)]


def gradients(images: Array) -> tuple[Array, Array]:
    """Derivatives of images (G, H, W), down and right, in the Fourier domain."""
    height, width = images.shape[1:]
    xp = namespace(images)
    spectrum = rfft2(images.copy())
    down, right = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    down, right = np.where(abs(down) < 0.5, down, 0), np.where(right < 0.5, right, 0)
    parts = [xp.asarray(2j * np.pi * f, spectrum.dtype) * spectrum for f in (down, right)]
    return irfft2(parts[0], (height, width)), irfft2(parts[1], (height, width))


def shifted(images: Array, displacement: tuple[float, float]) -> Array:
    """Images (G, H, W) shifted by a fraction of a pixel, down and right, in the Fourier domain."""
    height, width = images.shape[1:]
    spectrum = rfft2(images.copy())
    cycles = np.fft.fftfreq(height)[:, None] * displacement[0] + np.fft.rfftfreq(width) * displacement[1]
    phase_factor = namespace(images).asarray(np.exp(-2j * np.pi * cycles), spectrum.dtype)
    return irfft2(spectrum * phase_factor, (height, width))


def taper_window(size: tuple[int, int], margin: int, flat: int) -> np.ndarray:
    """Window (H, W): 1 on the region and on `flat` pixels of the margin around it, then a cosine taper to 0."""
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(margin - flat) + 0.5) / (margin - flat))
    down, right = (np.concatenate([ramp, np.ones(n - 2 * len(ramp)), ramp[::-1]]) for n in size)
    window: np.ndarray = np.outer(down, right)
    return window


def sample_areas(inside: np.ndarray, grid: Grid) -> np.ndarray:
    """Area (G, h, w) in pixels of the part of regions (G, H, W) that each sample of a grid represents."""
    sums = inside
    for axis, (start, step, n) in enumerate(zip(grid.origin, grid.step, grid.shape, strict=True), start=1):
        length = sums.shape[axis]
        total = np.concatenate([np.zeros_like(np.take(sums, [0], axis)), np.cumsum(sums, axis=axis)], axis=axis)
        edges = np.clip(start + step * (np.arange(n + 1) - 0.5) + 0.5, 0, length)
        whole = np.minimum(edges.astype(int), length - 1)
        fraction = (edges - whole).reshape([-1 if a == axis else 1 for a in range(3)])
        cumulative = (1 - fraction) * np.take(total, whole, axis) + fraction * np.take(total, whole + 1, axis)
        sums = np.diff(cumulative, axis=axis)
    return sums
