"""Search for regions at rest in the scene, in a clip whose camera moves."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.ndimage

from vmm.engine.regions import Box, box_center
from vmm.measure.estimation._estimates import CODED
from vmm.measure.estimation._regions import grid
from vmm.measure.signals._signal import RegionSignal


@dataclass(frozen=True)
class SearchOptions:
    """Thresholds of the search.

    Attributes
    ----------
    sides
        Smallest and largest side of a candidate in pixels: smaller ones have too much noise, and larger ones seldom
        hold one thing only.
    max_candidates
        Approximate largest number of candidates, which bounds the time.
    max_pairs
        Number of pairs of candidates that are tried: with a tenth of the candidates at rest, ten of them are at rest.
    min_regions
        Number of regions without overlap that must move alike. Two could do so by chance.
    min_span
        Distance between the regions, relative to the longer side of the frame, that must be reached. Neighboring parts
        of an object that bends move almost like a rigid body.
    max_noise
        Power of a residual, in that of its error, up to which a region moves with the others. Standard errors are right
        within a quarter.
    gain_error
        Error of a displacement relative to its size that is allowed beyond this.
    max_extrapolation
        Variance of a rigid motion at a region, in the variance of the region, above which the region is not judged.
    line_ratio
        Power at one frequency, in that of the noise around it, from which a region vibrates. White noise exceeds it in
        one of a hundred clips.
    rival_share
        Number of regions of a second group, relative to the largest, from which the two are compared.
    rival_power
        Power of the second group, relative to the largest, below which the second is the one at rest.
    max_stderr
        Largest standard error of a chosen region, relative to the smallest.
    count
        Number of regions that are chosen. More make the error hardly smaller.
    """

    sides: tuple[int, int] = (12, 24)
    max_candidates: int = 60
    max_pairs: int = 1000
    min_regions: int = 3
    min_span: float = 0.3
    max_noise: float = 2.0
    gain_error: float = 0.01
    max_extrapolation: float = 4.0
    line_ratio: float = 8.0
    rival_share: float = 0.25
    rival_power: float = 0.5
    max_stderr: float = 2.0
    count: int = 4


_OPTIONS = SearchOptions()
_BINS = 31
"""Length in bins of the running median of a spectrum, which lines do not change."""

_MIN_FRAMES = 16
"""Smallest number of frames in which a vibration can be distinguished from the noise around it."""

_FIRST_BIN = 4
"""First bin in which vibrations are searched. Errors in proportion to slow motion of the camera fill the bins below."""

_MEDIAN = 0.839
"""Median of the mean of two powers of noise with mean 1 (a chi-square distribution with 4 degrees of freedom)."""


def find_still(measure: Callable[..., RegionSignal], reopen: Callable[[], Any]) -> list[Box]:
    """Boxes at rest in the scene.

    All boxes of a grid are measured. The rigid motion that most of them follow is that of the camera; if two groups
    follow different ones, the camera's is that of the group that moves less at the frequencies at which they differ.

    Parameters
    ----------
    measure
        ``measure(frames, rois, method=...)`` returns the displacement of regions.
    reopen
        ``reopen()`` returns the clip from its first frame.

    Raises
    ------
    ValueError
        If no part of the frame is at rest.
    """
    sizes: list[tuple[int, int]] = []

    def candidates(size: tuple[int, int]) -> list[Box]:
        sizes.append(size)
        return _candidates(size)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Most warnings would be about regions that are not chosen.
        signal = measure(reopen(), candidates, method="linear")
    if len(signal.values) < _MIN_FRAMES:
        raise ValueError(
            f"frames: a clip of {len(signal.values)} frames is too short to find still regions: {_MIN_FRAMES} are "
            "needed; give the region as (top, left, height, width)"
        )
    is_reliable = np.array([reason in ("", CODED) for reason in signal.reasons or [""] * len(signal.rois)])
    is_sound = signal.is_known.all(axis=1) & is_reliable & signal.is_visible.all(axis=0)
    index = np.flatnonzero(is_sound)
    if len(index) < _OPTIONS.min_regions:
        raise ValueError(
            f"no still region is found: {len(index)} of {len(is_sound)} parts of the frame have the texture "
            f"for it, and {_OPTIONS.min_regions} are needed; give the region as (top, left, height, width)"
        )
    boxes = [signal.rois[i] for i in index]
    centers = np.array([box_center(box) for box in boxes])
    search = _Search(signal.values[:, index], signal.stderr[index], centers)
    chosen = search.spread(search.still_group(), boxes[0][2])
    span = np.ptp(centers[chosen], axis=0).max() if chosen else 0.0
    if len(chosen) < _OPTIONS.min_regions or span < _OPTIONS.min_span * max(sizes[0]):
        raise ValueError(
            f"no still region is found: no {_OPTIONS.min_regions} of {len(index)} textured parts of the frame, far "
            "from one another, move alike without a vibration; give the region as (top, left, height, width)"
        )
    return [boxes[i] for i in chosen]


def _candidates(size: tuple[int, int]) -> list[Box]:
    """Boxes on a grid over a frame of this size (H, W)."""
    smallest, largest = _OPTIONS.sides
    side = max(smallest, min(largest, min(size) // 6))
    step = max(side, int(np.sqrt(size[0] * size[1] / _OPTIONS.max_candidates)))
    margin = 8 if min(size) >= side + 16 else 0
    return grid(side, step, margin=margin)(size)


class _Search:
    """Groups of candidates that follow one rigid motion.

    Parameters
    ----------
    values, stderr, centers
        Displacement (T, N, 2), standard errors (N, 2) and centers (N, 2) of the candidates.
    """

    def __init__(self, values: np.ndarray, stderr: np.ndarray, centers: np.ndarray) -> None:
        self._values, self._centers = values - values.mean(axis=0), centers
        floor = max(1e-3 * float(np.sqrt(np.square(self._values).mean())), 1e-9)
        self._variance = np.maximum(stderr, floor) ** 2
        flat = self._values.reshape(len(values), -1)
        self._gram = (flat.T @ flat / len(flat)).reshape(len(centers), 2, len(centers), 2)
        self._power = np.einsum("nini->ni", self._gram)

    def still_group(self) -> np.ndarray:
        """The indices of the candidates at rest; few of them if none is at rest."""
        groups = [self._group(pair) for pair in self._pairs()]
        groups = [group for group in groups if len(group) >= _OPTIONS.min_regions]
        if not groups:
            return np.array([], int)
        groups.sort(key=len, reverse=True)
        largest = groups[0]
        rivals = (g for g in groups if not np.isin(g, largest).any() and len(g) >= _OPTIONS.rival_share * len(largest))
        rival = next(rivals, None)
        if rival is not None and self._moves_less(rival, largest):
            largest = rival
        return self._without_vibrations(largest)

    def spread(self, group: np.ndarray, side: int) -> list[int]:
        """Some candidates of a group that do not overlap: the one with the smallest error, and others far from it."""
        stderr = np.sqrt(self._variance[group].max(axis=1))
        order = group[np.argsort(stderr)]
        order = order[np.sort(stderr) <= _OPTIONS.max_stderr * stderr.min(initial=np.inf)]
        chosen = [int(i) for i in order[:1]]
        while chosen and len(chosen) < _OPTIONS.count:
            offsets = self._centers[order][:, None] - self._centers[chosen]
            if np.abs(offsets).max(axis=2).min(axis=1).max() < side:
                break
            chosen.append(int(order[np.abs(offsets).max(axis=2).min(axis=1).argmax()]))
        return chosen

    def _pairs(self) -> list[tuple[int, int]]:
        """Pairs of candidates, at most as many as the options allow."""
        pairs = list(itertools.combinations(range(len(self._centers)), 2))
        if len(pairs) > _OPTIONS.max_pairs:
            pairs = [pairs[i] for i in np.random.default_rng(0).permutation(len(pairs))[: _OPTIONS.max_pairs]]
        return pairs

    def _weights(self, members: np.ndarray) -> np.ndarray:
        """Weights (N, 2, M, 2) that make the rigid motion at each candidate from the displacement of the members."""
        offsets = self._centers - self._centers[members].mean(axis=0)
        turn = np.stack([offsets[:, 1], -offsets[:, 0]], axis=-1)[..., None]
        factors = np.concatenate([np.broadcast_to(np.eye(2), (len(offsets), 2, 2)), turn], axis=-1)
        stderr = np.sqrt(self._variance[members]).ravel()
        solver = np.linalg.pinv(factors[members].reshape(-1, 3) / stderr[:, None]) / stderr
        return np.asarray(factors @ solver).reshape(len(offsets), 2, len(members), 2)

    def _group(self, pair: tuple[int, int]) -> np.ndarray:
        """The candidates that follow the rigid motion of a pair; none if the pair itself does not move rigidly."""
        members = np.array(pair)
        weights = self._weights(members)
        cross = np.einsum("nimj,nimj->ni", weights, self._gram[:, :, members])
        square = np.einsum("nimj,mjkl,nikl->ni", weights, self._gram[members][:, :, members], weights)
        residual = self._power - 2 * cross + square
        extrapolated = np.einsum("nimj,mj->ni", np.square(weights), self._variance[members])
        limit = _OPTIONS.max_noise * (self._variance + extrapolated) + _OPTIONS.gain_error**2 * self._power
        is_judged = extrapolated <= _OPTIONS.max_extrapolation * self._variance
        follows = ((residual <= limit) & is_judged).all(axis=1)
        return np.flatnonzero(follows) if follows[members].all() else np.array([], int)

    def _moves_less(self, group: np.ndarray, other: np.ndarray) -> bool:
        """Whether a group moves less than another one at the frequencies at which they differ."""
        motions = [self._rigid_motion(members).reshape(len(self._values), -1) for members in (group, other)]
        own, others = (np.fft.rfft(motion, axis=0) for motion in motions)
        weights = np.square(np.abs(own - others))
        return bool((weights * np.abs(own) ** 2).sum() < _OPTIONS.rival_power * (weights * np.abs(others) ** 2).sum())

    def _rigid_motion(self, members: np.ndarray) -> np.ndarray:
        """The motion (T, N, 2) of all candidates if they followed that of the members."""
        return np.einsum("nimj,tmj->tni", self._weights(members), self._values[:, members])

    def _without_vibrations(self, group: np.ndarray) -> np.ndarray:
        """The candidates of a group that do not vibrate against one another; the others are left out one by one."""
        while len(group) >= _OPTIONS.min_regions:
            ratio = self._line_ratio(group)
            if ratio.max() < _OPTIONS.line_ratio:
                break
            group = np.delete(group, ratio.argmax())
        return group

    def _line_ratio(self, group: np.ndarray) -> np.ndarray:
        """Largest ratio (G,) of power to the noise around it in the motion of candidates against their group."""
        residual = (self._values - self._rigid_motion(group))[:, group]
        power = np.square(np.abs(np.fft.rfft(residual * np.hanning(len(residual))[:, None, None], axis=0)))[_FIRST_BIN:]
        power = (power / np.maximum(np.median(power, axis=0), 1e-30)).mean(axis=2)
        floor = scipy.ndimage.median_filter(power, (min(_BINS, len(power)), 1), mode="reflect") / _MEDIAN
        ratio: np.ndarray = (power / np.maximum(floor, 1e-30)).max(axis=0)
        return ratio
