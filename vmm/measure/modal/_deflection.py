"""Operating deflection shapes at given frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import to_host
from vmm.backend.checks import as_numbers, short_text
from vmm.backend.progress import Progress
from vmm.engine.frames import FramesLike, check_length, cut
from vmm.engine.regions import Roi, as_region
from vmm.engine.times import frame_times
from vmm.measure.estimation._camera_motion import CameraMotion, Still, grid_points, measured_camera_motion
from vmm.measure.estimation._clip import as_clip
from vmm.measure.estimation._dense import NOISE_INTERVAL, DenseEstimator
from vmm.measure.estimation._displacement import displacement
from vmm.measure.estimation._luma_sums import LumaSums
from vmm.measure.estimation._pixel_size import check_pixel_size
from vmm.measure.estimation._regions import Rois
from vmm.measure.estimation._without_repeats import without_repeats
from vmm.measure.signals._result import Result, TimeUnit, frequency_unit
from vmm.measure.signals._sampling import as_positions
from vmm.measure.signals._signal import RegionSignal, camera_rate, time_unit
from vmm.measure.signals._sines import SineFit, check_frequencies

_BLOCK = 2**21
"""Pixels that are processed at a time. It trades memory for fewer calls."""


@dataclass(frozen=True, eq=False, repr=False)
class Modes(Result):
    """Deflection shapes at some frequencies.

    Attributes
    ----------
    frequencies
        (K,) in Hz, or in cycles/frame if the rate is not known: see `frequency_unit`.
    shapes
        Complex amplitudes (K, H, W, 2) of every pixel or (K, R, 2) of regions, down and right: the displacement is the
        real part of ``shape * exp(2 pi i f t)``, with t = 0 in the first frame. Unobservable components are NaN.
    stderr
        Standard error of their real and imaginary parts, of the same shape.
    is_known
        (H, W, 2) or (R, 2) bool: whether the texture makes the component observable, and one motion explains the pixel.
    fs
        Rate of the camera in Hz, or 1 if it is not known.
    unit
        Unit of `shapes` and `stderr`.
    frequency_unit
        ``"Hz"``, or ``"cycles/frame"`` if the rate is not known.
    names
        Names (R,) of the regions; empty if they have none, or if the shapes are of every pixel.
    """

    frequencies: np.ndarray
    shapes: np.ndarray
    stderr: np.ndarray = field(repr=False)
    is_known: np.ndarray = field(repr=False)
    fs: float
    unit: str
    frequency_unit: str = "Hz"
    names: tuple[str, ...] = field(default=(), repr=False)


@checks_arguments
def modes(
    frames: FramesLike | RegionSignal,
    frequencies: Sequence[float] | NDArray[Any] | float,
    *,
    rois: Rois | None = None,
    still: Still | None = None,
    reference: Roi | int | None = None,
    sigma: float = 5.0,
    step: int = 1,
    fs: float | None = None,
    pixel_size: float | None = None,
    unit: str = "px",
    progress: Progress = False,
) -> Modes:
    """Operating deflection shapes at given frequencies, of every pixel or of regions.

    The phase shifts of all subbands are first fitted along time by sines, a mean and a trend; the displacement is then
    solved for in space. The two operations commute, so that memory holds a few numbers for each frequency and pixel,
    whatever the length of the clip. Near edges that move otherwise, and near the border of the frame, the shapes of
    every pixel come from windows of pixels, as in ``field``.

    The frame as a whole, and regions, are tracked through motion of any size; within
    the frame, motion must stay below half a wavelength of the finest texture, about one pixel.

    Parameters
    ----------
    frames
        Frames as for ``displacement``, or the displacement of regions: the result of ``displacement``.
    frequencies
        Frequencies (K,) in Hz, inside (0, fs/2).
    rois
        Regions, as for ``displacement``. The default, None, is every pixel.
    still
        Regions at rest in the scene, as for ``displacement``. For shapes of every pixel, the chunks of an
        iterator are then kept in memory.
    reference
        Region whose phase is defined as 0, in the direction in which it moves more: a box or mask, or with `rois` the
        index of a region. The default, None, refers phases to the time of the first frame.
    sigma
        Standard deviation in pixels of the Gaussian neighborhood that is taken to move as one, for every pixel. It must
        be positive; the default is 5.
    step
        Distance in pixels between neighboring points of the shapes, at least 1. The default is 1.
    fs
        Rate of the camera in Hz. The default is the rate of the clip; without any, frequencies are in cycles/frame.
    pixel_size, unit
        As for ``displacement``.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    Modes
        One shape for each frequency.

    Raises
    ------
    TypeError, ValueError
        As for ``displacement``; also if a frequency is not inside (0, fs/2), or the clip is too short to separate the
        frequencies.

    References
    ----------
    .. [1] Davis, Chen, Durand: Image-space modal bases for plausible manipulation of objects in video. SIGGRAPH Asia
       2015, section 4.
    .. [2] Chen et al.: Modal identification of simple structures with high-speed video using motion magnification.
       Journal of Sound and Vibration 345, 2015.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 5.0, 0.2), noise=1.0)
    >>> shapes = vmm.measure.modes(clip, [5.0], fs=30).shapes
    >>> shapes.shape, abs(shapes[0, 24, 32]).round(1)
    ((1, 48, 64, 2), array([0. , 0.2]))
    """
    scale = check_pixel_size(pixel_size, unit)
    if isinstance(frames, RegionSignal):
        if still is not None:
            raise ValueError("still belongs to the measurement of displacement: give it to vmm.measure.displacement")
        signal = frames
    elif rois is None:
        rate = camera_rate(frames, fs), time_unit(frames, fs), frame_times(frames, fs)
        clip: Any = frames
        camera = None
        if still is not None:
            camera, clip = measured_camera_motion(displacement, frames, still)
        return _dense_shapes(clip, frequencies, reference, (sigma, step), rate, scale, unit, camera)
    else:
        signal = displacement(frames, rois, still=still, fs=fs, pixel_size=pixel_size, unit=unit)
    positions = as_positions(signal.frame_times)
    cycles = check_frequencies(frequencies, signal.fs, len(signal), positions)
    fit = SineFit(cycles, len(signal), positions)
    shapes = fit.fit(np.where(signal.is_visible[..., None], signal.values, np.nan))
    stderr = fit.stderr(len(signal))[:, None, None] * signal.stderr
    if reference is not None:
        shapes = _with_reference_phase(shapes, shapes[:, _check_index(reference, len(signal.rois))])
    freqs, freq_unit = np.atleast_1d(np.asarray(frequencies, float)), frequency_unit(signal.time_unit)
    return Modes(freqs, shapes, stderr, signal.is_known, signal.fs, signal.unit, freq_unit, signal.names)


def _dense_shapes(
    frames: FramesLike,
    frequencies: Any,
    reference: Any,
    neighborhood: tuple[float, int],
    rate: tuple[float, TimeUnit, np.ndarray | None],
    scale: float,
    unit: str,
    camera: CameraMotion | None,
) -> Modes:
    """Shapes of every pixel; `neighborhood` is (sigma, step), and `rate` is (fs, time_unit, times)."""
    length: int | None = (getattr(frames, "shape", ()) or (None,))[0]
    fs, times = rate[0], rate[2]
    if length is not None:
        check_length(length)
    check_frequencies(frequencies, fs, length, as_positions(times))
    clip = as_clip(frames)
    length = clip.length if length is None and clip.is_repeatable else length
    estimator = DenseEstimator(clip, *neighborhood)
    if (new := without_repeats(clip, estimator.frame_steps, times, fs)) is not None:
        clip, times, fs = new
        estimator, length = DenseEstimator(clip, *neighborhood), clip.length
    positions = as_positions(times)
    cycles = check_frequencies(frequencies, fs, length, positions)
    fit = SineFit(cycles, length, positions)
    sums, luma, residual, n_residuals = _accumulate(clip.second_pass(), estimator, fit)
    n_frames = luma.count
    if length is not None and n_frames != length:
        raise ValueError(f"the clip holds {n_frames} frames, not {length} as it states: give an array, or a whole clip")
    if length is None:
        check_frequencies(frequencies, rate[0], n_frames, rate[2])
    right_side: Any = sum(estimator.right_side(i, fit.solve(s, n_frames)) for i, s in enumerate(sums))
    noise = estimator.noise(residual / n_residuals)
    is_known, inverse, pixel_stderr = estimator.solve(noise)
    shapes = -np.einsum("yxij,kjyx->kyxi", inverse, to_host(right_side))
    amplitude_stderr = fit.stderr(n_frames).reshape(-1, 1, 1, 1)
    images = fit.solve(luma.products, n_frames)
    scatter = luma.variance - np.square(abs(images)).sum(axis=0) / 2
    noise, pixel_stderr = estimator.quiet(noise, pixel_stderr, luma.mean, scatter)
    motion = _parts(shapes / amplitude_stderr), pixel_stderr, is_known
    squares = _mean_squares(shapes[:, is_known], fit.stderr(n_frames))
    parts, part_stderr, is_known = estimator.explain(
        _parts(images / amplitude_stderr[..., 0]), luma.mean, noise, motion, squares
    )
    pixel_stderr = np.sqrt(np.square(part_stderr).reshape(2, *shapes.shape).mean(axis=0))
    shapes = (parts[: len(shapes)] + 1j * parts[len(shapes) :]) * amplitude_stderr
    rigid = fit.fit(estimator.shifts[:, None].astype(float))[:, :, None]
    shapes = rigid + shapes
    if camera is not None:
        points = grid_points(clip.size, neighborhood[1])
        camera.check_length(n_frames)
        shapes -= np.einsum("yxip,kp->kyxi", camera.factors(points), fit.fit(camera.parameters))
        pixel_stderr = np.sqrt(pixel_stderr**2 + camera.variance(points))
    shapes = np.where(is_known, shapes * scale, np.nan)
    if reference is not None:
        shapes = _with_reference_phase(shapes, _mean_shape(shapes, reference, clip.size, neighborhood[1]))
    stderr = amplitude_stderr * np.where(is_known, pixel_stderr * scale, np.nan)
    freqs = np.atleast_1d(np.asarray(frequencies, float))
    return Modes(freqs, shapes, stderr, is_known, fs, unit, frequency_unit(rate[1]))


def _accumulate(chunks: Any, estimator: DenseEstimator, fit: SineFit) -> tuple[list[Any], LumaSums, Any, int]:
    """Sums over time of the phase shifts times the rows of the fit for each subband, of the luma, and of the residual.

    The last value is the number of frames whose residual is summed.
    """
    sums: list[Any] = [0] * len(estimator.references)
    residual: Any = 0
    luma = LumaSums(estimator.xp, estimator.dtype)
    n_residuals = 0
    for chunk in chunks:
        for block in cut(chunk, _BLOCK):
            weighted = fit.rows(luma.count, luma.count + len(block))
            rows = estimator.xp.asarray(weighted, estimator.dtype)
            sampled = slice(-luma.count % NOISE_INTERVAL, None, NOISE_INTERVAL)
            samples = []
            crops = estimator.next_crops(block)
            luma.add(weighted, estimator.inside(crops))
            for i, (coefs, phases) in enumerate(estimator.phase_shifts(crops)):
                sums[i] = sums[i] + estimator.xp.tensordot(rows, phases, 1)
                samples.append((coefs[sampled], phases[sampled]))
            for t in range(len(samples[0][0])):
                residual = residual + estimator.residual([(c[t], p[t]) for c, p in samples])
                n_residuals += 1
    return sums, luma, residual, n_residuals


def _parts(values: np.ndarray) -> np.ndarray:
    """Real and imaginary parts (2 K, ...) of complex values (K, ...)."""
    return np.concatenate([values.real, values.imag])


def _mean_squares(shapes: np.ndarray, stderr: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean square over time of a motion of one standard error in each part (2 K,), and the kurtosis of the motion.

    `shapes` (K, N) are amplitudes of pixels, and `stderr` (K,) their standard errors for noise of variance 1.
    """
    energy = (abs(shapes) ** 2).mean(axis=1)
    kurtosis = 3 - 1.5 * float((energy**2).sum() / max(energy.sum() ** 2, 1e-30))
    return np.tile(stderr**2 / 2, 2), kurtosis


