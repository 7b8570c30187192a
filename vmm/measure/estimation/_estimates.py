"""The displacement of regions as estimators give it, and why regions are uncertain or unknown."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from vmm.measure.signals._signal import has_values

NO_TEXTURE = "too little texture"
IN_PARTS = "moves in parts: an edge runs through it"
AT_OUTLINE = (
    "an edge runs along its outline: the displacement is that of the pixels inside, and its error counts the motion "
    "on the other side"
)
HIDDEN = "hidden in too many frames"
AT_BORDER = "too close to the border of the frame, so the displacement may be too small by a tenth or more"
CODED = (
    "the encoder of the video repeats parts of it from frame to frame, which hides motion up to an eighth of a pixel: "
    "amplitudes may be too small"
)
REPEATS = (
    "it repeats exactly from frame to frame, as computed video does, or as an encoder makes it, which may hide motion "
    "up to an eighth of a pixel"
)
TOO_UNCERTAIN = "its error would be larger than a pixel and than half of its motion"

_MAX_STDERR = 1.0
"""Largest standard error in pixels of a known displacement that does not exceed it clearly: motion is tracked by whole
pixels, so that an estimate with a larger error holds no information."""

_MIN_MOTION = 2.0
"""Root mean square of a displacement, relative to its standard error, from which it exceeds it clearly."""

_MIN_REPEATS = 0.9
"""Share of the frames in which a region must repeat to be marked. Regular repeats of frames reach three quarters."""


@dataclass(eq=False)
class Estimates:
    """Estimates of R regions in T frames.

    Attributes
    ----------
    values
        Displacement (T, R, 2) in pixels.
    stderr
        Its standard error (R, 2).
    is_known
        Bool array (R, 2): the axes that are observable.
    direction
        The only observable direction (R, 2) of regions that have a single one, else NaN.
    is_hidden
        Bool array (T, R): whether a frame does not show the region.
    saturated
        Fraction (R,) of the pixels that are saturated.
    reasons
        (R,) why a region is unknown, or its standard error less certain than usual; empty for sound regions.
    """

    values: np.ndarray
    stderr: np.ndarray
    is_known: np.ndarray
    direction: np.ndarray
    is_hidden: np.ndarray
    saturated: np.ndarray
    reasons: np.ndarray

    @classmethod
    def unknown(cls, n_frames: int, n_regions: int) -> Estimates:
        """Estimates of regions of which nothing is known."""
        values, pairs = np.full((n_frames, n_regions, 2), np.nan), np.full((n_regions, 2), np.nan)
        is_hidden, reasons = np.zeros((n_frames, n_regions), bool), np.full(n_regions, "", object)
        is_known = np.zeros((n_regions, 2), bool)
        return cls(values, pairs, is_known, pairs.copy(), is_hidden, np.zeros(n_regions), reasons)

    @property
    def has_values(self) -> np.ndarray:
        """Bool array (R, 2): the components with values, those along a single direction included."""
        return has_values(self.is_known, self.direction)

    def select(self, which: np.ndarray) -> Estimates:
        """The estimates of some of the regions."""
        return Estimates(*(part[:, which] if name in _OVER_TIME else part[which] for name, part in self._arrays()))

    def place(self, index: np.ndarray, other: Estimates) -> None:
        """Put other estimates in the place of those of the regions with these indices."""
        for (name, part), (_, replacement) in zip(self._arrays(), other._arrays(), strict=True):
            if name in _OVER_TIME:
                part[:, index] = replacement
            else:
                part[index] = replacement

    def withdraw(self, which: np.ndarray, reason: str) -> None:
        """Make the regions for which a bool array (R,) is True unknown."""
        self.is_known[which], self.direction[which], self.reasons[which] = False, np.nan, reason

    def add_hidden(self, motion: np.ndarray, reason: str) -> None:
        """Add motion (R,) in pixels along each axis, which the frames may hide, to the standard errors.

        If it dominates them, it is the reason why a sound region is uncertain.
        """
        size = np.sqrt(np.square(self.stderr).sum(axis=1, keepdims=True))
        has_direction = np.isfinite(self.direction).all(axis=1, keepdims=True)
        share = np.where(has_direction, self.stderr / np.maximum(size, 1e-30), 1.0)
        is_large = (motion > self.stderr.min(axis=1)) & (self.reasons == "")
        self.stderr = np.hypot(self.stderr, share * motion[:, None])
        self.reasons[is_large] = reason

    def add_repeats(self, share: np.ndarray, variance: np.ndarray) -> None:
        """Add the variance (R, 2) that rounding hides in regions of which this share (R,) of the frames repeats."""
        self.stderr = np.sqrt(self.stderr**2 + variance)
        self.reasons[(share > _MIN_REPEATS) & (self.reasons == "") & (variance > 0).any(axis=1)] = REPEATS

    def withdraw_uncertain(self) -> None:
        """Make components unknown whose standard error exceeds all that the estimators can see."""
        motion = np.nan_to_num(self.values).std(axis=0)
        is_uncertain = self.has_values & (self.stderr > np.maximum(_MAX_STDERR, motion / _MIN_MOTION))
        self.is_known &= ~is_uncertain
        self.direction[is_uncertain.any(axis=1)] = np.nan
        self.reasons[is_uncertain.any(axis=1) & ~self.has_values.any(axis=1)] = TOO_UNCERTAIN

    def _arrays(self) -> list[tuple[str, np.ndarray]]:
        return [(part.name, getattr(self, part.name)) for part in fields(self)]


_OVER_TIME = ("values", "is_hidden")
"""Arrays of which the first axis is time."""
