"""Parts of the frame that repeat exactly in some frames, because the encoder of a video did not code their changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, to_host

_CELL = 8
"""Side of a cell in pixels, at most that of the blocks that encoders skip. Noise changes some of its pixels."""

_CHANCE_SHARE = 0.05
"""Share of the frames in which a cell repeats that does not count: a cell may not change for a frame by itself."""

_ROUNDING = 0.5
"""Change of the luma that whole numbers hide."""


class FrozenCells:
    """Cells of the frame that are equal to those of the frame before, counted while a clip is read."""

    def __init__(self) -> None:
        self._last: Any = None
        self._n_frozen: Any = 0
        self._n_changes = self._n_moving = 0
        self._energy: Any = 0
        self._is_integer = False

    def observe(self, frames: Array) -> None:
        """Add frames (n, H, W[, 3])."""
        self._is_integer = frames.dtype.kind in "ui"
        height, width = ((n // _CELL or 1) * min(_CELL, n) for n in frames.shape[1:3])
        for frame in frames[:, :height, :width].reshape(len(frames), height, width, -1):
            if self._last is not None:
                self._add(frame.astype(np.float32) - self._last.astype(np.float32))
            self._last = frame

    def _add(self, change: Array) -> None:
        """Add the change (H, W, C) from one frame to the next. Frames that repeat as a whole do not count."""
        height, width, _ = change.shape
        rows, cols = min(_CELL, height), min(_CELL, width)
        xp = namespace(change)
        cells = change.reshape(height // rows, rows, width // cols, cols, -1)
        largest = xp.abs(cells).max(axis=(1, 3, 4))
        self._n_changes += 1
        if bool((largest > 0).any()):
            self._n_moving += 1
            self._n_frozen = self._n_frozen + (largest == 0)
            self._energy = self._energy + (cells.mean(axis=4) ** 2).mean(axis=(1, 3))

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
        rows, cols = (np.minimum(np.arange(n) // _CELL, m - 1) for n, m in zip(size, share.shape, strict=True))
        hidden = level * np.maximum(share - _CHANCE_SHARE, 0)
        return np.stack([hidden[np.ix_(rows, cols)], share[np.ix_(rows, cols)]])