def _with_reference_phase(shapes: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Shapes (K, ..., 2) with phase 0 where they equal `reference` (K, 2), in the direction that moves more."""
    if np.isnan(reference).all(axis=1).any():
        raise ValueError("the displacement of the reference region is unknown: choose a region with more texture")
    main = np.take_along_axis(reference, np.nanargmax(abs(reference), axis=1)[:, None], axis=1)[:, 0]
    rotation = np.exp(-1j * np.angle(main))
    rotated: np.ndarray = shapes * rotation.reshape(-1, *[1] * (shapes.ndim - 1))
    return rotated


def _mean_shape(shapes: np.ndarray, reference: Any, size: tuple[int, int], step: int) -> np.ndarray:
    """Mean shape (K, 2) over a box or mask."""
    mask = as_region(reference, size, name="reference", min_side=3).in_frame(size)
    inside = shapes[:, mask[::step, ::step]]
    valid = ~np.isnan(inside)
    mean = np.where(valid, inside, 0).sum(axis=1) / np.maximum(valid.sum(axis=1), 1)
    return np.where(valid.any(axis=1), mean, np.nan)


def _check_index(reference: Any, count: int) -> int:
    if not isinstance(reference, (int, np.integer)) or not -count <= reference < count:
        raise ValueError(f"reference={short_text(reference)} must be the index of one of the {count} regions")
    return int(reference)


@checks_arguments
def mac(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Modal assurance criterion (MAC): the similarity of shapes, independent of their scale and phase.

    Parameters
    ----------
    a, b
        Shapes (K, ...) and (L, ...), real or complex. Places where any of them is NaN are left out.

    Returns
    -------
    ndarray
        (K, L) values from 0 to 1; 1 means that two shapes differ by a factor only.

    Raises
    ------
    ValueError
        If the shapes have different places, or no place where all are known.

    References
    ----------
    .. [1] Allemang: The modal assurance criterion, twenty years of use and abuse. Sound and Vibration 37(8), 2003.

    Examples
    --------
    >>> import vmm
    >>> vmm.measure.mac([[1.0, 2.0], [2.0, -1.0]], [[2j, 4j]])
    array([[1.],
           [0.]])
    """
    first, second = as_numbers("a", a, "buifc"), as_numbers("b", b, "buifc")
    if first.ndim < 2 or first.shape[1:] != second.shape[1:]:
        raise ValueError(
            f"shapes a {first.shape} and b {second.shape} must be (K, ...) and (L, ...) of the same places"
        )
    first, second = first.reshape(len(first), -1), second.reshape(len(second), -1)
    valid = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
    if not valid.any():
        raise ValueError("the shapes a and b have no place where both are known")
    first, second = first[:, valid], second[:, valid]
    energy = np.outer((abs(first) ** 2).sum(axis=1), (abs(second) ** 2).sum(axis=1))
    criterion: np.ndarray = abs(first.conj() @ second.T) ** 2 / np.maximum(energy, 1e-300)
    return criterion
