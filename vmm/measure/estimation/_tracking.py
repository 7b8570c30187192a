"""First pass over a clip: tracking of regions by whole pixels, and their reference image without motion blur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import Array, to_host
from vmm.backend.threads import in_parallel, workers
from vmm.measure.estimation._crops import Crops
from vmm.measure.estimation._filter_bank import FilterBank
from vmm.measure.estimation._template import Template


@dataclass(frozen=True)
class TrackingOptions:
    """Thresholds of the tracker.

    Attributes
    ----------
    max_offset
        Distance in pixels between a region and its crop above which the crop follows. Half a pixel is the range in
        which the linear estimate is accurate.
    search_below
        Similarity below which a region is searched for. Sub-pixel motion alone keeps the similarity above this value.
    reject_below, accept_above
        Similarity below which a match is rejected, and above which it is accepted. They lie below `search_below`,
        since noise reduces the similarity.
    adapted_limit
        Fraction of a confirmed similarity to which `search_below` is lowered for a region: noise reduces the similarity
        of weak texture, and the search would otherwise start in every frame.
    max_failures, pause
        Number of failed searches after which a region is not searched for, and the length of that pause in frames. A
        region that is hidden for a long time would otherwise cost a search in every frame.
    min_energy_ratio
        Ratio of the gradient energies of the two principal directions below which the weak one is not tracked: along an
        edge, tracking would follow noise.
    max_steps
        Largest number of steps of a search. Each step covers half a wavelength of the coarsest subband.
    """

    max_offset: float = 0.5
    search_below: float = 0.6
    reject_below: float = 0.3
    accept_above: float = 0.5
    adapted_limit: float = 0.7
    max_failures: int = 4
    pause: int = 64
    min_energy_ratio: float = 0.02
    max_steps: int = 8


@dataclass(frozen=True)
class ReferenceOptions:
    """How the reference image is made.

    Attributes
    ----------
    max_samples
        Number of displacements from which the motion blur of the mean is computed. More make it slower and hardly more
        accurate.
    block
        Number of displacements per matrix product. BLAS divides larger products among cores, which is slow while the
        other cores are busy.
    min_contrast
        Smallest contrast that motion blur leaves of a spatial frequency for it to be restored. Restoring weaker ones
        would amplify noise.
    saturated_fraction
        Fraction of the examined frames in which a saturated pixel is left out.
    first_frames, first_interval, interval
        Of the first `first_frames` frames one in `first_interval` is examined for saturated pixels, and then one in
        `interval`.
    guard
        Width in pixels of the border of saturated pixels that is left out as well, because of interpolation.
    """

    max_samples: int = 1024
    block: int = 256
    min_contrast: float = 0.3
    saturated_fraction: float = 0.5
    first_frames: int = 32
    first_interval: int = 4
    interval: int = 32
    guard: int = 1


_TRACKING, _REFERENCE = TrackingOptions(), ReferenceOptions()


class Tracker:
    """Tracks regions of one size from frame to frame, and sums up their images.

    Parameters
    ----------
    crops
        The regions.
    bank
        Their subbands.
    window
        Window (H, W) of the crops.
    """

    def __init__(self, crops: Crops, bank: FilterBank, window: np.ndarray) -> None:
        self.crops, self.bank = crops, bank
        self._window = window
        self._shifts: list[np.ndarray] = []  # (n, G, 2) in whole pixels
        self._moves: list[np.ndarray] = []  # (n, G, 2) in pixels, beyond the shifts
        self._sums = np.zeros((2, *crops.inside.shape))  # sums of crops that show the region, and of the others
        self._counts = np.zeros((2, len(crops.index)))
        self._limits = np.full(len(crops.index), _TRACKING.search_below)
        self._failures, self._pause = np.zeros((2, len(crops.index)), int)
        self._saturated_maps: list[np.ndarray] = []
        self._n_frames = 0

    def update(self, frames: Array) -> None:
        """Track the regions through the next frames."""
        last = self._shifts[-1][-1] if self._shifts else np.zeros((len(self.crops.index), 2), int)
        shifts = np.broadcast_to(last, (len(frames), *last.shape)).copy()
        if not self._shifts:
            first_crops = self.crops.extract(frames[:1], shifts[:1])[:, 0]
            self._template = Template.from_crops(first_crops, self.crops.inside, self.bank, self._window)
            self._projections = _trackable_directions(self._template.normal)
        products, sums = self.crops.project(frames, shifts, self._template.images)
        moves, similarity = self._template.displacement_from_luma(products)
        moves = moves @ self._projections
        needs_search = (abs(moves) > _TRACKING.max_offset).any(axis=2) | (similarity < self._limits[:, None])

        visible_sums, hidden_sums = to_host(sums), np.zeros(self.crops.inside.shape)
        is_visible = np.ones(similarity.shape, bool)

        def track(g: int) -> None:
            self._track_one(frames, g, int(needs_search[g].argmax()), shifts, moves, similarity)
            is_visible[g] = similarity[g] >= _TRACKING.reject_below
            crops = self.crops.select([g]).extract(frames, shifts[:, [g]])[0]
            selections = (self.bank.xp.asarray(mask) for mask in (is_visible[g], ~is_visible[g]))
            visible_sums[g], hidden_sums[g] = (to_host(crops[mask].sum(axis=0)) for mask in selections)

        for _ in in_parallel(track, np.flatnonzero(needs_search.any(axis=1)).tolist(), workers(frames)):
            pass
        self._shifts.append(shifts.astype(np.int32))
        self._moves.append(np.clip(moves, -1, 1).swapaxes(0, 1))
        self._sums += [visible_sums, hidden_sums]
        self._counts += [is_visible.sum(axis=1), (~is_visible).sum(axis=1)]
        self._examine_saturation(frames, shifts)
        self._n_frames += len(frames)

    def _track_one(
        self, frames: Array, g: int, start: int, shifts: np.ndarray, moves: np.ndarray, similarities: np.ndarray
    ) -> None:
        """Track one region frame by frame; after several failed searches, pause the search."""
        crop, template, first_shift = self.crops.select([g]), self._template.select(g), shifts[0, g].copy()
        for t in range(start, len(frames)):
            shift, frame = shifts[max(t - 1, 0), g], frames[t : t + 1]
            move, similarity = moves[g, t], similarities[g, t]
            if (shift != first_shift).any():
                move, similarity = _local_match(frame, crop, template, shift)
            self._pause[g] -= 1
            is_far = (abs(move) > _TRACKING.max_offset).any()
            if self._pause[g] <= 0 and (is_far or similarity < self._limits[g]):
                new_shift, new_move, new_similarity = _search(frame, crop, template, shift, move)
                if (new_shift != shift).any() and new_similarity > max(similarity, _TRACKING.accept_above):
                    shift, move, similarity, self._failures[g] = new_shift, new_move, new_similarity, 0
                elif (failures := self._failures[g] + 1) < _TRACKING.max_failures:
                    self._failures[g] = failures
                else:
                    self._pause[g] = _TRACKING.pause
                self._limits[g] = min(self._limits[g], _TRACKING.adapted_limit * similarity)
            shifts[t, g], moves[g, t], similarities[g, t] = shift, move, similarity

    def _examine_saturation(self, frames: Array, shifts: np.ndarray) -> None:
        """Record the saturated pixels of some of the frames."""
        for t in range(len(frames)):
            is_early = self._n_frames + t < _REFERENCE.first_frames
            interval = _REFERENCE.first_interval if is_early else _REFERENCE.interval
            if (self._n_frames + t) % interval == 0:
                self._saturated_maps.append(self._saturated(frames[t : t + 1], shifts[t]))

    def _saturated(self, frame: Array, shift: np.ndarray) -> np.ndarray:
        """Bool array (G, H, W): the pixels of a frame that have the largest value of their type."""
        if frame.dtype.kind != "u" or frame.max() < (top := np.iinfo(frame.dtype).max):
            return np.zeros(self.crops.inside.shape, bool)
        maps = [to_host(self.crops.extract_raw(frame, g, s)[0]) == top for g, s in enumerate(shift)]
        return np.stack([part.any(axis=2) if part.ndim == 3 else part for part in maps])

    def crop_shifts(self) -> np.ndarray:
        """Whole-pixel shifts (n, G, 2) nearest to the displacement of the regions from their mean position."""
        shifts, moves = np.concatenate(self._shifts), np.concatenate(self._moves)
        nearest: np.ndarray = np.rint(shifts + moves - self.mean_move).astype(np.int32)
        return nearest

    def reference(self) -> tuple[np.ndarray, np.ndarray]:
        """Reference images (G, H, W) in the mean position, and bool maps (G, H, W) of saturated pixels.

        The mean image of a moving texture is blurred: each spatial frequency f is multiplied by the mean of
        ``exp(-2 pi i f d)`` over the displacements d. The reference is the mean image without this blur.
        """
        moves = np.concatenate(self._moves)
        self.mean_move = moves.mean(axis=0)
        samples = np.random.default_rng(0).permutation(moves)[: _REFERENCE.max_samples]
        height, width = self.bank.size
        # A region that is hidden in most frames has too little texture for the similarity to be meaningful.
        is_reliable = (self._counts[0] >= self._counts[1])[:, None, None]
        pairs = (self._sums, self._counts[..., None, None])
        total, count = (np.where(is_reliable, x[0], x.sum(axis=0)) for x in pairs)
        mean = total / count
        self.n_reference = np.maximum(count[:, 0, 0], 1)
        spectrum = np.fft.rfft2(mean)
        for g in range(len(mean)):
            down, right = (samples[:, g] - samples[:, g].mean(axis=0)).T
            blur = _motion_blur(np.fft.fftfreq(height), np.fft.rfftfreq(width), down, right)
            inverse = blur.conj() / np.maximum(abs(blur) ** 2, 1e-9)
            spectrum[g] *= np.where(abs(blur) > _REFERENCE.min_contrast, inverse, 1)
        is_saturated = np.mean(self._saturated_maps, axis=0) > _REFERENCE.saturated_fraction
        return np.fft.irfft2(spectrum, s=(height, width)), is_saturated


def _motion_blur(rows: np.ndarray, cols: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mean of ``exp(-2 pi i f d)`` over displacements (n,), for all frequencies of rows and columns."""
    n = _REFERENCE.block
    starts = range(0, len(down), n)
    products = [_phase_factors(rows, down[i : i + n]) @ _phase_factors(cols, right[i : i + n]).T for i in starts]
    mean: np.ndarray = sum(products) / len(down)
    return mean


