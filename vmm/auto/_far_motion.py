"""Small motion of objects that also move far, for which the vibrations of places in the frame are no sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import to_host
from vmm.backend.luma import luma
from vmm.engine.frames import as_frames, cut
from vmm.engine.regions import Box
from vmm.motion import flow


@dataclass(frozen=True)
class FlowOptions:
    """Constants of the search for objects that move far.

    Attributes
    ----------
    side
        Largest side in pixels of the reduced frames from which the flow is read. It finds objects, not their detail.
    max_frames
        Largest number of frames that are read, which bounds the time.
    min_speed
        Speed in pixels of the reduced frame per frame from which a pixel counts as moving. Noise and faint vibrations
        are slower.
    min_share
        Mean share of the frame that moves, from which an object moves far.
    max_residual
        Largest power of the change between moving pixels of two frames that the flow does not explain, relative to that
        of all their change. The flow of noise, as in areas without texture, explains about a third.
    min_frames
        Smallest number of frames of a clip.
    """

    side: int = 160
    max_frames: int = 600
    min_speed: float = 0.3
    min_share: float = 0.01
    max_residual: float = 0.55
    min_frames: int = 12


_OPTIONS = FlowOptions()


@dataclass(frozen=True)
class FarMotion:
    """The motion of objects that move far.

    Attributes
    ----------
    speed
        Speed in pixels per frame that a tenth of the moving pixels exceed.
    roi
        Box (top, left, height, width) in pixels in which most of the motion is.
    """

    speed: float
    roi: Box


def far_motion(reopen: Callable[[], Any]) -> FarMotion | None:
    """The motion of objects that move far, or None if nothing moves far.

    Parameters
    ----------
    reopen
        ``reopen()`` returns the clip from its first frame.
    """
    frames, step = _some_frames(reopen())
    if len(frames) < _OPTIONS.min_frames or min(frames.shape[1:]) < 4:
        return None
    share, places, speed, residual = _motion(frames)
    if share < _OPTIONS.min_share or residual > _OPTIONS.max_residual:
        return None
    return FarMotion(step * speed, _box(places, step))


def _some_frames(clip: Any) -> tuple[np.ndarray, int]:
    """Luma of the first frames at reduced size, and the step between their pixels."""
    chunks: list[np.ndarray] = []
    step = 1
    for chunk in _chunks(clip):
        values = to_host(luma(chunk))
        step = max(1, -(-max(values.shape[1:]) // _OPTIONS.side))
        chunks.append(reduced(values, step))
        if sum(map(len, chunks)) >= _OPTIONS.max_frames:
            break
    return np.concatenate(chunks)[: _OPTIONS.max_frames], step


def reduced(values: np.ndarray, step: int) -> np.ndarray:
    """Frames (T, H, W) whose pixels are the means of blocks of step x step pixels."""
    height, width = (n // step * step for n in values.shape[1:])
    blocks = values[:, :height, :width].reshape(len(values), height // step, step, width // step, step)
    return np.asarray(blocks.mean(axis=(2, 4)))


def _chunks(clip: Any) -> Iterator[Any]:
    frames = as_frames(clip)
    yield from cut(frames) if hasattr(frames, "ndim") else frames


def _motion(frames: np.ndarray) -> tuple[float, np.ndarray, float, float]:
    """The mean share of moving pixels, how often each moves (H, W), a high speed of them, and the misfit of the flow.

    The misfit is the share of the change of the moving pixels that the flow does not explain.
    """
    shares, speeds, places = [], [], np.zeros(frames.shape[1:])
    changes, pixels = np.zeros(2), np.indices(frames.shape[1:]).astype(np.float32)
    for a, b in pairwise(frames):
        vectors = flow(a, b)
        speed = np.hypot(*vectors)
        is_moving = speed > _OPTIONS.min_speed
        registered = scipy.ndimage.map_coordinates(b, pixels + vectors, order=1, mode="nearest")
        changes += [np.square(image - a)[is_moving].sum() for image in (b, registered)]
        shares.append(is_moving.mean())
        speeds.append(np.percentile(speed[is_moving], 90) if is_moving.any() else 0.0)
        places += is_moving
    misfit = float(changes[1] / max(changes[0], 1e-12))
    return float(np.mean(shares)), places / len(shares), float(np.median(speeds)), misfit


def _box(places: np.ndarray, step: int) -> Box:
    """The box of the pixels that move at least half as often as those that move most."""
    rows, cols = (np.flatnonzero((places >= places.max() / 2).any(axis=axis)) for axis in (1, 0))
    row, col = int(rows[0]), int(cols[0])
    return row * step, col * step, (int(rows[-1]) + 1 - row) * step, (int(cols[-1]) + 1 - col) * step
