"""Displacement of regions over time, with its standard error."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.frames import FramesLike
from vmm.engine.regions import Region
from vmm.engine.times import frame_times
from vmm.engine.two_pass import TwoPassClip
from vmm.measure.estimation._camera_motion import Still, without_camera_motion
from vmm.measure.estimation._clip import as_clip
from vmm.measure.estimation._crops import group_by_size
from vmm.measure.estimation._estimates import AT_BORDER, CODED, HIDDEN, IN_PARTS, NO_TEXTURE, TOO_UNCERTAIN, Estimates
from vmm.measure.estimation._estimator import METHODS, Estimator, Method, MethodName
from vmm.measure.estimation._frozen_cells import FrozenCells
from vmm.measure.estimation._hidden_frames import interpolated
from vmm.measure.estimation._observability import warn_of_regions, with_region_names
from vmm.measure.estimation._own_estimator import MARGIN, OwnPixelEstimator
from vmm.measure.estimation._pixel_size import check_pixel_size
from vmm.measure.estimation._regions import Rois, as_regions
from vmm.measure.estimation._repeats import Cadence, FrameSteps, new_frames, warn_of_cadence
from vmm.measure.estimation._solution import NOT_ONE_MOTION
from vmm.measure.estimation._stuck_pixels import StuckPixelFinder
from vmm.measure.signals._signal import RegionSignal, camera_rate, key_rate, time_unit

_MAX_HIDDEN = 0.1
"""Fraction of the frames in which a region may be hidden. With more, interpolation would dominate its spectrum."""

_MAX_SATURATED = 0.01
"""Fraction of the pixels of a region that may be saturated without a warning."""

_UNKNOWN = ", so the displacement is unknown, and NaN"
_ONE_DIRECTION = "edges of one direction only, so the displacement is known along their normal and unknown along them"


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
    progress: Progress = False,
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
    parts move differently, is unknown. If the edge runs along the outline of the region, the displacement is that of
    the pixels inside, the region has a reason in `reasons`, and its standard error counts the motion on the other side.

    Encoders of video with motion compensation, such as H.264, repeat parts of a frame whose changes are small. Where
    that happens in a region, its standard error counts the motion that may be hidden, up to an eighth of a pixel, and
    the region has a reason. Such an error is not random: the motion itself is measured too small. A region of whole
    numbers that repeats in nine of ten frames or more has a reason as well, and its error counts that of rounding, or,
    in a clip of ``vmm.io.stream`` whose codec predicts frames, an eighth of a pixel.

    A component is unknown if its standard error would exceed a pixel and half of its root mean square displacement.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3); a clip of ``vmm.io.stream``, which is read twice, and once more if the
        neighborhood of a region moves otherwise or the border is near; a dask array, which is read in the same way,
        one block after another; or an iterator of chunks, of which the first 64 frames alone make the reference.
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
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

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
    is_predictive = bool(getattr(getattr(frames, "coding", None), "is_predictive", False))
    estimates, cadence = _estimate(clip, regions, METHODS[method], is_predictive)
    values, is_hidden, times = estimates.values, estimates.is_hidden, frame_times(frames, fs)
    times = None if times is None else times[: len(values)]
    if cadence is not None:
        warn_of_cadence(cadence)
        is_hidden = is_hidden[cadence.is_new]
        values, times, rate = new_frames(values, cadence, np.arange(len(values)) / rate if times is None else times)
    _warn(estimates, is_hidden)
    estimates.withdraw(is_hidden.mean(axis=0) > _MAX_HIDDEN, HIDDEN)
    is_given = estimates.has_values
    return RegionSignal(
        values=np.where(is_given, interpolated(values, is_hidden, times) * scale, np.nan),
        stderr=np.where(is_given, estimates.stderr * scale, np.nan),
        is_known=estimates.is_known,
        rois=tuple(region.as_roi(clip.size) for region in regions),
        fs=rate,
        unit=unit,
        saturated=estimates.saturated,
        is_visible=~is_hidden,
        time_unit=time_unit(frames, fs),
        frame_times=times,
        key_rate=key_rate(frames, fs),
        reasons=tuple(estimates.reasons),
        direction=estimates.direction,
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


def _estimate(
    clip: TwoPassClip, regions: Sequence[Region], method: Method, is_predictive: bool
) -> tuple[Estimates, Cadence | None]:
    """Estimates of all regions, and the pattern of repeated frames; `is_predictive` is that of `FrozenCells`."""
    estimators = [Estimator(clip, crops, method) for crops in group_by_size(regions, method.margin)]
    own_estimators = [OwnPixelEstimator(clip, crops) for crops in group_by_size(regions, MARGIN)]
    boxes = np.array([region.box for region in regions])
    frozen = FrozenCells(clip.length, np.stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]), is_predictive)
    cadence = _run(estimators, own_estimators, frozen, clip)
    closer_estimators = _run_closer(own_estimators, clip)
    estimates = Estimates.unknown(len(estimators[0].moves), len(regions))
    for estimator in estimators:
        estimates.place(estimator.crops.index, estimator.estimates())
    verdicts = np.full(len(regions), "", object)
    for own in [*own_estimators, *closer_estimators]:
        verdicts[own.crops.index] = own.verdicts
    for own in own_estimators:
        _widen(estimates, own, estimates.reasons[own.crops.index] != "")
    for own in closer_estimators:
        _replace(estimates, own)
    hidden, repeats, rounding = np.zeros(len(regions)), np.zeros(len(regions)), np.zeros((len(regions), 2))
    for own in own_estimators:
        hidden[own.crops.index] = own.hidden_motion(frozen)
        repeats[own.crops.index], rounding[own.crops.index] = own.repeats(frozen)
    estimates.add_hidden(hidden, CODED)
    estimates.add_repeats(repeats, rounding)
    is_given = estimates.has_values.any(axis=1)
    estimates.reasons[~is_given] = NO_TEXTURE
    estimates.reasons[is_given & (verdicts == AT_BORDER)] = AT_BORDER
    estimates.withdraw(verdicts == IN_PARTS, IN_PARTS)
    estimates.withdraw_uncertain()
    return estimates, cadence


def _run(
    estimators: Sequence[Estimator], own_estimators: Sequence[OwnPixelEstimator], frozen: FrozenCells, clip: TwoPassClip
) -> Cadence | None:
    """Run both passes over the clip, and look for parts that repeat; return the pattern of repeated frames."""
    every: list[Estimator | OwnPixelEstimator] = [*estimators, *own_estimators]
    finders = [StuckPixelFinder(own.crops) for own in own_estimators]
    observers: list[Estimator | OwnPixelEstimator | StuckPixelFinder | FrozenCells] = [*every, *finders, frozen]
    for chunk in clip.first_pass():
        for observer in observers:
            observer.observe(chunk)
    if repaired := _filled(estimators, own_estimators, finders):
        for chunk in clip.first_pass():
            for estimator in repaired:
                estimator.observe(chunk)
    for estimator in every:
        estimator.prepare()
    steps = FrameSteps()
    for chunk in steps.watch(clip.second_pass()):
        for estimator in every:
            estimator.estimate(chunk)
    return steps.cadence()


def _filled(
    estimators: Sequence[Estimator],
    own_estimators: Sequence[OwnPixelEstimator],
    finders: Sequence[StuckPixelFinder],
) -> list[Estimator | OwnPixelEstimator]:
    """The estimators of regions with stuck pixels, which start anew with these filled."""
    result: list[Estimator | OwnPixelEstimator] = []
    for estimator, own, finder in zip(estimators, own_estimators, finders, strict=True):
        if any(map(len, stuck := finder.find())):
            estimator.fill(stuck)
            own.fill(stuck)
            result += [estimator, own]
    return result


def _run_closer(own_estimators: Sequence[OwnPixelEstimator], clip: TwoPassClip) -> list[OwnPixelEstimator]:
    """The estimators that have read all frames: of a clip that can be read again, those of undecided regions alone."""
    if not clip.is_repeatable:
        return list(own_estimators)
    closer = [undecided for own in own_estimators if (undecided := own.undecided()) is not None]
    for chunk in clip.first_pass() if closer else ():
        for estimator in closer:
            estimator.estimate(chunk)
    return closer


def _widen(estimates: Estimates, own: OwnPixelEstimator, which: np.ndarray) -> None:
    """Add the disagreement with the pixels of regions, and that of their parts, to the errors of some of them (G,)."""
    if not which.any():
        return
    index = own.crops.index
    variance = (estimates.stderr[index] ** 2 + own.disagreement(estimates.values[:, index]))[which]
    estimates.stderr[index[which]] = np.sqrt(variance + own.parts_variance(np.flatnonzero(which)))


def _replace(estimates: Estimates, own: OwnPixelEstimator) -> None:
    """Put the estimates from a region's own pixels in the place of others where filters would see the neighborhood.

    Those of doubtful pixels only enlarge the standard error.
    """
    result, index = own.estimates(), own.crops.index
    doubtful = index[own.is_doubtful]
    reasons = estimates.reasons[doubtful]
    estimates.reasons[doubtful] = np.where(reasons == "", NOT_ONE_MOTION, reasons)
    estimates.stderr[doubtful] = np.fmax(estimates.stderr[doubtful], result.stderr[own.is_doubtful])
    _widen(estimates, own, own.is_doubtful)
    is_replaced = own.replaces & ~own.is_doubtful
    disagreement = own.disagreement(estimates.values[:, index]) * own.is_marked[:, None]
    result.stderr = np.sqrt(result.stderr**2 + disagreement)
    estimates.place(index[is_replaced], result.select(is_replaced))


def _warn(estimates: Estimates, is_hidden: np.ndarray) -> None:
    """Warn of regions that cannot be measured fully; `is_hidden` (T, R) is that of the frames that are used."""
    reasons, saturated = estimates.reasons, estimates.saturated
    hidden: Any = is_hidden.any(axis=0) & (reasons != NO_TEXTURE) & (reasons != IN_PARTS)
    warn_of_regions(reasons == NO_TEXTURE, NO_TEXTURE + _UNKNOWN)
    warn_of_regions(np.isfinite(estimates.direction).all(axis=1), _ONE_DIRECTION)
    warn_of_regions(saturated > _MAX_SATURATED, f"saturated pixels, up to {saturated.max():.0%}, which are left out")
    if hidden.any():
        frames = np.flatnonzero(is_hidden[:, hidden].any(axis=1))
        where = f"in frame {frames[0]}" if len(frames) == 1 else f"in {len(frames)} frames, first in frame {frames[0]}"
        warn_of_regions(
            hidden,
            f"no similarity to the reference {where}: values are interpolated there, or unknown if these are many "
            "frames; cut the clip",
        )
    warn_of_regions(reasons == AT_BORDER, AT_BORDER)
    for reason in (IN_PARTS, TOO_UNCERTAIN):
        warn_of_regions(reasons == reason, reason + _UNKNOWN)
