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
        return [*(n for n in self._steps if n < available), available]

    @cached_property
    def _steps(self) -> list[int]:
        """Durations of visibility between 0 and the delay, in frames."""
        return [int(n) for n in np.rint(np.linspace(0, self._delay, min(self._delay, _LEVELS) + 1))]

    def row(self, b: int, f: int) -> np.ndarray:
        """Weights (b + 1 + f,) for b visible frames before and f visible frames after; they reject constant speed."""
        if (b, f) not in self._rows:
            n = b + 1 + f
            # All rows of n frames are computed together, because they have most of the work in common.
            candidates = {b, *self._steps, *(n - 1 - step for step in self._steps)}
            before = sorted(s for s in candidates if max(0, n - 1 - self._delay) <= s <= min(self._delay, n - 1))
            self._rows.update(zip(((s, n - 1 - s) for s in before), self._rows_of(n, before), strict=True))
        return self._rows[b, f]

    def _rows_of(self, n: int, before: list[int]) -> np.ndarray:
        """Weights (rows, n) of n visible frames, for each number of these that are before the filtered frame."""
        if n < 3:
            return np.zeros((len(before), n))
        try:
            rows = self._responses(n, before)
        except ValueError:  # The clip is too short for the band of a whole-clip filter.
            return np.zeros((len(before), n))
        trend = np.linalg.qr(np.vander(np.arange(n), 2).astype(float))[0]
        return rows - (rows @ trend) @ trend.T

    def _responses(self, n: int, before: list[int]) -> np.ndarray:
        """Responses (rows, n) of the filter, in each of these frames, to a unit impulse in each of n frames."""
        d = self._delay
        if isinstance(self._temporal, WholeClipFilter):
            synthesis, analysis = self._temporal.extended_factors(n, self._model)
            return np.asarray(synthesis[before] @ analysis)
        rows = np.stack([self._weights[d - b : d - b + n] for b in before])
        # Weights of the frames beyond either end, from that next to the visible frames to the furthest one.
        beyond = np.zeros((2, len(before), d))
        for i, b in enumerate(before):
            f = n - 1 - b
            beyond[0, i, : d - b], beyond[1, i, : d - f] = self._weights[: d - b][::-1], self._weights[d + 1 + f :]
        of_visible = beyond @ self._model.following(n, d)
        return rows + of_visible[0, :, ::-1] + of_visible[1]

    @cached_property
    def _weights(self) -> np.ndarray:
        """Weights (2 delay + 1,) of the frames around a frame in its filtered signal."""
        assert isinstance(self._temporal, LookAheadFilter)
        return np.asarray(self._temporal.apply(np.eye(2 * self._delay + 1), None)[0][-1])
