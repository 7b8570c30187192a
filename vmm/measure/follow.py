"""The first reading of a clip: where regions are, to a pixel, and how they look when they stand still."""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import Array, to_host
from vmm.backend.threads import in_parallel, workers
from vmm.measure.bank import Bank, faded
from vmm.measure.crops import Crops
from vmm.measure.template import Template

NEAR = 0.5  # pixels; a region that is farther from where its crop was cut is followed
_LIKE = 0.6  # of the reference; a region that is less like it may be somewhere else
_UNLIKE, _SURE = 0.3, 0.5  # what is less like it is not it, and what is more like it is
_SETTLING = 0.7  # of the likeness that proved right once; noise makes it small where texture is weak
_PATIENCE, _REST = 4, 64  # frames in which a region is looked for in vain, and is not looked for after that
_STEADY = 0.02  # of the gradient's energy in the other direction
_STEPS = 8  # at most, each up to half a wavelength of the coarsest band
_SPREAD = 1024  # displacements that tell how blurred a mean is
_AT_ONCE = 256  # of them; BLAS shares larger products among cores, and waits long for one that is busy
_FAINT = 0.3  # contrast that is left of a wave; what lost more is not restored
_SATURATED = 0.5  # of the frames looked at
_OFTEN, _FIRST, _LOOKED = 4, 32, 32  # one of so many frames is, of the first ones and of those after
_BESIDE = 1  # pixel around a saturated one that is not used either


class Follower:
    """Follows regions of one size from frame to frame and sums up what they look like.

    Parameters
    ----------
    crops
        The regions.
    bank
        Their bands.
    flat
        Pixels around a region that count in full.
    """

    def __init__(self, crops: Crops, bank: Bank, flat: int) -> None:
        self.crops, self.bank = crops, bank
        self._window = faded(bank.size, crops.margin, flat)
        self._shifts: list[np.ndarray] = []  # (n, G, 2) whole pixels
        self._moves: list[np.ndarray] = []  # (n, G, 2) pixels beyond these
        self._sums = np.zeros((2, *crops.inside.shape))  # of frames that show the region, and of those that do not
        self._counts = np.zeros((2, len(crops.index)))
        self._limits = np.full(len(crops.index), _LIKE)
        self._vain, self._rest = np.zeros((2, len(crops.index)), int)
        self._full: list[np.ndarray] = []
        self._seen = 0

    def see(self, frames: Array) -> None:
        """Follow the regions through a few frames more."""
        last = self._shifts[-1][-1] if self._shifts else np.zeros((len(self.crops.index), 2), int)
        shifts = np.broadcast_to(last, (len(frames), *last.shape)).copy()
        if not self._shifts:
            still = self.crops.cut(frames[:1], shifts[:1])[:, 0]
            self._first = Template.of(still, self.crops.inside, self.bank, self._window)
            self._told = _told(self._first.normal)
        products, sums = self.crops.seen(frames, shifts, self._first.images)
        moves, likeness = self._first.by_brightness(products)
        moves = moves @ self._told
        doubtful = (abs(moves) > NEAR).any(axis=2) | (likeness < self._limits[:, None])

        shown, hidden = to_host(sums), np.zeros(self.crops.inside.shape)
        there = np.ones(likeness.shape, bool)

        def follow(g: int) -> None:
            self._walk(frames, g, int(doubtful[g].argmax()), shifts, moves, likeness)
            there[g] = likeness[g] >= _UNLIKE
            crops = self.crops.only(g).cut(frames, shifts[:, [g]])[0]
            either = (self.bank.xp.asarray(some) for some in (there[g], ~there[g]))
            shown[g], hidden[g] = (to_host(crops[some].sum(axis=0)) for some in either)

        for _ in in_parallel(follow, np.flatnonzero(doubtful.any(axis=1)).tolist(), workers(frames)):
            pass
        self._shifts.append(shifts.astype(np.int32))
        self._moves.append(np.clip(moves, -1, 1).swapaxes(0, 1))
        self._sums += [shown, hidden]
        self._counts += [there.sum(axis=1), (~there).sum(axis=1)]
        self._look(frames, shifts)
        self._seen += len(frames)

    def _walk(
        self, frames: Array, g: int, start: int, shifts: np.ndarray, moves: np.ndarray, alike: np.ndarray
    ) -> None:
        """Follow one region frame by frame; where it was looked for in vain several times, no more for a while."""
        one, template, here = self.crops.only(g), self._first.only(g), shifts[0, g].copy()
        for t in range(start, len(frames)):
            shift, frame = shifts[max(t - 1, 0), g], frames[t : t + 1]
            move, likeness = moves[g, t], alike[g, t]
            if (shift != here).any():
                move, likeness = _near(frame, one, template, shift)
            self._rest[g] -= 1
            if self._rest[g] <= 0 and ((abs(move) > NEAR).any() or likeness < self._limits[g]):
                there, moved, better = _searched(frame, one, template, shift, move)
                if (there != shift).any() and better > max(likeness, _SURE):
                    shift, move, likeness, self._vain[g] = there, moved, better, 0
                elif (vain := self._vain[g] + 1) < _PATIENCE:
                    self._vain[g] = vain
                else:
                    self._rest[g] = _REST
                self._limits[g] = min(self._limits[g], _SETTLING * likeness)
            shifts[t, g], moves[g, t], alike[g, t] = shift, move, likeness

    def _look(self, frames: Array, shifts: np.ndarray) -> None:
        """See which pixels are saturated in some of the frames."""
        for t in range(len(frames)):
            if (self._seen + t) % (_OFTEN if self._seen + t < _FIRST else _LOOKED) == 0:
                self._full.append(self._saturated(frames[t : t + 1], shifts[t]))

    def _saturated(self, frame: Array, shift: np.ndarray) -> np.ndarray:
        """Pixels (G, H, W) of a frame that are as bright as its type allows."""
        if frame.dtype.kind != "u" or frame.max() < (top := np.iinfo(frame.dtype).max):
            return np.zeros(self.crops.inside.shape, bool)
        parts = [to_host(self.crops.raw(frame, g, s)[0]) == top for g, s in enumerate(shift)]
        return np.stack([part.any(axis=2) if part.ndim == 3 else part for part in parts])

    def places(self) -> np.ndarray:
        """Whole-pixel shifts (n, G, 2) nearest to the regions' displacement from their mean position."""
        shifts, moves = np.concatenate(self._shifts), np.concatenate(self._moves)
        nearest: np.ndarray = np.rint(shifts + moves - self.middle).astype(np.int32)
        return nearest

    def reference(self) -> tuple[np.ndarray, np.ndarray]:
        """What the regions look like (G, H, W) in their mean position, not blurred by motion; and what is saturated.

        The mean of a moving texture has lost of each wave what the mean of ``exp(-2 pi i f d)`` over the displacements
        tells; this is put back.
        """
        moves = np.concatenate(self._moves)
        self.middle = moves.mean(axis=0)
        some = np.random.default_rng(0).permutation(moves)[:_SPREAD]
        height, width = self.bank.size
        mostly = (self._counts[0] >= self._counts[1])[:, None, None]  # else there is too little texture to tell
        total, count = (np.where(mostly, x[0], x.sum(axis=0)) for x in (self._sums, self._counts[..., None, None]))
        mean = total / count
        spectrum = np.fft.rfft2(mean)
        for g in range(len(mean)):
            down, right = (some[:, g] - some[:, g].mean(axis=0)).T
            left = _mean_wave(np.fft.fftfreq(height), np.fft.rfftfreq(width), down, right)
            spectrum[g] *= np.where(abs(left) > _FAINT, left.conj() / np.maximum(abs(left) ** 2, 1e-9), 1)
        return np.fft.irfft2(spectrum, s=(height, width)), np.mean(self._full, axis=0) > _SATURATED


