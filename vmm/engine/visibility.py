"""Weights of a temporal filter for a point that is visible in a part of the window only."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from vmm.backend.autoregression import Autoregression
from vmm.parts import LookAheadFilter, WholeClipFilter

_LEVELS = 16
"""Number of durations of visibility, before and after a frame, for which weights are computed. More levels follow the
visibility more closely, and take more memory and time."""


class VisibilityWeights:
    """Weights of a filter for a point that is visible for a given number of frames before and after each frame.

    The motion of a point over the frames in which it is occluded is predicted by an autoregression. The weights reject
    motion of constant speed, even if the point is visible in few frames only.

    Parameters
    ----------
    temporal
        A look-ahead filter or a whole-clip filter.
    delay
        Number of frames before and after each frame that the filter uses.
    model
        Prediction of motion.
    """

    def __init__(self, temporal: LookAheadFilter | WholeClipFilter, delay: int, model: Autoregression) -> None:
        self._temporal, self._delay, self._model = temporal, delay, model
        self._rows: dict[tuple[int, int], np.ndarray] = {}

    def table(self, behind: int, ahead: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Weights (levels behind, levels ahead, frames), and the level of each number of visible frames."""
        durations_before, durations_after = self._lengths(behind), self._lengths(ahead)
        weights = np.zeros((len(durations_before), len(durations_after), behind + 1 + ahead))
        for i, b in enumerate(durations_before):
            for j, f in enumerate(durations_after):
                weights[i, j, behind - b : behind + 1 + f] = self.row(b, f)
        levels = (np.searchsorted(n, np.arange(n[-1] + 1), "right") - 1 for n in (durations_before, durations_after))
        return weights, (next(levels), next(levels))

    def _lengths(self, available: int) -> list[int]:
        """Durations of visibility, in frames, for which weights are computed."""
        steps = np.rint(np.linspace(0, self._delay, min(self._delay, _LEVELS) + 1)).astype(int)
        return [*(int(n) for n in steps if n < available), available]

    def row(self, b: int, f: int) -> np.ndarray:
        """Weights (b + 1 + f,) for b visible frames before and f visible frames after; they reject constant speed."""
        if (b, f) not in self._rows:
            self._rows[b, f] = self._row(b, f)
        return self._rows[b, f]

    def _row(self, b: int, f: int) -> np.ndarray:
        n = b + 1 + f
        if n < 3:
            return np.zeros(n)
        try:
            row = self._response(b, f)
        except ValueError:  # The clip is too short for the band of a whole-clip filter.
            return np.zeros(n)
        trend = np.linalg.qr(np.vander(np.arange(n) - b, 2).astype(float))[0]
        return row - trend @ (trend.T @ row)

    def _response(self, b: int, f: int) -> np.ndarray:
        """Response of the filter in frame b to a unit impulse in each of b + 1 + f frames."""
        n, d = b + 1 + f, self._delay
        if isinstance(self._temporal, WholeClipFilter):
            synthesis, analysis = self._temporal.extended_factors(n, self._model)
            whole: np.ndarray = synthesis[b] @ analysis
            return whole
        row: np.ndarray = self._weights[d - b : d + 1 + f].copy()
        for result, weights in ((row, self._weights[: d - b]), (row[::-1], self._weights[::-1][: d - f])):
            if len(weights):
                result += weights[::-1] @ self._model.following(n, len(weights))[:, ::-1]
        return row

    @cached_property
    def _weights(self) -> np.ndarray:
        """Weights (2 delay + 1,) of the frames around a frame in its filtered signal."""
        assert isinstance(self._temporal, LookAheadFilter)
        return np.asarray(self._temporal.apply(np.eye(2 * self._delay + 1), None)[0][-1])
