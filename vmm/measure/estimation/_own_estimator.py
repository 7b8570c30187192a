"""Two passes over a clip that measure regions from their own pixels, and the motion of their neighborhoods."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype, to_host
from vmm.backend.threads import in_parallel, workers
from vmm.engine.two_pass import TwoPassClip
from vmm.measure.estimation._crops import Crops
from vmm.measure.estimation._estimates import AT_BORDER, AT_OUTLINE, IN_PARTS, Estimates
from vmm.measure.estimation._filter_bank import FilterBank, taper_window
from vmm.measure.estimation._first_pass import FirstPass
from vmm.measure.estimation._frozen_cells import FrozenCells
from vmm.measure.estimation._neighborhood import STRIP, Neighborhood, Strips
from vmm.measure.estimation._observability import gradient_floor
from vmm.measure.estimation._own_pixels import (
    DOWN,
    REACH,
    RIGHT,
    PixelModel,
    derivatives,
    gradient_noise,
    without_outline,
)
from vmm.measure.estimation._reading import Reading, centered
from vmm.measure.estimation._tracking import unsaturated_window

MARGIN = STRIP + REACH
"""Width in pixels of the margin around a region: the strips outside its sides, and the reach of the derivatives."""

_TAPER = 4
"""Width in pixels of the taper around a region while it is tracked. A wider one would let the neighborhood in."""

_BORDER = 3
"""Width in pixels of the border of the frame that is left out: more than half of the taps of a derivative reach beyond
the frame there."""

_NEAR = 8
"""Distance in pixels from the border of the frame below which the filters of subbands reach too far beyond it:
the displacement would be more than .5 % too small."""

_N_SAMPLED = 128
"""Number of frames, about, in which residuals and strips are examined. The variance of one signal is then known to
13 %, and those of a region are means over many pixels."""

_GOLDEN = 0.6180339887498949
"""Step of the sequence that chooses those frames, which has no period that the motion could have."""

_OUTLINE = 3
"""Width in pixels of the outline of a region that is left out where an edge moves along it: 3 px from an edge, half of
the taps of a derivative lie on the side of the region."""

_MIN_INNER = 0.3
"""Smallest fraction of the pixels of a region that must remain. Small regions are read with a narrower outline left
out, or whole."""

_MIN_PIXELS = 25
"""Smallest number of pixels of a region that are read at the border of the frame."""

_MAX_OUTLINE = 0.25
"""Largest fraction of the pixels of a region in an outline that moves otherwise: with more, it moves in parts."""

_OUTLINE_DIFFERENCE = 0.5
"""Smallest difference between the motion of that outline and the rest, relative to the largest motion. An edge that
touches the region at times reaches a third to a half."""

_MIN_DIFFERENCE = 0.05
"""Variance, relative to that of the reading without the outline, that is added to the variance of the difference of
both readings: it bounds the effect of rounding errors."""

_MIN_SIGNIFICANCE = 3.0
"""Standard deviations of noise by which both readings must differ. A mistake costs a few pixels of the region."""

_BLOCK = 2**20
"""Pixels of crops that are examined at a time."""


_PLAIN = 0.25
"""Ratio of the gradient energy of a region to that of the strips outside its sides, below which the region is plain."""


class OwnPixelEstimator(FirstPass):
    """Estimates the displacement of regions of one size from their own pixels, and looks at their neighborhoods.

    Call ``observe`` with all chunks of the first pass, then ``prepare``, then ``estimate`` with all chunks of the
    second pass, as for ``Estimator``. Of a clip that can be read again, only sampled frames are read in the second
    pass, and ``undecided`` then gives an estimator for the regions of which all frames are needed.

    Parameters
    ----------
    clip
        The clip.
    crops
        The regions with a margin of `MARGIN`.
    """

    def __init__(self, clip: TwoPassClip, crops: Crops) -> None:
        self._clip, self._only_samples = clip, clip.is_repeatable
        self._dtype, self._xp = real_dtype(clip.dtype), namespace(clip.sample)
        bank = FilterBank(crops.size, self._dtype, self._xp, 2, min(crops.size) - 2 * MARGIN)
        inner = (crops.size[0] - 2 * (MARGIN - _TAPER), crops.size[1] - 2 * (MARGIN - _TAPER))
        super().__init__(crops, bank, np.pad(taper_window(inner, _TAPER, 1), MARGIN - _TAPER))
        self._strip_moves: list[np.ndarray] = []

    def prepare(self) -> None:
        """Make the reference and its derivatives from the observed frames."""
        image, is_saturated = self._reference()
        counts = self._in_frame(self._shifts) & (unsaturated_window(is_saturated) > 0.99)
        level = np.where(counts, image, 0).sum(axis=(1, 2)) / np.maximum(counts.sum(axis=(1, 2)), 1)
        images = derivatives(image - level[:, None, None])
        counts, inside = (x[:, REACH:-REACH, REACH:-REACH] for x in (counts, self.crops.inside > 0))
        core = (slice(None), slice(None), slice(STRIP, -STRIP), slice(STRIP, -STRIP))
        weights = (counts & inside)[:, STRIP:-STRIP, STRIP:-STRIP].astype(float)
        whole, inner = (
            PixelModel.from_derivatives(images[core], w, self._dtype, self._xp)
            for w in (weights, without_outline(weights, _OUTLINE, _MIN_INNER))
        )
        strips = Strips.of(images, counts, inside, self._dtype, self._xp)
        self._open(whole, inner, strips, np.abs(level), max(1, _BLOCK // self.crops.inside.size))

    def _open(self, whole: PixelModel, inner: PixelModel, strips: Strips, level: np.ndarray, block: int) -> None:
        """Begin the readings with these models, in blocks of this number of frames."""
        self.whole, self.inner = Reading(whole, level), Reading(inner, level)
        self._strips, self._level, self._block = strips, level, block

    def hidden_motion(self, frozen: FrozenCells) -> np.ndarray:
        """Motion (G,) in pixels, along one axis, that an encoder may have hidden in each region."""
        return frozen.hidden_motion(*self._steepness)

    def repeats(self, frozen: FrozenCells) -> tuple[np.ndarray, np.ndarray]:
        """Share (G,) of the frames in which each region repeats, and the variance (G, 2) that rounding hides there."""
        share = frozen.repeats(*self._steepness)
        projections, covariance = self.whole.projections, self.whole.model.covariance
        variance = np.diagonal(projections @ covariance @ projections, axis1=1, axis2=2)
        return share, frozen.rounding_variance(share)[:, None] * variance

    @cached_property
    def _steepness(self) -> tuple[np.ndarray, np.ndarray]:
        """First pixels (G, 2) of the regions, and their squared slopes (G, h, w)."""
        slopes = to_host(self.whole.model.images[:, [DOWN, RIGHT]])
        return self.crops.corners + MARGIN, np.square(slopes).sum(axis=1)

    def undecided(self) -> OwnPixelEstimator | None:
        """An estimator of the regions that the sampled frames do not decide, for a pass over all frames, or None.

        The others keep the estimate by filters: their neighborhood moves as they do.
        """
        is_cut_off = self.is_near_border & ~self.is_cut_by_border
        is_moving = self.neighborhood.moves_otherwise | (
            self._may_be_blank & self._is_plain & self.neighborhood.is_moving
        )
        which = np.flatnonzero(is_cut_off | is_moving)
        if not len(which):
            return None
        result = OwnPixelEstimator(self._clip, self.crops.select(which))
        result._only_samples = False
        result._shifts, result._n_observed = self._shifts[:, which], self._n_observed
        result.saturated = self.saturated[which]
        whole, inner = self.whole.model.select(which), self.inner.model.select(which)
        result._open(whole, inner, self._strips.select(which), self._level[which], self._block)
        return result

    def estimate(self, frames: Array) -> None:
        """Estimate the displacement in the next frames."""
        shifts = self._next_shifts(frames)
        step = int(self._block / self._share) if self._only_samples else self._block
        blocks = [slice(i, min(i + step, len(frames))) for i in range(0, len(frames), step)]
        for whole, inner, strip_moves in in_parallel(
            lambda block: self._estimate_block(frames, shifts, block), blocks, workers(frames)
        ):
            self.whole.append(*whole)
            if not self._only_samples:
                self.inner.append(*inner)
            self._strip_moves.append(strip_moves)
        self._n_estimated += len(frames)

    @property
    def _share(self) -> float:
        """Share of the frames that are sampled."""
        return min(1.0, _N_SAMPLED / self._clip.length)

    def _estimate_block(self, frames: Array, shifts: np.ndarray, block: slice) -> tuple[Any, Any, np.ndarray]:
        """Results of both readings for some of the frames, and the moves (G, 4, m, 2) of the strips in sampled ones."""
        numbers = self._n_estimated + np.arange(block.start, block.stop)
        chosen = np.flatnonzero(numbers * _GOLDEN % 1 < self._share)
        frames, shifts, times = frames[block], shifts[block], numbers[chosen]
        if self._only_samples:
            crops, shifts = self.crops.extract(frames, shifts, chosen), shifts[chosen]
            chosen = np.arange(len(chosen))
        else:
            crops = self.crops.extract(frames, shifts)
        crops = crops[:, :, REACH:-REACH, REACH:-REACH]
        core = crops[:, :, STRIP:-STRIP, STRIP:-STRIP]
        whole = self.whole.read(core, chosen, times)
        inner = () if self._only_samples else (*self.inner.read(core, chosen, times, whole[0].moves), shifts)
        strip_moves = self._strips.fit(crops[:, self._xp.asarray(chosen)], whole[1].moves)
        return (*whole, shifts), inner, strip_moves

    def _in_frame(self, shifts: np.ndarray) -> np.ndarray:
        """Bool array (G, rows, cols): the pixels of crops that are far enough from the border in all frames."""
        masks = []
        for axis in (0, 1):
            places = self.crops.corners[:, None, axis] + np.arange(self.crops.size[axis])
            first, last = shifts[..., axis].min(axis=0)[:, None], shifts[..., axis].max(axis=0)[:, None]
            masks.append((places + first >= _BORDER) & (places + last < self._clip.size[axis] - _BORDER))
        return masks[0][:, :, None] & masks[1][:, None, :]

    @property
    def is_near_border(self) -> np.ndarray:
        """Bool array (G,): whether a region comes so near to the border of the frame that filters reach beyond it."""
        shifts = self._shifts
        near = np.zeros(len(self.crops.index), bool)
        for axis in (0, 1):
            first = self.crops.corners[:, axis] + MARGIN + shifts[..., axis].min(axis=0)
            last = self.crops.corners[:, axis] + self.crops.size[axis] - MARGIN + shifts[..., axis].max(axis=0)
            near |= (first < _NEAR) | (last > self._clip.size[axis] - _NEAR)
        return near

    @cached_property
    def neighborhood(self) -> Neighborhood:
        """The motion of the regions and of the strips outside their sides, in sampled frames."""
        is_sampled = self.whole.is_sampled
        return Neighborhood(
            self.whole.sampled_moves,
            centered(np.concatenate(self._strip_moves, axis=2), is_sampled[:, None]),
            self.whole.covariance,
            self.whole.noise[:, None, None, None] * self._strips.covariance,
            self._strips.is_usable,
            np.maximum(is_sampled.sum(axis=1), 1),
        )

    @cached_property
    def _n_directions(self) -> np.ndarray:
        """Number (2, G) of observable directions of the readings with and without the outline."""
        traces = [np.trace(reading.projections, axis1=1, axis2=2) for reading in (self.whole, self.inner)]
        return np.rint(traces).astype(int)

    @property
    def _is_plain(self) -> np.ndarray:
        """Bool array (G,): whether a region has far less texture than the strips outside its sides."""
        result: np.ndarray = self.whole.model.gradient_energy < _PLAIN * self._strips.gradient_energy
        return result

    @property
    def _may_be_blank(self) -> np.ndarray:
        """Bool array (G,): whether no direction of the reading without the outline might be observable.

        Its noise is at most that of the whole region, of which all might be in the pixels without the outline.
        """
        inner, whole = self.inner.model, self.whole.model
        noise = 2 * self.whole.noise * whole.counts / np.maximum(inner.counts - 4, 1)
        floor = gradient_floor(noise, self._level, inner.counts * gradient_noise(), self._n_observed)
        largest: np.ndarray = np.linalg.eigvalsh(inner.normal)[:, -1]
        return largest <= floor

    @cached_property
    def moves_otherwise(self) -> np.ndarray:
        """Bool array (G,): whether the neighborhood of a region moves otherwise than the region.

        A region without texture has no motion of its own: the filters would show that of the texture around it. A scene
        of weak texture has such strips as well, and the filters measure it better.
        """
        is_blank = self._n_directions[1] == 0
        result: np.ndarray = np.where(
            is_blank, self._is_plain & self.neighborhood.is_moving, self.neighborhood.moves_otherwise
        )
        return result

    @cached_property
    def uses_inner(self) -> np.ndarray:
        """Bool array (G,): whether a region is read without the pixels along its outline.

        An edge that moves along the outline covers them at times, and blurs the reference next to it. They are left out
        if the neighborhood moves otherwise, and the displacement without them differs by more than noise explains or is
        unknown in a direction, in which they then show the neighborhood.
        """
        if self._only_samples:
            return np.zeros(len(self.crops.index), bool)
        difference = self.whole.sampled_moves - self.inner.sampled_moves
        inner, whole = self.inner.model.covariance, self.whole.model.covariance
        noise = self.inner.noise[:, None, None] * (inner - whole + _MIN_DIFFERENCE * inner)
        power = np.einsum("gni,gij,gnj->g", difference, np.linalg.pinv(noise, hermitian=True), difference)
        count = np.maximum(self.whole.is_sampled.sum(axis=1), 1)
        differs = (power / count - 2) / 2 * np.sqrt(count) > _MIN_SIGNIFICANCE
        return self.moves_otherwise & (differs | (self._n_directions[1] < self._n_directions[0]))

    @cached_property
    def moves_in_parts(self) -> np.ndarray:
        """Bool array (G,): whether a region moves in parts, as if an edge ran through it."""
        has_edge, largest = self.neighborhood.has_edge, self.neighborhood.largest_motion
        result = self._outline_parts > _MAX_OUTLINE
        for reading, is_used in ((self.inner, self.uses_inner), (self.whole, ~self.uses_inner)):
            if not is_used.any():
                continue
            result |= is_used & (reading.is_unexplained | (has_edge & reading.is_poor))
            which = np.flatnonzero(is_used & has_edge & ~result)
            result[which] = reading.two_parts(largest, which)[0] > 0
        return result

    @cached_property
    def _outline_parts(self) -> np.ndarray:
        """Fraction (G,) of the pixels in a part that moves otherwise, of regions that are read without the outline."""
        result = np.zeros(len(self.crops.index))
        if (which := np.flatnonzero(self.uses_inner & self.neighborhood.has_edge)).size:
            largest = self.neighborhood.largest_motion
            result[which] = self.whole.two_parts(largest, which, _OUTLINE_DIFFERENCE)[0]
        return result

    @property
    def has_edge_at_outline(self) -> np.ndarray:
        """Bool array (G,): whether an edge runs through the outline of a region, and the rest moves as a whole."""
        result: np.ndarray = (self._outline_parts > 0) & ~self.moves_in_parts
        return result

    @cached_property
    def is_cut_by_border(self) -> np.ndarray:
        """Bool array (G,): whether too few pixels of a region are far enough from the border of the frame."""
        counts, n_pixels = self.whole.model.counts, (self.crops.inside > 0).sum(axis=(1, 2))
        return self.is_near_border & (counts < np.maximum(_MIN_PIXELS, _MIN_INNER * n_pixels))

    @cached_property
    def replaces(self) -> np.ndarray:
        """Bool array (G,): whether this estimate takes the place of one by filters that reach beyond the region."""
        return self.moves_otherwise | (self.is_near_border & ~self.is_cut_by_border)

    @cached_property
    def is_marked(self) -> np.ndarray:
        """Bool array (G,): whether the pixels that are read do not follow one motion."""
        return np.where(self.uses_inner, self.inner.is_marked, self.whole.is_marked)

    @cached_property
    def is_doubtful(self) -> np.ndarray:
        """Bool array (G,): whether pixels only seem to move otherwise than the neighborhood, as in an aliased picture.

        Either they do not follow one motion; or they would not with the outline, and without it they move like none of
        the strips outside.
        """
        inner = replace(self.neighborhood, moves=self.inner.sampled_moves, covariance=self.inner.covariance)
        is_alone = self.uses_inner & self.whole.is_marked & ~inner.has_company
        doubtful: np.ndarray = self.replaces & ~self.is_near_border & ~self.moves_in_parts & (self.is_marked | is_alone)
        return doubtful

    def estimates(self) -> Estimates:
        """The displacement in the observable directions, after all frames are read.

        If an edge runs through the outline, the standard error counts the motion on its other side: it is not known
        which side is meant.
        """
        result, inner = (x.estimates(self.saturated) for x in (self.whole, self.inner))
        result.place(np.flatnonzero(self.uses_inner), inner.select(self.uses_inner))
        other = np.diagonal(self.neighborhood.largest_difference, axis1=1, axis2=2)
        result.stderr = np.sqrt(result.stderr**2 + other * self.has_edge_at_outline[:, None])
        result.reasons[self.has_edge_at_outline & (result.reasons == "")] = AT_OUTLINE
        return result

    def disagreement(self, values: np.ndarray) -> np.ndarray:
        """Variance (G, 2) by which another estimate (T, G, 2) differs from this one, as that of ``Reading``."""
        numbers = np.arange(self._n_estimated)
        numbers = numbers[numbers * _GOLDEN % 1 < self._share]
        chosen = slice(None) if self._only_samples else numbers
        result = self.whole.disagreement(values[numbers], chosen)
        if self.uses_inner.any():
            result = np.where(self.uses_inner[:, None], self.inner.disagreement(values[numbers], chosen), result)
        return result

    def parts_variance(self, which: np.ndarray) -> np.ndarray:
        """Variance (..., 2) of the motion of one part against the other, of the regions with indices `which`."""
        moments = self.whole.two_parts(self.neighborhood.largest_motion, which, 0.0)[1]
        variance: np.ndarray = np.maximum(np.diagonal(moments, axis1=1, axis2=2), 0)
        return variance

    @property
    def verdicts(self) -> np.ndarray:
        """What the pixels of each region (G,) say about any estimate of it: `IN_PARTS`, `AT_BORDER`, or nothing."""
        return np.where(self.moves_in_parts, IN_PARTS, np.where(self.is_cut_by_border, AT_BORDER, "")).astype(object)
