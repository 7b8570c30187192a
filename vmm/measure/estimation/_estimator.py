"""Second pass over a clip: the displacement of regions of one size against their reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype
from vmm.backend.threads import in_parallel, workers
from vmm.engine.two_pass import TwoPassClip
from vmm.measure.estimation._crops import Crops
from vmm.measure.estimation._estimates import Estimates
from vmm.measure.estimation._filter_bank import FilterBank, taper_window
from vmm.measure.estimation._first_pass import FirstPass
from vmm.measure.estimation._hidden_frames import MIN_SIMILARITY, hidden_frames
from vmm.measure.estimation._observability import (
    MIN_ENERGY_RATIO,
    gradient_floor,
    observable_directions,
    single_directions,
)
from vmm.measure.estimation._residuals import Residuals, ResidualSums
from vmm.measure.estimation._slopes import SlopeSums, slope_sums
from vmm.measure.estimation._solution import Observations, Solution, solve
from vmm.measure.estimation._template import Template, pseudo_inverse
from vmm.measure.estimation._tracking import unsaturated_window

MethodName = Literal["phase", "linear"]

_BLOCK = 2**17
"""Pixels of crops that are analyzed at a time, so that intermediate results stay in the cache."""


@dataclass(frozen=True)
class Method:
    """How displacement is estimated.

    Attributes
    ----------
    uses_phase
        Whether it follows from the phases of subbands, or from products of the pixels with images.
    margin, flat
        Width in pixels of the margin around a region, and of its part with full weight. Filters reach farther than
        the products do.
    orientations
        Number of orientations of the subbands.
    noise_interval
        Interval in frames at which the noise is estimated: that takes as long as the displacement itself.
    """

    uses_phase: bool
    margin: int
    flat: int
    orientations: int
    noise_interval: int


METHODS: dict[str, Method] = {"phase": Method(True, 12, 6, 2, 16), "linear": Method(False, 8, 4, 4, 16)}


class Estimator(FirstPass):
    """Estimates the displacement of regions of one size.

    Call ``observe`` with all chunks of the first pass, then ``prepare``, then ``estimate`` with all chunks of the
    second pass.
    """

    def __init__(self, clip: TwoPassClip, crops: Crops, method: Method) -> None:
        self.method = method
        dtype, xp = real_dtype(clip.dtype), namespace(clip.sample)
        bank = FilterBank(crops.size, dtype, xp, method.orientations, min(crops.size) - 2 * method.margin)
        super().__init__(crops, bank, taper_window(bank.size, method.margin, method.flat))
        self._moves: list[np.ndarray] = []
        self._similarity: list[np.ndarray] = []
        self._scores: list[np.ndarray] = []
        self._residual_sums, self._slope_sums = ResidualSums(), SlopeSums()

    def prepare(self) -> None:
        """Make the reference from the observed frames."""
        image, is_saturated = self._reference()
        inside = self.crops.inside
        weights = unsaturated_window(is_saturated)
        window = self._window * weights
        crops = self.bank.xp.asarray(image, self.bank.dtype)
        self.template = Template.from_crops(crops, inside * (weights > 0.5), self.bank, window)
        self._residuals = Residuals(self.template, inside, 1 if self.method.uses_phase else self.method.noise_interval)

    def estimate(self, frames: Array) -> None:
        """Estimate the displacement in the next frames."""
        shifts = self._next_shifts(frames)
        step = max(1, _BLOCK // self.crops.inside.size) if self.method.uses_phase else len(frames)
        blocks = [slice(i, i + step) for i in range(0, len(frames), step)]
        for moves, similarity, scores, of_residuals, of_slopes in in_parallel(
            lambda block: self._estimate_block(frames, shifts, block), blocks, workers(frames)
        ):
            self._moves.append(moves.swapaxes(0, 1))
            self._similarity.append(similarity.T)
            if scores is not None:
                self._scores.append(scores.swapaxes(1, 2).astype(np.float32))
            self._residual_sums.add(of_residuals)
            self._slope_sums.add(of_slopes)
        self._moves[-len(blocks) :] = [np.concatenate(self._moves[-len(blocks) :]) + shifts]
        self._n_estimated += len(frames)

    def _estimate_block(
        self, frames: Array, shifts: np.ndarray, block: slice
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, ResidualSums, SlopeSums]:
        """Displacement (G, n, 2) beyond shifts, similarity (G, n), and sums over some of the frames."""
        template, interval = self.template, self.method.noise_interval
        sampled = slice(-(self._n_estimated + block.start) % interval, None, interval)
        index = np.arange(self._n_estimated + block.start, self._n_estimated + min(block.stop, len(frames)))
        is_odd, scores = self._residuals.is_odd(index), None
        if self.method.uses_phase:
            crops = self.crops.extract(frames[block], shifts[block])
            coefs = self.bank.analyze(template.windowed(crops))
            scores, similarity = template.level_scores(coefs), template.similarity(crops)
            moves = scores.sum(axis=0).astype(float) @ pseudo_inverse(template.normal, MIN_ENERGY_RATIO)
            slope = slope_sums(crops, template.image, moves, similarity >= MIN_SIMILARITY, is_odd)
            crops = crops[:, sampled]
        else:
            products = self.crops.project(frames[block], shifts[block], template.images)[0]
            moves, similarity = template.displacement_from_luma(products)
            crops = self.crops.extract(frames[block][sampled], shifts[block][sampled])
            is_visible = similarity[:, sampled] >= MIN_SIMILARITY
            slope = slope_sums(crops, template.image, moves[:, sampled], is_visible, is_odd[sampled])
        sums = self._residuals.sums(crops, moves[:, sampled], similarity[:, sampled] >= MIN_SIMILARITY)
        return moves, similarity, scores, sums, slope

    @property
    def moves(self) -> np.ndarray:
        """Displacement (T, G, 2) in pixels."""
        return np.concatenate(self._moves)

    @property
    def similarity(self) -> np.ndarray:
        """Similarity (T, G) of each frame to the reference: 1 if they are equal."""
        return np.concatenate(self._similarity)

    def estimates(self) -> Estimates:
        """The displacement in the observable directions, from the levels that agree."""
        solution, template = self._solve(), self.template
        arrays = (solution.noise, template.level, template.noise_energy)
        floor = gradient_floor(*arrays, self._n_estimated, is_corrected=self.method.uses_phase)
        is_known, projections = observable_directions(solution.normal, floor)
        covariance = projections @ solution.covariance @ projections
        return Estimates(
            np.einsum("gij,tgj->tgi", projections, solution.moves),
            np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1)),
            is_known,
            single_directions(projections),
            hidden_frames(self.similarity, np.sqrt(solution.noise) * template.similarity_stderr),
            self.saturated,
            solution.reasons,
        )

    def _solve(self) -> Solution:
        """The displacement from the levels that agree, with its covariance."""
        shifts = self._shifts[: self._n_estimated]
        observed = Observations(
            np.concatenate(self._scores, axis=1) if self._scores else None,
            shifts,
            self.moves - shifts,
            self.similarity >= MIN_SIMILARITY,
            self._tracker.n_reference,
            self._residual_sums,
            self._slope_sums,
        )
        return solve(self._residuals, observed)
