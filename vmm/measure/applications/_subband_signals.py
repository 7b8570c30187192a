"""One signal for each subband of a clip: its mean phase shift over time, with the covariance of noise in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype, to_host
from vmm.backend.luma import luma
from vmm.engine.frames import FramesLike, checked, cut
from vmm.engine.regions import Roi, as_region
from vmm.measure.applications._common_vibration import whitening
from vmm.measure.applications._frame_noise import FrameNoise, mean_and_noise
from vmm.measure.estimation._clip import as_clip
from vmm.measure.estimation._crlb import spectral_derivative
from vmm.parts import Spatial, SpatialPlan
from vmm.spatial import DualTree, SteerablePyramid

_MIN_ADJOINT_CORRELATION = 0.98
"""Smallest correlation between predicted and simulated noise of a subband for the adjoint model to hold."""

_SIMULATED_FRAMES = 8
"""Frames of noise that check the adjoint model and set its scale: few, since a prediction explains each of them."""

_MIN_GAIN = 1.05
"""Information, relative to that of the default transform, from which another transform is worth its time."""

_WEAK = 5.0
"""Magnitude of a coefficient, relative to its noise, below which its phase is not linear in the noise."""


@dataclass(frozen=True)
class SubbandSignals:
    """Signals of the subbands of a clip.

    Attributes
    ----------
    values
        (T, B) mean phase shift of each subband in radians, weighted by the squared amplitude of the reference.
    covariance
        (B, B) covariance of the signals by the noise of the frames, up to a factor.
    sensitivity
        (B, 2) change of each signal in radians for a motion of one pixel down and right.
    light
        (B, 5) change of each signal for light that becomes uneven: linearly and quadratically along the axes.
    """

    values: np.ndarray
    covariance: np.ndarray
    sensitivity: np.ndarray
    light: np.ndarray


@dataclass(frozen=True)
class _Reader:
    """A transform, the coefficients of the reference in it, and how its signals react to noise, motion and light."""

    plan: Spatial
    reference: list[Array]
    is_weak: list[Array]
    covariance: np.ndarray
    sensitivity: np.ndarray
    light: np.ndarray

    @property
    def information(self) -> float:
        """Fisher information of the signals on motion, summed over both directions, for noise of the stated scale."""
        return float(np.square(whitening(self.covariance).T @ self.sensitivity).sum())


def subband_signals(frames: FramesLike, roi: Roi | None, spatial: SpatialPlan | None) -> SubbandSignals:
    """The signals of all subbands of a clip; `spatial` None chooses the transform by the mean frame."""
    clip = as_clip(frames)
    region = as_region(roi, clip.size, min_side=3)
    inside = (slice(None), *region.slices)

    def luma_pieces(chunks: Iterator[Array]) -> Iterator[Array]:
        for chunk in checked(chunks):
            for piece in cut(chunk[inside]):
                yield luma(piece)

    mean, noise = mean_and_noise(luma_pieces(clip.first_pass()))
    image = mean.astype(real_dtype(clip.dtype))
    reader = _best_reader(image, noise) if spatial is None else _reader(image, noise, spatial)
    values = [_mean_phases(piece, reader) for piece in luma_pieces(clip.second_pass())]
    return SubbandSignals(np.concatenate(values), reader.covariance, reader.sensitivity, reader.light)


def _best_reader(image: Array, noise: FrameNoise) -> _Reader:
    """The reader whose signals hold most information on the motion of this image; the dual tree if others hardly do.

    Blurred images have much of their gradients at large scales, which the default levels of the dual tree leave out.
    """
    best = _reader(image, noise, DualTree)
    deeper = min(image.shape).bit_length() - 2
    plans: list[SpatialPlan] = [
        partial(DualTree, levels=deeper),
        partial(SteerablePyramid, octave=1.0, orientations=4),
    ]
    limit = _MIN_GAIN * best.information
    for reader in (_reader(image, noise, plan) for plan in plans):
        if reader.information > limit and np.any(reader.covariance - np.diag(np.diag(reader.covariance))):
            best, limit = reader, reader.information
    return best


def _reader(image: Array, noise: FrameNoise, spatial: SpatialPlan) -> _Reader:
    """A transform with the coefficients of the mean frame (H, W) in it."""
    xp = namespace(image)
    plan = spatial(image.shape, image.dtype, xp)
    coefs = plan.analyze(image[None])[0]
    reference = [coefs[i][0] for i in range(len(coefs))]
    changes = plan.analyze(xp.asarray(_changes(to_host(image).astype(np.float64)).astype(image.dtype)))[0]
    slopes = np.stack([to_host(_linear_signal(changes[i], r)) for i, r in enumerate(reference)]).astype(np.float64)
    white = np.random.default_rng(0).normal(size=(_SIMULATED_FRAMES, *image.shape))
    coefs = plan.analyze(xp.asarray(noise.simulated(white).astype(image.dtype)))[0]
    is_weak = [abs(r) ** 2 < _WEAK**2 * (abs(coefs[i]) ** 2).mean() for i, r in enumerate(reference)]
    simulated = np.stack([to_host(_linear_signal(coefs[i], r)) for i, r in enumerate(reference)])
    covariance = _noise_covariance(plan, reference, noise, white, simulated)
    return _Reader(plan, reference, is_weak, covariance, slopes[:, :2], slopes[:, 2:])


def _changes(image: np.ndarray) -> np.ndarray:
    """Changes (7, H, W) of an image by a motion of one pixel along each axis, and by light that becomes uneven."""
    motion = [-spectral_derivative(image, axis) for axis in (0, 1)]
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in image.shape), indexing="ij", sparse=True)
    return np.stack(motion + [image * pattern for pattern in (y, x, y**2, y * x, x**2)])


def _mean_phases(piece: Array, reader: _Reader) -> np.ndarray:
    """Mean phase shift (n, B) in each subband, weighted by the squared amplitude of the reference.

    Of weak coefficients, the imaginary part of the product with the reference is used, which is the same for small
    shifts: the phase of noise wraps around, while the product remains linear in the frame.
    """
    xp = namespace(piece)
    coefs = reader.plan.analyze(piece)[0]
    means = []
    for i, (r, is_weak) in enumerate(zip(reader.reference, reader.is_weak, strict=True)):
        weight = xp.abs(r) ** 2
        product = coefs[i] * r.conj()
        shifts = xp.where(is_weak, product.imag, weight * xp.angle(product))
        means.append(shifts.sum(axis=(1, 2), dtype=np.float64) / (weight.sum(dtype=np.float64) + 1e-30))
    return to_host(xp.stack(means, axis=1)).astype(np.float64)


def _linear_signal(coefs: Array, reference: Array) -> Array:
    """The signal (n,) of small changes with these coefficients (n, h, w) of a subband, to first order."""
    return (coefs * reference.conj()).imag.sum(axis=(1, 2)) / ((abs(reference) ** 2).sum() + 1e-30)


def _noise_covariance(
    plan: Spatial, reference: list[Array], noise: FrameNoise, white: np.ndarray, simulated: np.ndarray
) -> np.ndarray:
    """Covariance (B, B) of the subband signals for noise in the frames.

    To first order, a signal is the scalar product of the noise with an image: the adjoint of the analysis applied to
    the reference times i. Synthesis is the adjoint of analysis for tight frames, up to a factor for each subband, which
    signals (B, n) that are simulated from frames (n, H, W) of white noise determine. If they show that it is not, the
    covariance is taken as diagonal.
    """
    images = []
    for i, r in enumerate(reference):
        coefs: list[Array | None] = [None] * len(reference)
        coefs[i] = 1j * r[None] / max(float((abs(r) ** 2).sum()), 1e-30)
        images.append(to_host(plan.synthesize(coefs, None)).astype(np.float64))
    stacked = noise.shaped(np.concatenate(images)).reshape(len(images), -1)
    predicted = stacked @ white.reshape(len(white), -1).T
    energy, power = (predicted**2).sum(axis=1), (simulated**2).sum(axis=1)
    products = (simulated * predicted).sum(axis=1)
    is_used = power > 1e-12 * power.max()
    if np.any(products[is_used] < _MIN_ADJOINT_CORRELATION * np.sqrt(energy * power)[is_used]):
        return np.diag(power / len(white))
    stacked *= (products / np.maximum(energy, 1e-300))[:, None]
    unexplained = np.maximum(power - products**2 / np.maximum(energy, 1e-300), 0) / len(white)
    covariance: np.ndarray = stacked @ stacked.T + np.diag(unexplained)
    return covariance
