"""Displacement of regions over time, with its standard error."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.engine.frames import FramesLike
from vmm.engine.times import frame_times
from vmm.engine.two_pass import TwoPassClip
from vmm.measure.estimation._camera_motion import Still, without_camera_motion
from vmm.measure.estimation._clip import as_clip
from vmm.measure.estimation._crops import group_by_size
from vmm.measure.estimation._estimator import METHODS, MIN_SIMILARITY, Estimator, MethodName
from vmm.measure.estimation._hidden_frames import interpolated
from vmm.measure.estimation._observability import (
    gradient_floor,
    observable_directions,
    single_directions,
    warn_of_regions,
    with_region_names,
)
from vmm.measure.estimation._own_estimator import MARGIN, OwnPixelEstimator
from vmm.measure.estimation._pixel_size import check_pixel_size
from vmm.measure.estimation._regions import Rois, as_regions
from vmm.measure.estimation._repeats import Cadence, FrameSteps, new_frames, warn_of_cadence
from vmm.measure.estimation._solution import Solution
from vmm.measure.signals._signal import RegionSignal, camera_rate, has_values, key_rate, time_unit

_MAX_HIDDEN = 0.1
"""Fraction of the frames in which a region may be hidden. With more, interpolation would dominate its spectrum."""

_MAX_SATURATED = 0.01
"""Fraction of the pixels of a region that may be saturated without a warning."""

_NO_TEXTURE = "too little texture, so the displacement is unknown, and NaN"
_ONE_DIRECTION = "edges of one direction only, so the displacement is known along their normal and unknown along them"
_HIDDEN = "hidden in too many frames, so the displacement is unknown, and NaN"
_IN_PARTS = "moves in parts: an edge runs through it, so the displacement is unknown, and NaN"
_AT_BORDER = "too close to the border of the frame, so the displacement may be too small by a tenth or more"

_SIMILARITY_DEVIATIONS = 4.0
"""Standard errors by which the similarity must be below its limit for a region to be hidden: noise alone does not reach
this distance in clips of practical length."""


@checks_arguments
def displacement(
    frames: FramesLike,
    rois: Rois | None = None,
    *,
    still: Still | None = None,
    fs: float | None = None,
    pixel_size: float | None = None,
    unit: str = "px",
    method: MethodName = "phase",
) -> RegionSignal:
    """Displacement of regions over time, by least squares over the phase shifts of all their pixels in all subbands.

    Each region is tracked by whole pixels through motion larger than half a wavelength. The remaining displacement is
    the solution of one 2x2 system (section 2 in [2]_): the reference is the mean image of the region without motion
    blur, the coefficients are the gradients of its phase, and the weights are its squared amplitudes. The subbands are
    a tight frame, for which this estimate reaches the Cramer-Rao bound (``displacement_crlb``). Changes of illumination
    do not change phase.

    Filters reach beyond a region. If the neighborhood moves otherwise than the region, or the border of the frame is
    nearer than 8 px, the displacement is the least-squares fit of the reference and its Taylor series to the pixels of
    the region itself, with offset and contrast of the illumination. A region through which an edge runs, so that its
    parts move differently, is unknown.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3); a clip of ``vmm.io.stream``, which is read twice, and once more if the
        neighborhood of a region moves otherwise or the border is near; or an iterator of chunks, of which the first 64
        frames alone make the reference.
    rois
        Regions: boxes (top, left, height, width) in pixels, masks (H, W) of bool, or ``grid(size, step)``; one, a list,
        or a dict whose keys are their names. The default is the whole frame without a margin.
    still
        Regions at rest in the scene, in the same forms, or ``"auto"`` to search for them (see
        ``still_regions``). Their motion, that of the camera, is subtracted, and their standard errors are added. With
        several regions, a small rotation of the camera is subtracted too, the better the farther they are from one
        another. The default, None, subtracts nothing. With ``"auto"``, the chunks of an iterator are kept in memory.
    fs
        Rate of the camera in Hz. The default is the rate of the clip; without any, time is in frames.
    pixel_size
        Size of a pixel in the scene, in `unit`, which ``vmm.measure.pixel_size`` computes from a known length. It must
        be positive. The default, None, measures in pixels.
    unit
        Unit of the result, such as ``"mm"``. The default is pixels, ``"px"``.
    method
        ``"phase"``, the default, or ``"linear"``, which replaces the analysis in subbands by two products of each
        region with images that are made from the reference. It takes less time and is as accurate for small motion, but
        more sensitive to illumination that varies within a region, and it cannot leave levels out.

    Returns
    -------
    RegionSignal
        Displacement (T, R, 2), down and right, with its standard error. Regions with edges of one direction only have
        the displacement along the normal of the edges: see `direction` and `along` there.

        Frames that repeat the one before in a regular pattern are left out.

    Raises
    ------
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or a region is neither a box nor a mask.
    ValueError
        If the clip has fewer than two frames or holds NaN, a region does not lie inside the frame, an option is out of
        range, `unit` has no `pixel_size`, or a still region does not show the motion of the camera.

    Warns
    -----
    UserWarning
        If a region has no texture in some direction, is hidden in some frames, or is saturated; or if frames repeat in
        a regular pattern, as conversion to a higher rate makes them.

    References
    ----------
    .. [1] Fleet, Jepson: Computation of component image velocity from local phase information. International Journal
       of Computer Vision 5(1), 1990.
    .. [2] Wadhwa et al.: Motion microscopy for visualizing and quantifying small motions. PNAS 114(44), 2017.
    .. [3] Robinson, Milanfar: Fundamental performance limits in image registration. IEEE Transactions on Image
       Processing 13(9), 2004.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), [(0, 0), (0.1, 0.25)] * 8, noise=0.5)
    >>> signal = vmm.measure.displacement(clip, (20, 20, 24, 24), fs=30)
    >>> (signal.values[1] - signal.values[0]).round(2), signal.stderr.round(3)
    (array([[0.1 , 0.25]]), array([[0.001, 0.001]]))
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r} must be one of {', '.join(METHODS)}")
    scale = check_pixel_size(pixel_size, unit)
    measure = partial(displacement, fs=fs, pixel_size=pixel_size, unit=unit, method=method)
    if isinstance(rois, Mapping):
        return _with_names(partial(measure, frames, list(rois.values()), still=still), tuple(map(str, rois)))
    if still is not None:
        return without_camera_motion(measure, frames, rois, still)
    rate = camera_rate(frames, fs)
    clip = as_clip(frames)
    regions = as_regions(rois, clip.size)
    chosen = METHODS[method]
    estimators = [Estimator(clip, crops, chosen) for crops in group_by_size(regions, chosen.margin)]
    own_estimators = [OwnPixelEstimator(clip, crops) for crops in group_by_size(regions, MARGIN)]
    cadence = _run([*estimators, *own_estimators], clip)
    closer_estimators = _run_closer(own_estimators, clip)
    values, stderr, is_known, direction, is_hidden, reasons = _collect(estimators, len(regions))
    is_divided, is_at_border = np.zeros((2, len(regions)), bool)
    for own in [*own_estimators, *closer_estimators]:
        is_divided[own.crops.index], is_at_border[own.crops.index] = own.moves_in_parts, own.is_cut_by_border
    for own in closer_estimators:
        _replace(own, values, stderr, is_known, direction, is_hidden, reasons)
    times = frame_times(frames, fs)
    times = None if times is None else times[: len(values)]
    if cadence is not None:
        warn_of_cadence(cadence)
        is_hidden = is_hidden[cadence.is_new]
        values, times, rate = new_frames(values, cadence, np.arange(len(values)) / rate if times is None else times)
    saturated = np.empty(len(regions))
    for estimator in estimators:
        saturated[estimator.crops.index] = estimator.saturated
    is_given = has_values(is_known, direction) | is_divided[:, None]  # Parts that move have a warning of their own.
    _warn(is_given, direction, is_hidden & ~is_divided, saturated)
    reasons[~has_values(is_known, direction).any(axis=1)] = _NO_TEXTURE
    reasons[is_at_border] = _AT_BORDER
    is_known[is_divided], direction[is_divided], reasons[is_divided] = False, np.nan, _IN_PARTS
    warn_of_regions(is_at_border, _AT_BORDER)
    warn_of_regions(is_divided, _IN_PARTS)
    is_lost = is_hidden.mean(axis=0) > _MAX_HIDDEN
    is_known[is_lost], direction[is_lost], reasons[is_lost] = False, np.nan, _HIDDEN
    is_given = has_values(is_known, direction)
    return RegionSignal(
        values=np.where(is_given, interpolated(values, is_hidden, times) * scale, np.nan),
        stderr=np.where(is_given, stderr * scale, np.nan),
        is_known=is_known,
        rois=tuple(region.as_roi(clip.size) for region in regions),
        fs=rate,
        unit=unit,
        saturated=saturated,
        is_visible=~is_hidden,
        time_unit=time_unit(frames, fs),
        frame_times=times,
        key_rate=key_rate(frames, fs),
        reasons=tuple(reasons),
        direction=direction,
        pixel_size=scale,
    )


