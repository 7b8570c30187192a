"""The first pass over a clip: regions are tracked through the frames from which their reference is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vmm.backend.arrays import Array
from vmm.measure.estimation._crops import Crops
from vmm.measure.estimation._filter_bank import FilterBank
from vmm.measure.estimation._tracking import Tracker


class FirstPass:
    """Tracks regions of one size, and gives the shifts of the frames of the second pass.

    Parameters
    ----------
    crops
        The regions.
    bank
        Subbands in which they are tracked.
    window
        Window that tapers a crop to 0 at its border.
    """

    def __init__(self, crops: Crops, bank: FilterBank, window: np.ndarray) -> None:
        self.crops, self.bank, self._window = crops, bank, window
        self._tracker = Tracker(crops, bank, window)
        self._n_observed, self._n_estimated = 0, 0

    def observe(self, frames: Array) -> None:
        """Track the regions through frames from which the reference is made."""
        self._tracker.update(frames)
        self._n_observed += len(frames)

    def fill(self, stuck: Sequence[np.ndarray]) -> None:
        """Start anew, with the stuck pixels around each region filled; they are given as in ``Crops.stuck``."""
        self.crops = replace(self.crops, stuck=stuck)
        self._tracker = Tracker(self.crops, self.bank, self._window)
        self._n_observed = 0

    def _reference(self) -> tuple[np.ndarray, np.ndarray]:
        """Reference images and maps of saturated pixels, as those of ``Tracker.reference``, after the first pass."""
        image, is_saturated = self._tracker.reference()
        inside = self.crops.inside
        self.saturated: np.ndarray = (is_saturated & (inside > 0)).sum(axis=(1, 2)) / inside.sum(axis=(1, 2))
        self._shifts = self._tracker.crop_shifts()
        return image, is_saturated

    def _next_shifts(self, frames: Array) -> np.ndarray:
        """Whole-pixel shifts (n, G, 2) of the next frames of the second pass."""
        stop = self._n_estimated + len(frames)
        if stop > self._n_observed:  # Of an iterator, only the first frames are observed in the first pass.
            self.observe(frames)
            self._shifts = self._tracker.crop_shifts()
        shifts: np.ndarray = self._shifts[self._n_estimated : stop]
        return shifts
