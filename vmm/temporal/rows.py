"""Weights of a filter for motion that is seen for a part of its window only."""

from __future__ import annotations

import numpy as np

from vmm.engine.protocols import Filter
from vmm.temporal.ends import continued

_LEVELS = 16  # numbers of frames, ahead and behind, that have weights of their own


class Rows:
    """Weights of a filter for a point that is seen for so many frames before and after.

    Where it is not seen its motion is continued as is likeliest for the filter's band. Motion of constant speed has no
    weight, however short it is seen.

    Parameters
    ----------
    temporal
        A linear filter that looks ahead, or that needs a whole clip.
    delay
        Frames that it sees before and after each.
    """

    def __init__(self, temporal: Filter, delay: int) -> None:
        self._temporal, self._delay = temporal, delay
        self._known: dict[tuple[int, int], np.ndarray] = {}

    def table(self, behind: int, ahead: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Weights (levels behind, levels ahead, frames), and the level of each number of frames seen."""
        before, after = self._lengths(behind), self._lengths(ahead)
        weights = np.zeros((len(before), len(after), behind + 1 + ahead))
        for i, b in enumerate(before):
            for j, f in enumerate(after):
                weights[i, j, behind - b : behind + 1 + f] = self.row(b, f)
        levels = (np.searchsorted(n, np.arange(n[-1] + 1), "right") - 1 for n in (before, after))
        return weights, (next(levels), next(levels))

    def _lengths(self, most: int) -> list[int]:
        """Numbers of frames that have weights of their own."""
        steps = np.rint(np.linspace(0, self._delay, min(self._delay, _LEVELS) + 1)).astype(int)
        return [*(int(n) for n in steps if n < most), most]

    def row(self, b: int, f: int) -> np.ndarray:
        """Weights (b + 1 + f,) that give 0 for motion of constant speed."""
        if (b, f) not in self._known:
            self._known[b, f] = self._made(b, f)
        return self._known[b, f]

    def _made(self, b: int, f: int) -> np.ndarray:
        n, d = b + 1 + f, self._delay
        seen = np.eye(n)
        if n < 3:
            return np.zeros(n)
        if self._temporal.whole:
            try:
                row = self._temporal.apply(seen, None)[0][b]
            except ValueError:  # too short for the band
                return np.zeros(n)
        else:
            around = continued(seen, self._temporal.band, d - b, d - f, seen=2 * d + 1)
            row = self._temporal.apply(around, None)[0][-1]
        steady = np.linalg.qr(np.vander(np.arange(n) - b, 2).astype(float))[0]
        return row - steady @ (steady.T @ row)