def _with_names(measure: Callable[[], RegionSignal], names: tuple[str, ...]) -> RegionSignal:
    """The signal that ``measure()`` returns, with names of its regions, which warnings use as well."""
    with warnings.catch_warnings(record=True) as messages:
        warnings.simplefilter("always")
        signal = measure()
    for message in messages:
        warnings.warn(with_region_names(str(message.message), names), message.category, stacklevel=4)
    return replace(signal, names=names)


def _run(estimators: Sequence[Estimator | OwnPixelEstimator], clip: TwoPassClip) -> Cadence | None:
    """Run both passes over the clip; return the pattern of repeated frames."""
    for chunk in clip.first_pass():
        for estimator in estimators:
            estimator.observe(chunk)
    if repaired := [estimator for estimator in estimators if estimator.fill_stuck_pixels()]:
        for chunk in clip.first_pass():
            for estimator in repaired:
                estimator.observe(chunk)
    for estimator in estimators:
        estimator.prepare()
    steps = FrameSteps()
    for chunk in steps.watch(clip.second_pass()):
        for estimator in estimators:
            estimator.estimate(chunk)
    return steps.cadence()


def _run_closer(own_estimators: Sequence[OwnPixelEstimator], clip: TwoPassClip) -> list[OwnPixelEstimator]:
    """The estimators that have read all frames: of a clip that can be read again, those of undecided regions alone."""
    if not clip.is_repeatable:
        return list(own_estimators)
    closer = [undecided for own in own_estimators if (undecided := own.undecided()) is not None]
    for chunk in clip.first_pass() if closer else ():
        for estimator in closer:
            estimator.estimate(chunk)
    return closer