def _mean_wave(rows: np.ndarray, cols: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mean of ``exp(-2 pi i f d)`` over displacements (n,), for all frequencies of rows and columns."""
    parts = range(0, len(down), _AT_ONCE)
    products = [_waves(rows, down[i : i + _AT_ONCE]) @ _waves(cols, right[i : i + _AT_ONCE]).T for i in parts]
    mean: np.ndarray = sum(products) / len(down)
    return mean


def _waves(frequencies: np.ndarray, places: np.ndarray) -> np.ndarray:
    """``exp(-2 pi i f d)`` (f, d) in single precision."""
    angles = np.outer((-2 * np.pi * frequencies).astype(np.float32), places.astype(np.float32))
    waves = np.empty(angles.shape, np.complex64)
    waves.real, waves.imag = np.cos(angles), np.sin(angles)
    return waves


def _told(normal: np.ndarray) -> np.ndarray:
    """Projections (G, 2, 2) on the directions that a region can be followed in."""
    values, vectors = np.linalg.eigh(normal)
    kept = values > np.maximum(_STEADY * values[:, 1:], 1e-30)
    projections: np.ndarray = (vectors * kept[:, None]) @ vectors.swapaxes(1, 2)
    return projections


def _near(frame: Array, one: Crops, template: Template, shift: np.ndarray) -> tuple[np.ndarray, float]:
    """Displacement (2,) of a region beyond a shift, and its likeness there."""
    move, likeness = template.by_brightness(one.seen(frame, shift[None, None], template.images)[0])
    return (move @ _told(template.normal))[0, 0], float(likeness[0, 0])


def _searched(
    frame: Array, one: Crops, template: Template, shift: np.ndarray, move: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """A shift (2,) nearer to a region, its displacement beyond and its likeness there: a pixel on, or by phase."""
    there = shift + np.rint(np.clip(move, -1, 1)).astype(int)
    moved, likeness = _near(frame, one, template, there)
    if (abs(moved) > NEAR).any() or likeness < _LIKE:
        there = _found(frame, one, template, shift)
        moved, likeness = _near(frame, one, template, there)
    return there, moved, likeness


def _found(frame: Array, one: Crops, template: Template, shift: np.ndarray) -> np.ndarray:
    """The whole-pixel shift (2,) of a region in a frame, from the phases of the coarsest bands."""
    told = _told(template.normal)[0]
    for _ in range(_STEPS):
        coefs = template.bank.analyze(template.windowed(one.cut(frame, shift[None, None])))
        step = np.rint(template.by_phase(coefs, template.coarse)[0, 0] @ told).astype(int)
        if not step.any():
            step = np.rint(template.by_phase(coefs)[0, 0] @ told).astype(int)
        if not step.any() or abs(step).max() > max(one.size):
            break
        shift = shift + step
    return shift


def unsaturated(full: np.ndarray) -> np.ndarray:
    """Window (G, H, W) that falls to 0 about saturated pixels."""
    if not full.any():
        return np.ones(full.shape)
    near = scipy.ndimage.binary_dilation(full, np.ones((1, 2 * _BESIDE + 1, 2 * _BESIDE + 1)))
    window: np.ndarray = 1 - scipy.ndimage.gaussian_filter(near.astype(float), (0, 1.5, 1.5), truncate=2)
    return window
