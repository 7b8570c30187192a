"""Displacement of every pixel over time."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import to_host
from vmm.backend.progress import Progress
from vmm.engine.frames import FramesLike, cut
from vmm.engine.times import frame_times
from vmm.engine.two_pass import TwoPassClip
from vmm.measure.estimation._camera_motion import Still, grid_points, measured_camera_motion
from vmm.measure.estimation._clip import as_clip
from vmm.measure.estimation._dense import NOISE_INTERVAL, DenseEstimator
from vmm.measure.estimation._displacement import displacement
from vmm.measure.estimation._luma_sums import LumaSums
from vmm.measure.estimation._pixel_size import check_pixel_size
from vmm.measure.estimation._principal_components import principal_components
from vmm.measure.estimation._without_repeats import without_repeats
from vmm.measure.signals._result import Result, TimeUnit
from vmm.measure.signals._signal import Quantity, camera_rate, time_unit

_BLOCK = 2**20
"""Pixels that are processed at a time. It trades memory for fewer calls."""

_MAX_CHANGE, _MAX_NOISE = 0.3, 25.0
"""Difference from the phase relative to it, and its square relative to the variance of noise, above which the phase
shows another object."""


@dataclass(frozen=True, eq=False, repr=False)
class Field(Result):
    """Displacement, velocity or acceleration of every pixel over time.

    Attributes
    ----------
    values
        (T, H, W, 2) float32, down and right. A displacement is relative to the mean position. Unobservable components
        are NaN.
    stderr
        (H, W, 2) standard error of each value. Unobservable components are NaN.
    is_known
        (H, W, 2) bool: whether the texture around the pixel makes the component observable, and one motion explains it.
    fs
        Rate of the camera in Hz, or 1 if it is not known.
    unit
        Unit of `values` and `stderr`.
    quantity
        ``"displacement"``, ``"velocity"`` or ``"acceleration"``.
    time_unit
        ``"s"``, or ``"frame"`` if the rate of the camera is not known.
    frame_times
        (T,) time of each frame in seconds if the frames are unevenly spaced, from 0 at the first frame; None if they
        are evenly spaced. `fs` is then the mean rate.
    """

    values: np.ndarray
    stderr: np.ndarray = dataclass_field(repr=False)
    is_known: np.ndarray = dataclass_field(repr=False)
    fs: float
    unit: str
    quantity: Quantity = "displacement"
    time_unit: TimeUnit = "s"
    frame_times: np.ndarray | None = dataclass_field(default=None, repr=False)

    @property
    def times(self) -> np.ndarray:
        """Time (T,) of each frame in seconds, or in frames if the rate of the camera is not known."""
        return np.arange(len(self.values)) / self.fs if self.frame_times is None else self.frame_times


@checks_arguments
def field(
    frames: FramesLike,
    *,
    sigma: float = 5.0,
    step: int = 1,
    still: Still | None = None,
    fs: float | None = None,
    pixel_size: float | None = None,
    unit: str = "px",
    progress: Progress = False,
) -> Field:
    """Displacement of every pixel over time, by least squares over the phase shifts around it.

    The estimate is that of ``displacement``, with a Gaussian neighborhood as the region of each pixel and the mean
    frame as reference. Near edges that move otherwise, and near the border of the frame, the strongest components
    of the motion over time come from the pixels alone: from the nearest window, of several sizes, that explains the
    pixel. Second differences between windows distinguish motion that bends from an edge. The derivatives of a bend
    correct the mean over the neighborhood, and a share of the correction is part of the standard error. So is the
    motion that an encoder may have hidden in parts of the frame that repeat. Near an edge a pixel is unknown if no
    window explains it, if windows that do disagree, if another motion is within 2 pixels, or if the differences
    between windows are as large as a part of its motion.

    The frame as a whole is tracked by whole pixels through motion of any size; motion of a part of it must stay below
    half a wavelength of the finest texture, about one pixel, and is unknown beyond. Next to larger motion, pixels at
    rest are judged by their own noise, and more of them are unknown. The result takes 8 bytes per pixel and frame: for
    long clips use a larger `step`, or ``modes``, which stores a few numbers per pixel.

    Parameters
    ----------
    frames
        Frames, as for ``displacement``.
    sigma
        Standard deviation in pixels of the Gaussian neighborhood that is taken to move as one. It must be positive; the
        default is 5.
    step
        Distance in pixels between neighboring points of the result, at least 1. The default is 1.
    still
        Regions at rest in the scene, as for ``displacement``. The chunks of an iterator are then kept in
        memory.
    fs, pixel_size, unit
        As for ``displacement``.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    Field
        Displacement (T, H, W, 2), down and right, with its standard error. Frames that repeat the one before in a
        regular pattern are left out.

    Raises
    ------
    TypeError, ValueError
        As for ``displacement``; also if `sigma` or `step` is not positive.

    Warns
    -----
    UserWarning
        If frames repeat in a regular pattern, as conversion to a higher rate makes them.

    References
    ----------
    .. [1] Wadhwa et al.: Motion microscopy for visualizing and quantifying small motions. PNAS 114(44), 2017.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), [(0, 0), (0.1, 0.2)] * 8, noise=0.5)
    >>> values = vmm.measure.field(clip, step=4).values
    >>> values.shape, (values[1] - values[0]).mean(axis=(0, 1)).round(1)
    ((16, 12, 16, 2), array([0.1, 0.2], dtype=float32))
    """
    scale = check_pixel_size(pixel_size, unit)
    rate = camera_rate(frames, fs)
    camera = None
    if still is not None:
        camera, frames = measured_camera_motion(displacement, frames, still)
    clip, times = as_clip(frames), frame_times(frames, fs)
    estimator = DenseEstimator(clip, sigma, step)
    if (new := without_repeats(clip, estimator.frame_steps, times, rate)) is not None:
        clip, times, rate = new
        estimator = DenseEstimator(clip, sigma, step)
    values, noise = _from_phase(clip.second_pass(), estimator)
    is_known, _, stderr = estimator.solve(noise)
    values, stderr, is_known = _from_windows(clip, estimator, noise, (values, stderr, is_known))
    values += np.moveaxis(estimator.shifts[..., None, None], 1, -1).astype(np.float32)
    if camera is not None:
        points = grid_points(clip.size, step)
        camera.check_length(len(values))
        values -= camera.at(points).astype(np.float32)
        stderr = np.sqrt(stderr**2 + camera.variance(points))
    values -= values.mean(axis=0)
    values = np.where(is_known, values * np.float32(scale), np.float32(np.nan))
    return Field(
        values,
        np.where(is_known, stderr * scale, np.nan),
        is_known,
        rate,
        unit,
        time_unit=time_unit(frames, fs),
        frame_times=None if times is None else times[: len(values)],
    )


def _from_phase(chunks: Any, estimator: DenseEstimator) -> tuple[np.ndarray, np.ndarray]:
    """Displacement (T, h, w, 2) by the phase, beyond the shifts of the frame, and the variance (H, W) of the noise."""
    moves: list[np.ndarray] = []
    residual: Any = 0
    n_residuals = n_frames = 0
    for chunk in chunks:
        for block in cut(chunk, _BLOCK):
            subbands = list(estimator.phase_shifts(estimator.next_crops(block)))
            right_side = sum(estimator.right_side(i, phases) for i, (_, phases) in enumerate(subbands))
            moves.append(to_host(estimator.displacement(right_side)))
            for t in range(-n_frames % NOISE_INTERVAL, len(block), NOISE_INTERVAL):
                energy = estimator.residual([(coefs[t], phases[t]) for coefs, phases in subbands])
                residual = residual + energy
                n_residuals += 1
            n_frames += len(block)
    values = np.moveaxis(np.concatenate(moves), 1, -1).astype(np.float32)
    return values, estimator.noise(residual / n_residuals)


def _from_windows(
    clip: TwoPassClip,
    estimator: DenseEstimator,
    noise: np.ndarray,
    motion: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, standard errors and known axes with the principal components of windows that explain the pixels.

    The first pass is read once more. Of an iterator, it has the first frames alone, which then decide.
    """
    values, stderr, is_known = motion
    basis = principal_components(values, np.where(is_known, stderr, np.nan), estimator.n_neighborhoods)
    if not len(basis):  # Frames that never change do not even show noise.
        return values, stderr, np.zeros_like(is_known)
    sums = LumaSums(estimator.xp, estimator.dtype)
    for chunk in clip.first_pass():
        for block in cut(chunk, _BLOCK):
            luma = estimator.inside(estimator.crops_of(block, sums.count))
            sums.add(basis[:, sums.count : sums.count + len(block)], luma)
    count, rows = sums.count, basis[:, : sums.count]
    whiten = np.linalg.inv(np.linalg.cholesky(rows @ rows.T - count * np.outer(rows.mean(axis=1), rows.mean(axis=1))))
    images = np.tensordot(whiten, sums.products, 1)
    phase = np.tensordot(whiten @ (rows - rows.mean(axis=1, keepdims=True)), values[:count], 1)
    kurtosis = float(count * ((whiten @ rows)[0] ** 4).sum())
    squares = np.full(len(basis), 1 / count), kurtosis
    scatter = (count * sums.variance - np.square(images).sum(axis=0)) / max(count - 1 - len(basis), 1)
    quiet, quiet_stderr = estimator.quiet(noise, stderr, sums.mean, scatter)
    chosen, new_stderr, is_known = estimator.explain(images, sums.mean, quiet, (phase, quiet_stderr, is_known), squares)
    correction = np.tensordot(whiten.T, chosen - phase, 1).astype(np.float32)
    values += np.tensordot(basis.T.astype(np.float32), correction, 1)
    is_mixed = _is_mixed(phase, chosen, quiet_stderr)
    values[:, is_mixed] = np.tensordot(basis.T, np.tensordot(basis, values[:, is_mixed], 1), 1)
    stderr = np.where(is_mixed[..., None], quiet_stderr, stderr)
    return values, np.maximum(stderr, new_stderr.max(axis=0)), is_known


def _is_mixed(phase: np.ndarray, chosen: np.ndarray, stderr: np.ndarray) -> np.ndarray:
    """Whether (h, w) the phase (M, h, w, 2) differs so much from the motion `chosen` that it shows another object.

    What the components do not contain is then that of the other object as well.
    """
    change, size = (np.square(x).sum(axis=(0, -1)) for x in (chosen - phase, phase))
    noise = len(phase) * np.square(np.nan_to_num(stderr)).sum(axis=-1)
    result: np.ndarray = change > np.maximum(_MAX_CHANGE**2 * size, _MAX_NOISE * noise)
    return result
