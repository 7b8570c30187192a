"""The second reading of a clip: what regions of one size do against their reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype
from vmm.backend.threads import in_parallel, workers
from vmm.measure.bank import Bank, faded
from vmm.measure.clips import Twice
from vmm.measure.crops import Crops
from vmm.measure.follow import Follower, unsaturated
from vmm.measure.template import Template

LOST = 0.3  # likeness to the reference
_PIXELS = 2**17  # of crops that are worked on at a time


@dataclass(frozen=True)
class Method:
    """How displacement is read.

    Attributes
    ----------
    phase
        From the phases, or from the pixels alone.
    margin, flat
        Pixels around a region, and of these the ones that count in full.
    orientations
        Of the bands.
    every
        One of so many frames tells the noise.
    """

    phase: bool
    margin: int
    flat: int
    orientations: int
    every: int


METHODS = {"phase": Method(True, 12, 6, 2, 16), "linear": Method(False, 8, 4, 4, 64)}


class Reader:
    """Reads the displacement of regions of one size: ``see`` all chunks, ``settle``, then ``read`` them all."""

    def __init__(self, clip: Twice, crops: Crops, method: Method) -> None:
        self.crops, self.method = crops, method
        dtype, xp = real_dtype(clip.dtype), namespace(clip.sample)
        side = min(crops.size) - 2 * method.margin
        self.bank = Bank(crops.size, dtype, xp, method.orientations, side)
        self._follower = Follower(crops, self.bank, method.flat)
        self._seen, self._done = 0, 0
        self._moves: list[np.ndarray] = []
        self._likeness: list[np.ndarray] = []
        self._noise: list[np.ndarray] = []

    def see(self, frames: Array) -> None:
        """Frames that the reference is made of."""
        self._follower.see(frames)
        self._seen += len(frames)

    def settle(self) -> None:
        """Make the reference of what was seen."""
        mean, full = self._follower.reference()
        self._places = self._follower.places()
        inside = self.crops.inside
        self.saturated = (full & (inside > 0)).sum(axis=(1, 2)) / inside.sum(axis=(1, 2))
        used = unsaturated(full)
        window = faded(self.bank.size, self.method.margin, self.method.flat) * used
        crops = self.bank.xp.asarray(mean, self.bank.dtype)
        self.template = Template.of(crops, inside * (used > 0.5), self.bank, window)

    def read(self, frames: Array) -> None:
        """Frames whose displacement is asked for."""
        if self._done + len(frames) > self._seen:  # the clip could be read but once
            self.see(frames)
            self._places = self._follower.places()
        shifts = self._places[self._done : self._done + len(frames)]
        step = max(1, _PIXELS // self.crops.inside.size) if self.method.phase else len(frames)
        blocks = [slice(i, i + step) for i in range(0, len(frames), step)]
        for moves, likeness, noise in in_parallel(
            lambda block: self._block(frames, shifts, block), blocks, workers(frames)
        ):
            self._moves.append(moves.swapaxes(0, 1))
            self._likeness.append(likeness.T)
            self._noise.append(noise.T)
        self._moves[-len(blocks) :] = [np.concatenate(self._moves[-len(blocks) :]) + shifts]
        self._done += len(frames)

    def _block(self, frames: Array, shifts: np.ndarray, block: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Displacement (G, n, 2) beyond shifts, likeness (G, n), and variance (G, m) of the noise in some frames."""
        template = self.template
        told = slice(-(self._done + block.start) % self.method.every, None, self.method.every)
        if self.method.phase:
            crops = self.crops.cut(frames[block], shifts[block])
            coefs = self.bank.analyze(template.windowed(crops))
            moves, likeness = template.by_phase(coefs), template.likeness(crops)
            some = [c.reshape(*crops.shape[:2], *c.shape[1:])[:, told] for c in coefs]
        else:
            moves, likeness = template.by_brightness(self.crops.seen(frames[block], shifts[block], template.images)[0])
            crops = self.crops.cut(frames[block][told], shifts[block][told])
            some = self.bank.analyze(template.windowed(crops)) if crops.size else []
        noise = np.where(likeness[:, told] < LOST, np.nan, template.noise(some, moves[:, told]))
        return moves, likeness, noise

    @property
    def moves(self) -> np.ndarray:
        """Displacement (T, G, 2) in pixels."""
        return np.concatenate(self._moves)

    @property
    def likeness(self) -> np.ndarray:
        """Likeness (T, G) of each frame to the reference, 1 where it is the same."""
        return np.concatenate(self._likeness)

    @property
    def noise(self) -> np.ndarray:
        """Variance (G,) of the pixels' noise."""
        noise = np.concatenate(self._noise)
        told = np.isfinite(noise)
        return np.where(told, noise, 0).sum(axis=0) / np.maximum(told.sum(axis=0), 1)
