"""Weights of a temporal filter for a point that is visible for a part of the filter's window only."""

from __future__ import annotations

import numpy as np

from vmm.backend.time_series import continued
from vmm.parts import LookAheadFilter, WholeClipFilter

_LEVELS = 16  # numbers of visible frames, before and after, that have weights of their own


class VisibilityWeights:
    """Weights of a filter for a point that is visible for a given number of frames before and after each frame.

    Where the point is hidden its motion is continued by the likeliest signal in the band of the filter. Motion of
    constant speed has no weight, however short the point is visible.

    Parameters
    ----------
    temporal
        A look-ahead filter or a whole-clip filter.
    delay
        Number of frames before and after each frame that the filter uses.
    """

    def __init__(self, temporal: LookAheadFilter | WholeClipFilter, delay: int) -> None:
        self._temporal, self._delay = temporal, delay
        self._rows: dict[tuple[int, int], np.ndarray] = {}

    def table(self, behind: int, ahead: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Weights (levels behind, levels ahead, frames), and the level of each number of visible frames."""
        before, after = self._lengths(behind), self._lengths(ahead)
        weights = np.zeros((len(before), len(after), behind + 1 + ahead))
        for i, b in enumerate(before):
            for j, f in enumerate(after):
                weights[i, j, behind - b : behind + 1 + f] = self.row(b, f)
        levels = (np.searchsorted(n, np.arange(n[-1] + 1), "right") - 1 for n in (before, after))
        return weights, (next(levels), next(levels))

    def _lengths(self, largest: int) -> list[int]:
        """Numbers of frames that have weights of their own."""
        steps = np.rint(np.linspace(0, self._delay, min(self._delay, _LEVELS) + 1)).astype(int)
        return [*(int(n) for n in steps if n < largest), largest]

    def row(self, b: int, f: int) -> np.ndarray:
        """Weights (b + 1 + f,) that give 0 for motion of constant speed."""
        if (b, f) not in self._rows:
            self._rows[b, f] = self._row(b, f)
        return self._rows[b, f]

    def _row(self, b: int, f: int) -> np.ndarray:
        n = b + 1 + f
        if n < 3:
            return np.zeros(n)
        try:
            row = self._response(b, f)
        except ValueError:  # the clip is too short for the band of a whole-clip filter
            return np.zeros(n)
        steady = np.linalg.qr(np.vander(np.arange(n) - b, 2).astype(float))[0]
        return row - steady @ (steady.T @ row)

    def _response(self, b: int, f: int) -> np.ndarray:
        """Response of the filter in frame b to a unit impulse in each of b + 1 + f frames."""
        impulses, d = np.eye(b + 1 + f), self._delay
        if isinstance(self._temporal, WholeClipFilter):
            return np.asarray(self._temporal.apply(impulses)[0][b])
        around = continued(impulses, self._temporal.band, d - b, d - f, known=2 * d + 1)
        return np.asarray(self._temporal.apply(around, None)[0][-1])