def _phase_factors(frequencies: np.ndarray, displacements: np.ndarray) -> np.ndarray:
    """``exp(-2 pi i f d)`` (f, d) in single precision."""
    angles = np.outer((-2 * np.pi * frequencies).astype(np.float32), displacements.astype(np.float32))
    factors = np.empty(angles.shape, np.complex64)
    factors.real, factors.imag = np.cos(angles), np.sin(angles)
    return factors


def _trackable_directions(normal: np.ndarray) -> np.ndarray:
    """Projections (G, 2, 2) on the directions in which regions with these normal matrices are tracked."""
    values, vectors = np.linalg.eigh(normal)
    is_trackable = values > np.maximum(_TRACKING.min_energy_ratio * values[:, 1:], 1e-30)
    projections: np.ndarray = (vectors * is_trackable[:, None]) @ vectors.swapaxes(1, 2)
    return projections


def _local_match(frame: Array, crop: Crops, template: Template, shift: np.ndarray) -> tuple[np.ndarray, float]:
    """Displacement (2,) of a region beyond a shift, and its similarity there."""
    products = crop.project(frame, shift[None, None], template.images)[0]
    move, similarity = template.displacement_from_luma(products)
    return (move @ _trackable_directions(template.normal))[0, 0], float(similarity[0, 0])


