"""Small motion of objects that also move far, for which the vibrations of places in the frame are no sign."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    min_moving
        Share of moving pixels, relative to that of the neighboring frames, below which a frame repeats the last one.
    max_repeats
        Share of such frames above which the motion itself stops and starts.
    min_periods
        Periods of the frequency in the clip.
    max_frequency
        Largest frequency in cycles/frame: noise and the codec change each frame.
    """

    side: int = 160
    max_frames: int = 600
    min_speed: float = 0.3
    min_share: float = 0.01
    max_residual: float = 0.55
    min_moving: float = 0.4
    max_repeats: float = 0.4
    min_periods: float = 3.0
    max_frequency: float = 0.4


_OPTIONS = FlowOptions()


@dataclass(frozen=True)
class FarMotion:
    """The motion of objects that move far.

    Attributes
    ----------
    frequency
        Frequency in cycles/frame at which the speed of the objects changes most.
    speed
        Speed in pixels per frame that a tenth of the moving pixels exceed.
    roi
        Box (top, left, height, width) in pixels in which most of the motion is.
    """

    frequency: float
    speed: float
    roi: Box


def far_motion(reopen: Callable[[], Any], refused: Iterable[tuple[float, float]] = ()) -> FarMotion | None:
    """The motion of objects that move far, or None if nothing moves far.

    The velocity of an object is the mean optical flow of the moving pixels, so that it does not matter where the object
    is. Frames that repeat the last one, as some codecs make them, are interpolated.

    Parameters
    ----------
    reopen
        ``reopen()`` returns the clip from its first frame.
    refused
        Bands (low, high) in cycles/frame in which the frequency is not searched, such as those of the codec.
    """
    frames, step = _reduced(reopen())
    if len(frames) < 4 * _OPTIONS.min_periods or min(frames.shape[1:]) < 4:
        return None
    velocity, share, places, speed, residual = _velocity(frames)
    if share.mean() < _OPTIONS.min_share or residual > _OPTIONS.max_residual:
        return None
    velocity = _without_repeats(velocity, share)
    spectrum = np.fft.rfft((velocity - velocity.mean(axis=0)) * np.hanning(len(velocity))[:, None], axis=0)
    frequencies = np.fft.rfftfreq(len(velocity))
    # Large slow motion has most of the speed, and noise has most of the acceleration: this is between them.
    power = np.square(np.abs(spectrum)).sum(axis=1) * np.sqrt(frequencies)
    is_valid = (frequencies >= _OPTIONS.min_periods / len(velocity)) & (frequencies < _OPTIONS.max_frequency)
    for low, high in refused:
        is_valid &= (frequencies < low) | (frequencies > high)
    if not is_valid.any():
        return None
    frequency = float(frequencies[np.argmax(np.where(is_valid, power, 0))])
    return FarMotion(frequency, step * speed, _box(places, step))


def _reduced(clip: Any) -> tuple[np.ndarray, int]:
    """Luma of the first frames at reduced size, and the step between their pixels."""
    chunks: list[np.ndarray] = []
    step = 1
    for chunk in _chunks(clip):
        values = to_host(luma(chunk))
        step = max(1, -(-max(values.shape[1:]) // _OPTIONS.side))
        height, width = (n // step * step for n in values.shape[1:])
        blocks = values[:, :height, :width].reshape(len(values), height // step, step, width // step, step)
        chunks.append(blocks.mean(axis=(2, 4)))
        if sum(map(len, chunks)) >= _OPTIONS.max_frames:
            break
    return np.concatenate(chunks)[: _OPTIONS.max_frames], step


def _chunks(clip: Any) -> Iterator[Any]:
    frames = as_frames(clip)
    yield from cut(frames) if hasattr(frames, "ndim") else frames


def _velocity(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """Mean velocity (T - 1, 2) of the moving pixels, their share, how often each moves, a high speed, and the misfit.

    The misfit is the share of the change of the moving pixels that the flow does not explain.
    """
    velocities, shares, speeds, places = [], [], [], np.zeros(frames.shape[1:])
    changes, pixels = np.zeros(2), np.indices(frames.shape[1:]).astype(np.float32)
    for a, b in pairwise(frames):
        vectors = flow(a, b)
        speed = np.hypot(*vectors)
        weight = np.clip(speed - _OPTIONS.min_speed, 0, 1)
        is_moving = weight > 0
        registered = scipy.ndimage.map_coordinates(b, pixels + vectors, order=1, mode="nearest")
        changes += [np.square(image - a)[is_moving].sum() for image in (b, registered)]
        velocities.append((weight * vectors).sum(axis=(1, 2)) / max(float(weight.sum()), 1e-9))
        shares.append(is_moving.mean())
        speeds.append(np.percentile(speed[is_moving], 90) if is_moving.any() else 0.0)
        places += is_moving
    misfit = float(changes[1] / max(changes[0], 1e-12))
    return np.array(velocities), np.array(shares), places / len(velocities), float(np.median(speeds)), misfit


def _without_repeats(velocity: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The velocity, interpolated at frames in which much less moves than in their neighbors."""
    is_new = share >= _OPTIONS.min_moving * scipy.ndimage.median_filter(share, 9, mode="nearest")
    if is_new.mean() < 1 - _OPTIONS.max_repeats:
        return velocity
    index = np.arange(len(velocity))
    return np.stack([np.interp(index, index[is_new], part[is_new]) for part in velocity.T], axis=1)


def _box(places: np.ndarray, step: int) -> Box:
    """The box of the pixels that move at least half as often as those that move most."""
    rows, cols = (np.flatnonzero((places >= places.max() / 2).any(axis=axis)) for axis in (1, 0))
    row, col = int(rows[0]), int(cols[0])
    return row * step, col * step, (int(rows[-1]) + 1 - row) * step, (int(cols[-1]) + 1 - col) * step
