"""Whether the camera moves: it shakes, so that its motion can be removed, or it pans or zooms."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.ndimage

from vmm import stabilize
from vmm.auto._far_motion import reduced
from vmm.backend.arrays import to_host
from vmm.backend.luma import luma
from vmm.engine.frames import as_array, as_frames, cut
from vmm.engine.regions import Box
from vmm.measure.detection._tiles import N_REFERENCE, tile_signals
from vmm.measure.estimation._camera_motion import CameraMotion
from vmm.measure.estimation._displacement import displacement
from vmm.measure.estimation._still_search import find_still
from vmm.measure.signals._windows import MIN_PERIODS, detrend, hann


@dataclass(frozen=True)
class ShakeOptions:
    """Thresholds of the search for motion of the camera.

    Attributes
    ----------
    min_shake
        Motion of the camera in pixels rms, from which it is removed.
    min_shake_ratio
        The same in standard errors of the regions at rest that show it.
    frames
        Number of evenly spaced frames of the first, fast tests.
    min_common
        Median motion of the tiles with the most texture, in pixels rms, from which the accurate tests are made.
    min_stated
        The same in pixels rms, from which it is stated even if it is not removed.
    max_rest
        Median motion that tracking may leave, relative to that before it; more of it is no motion of a camera.
    min_followed
        Share of the tiles with texture that must change less without the motion of a camera that regions at
        rest show.
    tile
        Side of these tiles in pixels.
    max_line
        Largest share of one frequency in the power of the tracked motion: a camera that shakes has no such line, but
        an object that fills the frame and vibrates has one.
    max_bytes
        Size of a clip up to which it is tracked, which takes a few times the memory.
    textured_share
        Share of the tiles that the median is taken of.
    side
        Largest side in pixels of the reduced frames that are tracked.
    min_pan
        Distance that the scene moves through the frame, relative to its shorter side, from which the camera pans.
    max_change
        Largest power of the change between frames of a pan or zoom that its motion does not explain, relative to all of
        it.
    zoom_frames
        Number of evenly spaced frames in which a zoom is looked for.
    min_zoom
        Relative change of the scale of the scene, from which the camera zooms.
    """

    min_shake: float = 0.15
    min_shake_ratio: float = 5.0
    frames: int = 64
    min_common: float = 0.12
    min_stated: float = 0.5
    max_rest: float = 0.2
    min_followed: float = 0.5
    tile: int = 16
    max_line: float = 0.7
    max_bytes: int = 2**29
    textured_share: float = 0.25
    side: int = 320
    min_pan: float = 0.2
    max_change: float = 0.5
    zoom_frames: int = 16
    min_zoom: float = 0.03


_OPTIONS = ShakeOptions()


@dataclass(frozen=True, eq=False)
class CameraState:
    """How the camera moves.

    Attributes
    ----------
    still
        Regions at rest that show its motion, if it shakes and there are such; else None.
    steady
        The clip without its motion, if the whole frame was tracked; else None.
    shake
        Its motion in pixels rms. If nothing is at rest and the clip could not be tracked, that of most of the frame.
    pan
        Distance in pixels by which it moves the scene through the frame, or 0 if it does not pan.
    zoom
        Relative change of the scale of the scene, or 0 if it does not zoom.
    is_large
        Whether the clip is too large to be tracked.
    line
        Frequency of its motion in cycles/frame if it has only one, so that it may be that of an object which fills
        the frame; else 0.
    """

    still: tuple[Box, ...] | None = None
    steady: Any = None
    shake: float = 0.0
    pan: float = 0.0
    zoom: float = 0.0
    is_large: bool = False
    line: float = 0.0

    @property
    def is_removed(self) -> bool:
        """Whether its motion can be removed."""
        return self.still is not None or self.steady is not None


def camera_state(reopen: Callable[[], Any], fs: float | None) -> CameraState:
    """How the camera moves.

    Parameters
    ----------
    reopen
        ``reopen()`` returns the clip from its first frame.
    fs
        Rate of the camera in Hz, as for ``displacement``.
    """
    frames = _some_frames(reopen())
    if zoom := _zoom(frames):
        return CameraState(zoom=zoom)
    common = _common_motion(frames)
    if common < _OPTIONS.min_common or common == np.inf:
        return CameraState()
    if pan := _pan(frames):
        return CameraState(pan=pan)
    measure: Any = partial(displacement, fs=fs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Nobody has chosen the regions that the warnings would be about.
        try:
            boxes = find_still(measure, reopen)
            camera = CameraMotion(measure(reopen(), boxes))
        except ValueError:  # No part of the frame is known to be at rest.
            camera = None
    if camera is None or not _is_followed(camera, frames):
        is_large = _is_large(reopen())
        tracked = None if is_large else _steadied(reopen, frames, common)
        return tracked or CameraState(shake=common if common > _OPTIONS.min_stated else 0.0, is_large=is_large)
    path = camera.parameters[:, :2]
    shake = _rms(path)
    noise = float(np.sqrt(camera.variance(np.array([0.0, 0.0])).sum()))
    if shake < max(_OPTIONS.min_shake, _OPTIONS.min_shake_ratio * noise):
        return CameraState()
    share, line = _line(path)
    return CameraState(still=tuple(boxes), shake=shake, line=line if share > _OPTIONS.max_line else 0.0)


def _steadied(reopen: Callable[[], Any], frames: np.ndarray, common: float) -> CameraState | None:
    """The state with the clip without the tracked motion of the whole frame, or None if that is no motion of a camera.

    `frames` are some of its frames, whose motion is `common` pixels rms.
    """
    clip: Any = as_frames(reopen())
    try:
        # Some frames decide, so that a clip of another kind costs little time.
        if _common_motion(stabilize.steady(frames, _track(frames))) > _OPTIONS.max_rest * common:
            return None
        clip_frames = to_host(as_array(clip))
        transforms = _track(clip_frames)
    except ValueError:  # The scene does not move as a whole.
        return None
    center = np.array([(clip.shape[1] - 1) / 2, (clip.shape[2] - 1) / 2, 1.0])
    path = (transforms @ center)[:, :2]
    if _rms(path) < _OPTIONS.min_shake or _line(path)[0] > _OPTIONS.max_line:
        return None
    steady = stabilize.steady(clip_frames, transforms)
    as_clip = clip.with_chunks(lambda: iter([steady]), steady.shape) if hasattr(clip, "with_chunks") else steady
    return CameraState(steady=as_clip, shake=_rms(path))


def _is_followed(camera: CameraMotion, frames: np.ndarray) -> bool:
    """Whether most of the frame changes less without the motion of a camera; else its regions are parts of an object.

    `frames` are some frames of the clip.
    """
    step = max(1, len(camera.parameters) // _OPTIONS.frames)
    origin, down, right = np.moveaxis(camera.at(np.array([(0, 0), (1, 0), (0, 1)]))[::step], 1, 0)
    transforms = np.tile(np.eye(3), (len(origin), 1, 1))
    transforms[:, :2] += np.stack([down - origin, right - origin, origin], axis=-1)
    change, rest = (
        _mean_of_tiles(np.square(np.diff(one, axis=0))) for one in (frames, stabilize.steady(frames, transforms))
    )
    texture = _mean_of_tiles(sum(np.square(slope) for slope in np.gradient(frames[:1], axis=(1, 2))))
    return bool(np.mean((rest < change)[texture >= np.median(texture)]) > _OPTIONS.min_followed)


def _mean_of_tiles(values: np.ndarray) -> np.ndarray:
    """Mean of values (n, H, W) in each tile (y, x)."""
    return reduced(values.mean(axis=0)[None], min(_OPTIONS.tile, min(values.shape[1:]) // 2))[0]


def _is_large(clip: Any) -> bool:
    """Whether a clip is too large to be tracked."""
    frames: Any = as_frames(clip)
    return bool(np.prod(frames.shape, dtype=float) * np.dtype(frames.dtype).itemsize > _OPTIONS.max_bytes)


def _track(frames: np.ndarray) -> np.ndarray:
    """Transforms (T, 3, 3) of the whole frame, read from frames of reduced size."""
    step = max(1, -(-max(frames.shape[1:3]) // _OPTIONS.side))
    small = np.concatenate([reduced(luma(chunk), step) for chunk in cut(frames)])
    to_full = np.array([[step, 0, (step - 1) / 2], [0, step, (step - 1) / 2], [0, 0, 1]])
    return np.asarray(to_full @ stabilize.track(small) @ np.linalg.inv(to_full))


def _line(path: np.ndarray) -> tuple[float, float]:
    """The largest share of one frequency in the power of a path (T, 2) without its trend, and that frequency.

    The frequency is in cycles/frame.
    """
    power = np.square(np.abs(np.fft.rfft(detrend(path), axis=0))).sum(axis=1)
    if len(power) <= MIN_PERIODS:
        return 0.0, 0.0
    i = MIN_PERIODS + int(np.argmax(power[MIN_PERIODS:]))
    return float(power[i - 1 : i + 2].sum() / max(power.sum(), 1e-12)), i / len(path)


def _pan(frames: np.ndarray) -> float:
    """Distance in pixels by which the scene moves through the frame, or 0 if it does not pan."""
    from skimage.registration import phase_cross_correlation

    step = max(1, -(-max(frames.shape[1:]) // (_OPTIONS.side // 2)))
    small = reduced(frames, step)
    window = np.outer(*(hann(n) for n in small.shape[1:]))
    small = (small - small.mean(axis=(1, 2), keepdims=True)) * window
    path, changes = [np.zeros(2)], np.zeros(2)
    for a, b in pairwise(small):
        shift = phase_cross_correlation(a, b, upsample_factor=8, normalization=None)[0]
        path.append(path[-1] + shift)
        changes += [np.square(a - image).sum() for image in (b, scipy.ndimage.shift(b, shift, order=1))]
    if changes[1] > _OPTIONS.max_change * changes[0]:
        return 0.0
    distance = float(np.hypot(*np.ptp(path, axis=0)))
    return step * distance if distance > _OPTIONS.min_pan * min(small.shape[1:]) else 0.0


def _zoom(frames: np.ndarray) -> float:
    """Relative change of the scale of the scene, or 0 if the camera does not zoom."""
    few = frames[:: max(1, len(frames) // _OPTIONS.zoom_frames)]
    step = max(1, -(-max(few.shape[1:]) // (_OPTIONS.side // 2)))
    small = reduced(few, step)
    try:
        transforms = stabilize.track(small)
    except ValueError:  # The scene does not move as a whole.
        return 0.0
    scales = np.sqrt(np.linalg.det(transforms[:, :2, :2]))
    zoom = float(scales.max() / scales.min() - 1)
    if zoom < _OPTIONS.min_zoom:
        return 0.0
    rows, cols = (slice(n // 4, -(n // 4)) for n in small.shape[1:])  # These stay in the frame.
    changes = [np.square((one - small[0])[:, rows, cols]).sum() for one in (small, stabilize.steady(small, transforms))]
    return zoom if changes[1] < _OPTIONS.max_change * changes[0] else 0.0


def _common_motion(frames: np.ndarray) -> float:
    """Median motion of the tiles with the most texture, in pixels rms."""
    if len(frames) <= N_REFERENCE:
        return float("inf")
    tiles = tile_signals(frames)
    weakest = tiles.gradients.min(axis=-1)
    is_textured = (weakest >= np.quantile(weakest, 1 - _OPTIONS.textured_share)) & (weakest > 0)
    motion = np.einsum("yxdk,tkyx->tdyx", tiles.axes, tiles.motion / np.moveaxis(tiles.gradients, -1, 0))
    return _rms(np.median(motion[..., is_textured], axis=-1))


def _rms(path: np.ndarray) -> float:
    """Root mean square of the distance of a path (T, 2) from its mean."""
    return float(np.sqrt(np.square(path - path.mean(axis=0)).sum(axis=1).mean()))


def _some_frames(clip: Any) -> np.ndarray:
    """Luma of evenly spaced frames of a clip."""
    frames = as_frames(clip)
    step = max(1, frames.shape[0] // _OPTIONS.frames)
    chunks, position = [], 0
    for chunk in cut(frames) if hasattr(frames, "ndim") else frames:
        chunks.append(to_host(luma(chunk[-position % step :: step])))
        position += len(chunk)
    return np.concatenate(chunks)
