"""Resampling of unevenly spaced frames onto an even grid, for filters along time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from vmm.engine.times import even_interval
from vmm.io._read import Clip

_SNAP = 0.1
"""Distance in intervals of the grid within which a frame is used unchanged: the delay is small, and a mean of frames
would blur motion."""

_MAX_SHIFT = 0.005
"""Largest shift in seconds at the end of a clip that the stated rate may cause in place of the fitted one."""

_MAX_DENOMINATOR = 10**6
"""Largest denominator of the playback rate: fine enough for a relative error of 1e-6 at any rate above 1 Hz."""

_LONG_GAP = 3.5
"""Length of a gap in intervals of the grid from which frames are mixed linearly: a polynomial swings beyond them."""

_MIN_GAP = 1e-9
"""Smallest interval between two frames, in intervals of the grid: frames at one time are no divisor."""

_MAX_NOISE = 2.0
"""Largest variance of the noise of a mixed frame relative to that of a frame."""

_MAX_CHUNK = 16
"""Largest number of frames that are interpolated at a time, so that a long gap does not fill the memory."""


def even(clip: Clip) -> Clip:
    """Resample a clip of unevenly spaced frames onto an even grid, chunk by chunk.

    If frames are missing from an even grid, the gaps of that grid are filled. Otherwise the grid has the mean rate. A
    frame within a tenth of an interval of a grid point is used unchanged; the others are mixed from four neighbors by
    cubic interpolation, and in long gaps from two by linear interpolation. The duration does not change, so that the
    clip remains synchronous with its sound.

    Parameters
    ----------
    clip
        Clip of ``stream``. One whose frames are evenly spaced is returned unchanged.

    Returns
    -------
    Clip
        Clip with evenly spaced frames; its ``times`` are None, and its ``fs`` and ``fps`` are those of the grid.

    Raises
    ------
    ValueError
        If the clip was opened with ``luma=True``, because its chroma planes would not be resampled.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> frames = np.repeat(np.uint8([0, 10, 30]), 4 * 4).reshape(3, 4, 4)
    >>> clip = vmm.io.Clip(lambda: iter([frames]), frames.shape, "uint8", 10.0, None, times=np.array([0, 0.1, 0.3]))
    >>> resampled = vmm.io.even(clip)
    >>> resampled.shape, round(resampled.fs, 6), next(resampled)[:, 0, 0].tolist()
    ((4, 4, 4), 10.0, [0, 10, 20, 30])
    """
    if clip.times is None:
        return clip
    if clip.color is not None:
        raise ValueError("a clip of unevenly spaced frames that was opened with luma=True cannot be resampled")
    times = np.asarray(clip.times, dtype=np.float64) - clip.times[0]
    interval = even_interval(times)
    if abs(interval * clip.fs - 1) * times[-1] < _MAX_SHIFT:
        interval = 1 / clip.fs
    grid = interval * np.arange(round(times[-1] / interval) + 1)
    fs = clip.fs if interval == 1 / clip.fs else 1 / interval
    fps = clip.fps
    if fps is not None and fs != clip.fs:
        fps = Fraction(float(fps) * fs / clip.fs).limit_denominator(_MAX_DENOMINATOR)
    resampled = clip.with_chunks(lambda: _resampled(clip.reopen(), times, grid), (len(grid), *clip.shape[1:]))
    resampled.fs, resampled.fps, resampled.times = fs, fps, None
    if clip.frame_bytes is not None:
        resampled.frame_bytes = clip.frame_bytes[np.searchsorted(times, grid).clip(0, len(times) - 1)]
    return resampled


def _resampled(chunks: Iterator[np.ndarray], times: np.ndarray, grid: np.ndarray) -> Iterator[np.ndarray]:
    """Chunks of frames at the times of `grid` (G,), from chunks of frames at `times` (T,)."""
    starts, weights = _mixing_weights(times, grid)
    frames: Any = None
    first = position = 0  # `first` is the index of frames[0], and `position` that of the next frame of the grid.
    for chunk in chunks:
        frames = chunk if frames is None else np.concatenate([frames, chunk])
        stop = int(np.searchsorted(starts, first + len(frames) - weights.shape[1], side="right"))
        while position < stop:
            part = slice(position, min(position + _MAX_CHUNK, stop))
            yield _mixed(frames, starts[part] - first, weights[part])
            position = part.stop
        unused = starts[min(position, len(grid) - 1)] - first
        frames, first = frames[unused:], first + unused


def _mixing_weights(times: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index (G,) of the first of the frames that make each frame of the grid, and their weights (G, K).

    The weights are those of Lagrange's polynomial through four frames, or of linear interpolation where a gap is long
    or two frames are so close that the polynomial would amplify noise.
    """
    count, interval = min(4, len(times)), grid[1] - grid[0]
    before = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, len(times) - 2)
    starts = np.clip(before - 1, 0, len(times) - count)
    nodes = times[starts[:, None] + np.arange(count)]
    weights = np.ones((len(grid), count))
    with np.errstate(all="ignore"):  # No polynomial goes through two frames at one time.
        for j in range(count):
            for k in range(count):
                if k != j:
                    weights[:, j] *= (grid - nodes[:, k]) / (nodes[:, j] - nodes[:, k])
        is_noisy = ~(np.square(weights).sum(axis=1) <= _MAX_NOISE)
    gap = np.maximum(times[before + 1] - times[before], _MIN_GAP * interval)
    share = np.clip((grid - times[before]) / gap, 0, 1)
    share[share <= _SNAP * interval / gap] = 0
    share[share >= 1 - _SNAP * interval / gap] = 1
    rows = np.flatnonzero((gap > _LONG_GAP * interval) | is_noisy | (share == 0) | (share == 1))
    weights[rows] = 0
    weights[rows, (before - starts)[rows]] = 1 - share[rows]
    weights[rows, (before - starts)[rows] + 1] = share[rows]
    return starts, weights


def _mixed(frames: np.ndarray, starts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Frames (n, ...) that are mixed from those of index `starts` (n,) and the next ones with `weights` (n, K)."""
    out = frames[starts + weights.argmax(axis=1)]
    for i in np.flatnonzero((weights != 0).sum(axis=1) > 1):
        group = frames[starts[i] : starts[i] + weights.shape[1]].astype(np.float32)
        mean = np.tensordot(weights[i].astype(np.float32), group, 1)
        if out.dtype.kind == "u":
            mean = np.clip(np.rint(mean), 0, np.iinfo(out.dtype).max)
        out[i] = mean
    return out