def _collect(
    estimators: Sequence[Estimator], count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values (T, R, 2), standard errors, known axes and single directions (R, 2), hidden frames (T, R), and reasons."""
    n_frames = len(estimators[0].moves)
    values, stderr, direction = np.empty((n_frames, count, 2)), np.empty((count, 2)), np.empty((count, 2))
    is_known, is_hidden = np.empty((count, 2), bool), np.zeros((n_frames, count), bool)
    reasons = np.full(count, "", object)
    for estimator in estimators:
        index = estimator.crops.index
        solution = estimator.solve()
        is_known[index], direction[index], values[:, index], stderr[index] = _solve(estimator, solution)
        reasons[index] = solution.reasons
        similarity_stderr = np.sqrt(solution.noise) * estimator.template.similarity_stderr
        is_hidden[:, index] = estimator.similarity < MIN_SIMILARITY - _SIMILARITY_DEVIATIONS * similarity_stderr
    return values, stderr, is_known, direction, is_hidden, reasons


def _solve(estimator: Estimator, solution: Solution) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Observable axes (G, 2), single directions (G, 2), displacement (T, G, 2) and its standard error (G, 2)."""
    template = estimator.template
    floor = gradient_floor(solution.noise, template.level, template.noise_energy, len(estimator.moves))
    is_known, projections = observable_directions(solution.normal, floor)
    covariance = projections @ solution.covariance @ projections
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    values = np.einsum("gij,tgj->tgi", projections, solution.moves)
    return is_known, single_directions(projections), values, np.sqrt(variance)


def _replace(
    own: OwnPixelEstimator,
    values: np.ndarray,
    stderr: np.ndarray,
    is_known: np.ndarray,
    direction: np.ndarray,
    is_hidden: np.ndarray,
    reasons: np.ndarray,
) -> None:
    """Put the estimates from a region's own pixels in the place of others where filters would see the neighborhood.

    Pixels that do not follow one motion, as those of an aliased picture, seem to move otherwise than the neighborhood
    although they do not. There the estimate by filters stays, with the larger standard error.
    """
    is_doubtful = own.replaces & ~own.is_near_border & ~own.moves_in_parts & (own.reasons != "")
    replaced, results = own.replaces & ~is_doubtful, own.solution()
    doubtful = own.crops.index[is_doubtful]
    stderr[doubtful] = np.fmax(stderr[doubtful], results[3][is_doubtful])
    reasons[doubtful] = np.where(reasons[doubtful] == "", own.reasons[is_doubtful], reasons[doubtful])
    index = own.crops.index[replaced]
    is_known[index], direction[index], values[:, index], stderr[index] = (x[..., replaced, :] for x in results)
    reasons[index] = own.reasons[replaced]
    limit = MIN_SIMILARITY - _SIMILARITY_DEVIATIONS * own.similarity_stderr[replaced]
    is_hidden[:, index] = own.similarity[:, replaced] < limit


def _warn(is_given: np.ndarray, direction: np.ndarray, is_hidden: np.ndarray, saturated: np.ndarray) -> None:
    """Warn of regions that cannot be measured fully."""
    no_texture: Any = ~is_given.any(axis=1)
    hidden: Any = is_hidden.any(axis=0) & ~no_texture
    warn_of_regions(no_texture, _NO_TEXTURE)
    warn_of_regions(np.isfinite(direction).all(axis=1), _ONE_DIRECTION)
    warn_of_regions(saturated > _MAX_SATURATED, f"saturated pixels, up to {saturated.max():.0%}, which are left out")
    if hidden.any():
        frames = np.flatnonzero(is_hidden[:, hidden].any(axis=1))
        where = f"in frame {frames[0]}" if len(frames) == 1 else f"in {len(frames)} frames, first in frame {frames[0]}"
        warn_of_regions(
            hidden,
            f"no similarity to the reference {where}: values are interpolated there, or unknown if these are many "
            "frames; cut the clip",
        )
