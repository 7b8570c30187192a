"""Displacement of regions from their own pixels alone, by least squares without a filter over the frames.

A frame of a region is modeled as ``contrast * R(x - d) + offset`` with the reference R and its Taylor series of fourth
order in the displacement d. All that a frame contributes are its products with the 15 derivatives of R, and the pixels
around the region have no part in it. Filters of subbands reach beyond a region and mix its motion with that of its
neighborhood; this estimate does not, but it is more sensitive to illumination that varies within a region.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import factorial
from types import ModuleType
from typing import Any

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import Array, to_host
from vmm.measure.estimation._observability import observable_directions

REACH = 5
"""Pixels by which the taps of a derivative reach beyond a pixel. With 4 the derivative is wrong by .6 % at .3 cycles
per pixel, with 5 by .13 %."""

_ORDER = 4
"""Order of the Taylor series, which is accurate for displacements up to about half a pixel."""

_TOP = 0.32
"""Highest spatial frequency in cycles per pixel for which the taps are made; beyond it they would amplify noise."""

_MAX_MOVE = 1.0
"""Largest displacement in pixels relative to the reference: beyond it the Taylor series diverges."""

_RIDGE = 1e-5
"""Regularization of each step relative to the trace of the normal matrix. It slows the iteration in directions without
texture, where steps would follow noise, and does not change its solution."""

_MIN_STEP = 1e-5
"""Step in pixels below which the iteration ends, far below the standard error of any region."""

_CONTRAST_RANGE = (0.5, 2.0)
"""Contrast relative to the reference by which steps are scaled."""

_POWERS = [(i, total - i) for total in range(_ORDER + 1) for i in range(total, -1, -1)]
"""Orders (down, right) of the derivatives."""

DOWN, RIGHT = _POWERS.index((1, 0)), _POWERS.index((0, 1))
"""Positions of the first derivatives in the list of all derivatives."""


@lru_cache
def derivative_taps(order: int) -> np.ndarray:
    """Taps (2 * REACH + 1,) of a derivative, for ``scipy.ndimage.convolve1d``.

    They are the least-squares fit to the frequency response of the derivative up to `_TOP`, with exact moments up to
    its order, so that constant images and polynomials of that degree have exact derivatives.
    """
    positions = np.arange(-REACH, REACH + 1)
    if order == 0:
        return (positions == 0).astype(float)
    angles = 2 * np.pi * np.linspace(0.01, _TOP, 300)
    responses, target = np.exp(-1j * np.outer(angles, positions)), (1j * angles) ** order
    weights = angles ** (0.5 - order)  # about the same relative error at all frequencies
    rows = np.concatenate([responses.real, responses.imag]) * np.tile(weights, 2)[:, None]
    values = np.concatenate([target.real, target.imag]) * np.tile(weights, 2)
    powers = np.arange(order + 1)
    moments = (-positions / REACH) ** powers[:, None].astype(float)
    exact = np.where(powers == order, factorial(order) / float(REACH) ** order, 0.0)
    gram = rows.T @ rows
    gram += 1e-8 * np.trace(gram) / len(gram) * np.eye(len(gram))
    system = np.block([[gram, moments.T], [moments, np.zeros((order + 1, order + 1))]])
    taps: np.ndarray = np.linalg.solve(system, np.concatenate([rows.T @ values, exact]))[: len(positions)]
    return taps


def gradient_noise() -> float:
    """Variance of a first derivative for white noise of variance 1 in the image."""
    return float(np.square(derivative_taps(1)).sum())


def derivatives(images: np.ndarray) -> np.ndarray:
    """All partial derivatives (G, 15, H - 10, W - 10) up to the fourth order of images (G, H, W)."""
    inner = slice(REACH, -REACH)
    down = [
        scipy.ndimage.convolve1d(images, derivative_taps(i), axis=1, mode="nearest")[:, inner]
        for i in range(_ORDER + 1)
    ]
    parts = [scipy.ndimage.convolve1d(down[i], derivative_taps(j), axis=2, mode="nearest") for i, j in _POWERS]
    return np.stack(parts, axis=1)[..., inner]


def taylor_weights(moves: np.ndarray) -> np.ndarray:
    """Weights (G, 15, n) of the derivatives in the Taylor series of R(x - d), for displacements d (G, n, 2)."""
    down, right = ([np.ones(moves.shape[:2])] for _ in range(2))
    for i in range(1, _ORDER + 1):
        down.append(down[-1] * (moves[..., 0] / -i))
        right.append(right[-1] * (moves[..., 1] / -i))
    weights = np.empty((len(moves), len(_POWERS), moves.shape[1]))
    for k, (i, j) in enumerate(_POWERS):
        np.multiply(down[i], right[j], out=weights[:, k])
    return weights


def _lowering(axis: int) -> np.ndarray:
    """Matrix (15, 15) whose product with the weights is their derivative by the displacement along an axis."""
    matrix = np.zeros((len(_POWERS), len(_POWERS)))
    for k, power in enumerate(_POWERS):
        lower = (power[0] - 1, power[1]) if axis == 0 else (power[0], power[1] - 1)
        if min(lower) >= 0:
            matrix[k, _POWERS.index(lower)] = -1
    return matrix


_LOWERING = np.concatenate([_lowering(0), _lowering(1)])


@dataclass(frozen=True, eq=False)
class Fit:
    """Result of a fit to n frames of G regions.

    Attributes
    ----------
    moves
        Displacement (G, n, 2) in pixels relative to the reference.
    contrast
        Contrast (G, n) relative to the reference.
    """

    moves: np.ndarray
    contrast: np.ndarray


@dataclass(frozen=True, eq=False)
class PixelModel:
    """Model of the pixels of G regions of one size.

    Attributes
    ----------
    images
        Derivatives (G, 15, h, w) of the reference, without their mean over the pixels that count, and 0 elsewhere.
    weights
        (G, h, w): 1 for pixels that count, else 0.
    counts
        Number (G,) of pixels that count.
    gram
        Products (G, 15, 15) of the images with one another.
    xp
        Array module of the frames.
    """

    images: Array
    weights: Array
    counts: np.ndarray
    gram: np.ndarray
    xp: ModuleType

    @classmethod
    def from_derivatives(cls, images: np.ndarray, weights: np.ndarray, dtype: Any, xp: ModuleType) -> PixelModel:
        """The model from derivatives (G, 15, h, w) and weights (G, h, w), both on the host."""
        counts = weights.sum(axis=(1, 2))
        level = np.einsum("gkyx,gyx->gk", images, weights) / np.maximum(counts, 1)[:, None]
        centered = (images - level[..., None, None]) * weights[:, None]
        flat = centered.reshape(*centered.shape[:2], -1)
        gram = flat @ flat.swapaxes(1, 2)
        return cls(xp.asarray(centered, dtype), xp.asarray(weights, dtype), counts, gram, xp)

    def select(self, which: np.ndarray) -> PixelModel:
        """The model of some of the regions."""
        index = self.xp.asarray(which)
        return PixelModel(self.images[index], self.weights[index], self.counts[which], self.gram[which], self.xp)

    @cached_property
    def _flat(self) -> Array:
        """Images (G, P, 15) for products with frames."""
        flat = self.images.reshape(*self.images.shape[:2], -1).swapaxes(1, 2)
        return self.xp.ascontiguousarray(flat)

    @property
    def gradient_energy(self) -> np.ndarray:
        """Squared gradient (G,) of the reference per pixel."""
        energy: np.ndarray = (self.gram[:, DOWN, DOWN] + self.gram[:, RIGHT, RIGHT]) / np.maximum(self.counts, 1)
        return energy

    @cached_property
    def normal(self) -> np.ndarray:
        """Normal matrices (G, 2, 2) of the displacement, with offset and contrast fitted."""
        first = self.gram[:, [DOWN, RIGHT]]
        cross, energy = first[:, :, 0], np.maximum(self.gram[:, 0, 0], 1e-30)
        normal: np.ndarray = first[:, :, [DOWN, RIGHT]] - cross[:, :, None] * cross[:, None, :] / energy[:, None, None]
        return normal

    @cached_property
    def _textured(self) -> np.ndarray:
        """Projections (G, 2, 2) on the directions with texture.

        Steps in the others would follow noise, and far from the reference its Taylor series adds errors to both.
        """
        return observable_directions(self.normal, np.zeros(len(self.normal)))[1]

    @cached_property
    def slopes(self) -> Array:
        """Change (G, 2, h, w) of the pixels per pixel of displacement, with offset and contrast fitted."""
        cross = self.gram[:, [DOWN, RIGHT], 0] / np.maximum(self.gram[:, :1, 0], 1e-30)
        share = self.xp.asarray(cross, self.images.dtype)[:, :, None, None]
        return share * self.images[:, :1] - self.images[:, [DOWN, RIGHT]]

    def fit(self, frames: Array, start: np.ndarray | None = None, steps: int = 8) -> Fit:
        """The displacement in frames (G, n, h, w), from `start` (G, n, 2) on, which is 0 by default."""
        flat = frames.reshape(*frames.shape[:2], frames.shape[2] * frames.shape[3])  # also of no frames
        products = np.ascontiguousarray(to_host(flat @ self._flat).swapaxes(1, 2), float)
        moves = np.zeros((*flat.shape[:2], 2)) if start is None else start
        contrast = np.ones(flat.shape[:2])
        for _ in range(steps):
            step, contrast = self._step(moves, products)
            step = step @ self._textured
            moves = np.clip(moves + np.clip(step, -0.5, 0.5), -_MAX_MOVE, _MAX_MOVE)
            if abs(step).max(initial=0) < _MIN_STEP:
                break
        return Fit(moves, contrast)

    def _step(self, moves: np.ndarray, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A Gauss-Newton step (G, n, 2) of the displacement, and the contrast (G, n), from products (G, 15, n)."""
        weights = taylor_weights(moves)
        down, right = np.split(_LOWERING @ weights, 2, axis=1)  # derivatives of the model by the displacement
        model = self.gram @ weights
        energy = np.maximum(_dot(weights, model), 1e-30)
        contrast = _dot(weights, products) / energy
        residual = products - contrast[:, None] * model
        y, x = _dot(down, residual), _dot(right, residual)
        yc, xc = _dot(down, model), _dot(right, model)
        gram_right = self.gram @ right
        yy, yx = _dot(down, self.gram @ down) - yc * yc / energy, _dot(down, gram_right) - yc * xc / energy
        xx = _dot(right, gram_right) - xc * xc / energy
        ridge = _RIDGE * (yy + xx) + 1e-30
        yy, xx = yy + ridge, xx + ridge
        # The images have the contrast 1, so the step is scaled by the contrast of the frame.
        scale = (yy * xx - yx * yx) * np.clip(contrast, *_CONTRAST_RANGE)
        return np.stack([(xx * y - yx * x) / scale, (yy * x - yx * y) / scale], axis=-1), contrast

    def residual(self, frames: Array, fit: Fit) -> Array:
        """The difference (G, n, h, w) between frames (G, n, h, w) and the model, in gray levels."""
        weights = self.weights[:, None]
        counts = self.xp.asarray(np.maximum(self.counts, 1), frames.dtype)[:, None, None, None]
        level = (frames * weights).sum(axis=(2, 3), keepdims=True) / counts
        factors = self.xp.asarray(fit.contrast[:, None] * taylor_weights(fit.moves), self.images.dtype)
        model = (factors.swapaxes(1, 2) @ self.images.reshape(*self.images.shape[:2], -1)).reshape(frames.shape)
        return (frames - level) * weights - model

    @cached_property
    def covariance(self) -> np.ndarray:
        """Covariance (G, 2, 2) for white noise of variance 1, which is large in directions without texture."""
        trace = np.trace(self.normal, axis1=1, axis2=2)[:, None, None]
        inverse: np.ndarray = np.linalg.inv(self.normal + (_RIDGE * trace + 1e-12) * np.eye(2))
        return inverse


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products (G, n) of vectors (G, K, n)."""
    product: np.ndarray = np.einsum("gkn,gkn->gn", a, b)
    return product


def without_outline(weights: np.ndarray, width: int, min_share: float) -> np.ndarray:
    """Weights (G, h, w) without the pixels along the outline of the regions, of which a share must remain."""
    result = weights
    for _ in range(width):
        narrower = scipy.ndimage.binary_erosion(result > 0, np.ones((1, 3, 3)))
        is_large = narrower.sum(axis=(1, 2)) >= min_share * weights.sum(axis=(1, 2))
        result = np.where(is_large[:, None, None], narrower, result)
    return result
