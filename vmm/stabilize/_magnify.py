"""Magnification of a tracked region, and stabilization."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
import scipy.ndimage
from numpy.typing import ArrayLike

from vmm import phase
from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, is_array, joined, namespace, to_host
from vmm.backend.checks import as_numbers, short_text
from vmm.backend.progress import Progress
from vmm.backend.reference import add_clipped
from vmm.engine.alpha import Alpha, spread_mask
from vmm.engine.bars import changed_pixels
from vmm.engine.frames import ArrayOut, Frames, as_array, check_frames, check_length, checked, in_form_of
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Box, Mask, Roi, as_region, box_center
from vmm.engine.scaling import Scaling
from vmm.parts import TemporalFilter
from vmm.stabilize._layer import (
    Canvas,
    broadcast_map,
    change_and_gradient,
    composite,
    layer_canvas,
    translation,
    visibility,
    visible_mean,
    warp,
    warp_to_rest,
)
from vmm.stabilize._tracking import MIN_SIDE, track
from vmm.stabilize._transforms import Model
from vmm.temporal.bands import band_in_cycles, frequency_in_cycles
from vmm.temporal.choice import Band, is_several


@dataclass(frozen=True)
class MotionPrior:
    """Prior spectral densities of the motion of a region, relative to the density of small motion in the band.

    Attributes
    ----------
    drift
        Density of large motion, below half the lower limit of the band.
    transition
        Density between half the lower limit and the band.
    above
        Density above the band.
    noise
        Variance of the noise of the track.
    """

    drift: float = 1e5
    transition: float = 0.1
    above: float = 0.02
    noise: float = 1e-3


_PRIOR = MotionPrior()

_MOTION_TOLERANCE = 1.0
"""Apparent motion in pixels, in addition to the motion of the whole, up to which a pixel belongs to the layer."""


@checks_arguments
def magnify(
    frames: Frames,
    band: Band | float,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    roi: Roi | None = None,
    model: Model = "similarity",
    smoothness: float | None = None,
    mask: Mask | None = None,
    feather: float = 1.0,
    method: Callable[..., Any] | None = None,
    progress: Progress = False,
    **options: Any,
) -> Frames:
    """Magnify small motion of an object that moves far, or of all objects in a clip from a moving camera.

    The region is tracked and brought to rest, except for its motion inside the band. This layer is magnified, and its
    change is warped back and added to the frames [1]_. Pixels that do not belong to the layer stay unchanged, and so
    do all pixels if alpha is 0.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks, which are all held in memory.
    band
        Band as for `method`: (low, high) in Hz, one frequency in Hz, or None if `temporal` is a filter.
    fs
        Rate of the camera in Hz. The default is the rate of the clip; without any, the band is in cycles/frame.
    alpha
        Amplification of the small motion: a number, or one for each band of `method`. The default is 10.
    roi
        Box (top, left, height, width) in pixels around the object in the first frame. The default is the whole frame,
        for a camera that moves.
    model
        Model of the large motion: ``"translation"``, ``"similarity"`` or ``"affine"``. The default is
        ``"similarity"``.
    smoothness
        Highest frequency in Hz of the large motion. By default the large motion is all motion outside the band, also
        at higher frequencies.
    mask
        The object in the first frame: a map (H, W) in [0, 1], or a box. By default it is estimated: the pixels inside
        `roi` that are at rest in the layer. Moving background inside a mask disturbs the pixels near it.
    feather
        Standard deviation in pixels of the Gaussian that softens the edge of the object, at least 0. The default is 1.
    method
        Function ``method(frames, band, fs=..., alpha=..., **options)``. The default is ``vmm.phase.magnify``.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.
    **options
        Options of `method`.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and form (array, iterator, list or pair) of `frames`.

    Raises
    ------
    ValueError
        If an argument is out of range, or the region is lost: the message names the frame.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or its dtype is not supported.

    References
    ----------
    .. [1] Elgharib, Hefeeda, Durand, Freeman: Video magnification in presence of large motions. CVPR 2015.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> motion = synthetic.sway(60, 30, 4, 0.1) + synthetic.sway(60, 30, 0.5, 5, angle=90)
    >>> clip = synthetic.render(synthetic.texture((48, 64)), motion)
    >>> magnified = vmm.stabilize.magnify(clip, (3, 5), fs=30, alpha=9, model="translation")
    >>> tracks = [vmm.stabilize.track(frames, model="translation")[:, 1, 2] for frames in (clip, magnified)]
    >>> [float(abs(vmm.measure.phasors(x, [4], fs=30)[0]).round(1)) for x in tracks]  # amplitudes at 4 Hz in px
    [0.1, 0.9]
    """
    if not (method is None or callable(method)):
        raise TypeError(f"method={short_text(method)} must be a function, such as vmm.phase.magnify")
    if not is_array(frames):
        settings = {"roi": roi, "model": model, "smoothness": smoothness, "mask": mask, "feather": feather}
        rate = sampling_rate(frames, fs)
        chunks = partial(_chunks, band=band, fs=rate, alpha=alpha, method=method, **settings, **options)
        return in_form_of(frames, chunks, is_scaled=False)
    check_frames(frames)
    scaling = Scaling(frames, is_fixed="white" in options)
    (clip,) = (to_host(chunk) for chunk in checked([scaling.applied()]))
    check_length(len(clip))
    if getattr(alpha, "ndim", 0) == 2:
        raise ValueError("alpha must be a number, or one for each band: use mask to choose where to magnify")
    if not feather >= 0:
        raise ValueError(f"feather={feather!r} must be a number of pixels, at least 0")
    small_band = _small_motion_band(band, fs, smoothness, options.get("temporal"))
    size = clip.shape[1:3]
    box = as_region(roi, size, min_side=MIN_SIDE).box
    transforms, rms = _large_motion(track(clip, roi, model=model), small_band, box)
    canvas = layer_canvas(transforms, box, size, roi is None)
    layer = warp_to_rest(clip, transforms, canvas)
    matte = _region_map(mask, box, clip, canvas, roi is None)
    if mask is None:
        variance, gradient = change_and_gradient(layer, transforms, canvas, size, round(1 / small_band[0]))
        matte = matte * _membership(variance, gradient, matte > 0.5, _MOTION_TOLERANCE + rms)
    matte = scipy.ndimage.gaussian_filter(matte, feather)
    mean = visible_mean(layer, transforms, canvas, size)
    for t, transform in enumerate(transforms):  # outside the object the layer is static, so that it does not interfere
        weight = broadcast_map(matte * visibility(transform, canvas, size), layer.ndim)
        layer[t] = mean + weight * (layer[t] - mean)
    xp = namespace(frames)
    run: Callable[..., Any] = method or phase.magnify
    magnified = run(xp.asarray(layer), band, fs=fs, alpha=alpha, **options)
    result = xp.asarray(composite(clip, to_host(magnified) - layer, matte, transforms, canvas))
    if (picture := changed_pixels(clip[0], None)) is not None:
        result = xp.where(xp.asarray(broadcast_map(picture, clip.ndim)), result, xp.asarray(clip))
    return next(scaling.inverse([result]))


@checks_arguments
def steady(frames: ArrayOut, transforms: ArrayLike) -> ArrayOut:
    """The clip with the tracked region at rest.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3).
    transforms
        Matrices (T, 3, 3), as ``track`` returns them.

    Returns
    -------
    array
        Frames of the same shape and dtype. Pixels that lie outside the original frame continue its edge.

    Raises
    ------
    ValueError
        If there is not one matrix (3, 3) for each frame.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), [(0, 0), (3, 0)])
    >>> still = vmm.stabilize.steady(clip, vmm.stabilize.track(clip))
    >>> [float(abs(x[1].astype(float) - x[0])[8:-8, 8:-8].mean().round(1)) for x in (clip, still)]  # in gray levels
    [36.2, 0.0]
    """
    frames = as_array(frames)
    matrices = as_numbers("transforms", transforms).astype(np.float64)
    if matrices.shape != (len(frames), 3, 3):
        raise ValueError(f"transforms of shape {matrices.shape} must hold a matrix for each frame, {len(frames), 3, 3}")
    clip = to_host(frames)
    layer = warp_to_rest(clip, matrices, Canvas((0, 0), clip.shape[1:3]))
    return namespace(frames).asarray(add_clipped(np.zeros_like(clip), layer))


def _chunks(clip: Any, band: Any, **options: Any) -> Iterator[Array]:
    """Chunks of the magnified clip, for an array or an iterable of chunks."""
    chunks = list(checked([clip] if is_array(clip) else clip))
    check_length(sum(map(len, chunks)))
    out = magnify(joined(chunks), band, **options)
    yield from (out[end - len(chunk) : end] for chunk, end in zip(chunks, np.cumsum([*map(len, chunks)]), strict=True))


def _small_motion_band(band: Any, fs: float | None, smoothness: float | None, temporal: Any) -> tuple[float, float]:
    """Band (low, high) in cycles per frame of the motion that remains in the layer."""
    if band is None:
        if not isinstance(temporal, TemporalFilter):
            raise ValueError("band=None needs temporal, a filter that has its own band")
        low, high = getattr(temporal, "band", (0.0, 0.5))  # A causal filter states no band.
    elif is_several(band):
        edges = [band_in_cycles(one, fs) for one in band]
        low, high = min(edges)[0], max(high for _, high in edges)
    elif not hasattr(band, "__getitem__") or getattr(band, "shape", None) == ():
        frequency = frequency_in_cycles(band, fs)
        low, high = frequency / 1.5, min(frequency * 1.5, 0.5)
    else:
        low, high = band_in_cycles(band, fs)
    rate = 1.0 if fs is None else fs
    if smoothness is None:
        if low <= 0:
            raise ValueError("temporal passes slow motion too: give smoothness, the highest frequency of large motion")
        return low, high
    limit = (low or high) * rate
    if not 0 < smoothness <= limit:
        raise ValueError(f"smoothness={smoothness!r} must lie in (0, {limit:g}], below the band, in Hz")
    return smoothness / rate, 0.5


def _large_motion(transforms: np.ndarray, band: tuple[float, float], box: Box) -> tuple[np.ndarray, float]:
    """The transforms (T, 3, 3) without the motion in the band, and the root mean square in pixels of that motion."""
    center = box_center(box)
    positions = transforms[:, :2, :2] @ center + transforms[:, :2, 2]
    tracks = np.concatenate([positions, transforms[:, :2, :2].reshape(-1, 4)], axis=1)
    small = _motion_in_band(tracks - tracks[0], *band)
    tracks = tracks - small
    large = np.tile(np.eye(3), (len(transforms), 1, 1))
    large[:, :2, :2] = tracks[:, 2:].reshape(-1, 2, 2)
    large[:, :2, 2] = tracks[:, :2] - large[:, :2, :2] @ center
    return large, float(np.sqrt((small[:, :2] ** 2).sum(axis=1).mean()))


def _motion_in_band(tracks: np.ndarray, low: float, high: float) -> np.ndarray:
    """Most probable motion inside the band of tracks (T, n), together with an offset, a trend and large slow motion.

    This is Gaussian process regression. At the ends of a clip, a filter would mistake large motion for a vibration.
    """
    lag = np.arange(len(tracks))

    def lowpass_covariance(frequency: float) -> np.ndarray:
        return 2 * frequency * np.sinc(2 * frequency * lag)

    in_band = lowpass_covariance(high) - lowpass_covariance(low)
    drift = lowpass_covariance(low / 2)
    transition, above = lowpass_covariance(low) - drift, lowpass_covariance(0.5) - lowpass_covariance(high)
    covariance = in_band + _PRIOR.drift * drift + _PRIOR.transition * transition + _PRIOR.above * above
    covariance[0] += _PRIOR.noise
    trend = np.stack([np.ones(len(tracks)), lag - lag.mean()], axis=1)
    solution = scipy.linalg.solve_toeplitz(covariance, np.concatenate([tracks, trend], axis=1))
    by_tracks, by_trend = solution[:, :-2], solution[:, -2:]
    coefs = by_tracks - by_trend @ np.linalg.solve(trend.T @ by_trend, trend.T @ by_tracks)
    motion: np.ndarray = scipy.linalg.matmul_toeplitz(in_band, coefs)
    return motion


def _region_map(mask: Any, box: Box, clip: np.ndarray, canvas: Canvas, is_camera: bool) -> np.ndarray:
    """The mask, or the box, on the canvas of the layer."""
    if mask is None and is_camera:
        return np.ones(canvas.size)
    values = to_host(spread_mask(box if mask is None else mask, clip)).astype(float)
    return warp(values, translation(canvas.origin), canvas.size, 1, "nearest" if is_camera else "constant")


def _membership(variance: np.ndarray, gradient: np.ndarray, region: np.ndarray, max_motion: float) -> np.ndarray:
    """Map (h, w) in [0, 1]: 1 where changes beyond noise are explained by motion of less than `max_motion` pixels."""

    def blur(values: np.ndarray) -> np.ndarray:
        blurred: np.ndarray = scipy.ndimage.gaussian_filter(values, 2.0)
        return blurred

    noise = np.percentile(variance[region], 20) if region.any() else 0.0
    energy = blur(gradient) + noise + 1e-3 * gradient.mean()
    squared_motion = blur(np.maximum(variance - 3 * noise, 0)) / np.maximum(energy, 1e-30)
    return 1 / (1 + (squared_motion / max_motion**2) ** 2)
