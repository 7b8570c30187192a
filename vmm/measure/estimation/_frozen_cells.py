"""Parts of the frame that repeat exactly in some frames, because the encoder of a video did not code their changes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, to_host

_CELL = 8
"""Side of a cell in pixels, at most that of the blocks that encoders skip. Noise changes some of its pixels."""

_CHANCE_SHARE = 0.05
"""Share of the frames in which a cell repeats that does not count: a cell may not change for a frame by itself."""

_ROUNDING = 0.5
"""Change of the luma that whole numbers hide."""

_ROUNDED = 1 / 12
"""Variance of the error by which whole numbers differ from the luma."""

_MIN_JUMP = 4 * _ROUNDED
"""Smallest mean square change after a repeat that rounding does not explain: twice the variance of the
difference of two rounding errors."""

_MIN_CONTRAST = 4.0
"""Smallest variance of the luma in a cell that shows by repeating that the clip is coded. A cell without contrast, such
as one in saturated black, repeats by itself."""

_N_SAMPLED = 64
"""Number of frames, about, in which cells are compared if not all are."""

_GOLDEN = 0.6180339887498949
"""Step of the sequence that chooses those frames, which has no period that an encoder could have."""

_MAX_HIDDEN_MOTION = 0.125
"""Motion in pixels that a cell that repeats may hide: half of a step of the motion vectors of common encoders."""

_MIN_PARTIAL = 0.5
"""Share of the cells that change, of which some frames repeat, that must jump after repeats in a coded clip."""

_CODED_SHARE = 0.04
"""Share of repeats that a moving cell of a coded clip counts as: encoders also omit parts of the changes of cells that
they do not repeat. It was fitted to errors of 10 thousandths of a pixel next to repeats that hide 50."""

_SURROUNDINGS = 2
"""Cells around regions that are compared too: they show whether the clip is coded if a region never changes."""


class FrozenCells:
    """Cells of the frame that are equal to those of the frame before, counted while a clip is read.

    Parameters
    ----------
    length
        Number of frames of the clip, of which about 64 are compared with the frames next to them. The default, None,
        compares all.
    corners
        First pixels and pixels after the last of R regions, as (2, R, 2), around which cells are compared. The default,
        None, compares all cells.
    is_predictive
        Whether the clip is known to be coded by prediction of frames from others, so that repeats without a change
        hide motion as well.
    """

    def __init__(
        self, length: int | None = None, corners: np.ndarray | None = None, is_predictive: bool = False
    ) -> None:
        self._first, self._stop = np.zeros(2, int), np.full(2, np.iinfo(np.int32).max)
        if corners is not None:
            self._first = np.maximum(corners[0].min(axis=0) // _CELL - _SURROUNDINGS, 0) * _CELL
            self._stop = (-(-corners[1].max(axis=0) // _CELL) + _SURROUNDINGS) * _CELL
        self._share = min(1.0, _N_SAMPLED / length) if length else 1.0
        self._count = 0
        self._last: Any = None
        self._was_frozen: Any = None
        self._n_frozen: Any = 0
        self._n_jumps: Any = 0
        self._jumps: Any = 0
        self._n_changes = self._n_moving = 0
        self._energy: Any = 0
        self._is_integer, self._is_predictive = False, is_predictive

    def observe(self, frames: Array) -> None:
        """Add frames (n, H, W[, 3])."""
        self._is_integer = frames.dtype.kind in "ui"
        (first_row, first_col), (last_row, last_col) = self._first, self._stop
        frames = frames[:, first_row:last_row, first_col:last_col]
        height, width = ((n // _CELL or 1) * min(_CELL, n) for n in frames.shape[1:3])
        for frame in frames[:, :height, :width].reshape(len(frames), height, width, -1):
            follows = self._is_chosen(self._count - 1)
            if self._last is not None and (follows or self._is_chosen(self._count)):
                self._add(frame.astype(np.float32), self._last.astype(np.float32), follows)
            self._last = frame
            self._count += 1

    def _is_chosen(self, number: int) -> bool:
        """Whether a frame is compared with the one before and the one after it."""
        return number * _GOLDEN % 1 < self._share

    def _add(self, frame: Array, last: Array, follows: bool) -> None:
        """Add the change to a frame (H, W, C) from the one before, which may follow the last one that was added.

        Frames that repeat as a whole do not count.
        """
        change = frame - last
        squares = change**2
        energy = _cell_means(squares[..., 0] if change.shape[2] == 1 else change.mean(axis=2) ** 2)
        is_frozen = (energy if change.shape[2] == 1 else _cell_means(squares.sum(axis=2))) == 0
        self._n_changes += 1
        if bool(is_frozen.all()):
            return
        if follows and self._was_frozen is not None:
            is_jump = self._was_frozen & ~is_frozen & (energy > _MIN_JUMP * self._is_integer)
            if bool(is_jump.any()):
                is_jump &= _cell_means(last.mean(axis=2) ** 2) - _cell_means(last.mean(axis=2)) ** 2 > _MIN_CONTRAST
            self._n_jumps, self._jumps = self._n_jumps + is_jump, self._jumps + is_jump * energy
        self._was_frozen = is_frozen
        self._n_moving += 1
        self._n_frozen, self._energy = self._n_frozen + is_frozen, self._energy + energy

    def hidden_change(self, size: tuple[int, int]) -> np.ndarray:
        """Root mean square change of the luma that the frames may hide, and the share of repeats, as (2, H, W).

        Encoders skip changes that are smaller than those that they code. Cells that never change are at rest if no cell
        of the clip changes in some frames alone, as in a computed clip without noise.
        """
        if not self._n_moving:
            hidden = _ROUNDING if self._is_integer and self._n_changes else 0.0
            return np.stack([np.full(size, hidden), np.ones(size)])
        share, energy = to_host(self._n_frozen) / self._n_moving, to_host(self._energy).astype(float)
        level = np.sqrt((share * energy).sum() / max(float((share * (1 - share)).sum()) * self._n_moving, 1e-9))
        hidden = level * np.maximum(share - _CHANCE_SHARE, 0)
        rows, cols = (np.arange(n) for n in size)
        return np.stack([self._at(hidden, rows, cols), self._at(share, rows, cols)])

    def hidden_motion(self, corners: np.ndarray, steepness: np.ndarray) -> np.ndarray:
        """Root mean square motion (G,) in pixels, along one axis, that an encoder may have hidden in regions.

        `steepness` (G, h, w) are the squared slopes of the luma from `corners` (G, 2) of the frame on, and 0 outside
        the regions. A cell that repeats hides motion up to the jump with which it changes next.
        """
        return np.array([self._hidden_in(*parts) for parts in zip(corners, steepness, strict=True)])

    def repeats(self, corners: np.ndarray, steepness: np.ndarray) -> np.ndarray:
        """Share (G,) of the frames in which regions, given as above, repeat; those that repeat as a whole count."""
        n_whole = self._n_changes - self._n_moving
        share = (to_host(self._n_frozen) + n_whole) / max(self._n_changes, 1)
        means = [self._mean_in(*parts, share) for parts in zip(corners, steepness, strict=True)]
        return np.array([mean[0] for mean in means])

    def rounding_variance(self, repeats: np.ndarray) -> np.ndarray:
        """Variance (...) of the noise of a pixel that whole numbers hide in the frames that repeat, by their share."""
        is_hidden = self._is_integer & (repeats > _CHANCE_SHARE)
        variance: np.ndarray = np.where(is_hidden, _ROUNDED * repeats, 0.0)
        return variance

    def _hidden_in(self, corner: np.ndarray, steepness: np.ndarray) -> float:
        """The motion that may be hidden in one region."""
        total = float(steepness.sum())
        if not self._n_changes or total <= 0:
            return 0.0
        share = to_host(self._n_frozen).astype(float) / max(self._n_moving, 1)
        n_jumps, jumps = (np.broadcast_to(to_host(x), share.shape).astype(float) for x in (self._n_jumps, self._jumps))
        repeats, count, energy = self._mean_in(corner, steepness, share, n_jumps, jumps)
        is_coded = (n_jumps > 0).sum() >= _MIN_PARTIAL * max((share < 1).sum(), 1)
        if not count and is_coded:
            count, energy = float(n_jumps.sum()), float(jumps.sum())
        slope = total / np.count_nonzero(steepness) / 2
        motion = math.sqrt(energy / count / slope) if count else _MAX_HIDDEN_MOTION * self._is_predictive
        smallest = _CODED_SHARE if is_coded else 0.0
        if not self._n_moving:
            repeats = 1.0
        return min(motion, _MAX_HIDDEN_MOTION) * math.sqrt(max(repeats - _CHANCE_SHARE, smallest))

    def _mean_in(self, corner: np.ndarray, steepness: np.ndarray, *cells: Any) -> list[float]:
        """Means of values of the cells over one region, weighted by steepness; 0 in a region without any."""
        rows, cols = (start + np.arange(n) for start, n in zip(corner - self._first, steepness.shape, strict=True))
        weights = steepness / max(float(steepness.sum()), 1e-30)
        return [float((weights * self._at(np.atleast_2d(x), rows, cols)).sum()) for x in cells]

    @staticmethod
    def _at(cells: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """Values of the cells that hold the pixels in some rows and columns; the outermost cells go on forever."""
        places = (np.clip(x // _CELL, 0, n - 1) for x, n in zip((rows, cols), cells.shape, strict=True))
        result: np.ndarray = cells[np.ix_(*places)]
        return result


def _cell_means(image: Array) -> Array:
    """Means of an image (H, W) over cells; sides that are shorter than a cell have one."""
    height, width = image.shape
    rows, cols = min(_CELL, height), min(_CELL, width)
    lines = image.reshape(height // rows, rows, width).sum(axis=1)
    means: Array = lines.reshape(height // rows, width // cols, cols).sum(axis=2) / (rows * cols)
    return means
