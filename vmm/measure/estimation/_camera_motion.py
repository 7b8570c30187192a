"""Motion of the camera, from regions at rest in the scene."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from vmm.backend.checks import short_text
from vmm.engine.frames import as_array, as_frames
from vmm.engine.regions import as_region
from vmm.measure.estimation._hidden_frames import interpolated
from vmm.measure.estimation._observability import warn_of_regions, with_region_names
from vmm.measure.estimation._regions import Rois, as_regions, roi_center
from vmm.measure.estimation._still_search import find_still
from vmm.measure.signals._signal import RegionSignal

Still: TypeAlias = Rois | Literal["auto"]
"""Still regions in any form of regions, or ``"auto"``."""

Measure: TypeAlias = Callable[..., RegionSignal]
"""A function ``measure(frames, rois)`` that returns the displacement of regions."""

_MIN_BASELINE = 1.0
"""Distance in pixels between still regions below which they show no rotation, because they are one place."""

_MAX_DISAGREEMENT = 1.5
"""Motion of still regions against one another, in their standard errors, above which one of them is not still. Standard
errors themselves are right within a quarter."""

_MAX_OUTSIDE = 0.5
"""Distance in pixels by which a still region may leave the frame: filters mirror the frame at its border."""

_GAIN_ERROR = 0.01
"""Error of a displacement relative to its size that still regions may have beyond their standard errors."""


_OVERLAPS = "overlaps a still region, so that its own motion is subtracted from it"


@dataclass(frozen=True, eq=False)
class CameraMotion:
    """Motion of the frame as a whole: a translation and, from several still regions, a small rotation.

    Attributes
    ----------
    still
        The displacement of the still regions.
    """

    still: RegionSignal

    @cached_property
    def _centers(self) -> np.ndarray:
        """Centers (S, 2) of the still regions in pixels."""
        return np.array([roi_center(roi) for roi in self.still.rois])

    @cached_property
    def _rotates(self) -> bool:
        """Whether the still regions are at different places, so that they show rotation."""
        return bool(np.ptp(self._centers, axis=0).max() > _MIN_BASELINE)

    def factors(self, points: np.ndarray) -> np.ndarray:
        """Displacement (..., 2, P) of points (..., 2), row and column, for a unit of each of the P parameters.

        The parameters are the translation down and to the right and, if there are several still regions, the angle of
        rotation times the unit of displacement per pixel.
        """
        offsets = np.asarray(points, dtype=float) - self._centers.mean(axis=0)
        shift = np.broadcast_to(np.eye(2), (*offsets.shape, 2))
        if not self._rotates:
            return shift
        turn = np.stack([offsets[..., 1], -offsets[..., 0]], axis=-1)
        return np.concatenate([shift, turn[..., None]], axis=-1)

    @cached_property
    def _solver(self) -> np.ndarray:
        """Matrix (P, 2 S) from the displacement of the still regions to the parameters, by weighted least squares."""
        factors = self.factors(self._centers)
        system = factors.reshape(-1, factors.shape[-1]) / self._stderr[:, None]
        return np.asarray(np.linalg.pinv(system) / self._stderr)

    @cached_property
    def _stderr(self) -> np.ndarray:
        """Standard errors (2 S,) of the still regions, above 0."""
        stderr = self.still.stderr.ravel()
        return np.maximum(stderr, max(1e-6 * float(stderr.max()), 1e-12))

    @cached_property
    def parameters(self) -> np.ndarray:
        """Parameters (T, P) of the motion."""
        flat = self.still.values.reshape(len(self.still), -1)
        return np.asarray(flat @ self._solver.T)

    @cached_property
    def _disagreement(self) -> tuple[float, float]:
        """Rms motion of the still regions against the rigid motion, in its standard errors and in their unit."""
        centers, n_free = self._centers, self._solver.shape[1] - self._solver.shape[0]
        residual = (self.still.values - self.at(centers)).reshape(len(self.still), -1)
        residual = residual[self.is_visible]
        if not n_free or not len(residual):
            return 0.0, 0.0
        relative = np.square(residual / self._stderr).mean(axis=0).sum() / n_free
        return float(np.sqrt(relative)), float(np.sqrt(np.square(residual).mean(axis=0).sum() / n_free))

    @property
    def is_visible(self) -> np.ndarray:
        """Bool array (T,): whether all still regions are visible."""
        return np.asarray(self.still.is_visible.all(axis=1))

    def at(self, points: np.ndarray) -> np.ndarray:
        """Displacement (T, ..., 2) of points (..., 2), row and column, that is due to the camera."""
        return np.einsum("...dp,tp->t...d", self.factors(points), self.parameters)

    def covariance(self, points: np.ndarray) -> np.ndarray:
        """Covariance (..., 2, 2) of the errors of that displacement."""
        spread = self.factors(points) @ (self._solver * self._stderr) * max(1.0, self._disagreement[0])
        return np.asarray(spread @ spread.swapaxes(-1, -2))

    def variance(self, points: np.ndarray) -> np.ndarray:
        """Variance (..., 2) of the errors of each of its components."""
        return np.diagonal(self.covariance(points), axis1=-2, axis2=-1)

    def check_length(self, count: int) -> None:
        """Raise if the motion does not have as many frames as the clip."""
        if len(self.still) != count:
            raise ValueError(
                f"{count - len(self.still)} of {count} frames repeat others in a regular pattern: leave them out "
                "before still regions are used for every pixel, or give regions"
            )

    def check(self, size: tuple[int, int]) -> None:
        """Raise if a still region is not sound in frames of this size (H, W), or moves against the others."""
        still = self.still
        for i, roi in enumerate(still.rois):
            place = f"still[{i}]={roi}" if isinstance(roi, tuple) else f"still[{i}]"
            if not still.is_known[i].all():
                reason = still.reasons[i] or "edges of one direction only"
                raise ValueError(f"{place} does not show the motion of the camera: {reason}; choose another region")
            if not still.is_reliable[i]:
                warnings.warn(
                    f"{place} shows the motion of the camera less certainly: {still.reasons[i]}", stacklevel=6
                )
            outside = _distance_outside(roi, still.values[:, i] / still.pixel_size, size)
            if outside > _MAX_OUTSIDE:
                raise ValueError(
                    f"{place} leaves the frame by up to {outside:.2g} px when the camera moves: choose a region "
                    "that is farther from the border"
                )
        relative, distance = self._disagreement
        allowed = _GAIN_ERROR * float(np.sqrt(np.square(self.parameters[:, :2]).sum(axis=1).mean()))
        if relative > _MAX_DISAGREEMENT and distance > allowed:
            raise ValueError(
                f"the {len(still.rois)} still regions move against one another by {distance:.2g} {still.unit} rms, so "
                "at least one of them is not still: choose others"
            )


def without_camera_motion(measure: Measure, frames: Any, rois: Rois | None, still: Still) -> RegionSignal:
    """The displacement of regions relative to still regions, all of which ``measure(frames, rois)`` measures."""
    reopen = None
    if isinstance(still, str):
        reopen = rereadable(frames)
        still = _automatic_regions(measure, reopen, still)
    parts: list[tuple[int, tuple[int, int]]] = []

    def all_regions(size: tuple[int, int]) -> list[Any]:
        regions = as_regions(rois, size)
        parts.append((len(regions), size))
        return [*regions, *as_regions(still, size, "still")]

    with warnings.catch_warnings(record=True) as messages:
        warnings.simplefilter("always")
        signal = measure(frames if reopen is None else reopen(), all_regions)
    count, size = parts[-1]
    camera = CameraMotion(_selection(signal, slice(count, None)))
    camera.check(size)
    names = [f"region {i}" if i < count else f"still region {i - count}" for i in range(len(signal.rois))]
    for message in messages:
        warnings.warn(with_region_names(str(message.message), names), message.category, stacklevel=4)
    return _difference(_with_overlaps(_selection(signal, slice(count)), camera.still.rois, size), camera)


def _with_overlaps(signal: RegionSignal, still: Sequence[Any], size: tuple[int, int]) -> RegionSignal:
    """The signal, with a reason for each region that shares pixels with a still region in frames of this size."""
    at_rest = np.any([as_region(roi, size).in_frame(size) for roi in still], axis=0)
    overlaps = np.array([bool((as_region(roi, size).in_frame(size) & at_rest).any()) for roi in signal.rois])
    warn_of_regions(overlaps, _OVERLAPS)
    pairs = zip(signal.reasons, overlaps, strict=True)
    return replace(signal, reasons=tuple(reason or _OVERLAPS * bool(overlap) for reason, overlap in pairs))


def measured_camera_motion(measure: Measure, frames: Any, still: Still) -> tuple[CameraMotion, Any]:
    """The motion of the camera, and the frames to be read again."""
    reopen = rereadable(frames)
    if isinstance(still, str):
        still = _automatic_regions(measure, reopen, still)
    sizes: list[tuple[int, int]] = []

    def regions(size: tuple[int, int]) -> list[Any]:
        sizes.append(size)
        return as_regions(still, size, "still")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # An unsound region is an error below.
        camera = CameraMotion(measure(reopen(), regions))
    camera.check(sizes[-1])
    return camera, reopen()


def _automatic_regions(measure: Measure, reopen: Callable[[], Any], still: str) -> list[Any]:
    """The still regions that are found if `still` is ``"auto"``; a warning names them."""
    if still != "auto":
        raise ValueError(
            f"still={short_text(still)} must be a box (top, left, height, width), a mask, a list of them, or 'auto'"
        )
    boxes = find_still(measure, reopen)
    places = ", ".join(map(str, boxes))
    warnings.warn(f"the motion of the camera is that of the regions at rest: {places}", stacklevel=5)
    return boxes


def _selection(signal: RegionSignal, part: slice) -> RegionSignal:
    """The signal of some of its regions."""
    columns: dict[str, Any] = {name: getattr(signal, name)[:, part] for name in ("values", "is_visible")}
    names = ("stderr", "is_known", "rois", "saturated", "reasons", "direction")
    rows = {name: None if getattr(signal, name) is None else getattr(signal, name)[part] for name in names}
    return replace(signal, **columns | rows)


def _difference(signal: RegionSignal, camera: CameraMotion) -> RegionSignal:
    """The signal without the motion of the camera, with the errors of both."""
    centers = np.array([roi_center(roi) for roi in signal.rois])
    projections = _projections(signal.direction, len(centers))
    moves = np.einsum("rij,trj->tri", projections, camera.at(centers))
    covariance = projections @ camera.covariance(centers) @ projections
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    is_visible = signal.is_visible & camera.is_visible[:, None]
    return replace(
        signal,
        values=interpolated(signal.values - moves, ~is_visible, signal.times),
        stderr=np.sqrt(signal.stderr**2 + variance),
        is_visible=is_visible,
        still=camera.still.rois,
    )


def _projections(direction: np.ndarray | None, count: int) -> np.ndarray:
    """Projections (R, 2, 2) on the directions in which the displacement of each region is known."""
    out = np.broadcast_to(np.eye(2), (count, 2, 2)).copy()
    if direction is not None:
        is_single = np.isfinite(direction).all(axis=1)
        out[is_single] = np.einsum("ri,rj->rij", direction[is_single], direction[is_single])
    return out


def _distance_outside(roi: Any, values: np.ndarray, size: tuple[int, int]) -> float:
    """Distance in pixels by which a region with displacement (T, 2) leaves a frame of this size (H, W)."""
    if isinstance(roi, np.ndarray):
        places = np.argwhere(roi)
        first, last = places.min(axis=0), places.max(axis=0) + 1
    else:
        first, last = np.array(roi[:2]), np.add(roi[:2], roi[2:])
    return float(np.maximum(-(first + values), last + values - size).max())


def grid_points(size: tuple[int, int], step: int) -> np.ndarray:
    """Row and column (h, w, 2) of every `step`-th pixel of a frame of this size (H, W)."""
    rows, cols = (np.arange(0, n, step) for n in size)
    return np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1)


class _Reopened:
    """A clip that is read from its first frame whenever it is iterated."""

    def __init__(self, clip: Any) -> None:
        self._clip = clip

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clip, name)

    def __iter__(self) -> Any:
        return iter(self._clip.reopen())


def rereadable(frames: Any) -> Callable[[], Any]:
    """A function that returns the clip from its first frame; the chunks of an iterator are kept in memory."""
    clip = as_frames(frames)
    if hasattr(clip, "reopen"):
        return lambda: _Reopened(clip)
    if isinstance(frames, tuple) or hasattr(clip, "shape"):
        return lambda: frames
    array = as_array(clip)
    return lambda: array
