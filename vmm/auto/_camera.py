"""Whether the camera moves."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from vmm import stabilize
from vmm.backend.arrays import to_host
from vmm.backend.luma import luma
from vmm.engine.frames import as_array, as_frames, cut
from vmm.engine.regions import Box
from vmm.measure.detection._tiles import N_REFERENCE, tile_signals
from vmm.measure.estimation._camera_motion import CameraMotion
from vmm.measure.estimation._displacement import displacement
from vmm.measure.estimation._still_search import find_still


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
        Number of evenly spaced frames of the first, fast test.
    min_common
        Median motion of the tiles with the most texture, in pixels rms, from which the second, accurate test is made.
    min_unknown
        The same in pixels rms, from which the whole frame is tracked if no regions at rest are found.
    max_rest
        Median motion that tracking may leave, relative to that before it; more of it is no motion of a camera.
    max_bytes
        Size of a clip up to which it is tracked, which takes a few times the memory.
    textured_share
        Share of the tiles that the median is taken of.
    """

    min_shake: float = 0.15
    min_shake_ratio: float = 5.0
    frames: int = 64
    min_common: float = 0.12
    min_unknown: float = 0.5
    max_rest: float = 0.2
    max_bytes: int = 2**29
    textured_share: float = 0.25


_OPTIONS = ShakeOptions()


def camera_shake(reopen: Callable[[], Any], fs: float | None) -> tuple[tuple[Box, ...] | None, float]:
    """The regions at rest if the camera moves, else None; and its motion in pixels rms, 0 if it is small.

    If most of the frame moves alike but no part of it is known to be at rest, the regions are None, and the motion is
    that of the frame.

    Parameters
    ----------
    reopen
        ``reopen()`` returns the clip from its first frame.
    fs
        Rate of the camera in Hz, as for ``displacement``.
    """
    common = _common_motion(reopen())
    if common < _OPTIONS.min_common:
        return None, 0.0
    measure: Any = partial(displacement, fs=fs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Nobody has chosen the regions that the warnings would be about.
        try:
            boxes = find_still(measure, reopen)
        except ValueError:  # No part of the frame is known to be at rest.
            return None, common if _OPTIONS.min_unknown < common < np.inf else 0.0
        camera = CameraMotion(measure(reopen(), boxes))
    path = camera.parameters[:, :2]
    shake = float(np.sqrt(np.square(path - path.mean(axis=0)).sum(axis=1).mean()))
    noise = float(np.sqrt(camera.variance(np.array([0.0, 0.0])).sum()))
    if shake < max(_OPTIONS.min_shake, _OPTIONS.min_shake_ratio * noise):
        return None, 0.0
    return tuple(boxes), shake


def steadied(reopen: Callable[[], Any], common: float) -> Any:
    """The clip with the tracked motion of the whole frame removed, or None if that is no motion of a camera.

    Parameters
    ----------
    reopen
        ``reopen()`` returns the clip from its first frame.
    common
        Motion of the frame in pixels rms.
    """
    clip: Any = as_frames(reopen())
    if np.prod(clip.shape, dtype=float) * np.dtype(clip.dtype).itemsize > _OPTIONS.max_bytes:
        return None
    frames = to_host(as_array(clip))
    try:
        steady = stabilize.steady(frames, stabilize.track(frames))
    except ValueError:  # The scene does not move as a whole.
        return None
    if _common_motion(steady) > _OPTIONS.max_rest * common:
        return None
    return clip.with_chunks(lambda: iter([steady]), steady.shape) if hasattr(clip, "with_chunks") else steady


def _common_motion(clip: Any) -> float:
    """Median motion of the tiles with the most texture, in pixels rms, in some frames of the clip."""
    frames = _some_frames(clip)
    if len(frames) <= N_REFERENCE:
        return float("inf")
    tiles = tile_signals(frames)
    weakest = tiles.gradients.min(axis=-1)
    is_textured = (weakest >= np.quantile(weakest, 1 - _OPTIONS.textured_share)) & (weakest > 0)
    motion = np.einsum("yxdk,tkyx->tdyx", tiles.axes, tiles.motion / np.moveaxis(tiles.gradients, -1, 0))
    path = np.median(motion[..., is_textured], axis=-1)
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
