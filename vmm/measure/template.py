"""What regions look like in the bands of a pyramid, and how their phase and brightness tell a displacement.

The bands are a tight frame, so that white noise weighs the same in all of them: the weight of a phase is the squared
amplitude of the reference alone. With that the least squares over all bands and pixels is, for small motion, the
maximum-likelihood estimate from the pixels themselves, and reaches its bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, to_host
from vmm.backend.reference import phase_since, phase_sums
from vmm.measure.bank import Bank, gradients, moved, shares

_CONTRASTS = (0.5, 2.0)  # of the reference, beyond which it is something else
_STEP = 0.3  # pixels
_DEGENERATE = 1e-5  # of the largest eigenvalue; what lies below is rounding


@dataclass(frozen=True)
class Template:
    """Reference of regions (G,) of one size.

    Attributes
    ----------
    bank
        The bands.
    window
        (G, H, W), which lets crops fade out at their border.
    still
        Reference (G, H, W) in grey levels.
    brightness
        Mean (G,).
    references
        Coefficients (G, h, w) of each band.
    slopes
        Gradient (G, 2, h, w) of their phase, down and right, in radians per pixel.
    shares
        (G, h, w) of each band: area in pixels that a sample has in the region.
    """

    bank: Bank
    window: Array
    still: Array
    brightness: np.ndarray
    references: list[Array]
    slopes: list[Array]
    shares: list[Array]

    @classmethod
    def of(cls, crops: Array, inside: np.ndarray, bank: Bank, window: np.ndarray) -> Template:
        """The template of reference crops (G, H, W); `inside` (G, H, W) tells which pixels belong to the regions."""
        xp = bank.xp
        shape = xp.asarray(np.broadcast_to(window, crops.shape), bank.dtype)
        level = (crops * shape).sum(axis=(1, 2), keepdims=True) / shape.sum(axis=(1, 2), keepdims=True)
        images = [_windowed(part, shape) for part in (crops, *gradients(crops - level))]
        references, slopes, areas = [], [], []
        for coefs, grid in zip(bank.analyze(xp.concatenate(images).astype(bank.dtype)), bank.grids, strict=True):
            r, down, right = coefs.reshape(3, len(crops), *grid.shape)
            turn = xp.stack([(r.conj() * s).imag for s in (down, right)], axis=1)
            references.append(r)
            slopes.append(turn / xp.maximum(abs(r) ** 2, 1e-20)[:, None])
            areas.append(xp.asarray(shares(inside, grid), bank.dtype))
        brightness = np.abs(to_host(level)[:, 0, 0]).astype(float)
        return cls(bank, shape, crops, brightness, references, slopes, areas)

    def only(self, g: int) -> Template:
        """That of one of the regions."""
        parts = [[part[g : g + 1] for part in parts] for parts in (self.references, self.slopes, self.shares)]
        window, still, brightness = (x[g : g + 1] for x in (self.window, self.still, self.brightness))
        one = Template(self.bank, window, still, brightness, *parts)
        one.__dict__["images"] = self.images[g : g + 1]  # as cached there
        return one

    @cached_property
    def strengths(self) -> list[Array]:
        """What a phase (G, h, w) of each band counts for: amplitude squared, the noise of all bands being alike."""
        return [abs(r) ** 2 * share for r, share in zip(self.references, self.shares, strict=True)]

    @cached_property
    def weights(self) -> list[Array]:
        """The same times the gradient (G, 2, h, w)."""
        return [w[:, None] * k for w, k in zip(self.strengths, self.slopes, strict=True)]

    @cached_property
    def normals(self) -> np.ndarray:
        """Normal matrices (B, G, 2, 2) of the bands."""
        xp = self.bank.xp
        pairs = zip(self.weights, self.slopes, strict=True)
        return to_host(xp.stack([xp.einsum("gayx,gbyx->gab", wk, k) for wk, k in pairs])).astype(float)

    @cached_property
    def normal(self) -> np.ndarray:
        """Normal matrices (G, 2, 2) of all bands together."""
        total: np.ndarray = self.normals.sum(axis=0)
        return total

    @cached_property
    def coarse(self) -> list[int]:
        """The bands of the coarsest level."""
        coarsest = max(grid.scale for grid in self.bank.grids)
        return [i for i, grid in enumerate(self.bank.grids) if grid.scale == coarsest]

    def windowed(self, crops: Array) -> Array:
        """Crops (G, n, H, W) as they go into the bank, (G * n, H, W)."""
        return _windowed(crops, self.window[:, None]).reshape(-1, *self.bank.size)

    def by_phase(self, coefs: Sequence[Array], bands: Sequence[int] | None = None) -> np.ndarray:
        """Displacement (G, n, 2) in pixels by the phases of coefficients (G * n, h, w), in all or some bands."""
        used = range(len(coefs)) if bands is None else bands
        sums: Any = 0
        for i in used:
            r = self.references[i]
            sums = sums + phase_sums(coefs[i].reshape(len(r), -1, *r.shape[1:]), r, self.weights[i])
        return -to_host(sums).astype(float) @ inverse(self.normals[list(used)].sum(axis=0))

    @cached_property
    def images(self) -> Array:
        """Images (G, 5, H, W) whose products with a crop tell the displacement, and how like the reference it is.

        The first two give the sum of weight times gradient times the sine of the phase; the rest that of weight times
        gradient squared, down, mixed and right, times its cosine.
        """
        xp, coefs = self.bank.xp, []
        for r, k, share in zip(self.references, self.slopes, self.shares, strict=True):
            down, right, still = k[:, 0], k[:, 1], share * r
            parts = (1j * still * down, 1j * still * right, still * down**2, still * down * right, still * right**2)
            coefs.append(xp.concatenate(parts).astype(r.dtype))
        found = self.bank.adjoint(coefs).reshape(len(parts), *self.window.shape) * self.window
        level = found.sum(axis=(2, 3), keepdims=True) / self.window.sum(axis=(1, 2), keepdims=True)
        return xp.ascontiguousarray((found - level * self.window).swapaxes(0, 1))

    def by_brightness(self, products: Array) -> tuple[np.ndarray, np.ndarray]:
        """Displacement (G, n, 2) in pixels, right up to about half a pixel, and likeness (G, n), of products (G, n, 5).

        Sine and cosine of the phase, each averaged over the region, give the phase itself to the fifth order,
        ``3 sin p / (2 + cos p) = p (1 - p**4 / 180)``. How much light and contrast there is follows from how far the
        mean cosine is from what the displacement lets expect.
        """
        sums = to_host(products).astype(float)
        energy = np.trace(self.normal, axis1=-2, axis2=-1)[:, None]
        likeness = (sums[..., 2] + sums[..., 4]) / np.where(energy > 0, energy, 1)
        moves = self._solved(sums, 1.0)
        fall = np.einsum("gni,gij,gnj->gn", moves, self._fall, moves)
        contrast = np.clip(likeness * np.exp(np.clip(fall, 0, 4) / 2), *_CONTRASTS)
        return self._solved(sums, contrast), likeness

    def _solved(self, sums: np.ndarray, contrast: Any) -> np.ndarray:
        """Displacement (G, n, 2) of sums (G, n, 5)."""
        still = self.normal[:, None] * np.asarray(contrast)[..., None, None]
        a, b, c = ((2 * still[..., i, j] + sums[..., k]) / 3 for i, j, k in ((0, 0, 2), (0, 1, 3), (1, 1, 4)))
        determinant = a * c - b**2
        clear = determinant > _DEGENERATE * (a + c) ** 2
        turned = np.stack([c * sums[..., 0] - b * sums[..., 1], a * sums[..., 1] - b * sums[..., 0]], axis=-1)
        moves: np.ndarray = -turned / np.where(clear, determinant, 1)[..., None]
        if clear.all():
            return moves
        return np.where(clear[..., None], moves, -sums[..., :2] @ inverse(self.normal))

    @cached_property
    def _fall(self) -> np.ndarray:
        """How the logarithm of likeness falls with the square of a displacement (G, 2, 2): by moving the reference."""
        down, right, both = (
            -2 * np.log(np.maximum(self.likeness(moved(self.still, step)[:, None])[:, 0], 0.1)) / _STEP**2
            for step in ((_STEP, 0.0), (0.0, _STEP), (_STEP, _STEP))
        )
        mixed = (both - down - right) / 2
        return np.stack([down, mixed, mixed, right], axis=-1).reshape(-1, 2, 2)

    def likeness(self, crops: Array) -> np.ndarray:
        """How like the reference crops (G, n, H, W) are, (G, n): 1 where they are the same."""
        image = (self.images[:, 2] + self.images[:, 4]).reshape(len(crops), -1, 1)
        seen = to_host((crops.reshape(*crops.shape[:2], -1) @ image)[..., 0]).astype(float)
        energy = np.trace(self.normal, axis1=-2, axis2=-1)[:, None]
        alike: np.ndarray = seen / np.where(energy > 0, energy, 1)
        return alike

    @cached_property
    def likeness_error(self) -> np.ndarray:
        """Standard error (G,) of the likeness for white noise of variance 1."""
        image = to_host(self.images[:, 2] + self.images[:, 4]).astype(float)
        energy = np.trace(self.normal, axis1=-2, axis2=-1)
        return np.sqrt((image**2).sum(axis=(1, 2))) / np.where(energy > 0, energy, 1)

    @cached_property
    def noise_energy(self) -> np.ndarray:
        """What white noise of variance 1 adds to the normal matrices (G,), in each direction."""
        parts = zip(self.shares, self.bank.slope_noise, strict=True)
        return to_host(sum(share.sum(axis=(1, 2)) * energy for share, energy in parts)).astype(float)

    @cached_property
    def covariance(self) -> np.ndarray:
        """Covariance (G, 2, 2) of the displacement where white noise of variance 1 is in the pixels."""
        images = to_host(self.images[:, :2]).reshape(len(self.normal), 2, -1).astype(float)
        found = inverse(self.normal)
        spread: np.ndarray = found @ np.matmul(images, images.swapaxes(1, 2)) @ found
        return spread

    def noise(self, coefs: Sequence[Array], moves: np.ndarray) -> np.ndarray:
        """Variance (G, n) of the pixels' noise: what coefficients have across the phase that the displacement gives."""
        if not moves.size:
            return moves[..., 0]
        xp = self.bank.xp
        total: Any = 0
        d = xp.asarray(moves, self.bank.dtype)
        for c, r, k, w in zip(coefs, self.references, self.slopes, self.strengths, strict=True):
            seen = c.reshape(len(r), -1, *r.shape[1:])
            phases = phase_since(seen, xp.broadcast_to(r[:, None], seen.shape)).reshape(*d.shape[:2], -1)
            beside = abs(seen).reshape(phases.shape) * xp.sin(phases + d @ k.reshape(len(k), 2, -1))
            total = total + (beside**2 @ w.reshape(len(w), -1, 1))[..., 0]
        return to_host(total).astype(float) / self._noise_expected[:, None]

    @cached_property
    def _noise_expected(self) -> np.ndarray:
        """The same weighted sum (G,) of what white noise of variance 1 leaves when two directions have been fitted."""
        xp = self.bank.xp
        whole = to_host(sum(w.sum(axis=(1, 2)) * n / 2 for w, n in zip(self.strengths, self.bank.noise, strict=True)))
        parts = zip(self.references, self.weights, self.slopes, strict=True)
        fitted = to_host(sum(xp.einsum("gayx,gbyx->gab", wk * (abs(r) ** 2)[:, None], k) for r, wk, k in parts))
        taken = np.trace(inverse(self.normal) @ fitted, axis1=-2, axis2=-1) / 2
        return np.maximum(whole - taken, 0.1 * whole + 1e-20).astype(float)


def inverse(normal: np.ndarray) -> np.ndarray:
    """Inverse (..., 2, 2) of symmetric matrices, directions without any content left out."""
    values, vectors = np.linalg.eigh(normal)
    kept = values > np.maximum(_DEGENERATE * values[..., 1:], 1e-30)
    scaled = vectors * np.where(kept, 1 / np.where(kept, values, 1), 0)[..., None, :]
    return scaled @ vectors.swapaxes(-1, -2)


def _windowed(images: Array, window: Array) -> Array:
    """Images (..., H, W) less their mean, times a window; so that more light on all of them changes nothing."""
    level = (images * window).sum(axis=(-2, -1), keepdims=True) / window.sum(axis=(-2, -1), keepdims=True)
    return (images - level) * window
