"""Pairs kept on disk, so that one process makes them while others train, and each serves many times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vmm.train.pairs import Pairs


class Pool:
    """A folder of pairs that is filled once, by one process, and read by any number.

    Parameters
    ----------
    path
        The folder; made where it is missing.
    size
        Pairs that it takes, where it is made.
    patch
        Side of their frames in pixels, where it is made.

    Examples
    --------
    >>> import tempfile
    >>> from vmm.train.bank import bank
    >>> from vmm.train.pairs import Scenes, pairs
    >>> pool = Pool(tempfile.mkdtemp() + "/pool", size=8, patch=32)
    >>> pool.fill(pairs(bank(2, 2, side=160), 4, Scenes(patch=32)))
    >>> next(pool.batches(2)).target.shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(self, path: str | Path, *, size: int = 40_000, patch: int = 96) -> None:
        path = Path(path)
        if not (path / "ready.npy").exists():
            path.mkdir(parents=True, exist_ok=True)
            shapes = {"frames": ((size, 3, 3, patch, patch), np.uint8), "told": ((size, 2), np.float32)}
            for name, (shape, dtype) in {**shapes, "ready": ((1,), np.int64)}.items():
                np.lib.format.open_memmap(path / f"{name}.npy", "w+", dtype, shape)
        self.frames, self.told, self.ready = (
            np.lib.format.open_memmap(path / f"{name}.npy", "r+") for name in ("frames", "told", "ready")
        )

    def __len__(self) -> int:
        return int(self.ready[0])

    @property
    def full(self) -> bool:
        """Whether there is no room left."""
        return len(self) >= len(self.frames)

    def fill(self, batches: Iterator[Pairs]) -> None:
        """Take batches until the pool is full, or there are no more."""
        for batch in batches:
            if self.full:
                return
            start = len(self)
            stop = min(start + len(batch.factor), len(self.frames))
            stacked = torch.stack([batch.a, batch.b, batch.target], 1).cpu().numpy()
            self.frames[start:stop] = stacked[: stop - start]
            self.told[start:stop] = torch.stack([batch.factor, batch.reach], 1).cpu().numpy()[: stop - start]
            self.ready[0] = stop

    def batches(self, n: int, *, seed: int = 0, limits: Any = None) -> Iterator[Pairs]:
        """Batches without end, each pair turned, mirrored and its colours exchanged at random.

        ``limits()`` says how far things may move from a to the target, in pixels, and the largest factor; None is any.
        """
        rng = np.random.default_rng(seed)
        while True:
            which = rng.integers(len(self), size=32 * n)
            if limits is not None:
                which = which[(self.told[which] <= limits()[::-1]).all(1)]
            if len(which) < n:
                continue
            which = np.sort(which[:n])
            frames = np.stack([_varied(self.frames[i], rng) for i in which])
            told = torch.from_numpy(self.told[which])
            a, b, target = torch.from_numpy(frames).unbind(1)
            yield Pairs(a, b, target, told[:, 0], told[:, 1])


def _varied(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three frames (3, 3, P, P), all turned and mirrored alike, with their colours in another order."""
    frames = frames[:, rng.permutation(3)]
    frames = frames[:, :, :: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return np.ascontiguousarray(frames.swapaxes(2, 3) if rng.random() < 0.5 else frames)
