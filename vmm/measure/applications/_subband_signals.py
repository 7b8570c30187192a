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

_WEAK = 2.0
"""Amplitude of a coefficient, relative to that of the reference, above which noise and not motion sets its phase."""


@dataclass(frozen=True)
class SubbandSignals:
    """Signals of the subbands of a clip.

    Attributes
    ----------
    values
        (T, B) mean phase shift of each subband in radians, weighted by the squared amplitude of the reference.
    covariance
        (B, B) covariance of the signals for white noise of variance 1 in the frames.
    sensitivity
        (B, 2) change of each signal in radians for a motion of one pixel down and right.
    """

    values: np.ndarray
    covariance: np.ndarray
    sensitivity: np.ndarray


@dataclass(frozen=True)
class _Reader:
    """A transform, the coefficients of the reference in it, and how its signals react to noise and to motion."""

    plan: Spatial
    reference: list[Array]
    covariance: np.ndarray
    sensitivity: np.ndarray

    @property
    def information(self) -> float:
        """Fisher information of the signals on motion, summed over both directions, for noise of variance 1."""
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

    image = _mean_image(luma_pieces(clip.first_pass())).astype(real_dtype(clip.dtype))
    reader = _best_reader(image) if spatial is None else _reader(image, spatial)
    values = [_mean_phases(piece, reader.plan, reader.reference) for piece in luma_pieces(clip.second_pass())]
    return SubbandSignals(np.concatenate(values), reader.covariance, reader.sensitivity)


def _best_reader(image: Array) -> _Reader:
    """The reader whose signals hold most information on the motion of this image; the dual tree if others hardly do.

    Blurred images have much of their gradients at large scales, which the default levels of the dual tree leave out.
    """
    best = _reader(image, DualTree)
    deeper = min(image.shape).bit_length() - 2
    plans: list[SpatialPlan] = [
        partial(DualTree, levels=deeper),
        partial(SteerablePyramid, octave=1.0, orientations=4),
    ]
    limit = _MIN_GAIN * best.information
    for reader in (_reader(image, plan) for plan in plans):
        if reader.information > limit and np.any(reader.covariance - np.diag(np.diag(reader.covariance))):
            best, limit = reader, reader.information
    return best


def _reader(image: Array, spatial: SpatialPlan) -> _Reader:
    """A transform with the coefficients of the mean frame (H, W) in it."""
    plan = spatial(image.shape, image.dtype, namespace(image))
    coefs = plan.analyze(image[None])[0]
    reference = [coefs[i][0] for i in range(len(coefs))]
    slopes = [-spectral_derivative(to_host(image).astype(np.float64), axis) for axis in (0, 1)]
    changes = plan.analyze(namespace(image).asarray(np.stack(slopes).astype(image.dtype)))[0]
    sensitivity = np.stack([to_host(_linear_signal(changes[i], r)) for i, r in enumerate(reference)]).astype(np.float64)
    return _Reader(plan, reference, _noise_covariance(plan, reference, image), sensitivity)


def _mean_image(pieces: Iterator[Array]) -> Array:
    """The mean (H, W) of frames (n, H, W)."""
    total, count = None, 0
    for piece in pieces:
        part = piece.sum(axis=0, dtype=np.float64)
        total, count = part if total is None else total + part, count + len(piece)
    if total is None:
        raise ValueError("the clip has no frames")
    return total / count


def _mean_phases(piece: Array, plan: Spatial, reference: list[Array]) -> np.ndarray:
    """Mean phase shift (n, B) in each subband, weighted by the squared amplitude of the reference.

    If noise outweighs the reference, the phase of a coefficient wraps around. The imaginary part of its product with
    the reference, which is the same for small shifts, then remains linear in the frame.
    """
    xp = namespace(piece)
    coefs = plan.analyze(piece)[0]
    means = []
    for i, r in enumerate(reference):
        weight = xp.abs(r) ** 2
        product = coefs[i] * r.conj()
        shifts = xp.where(xp.abs(product) > _WEAK * weight, product.imag, weight * xp.angle(product))
        means.append(shifts.sum(axis=(1, 2), dtype=np.float64) / (weight.sum(dtype=np.float64) + 1e-30))
    return to_host(xp.stack(means, axis=1)).astype(np.float64)


def _linear_signal(coefs: Array, reference: Array) -> Array:
    """The signal (n,) of small changes with these coefficients (n, h, w) of a subband, to first order."""
    return (coefs * reference.conj()).imag.sum(axis=(1, 2)) / ((abs(reference) ** 2).sum() + 1e-30)


def _noise_covariance(plan: Spatial, reference: list[Array], image: Array) -> np.ndarray:
    """Covariance (B, B) of the subband signals for white noise of variance 1 in frames like this image.

    To first order, a signal is the scalar product of the noise with an image: the adjoint of the analysis applied to
    the reference times i. Synthesis is the adjoint of analysis for tight frames, up to a factor for each subband, which
    simulated frames of noise determine. If they show that it is not, the covariance is taken as diagonal.
    """
    xp, images = namespace(image), []
    for i, r in enumerate(reference):
        coefs: list[Array | None] = [None] * len(reference)
        coefs[i] = 1j * r[None] / max(float((abs(r) ** 2).sum()), 1e-30)
        images.append(to_host(plan.synthesize(coefs, None)).ravel().astype(np.float64))
    stacked = np.stack(images)
    noise = np.random.default_rng(0).normal(size=(_SIMULATED_FRAMES, *image.shape)).astype(image.dtype)
    noise_coefs = plan.analyze(xp.asarray(noise))[0]
    simulated = np.stack([to_host(_linear_signal(noise_coefs[i], r)) for i, r in enumerate(reference)])  # (B, frames)
    predicted = stacked @ noise.reshape(len(noise), -1).T
    energy, power = (predicted**2).sum(axis=1), (simulated**2).sum(axis=1)
    products = (simulated * predicted).sum(axis=1)
    is_used = power > 1e-12 * power.max()
    if np.any(products[is_used] < _MIN_ADJOINT_CORRELATION * np.sqrt(energy * power)[is_used]):
        return np.diag(power / len(noise))
    stacked *= (products / np.maximum(energy, 1e-300))[:, None]
    unexplained = np.maximum(power - products**2 / np.maximum(energy, 1e-300), 0) / len(noise)
    covariance: np.ndarray = stacked @ stacked.T + np.diag(unexplained)
    return covariance
