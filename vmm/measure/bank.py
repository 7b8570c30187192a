"""Bands in which regions are looked at, and what of them belongs to a region."""

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

_COARSEST = 5  # times that a level's pixel goes into a region


class Bank:
    """Bands for crops of one size: one octave each, in few orientations, but those too coarse for a region's side."""

    def __init__(self, size: tuple[int, int], dtype: Any, xp: ModuleType, orientations: int, side: float) -> None:
        self.size, self.xp, self.dtype = size, xp, np.dtype(dtype)
        self._pyramid = SteerablePyramid(size, dtype, xp, orientations=orientations)
        self.kept = [i for i, g in enumerate(self._pyramid.grids) if g.scale <= max(side / _COARSEST, 4.0)]
        self.grids: list[Grid] = [self._pyramid.grids[i] for i in self.kept]

    def analyze(self, images: Array) -> list[Array]:
        """Coefficients (n, h, w) of images (n, H, W), band by band."""
        bands, _ = self._pyramid.analyze(images)
        return [bands[i] for i in self.kept]

    def adjoint(self, coefs: Sequence[Array]) -> Array:
        """Images (n, H, W) whose products with a frame sum up as those of coefficients (n, h, w) with the frame's."""
        bands: list[Array | None] = [None] * len(self._pyramid.grids)
        for i, band, grid in zip(self.kept, coefs, self.grids, strict=True):
            bands[i] = band / math.prod(grid.step)
        return self._pyramid.synthesize(bands, None) / 2

    @cached_property
    def noise(self) -> list[float]:
        """Variance of each band's coefficients for white noise of variance 1."""
        return [float(energy[0]) for energy in self._energies]

    @cached_property
    def slope_noise(self) -> list[float]:
        """Variance of the gradient of each band's coefficients for such noise, in one direction."""
        return [float(energy[1:].mean()) for energy in self._energies]

    @cached_property
    def _energies(self) -> list[Array]:
        """Energy (3,) of each band's response to a point, and to its derivatives."""
        point = self.xp.zeros((1, *self.size), self.dtype)
        point[0, self.size[0] // 2, self.size[1] // 2] = 1
        bands = self.analyze(self.xp.concatenate([point, *gradients(point)]).astype(self.dtype))
        return [(abs(c) ** 2).sum(axis=(1, 2)) * math.prod(g.step) for c, g in zip(bands, self.grids, strict=True)]


def gradients(images: Array) -> tuple[Array, Array]:
    """Derivatives of images (G, H, W), down and right, in the Fourier domain."""
    height, width = images.shape[1:]
    xp = namespace(images)
    half = rfft2(images.copy())
    down, right = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    down, right = np.where(abs(down) < 0.5, down, 0), np.where(right < 0.5, right, 0)
    parts = [xp.asarray(2j * np.pi * f, half.dtype) * half for f in (down, right)]
    return irfft2(parts[0], (height, width)), irfft2(parts[1], (height, width))


def moved(images: Array, by: tuple[float, float]) -> Array:
    """Images (G, H, W) moved by part of a pixel, down and right, in the Fourier domain."""
    height, width = images.shape[1:]
    half = rfft2(images.copy())
    cycles = np.fft.fftfreq(height)[:, None] * by[0] + np.fft.rfftfreq(width) * by[1]
    return irfft2(half * namespace(images).asarray(np.exp(-2j * np.pi * cycles), half.dtype), (height, width))


def faded(size: tuple[int, int], margin: int, flat: int) -> np.ndarray:
    """Window (H, W): 1 on the region and so many pixels around, then falling to 0 at the border."""
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(margin - flat) + 0.5) / (margin - flat))
    down, right = (np.concatenate([ramp, np.ones(n - 2 * len(ramp)), ramp[::-1]]) for n in size)
    window: np.ndarray = np.outer(down, right)
    return window


def shares(inside: np.ndarray, grid: Grid) -> np.ndarray:
    """Area (G, h, w), in pixels, of a region (G, H, W) that each sample of a grid stands for."""
    sums = inside
    for axis, (start, step, n) in enumerate(zip(grid.origin, grid.step, grid.shape, strict=True), start=1):
        length = sums.shape[axis]
        total = np.concatenate([np.zeros_like(np.take(sums, [0], axis)), np.cumsum(sums, axis=axis)], axis=axis)
        edges = np.clip(start + step * (np.arange(n + 1) - 0.5) + 0.5, 0, length)
        whole = np.minimum(edges.astype(int), length - 1)
        part = (edges - whole).reshape([-1 if a == axis else 1 for a in range(3)])
        upto = (1 - part) * np.take(total, whole, axis) + part * np.take(total, whole + 1, axis)
        sums = np.diff(upto, axis=axis)
    return sums
