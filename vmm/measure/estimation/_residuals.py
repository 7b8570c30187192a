"""Residuals of frames from the moved reference: the spectrum of the noise, and the scores that they leave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import Array, irfft2, rfft2, to_host
from vmm.measure.estimation._filter_bank import gradients
from vmm.measure.estimation._template import Template

_BORDER = 3
"""Width in pixels of the taper of the window at the border of a region. A wider one would count more of the noise of
the surroundings, a narrower one would smooth the spectrum more."""


_MIN_CONTRAST = 0.2
"""Smallest contrast by which the residual of a frame is divided."""


_RIDGE = 1e-7
"""Ridge relative to the trace by which the fit of light is regular also on a blank region."""

_MIN_SCALE = 1e-3
"""Relative singular value of the scores of the slopes below which a direction is not observed."""


@dataclass(eq=False)
class ResidualSums:
    """Sums over sampled frames.

    Attributes
    ----------
    power
        (G, H, W // 2 + 1) squared spectra of the windowed residuals.
    products
        (G, 2 L + 3, 2 L + 3) products of the scores of the residuals in L levels, the displacement and 1.
    """

    power: np.ndarray | float = 0.0
    products: np.ndarray | float = 0.0

    def add(self, other: ResidualSums) -> None:
        """Add other sums to these."""
        self.power, self.products = self.power + other.power, self.products + other.products

    def level_moments(self, g: int, normals: np.ndarray) -> tuple[np.ndarray, float]:
        """Covariance (2 L, 2 L) over time of the scores of region g, with normal matrices (L, 2, 2), and the count."""
        moments, count = self._moments(g)
        to_scores = np.concatenate([np.eye(len(moments) - 2), normals.reshape(-1, 2)], axis=1)
        return to_scores @ moments @ to_scores.T, count

    def step_covariance(self, g: int, inverse: np.ndarray) -> np.ndarray:
        """Covariance (2, 2) of the displacement that the residuals of region g leave."""
        moments, _ = self._moments(g)
        n_levels = len(moments) // 2 - 1
        steps = np.concatenate([inverse] * n_levels + [np.zeros((2, 2))], axis=1)
        return steps @ moments @ steps.T

    def _moments(self, g: int) -> tuple[np.ndarray, float]:
        """Covariance (2 L + 2, 2 L + 2) of the scores of region g and its displacement, and the number of frames."""
        products = np.asarray(self.products)[g]
        count = max(float(products[-1, -1]), 1.0)
        mean = products[-1, :-1] / count
        return products[:-1, :-1] / count - np.outer(mean, mean), count


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals of the crops of one group of regions from the moved reference.

    Attributes
    ----------
    template
        The reference.
    inside
        (G, H, W): 1 where a pixel belongs to the region, else 0.
    slope_interval
        Interval in frames at which slopes are summed up.
    """

    template: Template
    inside: np.ndarray
    slope_interval: int

    @cached_property
    def window(self) -> Array:
        """Window (G, H, W) of the residuals: the region with tapered borders."""
        side = 2 * _BORDER + 1
        tapered = scipy.ndimage.uniform_filter(self.inside.astype(float), (0, side, side), mode="constant")
        return self.template.bank.xp.asarray(tapered, self.template.bank.dtype) * (self.template.window > 0)

    @cached_property
    def reference_spectrum(self) -> Array:
        """Spectrum (G, 2 H, W + 1) of the reference, without its level and continued by reflection."""
        xp, image = self.template.bank.xp, self.template.image
        centered = image - image.mean(axis=(1, 2), keepdims=True)
        down = xp.concatenate([centered, centered[:, ::-1]], axis=1)
        return rfft2(xp.concatenate([down, down[:, :, ::-1]], axis=2))

    @cached_property
    def frequencies(self) -> tuple[np.ndarray, np.ndarray]:
        """Frequencies (2 H, 1) and (W + 1,) of that spectrum in cycles per pixel."""
        height, width = self.template.bank.size
        return np.fft.fftfreq(2 * height)[:, None], np.fft.rfftfreq(2 * width)

    def is_odd(self, index: np.ndarray) -> np.ndarray:
        """Whether frames (n,) belong to the second of two halves, between which the sampled frames alternate."""
        odd: np.ndarray = index // self.slope_interval % 2 == 1
        return odd

    def moved_reference(self, moves: np.ndarray) -> Array:
        """Reference (G, n, H, W) moved by displacements (G, n, 2)."""
        xp, spectrum = self.template.bank.xp, self.reference_spectrum
        (height, width), (g, n) = self.template.bank.size, moves.shape[:2]
        down, right = (-2j * np.pi * f for f in self.frequencies)
        factor = [
            xp.asarray(np.exp(f.ravel() * moves[..., axis, None]), spectrum.dtype)
            for axis, f in enumerate((down, right))
        ]
        product = spectrum[:, None] * factor[0][..., None] * factor[1][..., None, :]
        images = irfft2(product.reshape(g * n, *spectrum.shape[1:]), (2 * height, 2 * width))
        return images.reshape(g, n, 2 * height, 2 * width)[:, :, :height, :width]

    def sums(self, crops: Array, moves: np.ndarray, is_valid: np.ndarray) -> ResidualSums:
        """Sums over crops (G, n, H, W) with displacements (G, n, 2), of the frames in the bool array (G, n)."""
        xp, n_regions = self.template.bank.xp, len(moves)
        if not moves.size:
            return ResidualSums()
        predicted = self.moved_reference(moves)
        frame = crops - self.template.image.mean(axis=(1, 2))[:, None, None, None]
        basis = self._light(predicted)
        weighted = (basis * self.template.window[:, None, None]).reshape(*moves.shape[:2], basis.shape[2], -1)
        flat = basis.reshape(weighted.shape)
        products = [
            to_host(weighted @ x).astype(float) for x in (flat.swapaxes(2, 3), frame.reshape(*flat.shape[:2], -1, 1))
        ]
        coefs = np.linalg.solve(_regularized(products[0]), products[1]).swapaxes(2, 3)
        fit = (xp.asarray(coefs, flat.dtype) @ flat).reshape(frame.shape)
        residual = (frame - fit) / self._relative_contrast(frame, predicted)
        residual = residual * xp.asarray(is_valid, residual.dtype)[..., None, None]
        power = abs(rfft2((residual * self.window[:, None]).reshape(-1, *self.template.bank.size))) ** 2
        power = to_host(power.reshape(*moves.shape[:2], *power.shape[1:]).sum(axis=1)).astype(float)
        images = self.template.level_images.reshape(n_regions, -1, residual[0, 0].size)
        scores = to_host(residual.reshape(*moves.shape[:2], -1) @ images.swapaxes(1, 2)).astype(float)
        valid = is_valid[..., None]
        vectors = np.concatenate([scores, moves * valid, valid], axis=2)
        return ResidualSums(power, vectors.swapaxes(1, 2) @ vectors)

    def _light(self, images: Array) -> Array:
        """Images (..., K, H, W) by which light and blur change images (..., H, W) without moving them.

        They are the changes of level and contrast, also with a gradient across the region, and the second differences.
        """
        xp, (height, width) = self.template.bank.xp, self.template.bank.size
        down = xp.asarray(np.linspace(-1, 1, height)[:, None], images.dtype)
        right = xp.asarray(np.linspace(-1, 1, width), images.dtype)
        scale = xp.sqrt((images**2).mean(axis=(-2, -1), keepdims=True)) + 1e-6
        contrast = images / scale
        steps = [xp.roll(contrast, 1, axis) - xp.roll(contrast, -1, axis) for axis in (-2, -1)]
        second = [xp.roll(contrast, 1, axis) + xp.roll(contrast, -1, axis) - 2 * contrast for axis in (-2, -1)]
        mixed = xp.roll(steps[0], 1, -1) - xp.roll(steps[0], -1, -1)
        polynomials = (
            down**0 * right**0,
            down * right**0,
            down**0 * right,
            down**2 * right**0,
            down * right,
            down**0 * right**2,
        )
        parts = [p * x for x in (xp.ones_like(images), contrast) for p in polynomials]
        return xp.stack([*parts, *second, mixed], axis=-3)

    def _relative_contrast(self, frame: Array, predicted: Array) -> Array:
        """Contrast (G, n, 1, 1) of the frames in the detail that determines the displacement."""
        contrast = self.template.similarity(frame) / np.maximum(self.template.similarity(predicted), _MIN_CONTRAST)
        return self.template.bank.xp.asarray(np.clip(contrast, _MIN_CONTRAST, None), frame.dtype)[..., None, None]

    def covariance(self, sums: ResidualSums) -> tuple[np.ndarray, np.ndarray]:
        """Covariance (G, 2 L, 2 L) of the scores of the levels for the noise in the frames, and for white noise.

        The white noise has a variance of 1.
        """
        images = to_host(self.template.level_images)
        height, width = self.template.bank.size
        spectra = np.fft.rfft2(images.reshape(len(images), -1, height, width))
        n_freq = np.full(width // 2 + 1, 2.0)
        n_freq[0] = 1
        if width % 2 == 0:
            n_freq[-1] = 1
        count = np.asarray(sums.products)[:, -1, -1]
        power = n_freq * np.asarray(sums.power) / np.maximum(count, 1)[:, None, None]
        expected = n_freq * self._expected_power()
        white, colored = [], []
        for g, spectrum in enumerate(spectra):
            flat = spectrum.reshape(len(spectrum), -1)
            total = abs(flat.reshape(-1, 2, flat.shape[1]).sum(axis=0)) ** 2
            loss = (total @ expected[g].ravel()).sum()
            energy = (total @ np.broadcast_to(n_freq, power[g].shape).ravel()).sum()
            pixels = images[g].reshape(len(spectrum), -1)
            white.append(pixels.astype(float) @ pixels.T)
            colored.append(
                ((flat * power[g].ravel()) @ flat.conj().T).real * energy / max(loss, 1e-30) / (height * width)
            )
        return np.stack(colored), np.stack(white)

    def _expected_power(self) -> np.ndarray:
        """Squared spectra (G, H, W // 2 + 1) of the residual for white noise of variance 1."""
        template = self.template
        n_regions, window = len(template.normal), to_host(self.window).astype(float)
        image = template.image - template.image.mean(axis=(1, 2), keepdims=True)
        slopes = np.stack([to_host(part) for part in gradients(image)], axis=1).reshape(n_regions, 2, -1).astype(float)
        scores = to_host(template.level_images).sum(axis=1).reshape(n_regions, 2, -1).astype(float)
        displacement = np.linalg.pinv(scores @ slopes.swapaxes(1, 2), rcond=_MIN_SCALE) @ scores
        light = to_host(self._light(image)).reshape(n_regions, -1, slopes.shape[2]).astype(float)
        weighted = light * to_host(template.window).reshape(n_regions, 1, -1)
        normal = weighted @ light.swapaxes(1, 2)
        fit = np.linalg.solve(_regularized(normal), weighted)
        fit -= (fit @ slopes.swapaxes(1, 2)) @ displacement
        images = np.concatenate([slopes, light], axis=1)
        estimates = np.concatenate([displacement, fit], axis=1)
        covariance = estimates @ estimates.swapaxes(1, 2)
        shape = (n_regions, -1, *window.shape[1:])
        a, b = (np.fft.rfft2(window[:, None] * part.reshape(shape)) for part in (images, estimates))
        absorbed = 2 * (a * b.conj()).real.sum(axis=1)
        absorbed -= (np.einsum("gij,gjyx->giyx", covariance, a) * a.conj()).real.sum(axis=1)
        expected: np.ndarray = (window**2).sum(axis=(1, 2))[:, None, None] - absorbed
        return expected


def _regularized(normal: np.ndarray) -> np.ndarray:
    """Normal matrices (..., K, K) with a small ridge, so that they are regular also on a blank region."""
    ridge = _RIDGE * np.trace(normal, axis1=-2, axis2=-1) + 1e-20
    regularized: np.ndarray = normal + ridge[..., None, None] * np.eye(normal.shape[-1])
    return regularized
