"""One signal for each subband of a clip: its mean phase shift over time, with the covariance of noise in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import Array, namespace, real_dtype, to_host
from vmm.backend.luma import luma
from vmm.engine.frames import FramesLike, checked, cut
from vmm.engine.loop import spatial_part
from vmm.engine.regions import Roi, as_region
from vmm.measure.applications._common_vibration import whitening
from vmm.measure.applications._frame_noise import FrameNoise, mean_and_noise
from vmm.measure.estimation._clip import as_clip
from vmm.measure.estimation._crlb import spectral_derivative
from vmm.parts import Spatial, SpatialPlan
from vmm.spatial import DualTree

_MIN_ADJOINT_CORRELATION = 0.98
"""Smallest correlation between predicted and simulated noise of a subband for the adjoint model to hold."""

_SIMULATED_FRAMES = 8
"""Frames of noise that check the adjoint model and set its scale: few, since a prediction explains each of them."""

_MIN_GAIN = 1.05
"""Information with the gradients at large scales, relative to that without, from which they are worth two signals."""

_LARGE = 4.0
"""Scale in pixels of these gradients: a motion of half a pixel is small against it, so that they are linear in it."""

_SMALLEST = 8.0
"""Shortest side of a picture, relative to the scale."""

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
        (B, n) change of each signal for light that becomes uneven: linearly and quadratically along the axes, and by
        pixels that are clipped, if there are any.
    """

    values: np.ndarray
    covariance: np.ndarray
    sensitivity: np.ndarray
    light: np.ndarray


@dataclass(frozen=True)
class _Reader:
    """A transform, the coefficients of the reference in it, and how its signals react to noise, motion and light.

    The scalar products of the frames with the `gradients` (G, H, W) are further signals.
    """

    plan: Spatial
    reference: list[Array]
    is_weak: list[Array]
    gradients: Array
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
    inside, clipped = (slice(None), *region.slices), np.zeros(region.box[2:])

    def pieces(chunks: Iterator[Array]) -> Iterator[Array]:
        for chunk in checked(chunks):
            yield from cut(chunk[inside])

    def first_pieces() -> Iterator[Array]:
        for piece in pieces(clip.first_pass()):
            np.add(clipped, _times_clipped(piece), out=clipped)
            yield luma(piece)

    mean, noise = mean_and_noise(first_pieces())
    image = mean.astype(real_dtype(clip.dtype))
    reader = _best_reader(image, noise, clipped) if spatial is None else _reader(image, noise, spatial, clipped=clipped)
    values = [_mean_phases(luma(piece), reader) for piece in pieces(clip.second_pass())]
    return SubbandSignals(np.concatenate(values), reader.covariance, reader.sensitivity, reader.light)


def _times_clipped(piece: Array) -> np.ndarray:
    """Number (H, W) of frames in a piece (n, H, W[, 3]) of integers whose value at a pixel is the largest possible."""
    if not np.issubdtype(piece.dtype, np.integer):
        return np.zeros(piece.shape[1:3])
    is_clipped = piece == np.iinfo(piece.dtype).max
    return to_host((is_clipped if piece.ndim == 3 else is_clipped.any(axis=-1)).sum(axis=0)).astype(np.float64)


def _best_reader(image: Array, noise: FrameNoise, clipped: np.ndarray | None = None) -> _Reader:
    """The dual tree, with the gradients of this image at large scales if they add information on its motion.

    Blurred images have much of their gradients at scales and next to borders that the subbands leave out.
    """
    plain = _reader(image, noise, DualTree, clipped=clipped)
    gradients = _large_gradients(to_host(image).astype(np.float64))
    reader = _reader(image, noise, DualTree, gradients, clipped)
    is_better = reader.information > _MIN_GAIN * plain.information and not _is_diagonal(reader.covariance)
    return reader if is_better else plain


def _is_diagonal(matrix: np.ndarray) -> bool:
    return not np.any(matrix - np.diag(np.diag(matrix)))


def _large_gradients(image: np.ndarray) -> np.ndarray:
    """Gradients (2, H, W) of an image (H, W) at large scales, of unit energy, without what the light changes in them.

    Their scalar products with the frames do not change with the brightness or the contrast.
    """
    scale = min(_LARGE, min(image.shape) / _SMALLEST)
    gradients = [scipy.ndimage.gaussian_filter(np.gradient(image, axis=axis, edge_order=2), scale) for axis in (0, 1)]
    flat = np.reshape(gradients, (2, -1))
    basis = np.linalg.svd(np.stack([np.ones(image.size), image.ravel()]), full_matrices=False)[2]
    flat -= (flat @ basis.T) @ basis
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-30)
    return flat.reshape(2, *image.shape)


