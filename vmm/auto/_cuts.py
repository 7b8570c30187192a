"""Cuts: places where the scene of a clip changes at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.auto._far_motion import reduced
from vmm.backend.arrays import to_host
from vmm.backend.luma import luma
from vmm.engine.frames import as_frames, cut


@dataclass(frozen=True)
class CutOptions:
    """Thresholds of the search for cuts.

    Attributes
    ----------
    side
        Largest side in cells of the reduced frames that are compared, so that small motion changes them little.
    samples
        Pixels for each cell and direction whose mean is its value.
    min_change
        Change of a frame from that before, relative to the contrast of both, from which it may begin a scene. That of
        unrelated frames is about 1.
    ratio
        The same, relative to the changes between the frames around it: noise and fast motion change all frames.
    persistence
        Share of the change that must be left two frames later: a flash is no cut.
    neighbors
        Number of changes before and after the cut that it is compared with: shorter scenes are not found.
    floor
        Smallest contrast in gray levels of an 8-bit clip (or the same share of the brightest value) that counts.
    """

    side: int = 24
    samples: int = 4
    min_change: float = 0.1
    ratio: float = 3.0
    persistence: float = 0.5
    neighbors: int = 6
    floor: float = 0.5


_OPTIONS = CutOptions()
_LAG = 3
"""Distance in frames from the last frame before a cut to the frame in which the change must still be there."""


def cuts(reopen: Callable[[], Any]) -> tuple[int, ...]:
    """Index of the first frame of each scene but the first.

    Parameters
    ----------
    reopen
        ``reopen()`` returns the clip from its first frame.
    """
    frames = as_frames(reopen())
    parts = [_cells(chunk) for chunk in (cut(frames) if hasattr(frames, "ndim") else frames)]
    cells = np.concatenate(parts).reshape(sum(map(len, parts)), -1)
    floor = _OPTIONS.floor / 255 * float(np.abs(cells).max())
    cells = cells - cells.mean(axis=1, keepdims=True)
    if len(cells) <= 2 * _OPTIONS.neighbors:
        return ()
    change = _change(cells[:-1], cells[1:], floor)
    # The change at index i is that from frame i to frame i + 1.
    lasting = np.pad(_change(cells[:-_LAG], cells[_LAG:], floor), (0, _LAG - 1))
    before, after = (_largest_nearby(change, side) for side in (-1, 1))
    is_cut = (change > _OPTIONS.min_change) & (change > _OPTIONS.ratio * np.maximum(before, after))
    is_cut &= lasting > _OPTIONS.persistence * change
    is_cut[: _OPTIONS.neighbors] = is_cut[-_OPTIONS.neighbors :] = False
    return tuple(int(t) + 1 for t in np.flatnonzero(is_cut))


def longest_scene(starts: tuple[int, ...], length: int) -> tuple[int, int]:
    """The first frame of the longest scene, and the frame after its last one, of a clip of some length in frames."""
    edges = (0, *starts, length)
    i = int(np.argmax(np.diff(edges)))
    return edges[i], edges[i + 1]


def _cells(chunk: Any) -> np.ndarray:
    """Mean luma (T, y, x) of the cells of frames, from some of their pixels."""
    limit = _OPTIONS.side * _OPTIONS.samples
    step = max(1, -(-max(chunk.shape[1:3]) // limit))
    values = np.asarray(to_host(luma(chunk[:, ::step, ::step])), np.float32)
    n = max(1, min(_OPTIONS.samples, *values.shape[1:]))
    return reduced(values, n)


def _change(a: np.ndarray, b: np.ndarray, floor: float) -> np.ndarray:
    """Power of the change between frames, relative to that of both."""
    power = np.square(a).mean(axis=1) + np.square(b).mean(axis=1)
    return np.asarray(np.square(b - a).mean(axis=1) / np.maximum(power + floor**2, 1e-12))


def _largest_nearby(change: np.ndarray, side: int) -> np.ndarray:
    """The largest of the changes before (side -1) or after (side 1) each one."""
    padded = np.pad(change, _OPTIONS.neighbors)
    shifts = [side * i for i in range(1, _OPTIONS.neighbors + 1)]
    n, first = len(change), _OPTIONS.neighbors
    return np.max([padded[first + shift : first + shift + n] for shift in shifts], axis=0)