def _search(
    frame: Array, crop: Crops, template: Template, shift: np.ndarray, move: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """New shift (2,) of a region, the displacement beyond it and the similarity there.

    The neighboring pixel is tried first, and then the phases of the coarsest subbands.
    """
    new_shift = shift + np.rint(np.clip(move, -1, 1)).astype(int)
    new_move, similarity = _local_match(frame, crop, template, new_shift)
    if (abs(new_move) > _TRACKING.max_offset).any() or similarity < _TRACKING.search_below:
        new_shift = _search_by_phase(frame, crop, template, shift)
        new_move, similarity = _local_match(frame, crop, template, new_shift)
    return new_shift, new_move, similarity


def _search_by_phase(frame: Array, crop: Crops, template: Template, shift: np.ndarray) -> np.ndarray:
    """Whole-pixel shift (2,) of a region in a frame, from the phases of the coarsest subbands."""
    projection = _trackable_directions(template.normal)[0]
    for _ in range(_TRACKING.max_steps):
        coefs = template.bank.analyze(template.windowed(crop.extract(frame, shift[None, None])))
        step = np.rint(template.displacement_from_phase(coefs, template.coarsest)[0, 0] @ projection).astype(int)
        if not step.any():
            step = np.rint(template.displacement_from_phase(coefs)[0, 0] @ projection).astype(int)
        if not step.any() or abs(step).max() > max(crop.size):
            break
        shift = shift + step
    return shift


def unsaturated_window(is_saturated: np.ndarray) -> np.ndarray:
    """Window (G, H, W) that falls smoothly to 0 around saturated pixels."""
    if not is_saturated.any():
        return np.ones(is_saturated.shape)
    side = 2 * _REFERENCE.guard + 1
    near = scipy.ndimage.binary_dilation(is_saturated, np.ones((1, side, side)))
    window: np.ndarray = 1 - scipy.ndimage.gaussian_filter(near.astype(float), (0, 1.5, 1.5), truncate=2)
    return window