def _reader(
    image: Array,
    noise: FrameNoise,
    spatial: SpatialPlan,
    gradients: np.ndarray | None = None,
    clipped: np.ndarray | None = None,
) -> _Reader:
    """A transform with the coefficients of the mean frame (H, W) in it, and with these gradients (G, H, W).

    `clipped` (H, W) is how often pixels have the largest possible value.
    """
    xp = namespace(image)
    plan = spatial_part(spatial, image)
    coefs = plan.analyze(image[None])[0]
    reference = [coefs[i][0] for i in range(len(coefs))]
    gradients = np.zeros((0, *image.shape)) if gradients is None else gradients

    def signals(images: np.ndarray) -> tuple[np.ndarray, Sequence[Array]]:
        """Signals (B, n) of small changes, and their coefficients."""
        coefs = plan.analyze(xp.asarray(images.astype(image.dtype)))[0]
        linear = [to_host(_linear_signal(coefs[i], r)) for i, r in enumerate(reference)]
        return np.stack([*linear, *np.tensordot(gradients, images, ((1, 2), (1, 2)))]).astype(np.float64), coefs

    slopes = signals(_changes(to_host(image).astype(np.float64), clipped))[0]
    white = np.random.default_rng(0).normal(size=(_SIMULATED_FRAMES, *image.shape))
    simulated, coefs = signals(noise.simulated(white))
    is_weak = [abs(r) ** 2 < _WEAK**2 * (abs(coefs[i]) ** 2).mean() for i, r in enumerate(reference)]
    covariance = _noise_covariance([*_adjoint(plan, reference), *gradients], noise, white, simulated)
    moving = xp.asarray(gradients.astype(image.dtype))
    return _Reader(plan, reference, is_weak, moving, covariance, slopes[:, :2], slopes[:, 2:])


def _changes(image: np.ndarray, clipped: np.ndarray | None) -> np.ndarray:
    """Changes (n, H, W) of an image by a motion of one pixel along each axis, and by light that becomes uneven.

    Even light counts as well if pixels are clipped, since they do not become brighter with the others.
    """
    motion = [-spectral_derivative(image, axis) for axis in (0, 1)]
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in image.shape), indexing="ij", sparse=True)
    patterns = [y, x, y**2, y * x, x**2]
    if clipped is not None and clipped.any():
        patterns.append(clipped / clipped.max())
    return np.stack(motion + [image * pattern for pattern in patterns])


def _mean_phases(piece: Array, reader: _Reader) -> np.ndarray:
    """Mean phase shift (n, B) in each subband, weighted by the squared amplitude of the reference, and linear signals.

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
    means += [(piece * gradient).sum(axis=(1, 2), dtype=np.float64) for gradient in reader.gradients]
    return to_host(xp.stack(means, axis=1)).astype(np.float64)


def _linear_signal(coefs: Array, reference: Array) -> Array:
    """The signal (n,) of small changes with these coefficients (n, h, w) of a subband, to first order."""
    return (coefs * reference.conj()).imag.sum(axis=(1, 2)) / ((abs(reference) ** 2).sum() + 1e-30)


def _adjoint(plan: Spatial, reference: list[Array]) -> Iterator[np.ndarray]:
    """The images (H, W) whose scalar products with small changes are the signals of the subbands, up to factors.

    Each is the adjoint of the analysis applied to the reference times i. Synthesis is the adjoint of analysis for tight
    frames, up to a factor for each subband.
    """
    for i, r in enumerate(reference):
        coefs: list[Array | None] = [None] * len(reference)
        coefs[i] = 1j * r[None] / max(float((abs(r) ** 2).sum()), 1e-30)
        yield to_host(plan.synthesize(coefs, None))[0].astype(np.float64)


def _noise_covariance(
    images: list[np.ndarray], noise: FrameNoise, white: np.ndarray, simulated: np.ndarray
) -> np.ndarray:
    """Covariance (B, B) of signals for noise in the frames, if they are scalar products with images up to factors.

    Signals (B, n) that are simulated from frames (n, H, W) of white noise determine the factors. If they show that they
    are no such products, the covariance is taken as diagonal.
    """
    stacked = noise.shaped(np.stack(images)).reshape(len(images), -1)
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
