"""Training pairs stored on disk: one process writes them while others train, and every pair is used many times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vmm.train.pairs import Pairs
from vmm.train.processes import lock


class PairDataset:
    """A folder of training pairs, which one process fills and any number of processes read.

    Parameters
    ----------
    path
        The folder. It is created if it does not exist.
    size
        Capacity in pairs of a new folder; ignored for an existing one.
    patch
        Side of the frames in pixels of a new folder; ignored for an existing one.

    Examples
    --------
    >>> import tempfile
    >>> from vmm.train.dataset import PairDataset
    >>> from vmm.train.pairs import Scenes, pairs
    >>> from vmm.train.textures import texture_bank
    >>> dataset = PairDataset(tempfile.mkdtemp() + "/pairs", size=8, patch=32)
    >>> dataset.fill(pairs(texture_bank(2, 2, side=160), 4, Scenes(patch=32)))
    >>> next(dataset.batches(2)).target.shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(self, path: str | Path, *, size: int = 40_000, patch: int = 96) -> None:
        path = Path(path)
        if not (path / "count.npy").exists():
            path.mkdir(parents=True, exist_ok=True)
            shapes = {"frames": ((size, 3, 3, patch, patch), np.uint8), "labels": ((size, 2), np.float32)}
            for name, (shape, dtype) in {**shapes, "count": ((1,), np.int64)}.items():
                np.lib.format.open_memmap(path / f"{name}.npy", "w+", dtype, shape)
        self.path = path
        self.frames: np.memmap = np.lib.format.open_memmap(path / "frames.npy", "r+")
        self.labels: np.memmap = np.lib.format.open_memmap(path / "labels.npy", "r+")
        self.count: np.memmap = np.lib.format.open_memmap(path / "count.npy", "r+")

    def __len__(self) -> int:
        return int(self.count[0])

    @property
    def full(self) -> bool:
        """True if the folder holds as many pairs as it has capacity for."""
        return len(self) >= len(self.frames)

    def fill(self, batches: Iterator[Pairs]) -> None:
        """Store batches until the data set is full or the iterator ends; no other process may write meanwhile.

        A ``BlockingIOError`` is raised if another process writes the data set. No batch is read from the iterator then.
        """
        with lock(self.path / "writer.lock"):
            while not self.full and (batch := next(batches, None)) is not None:
                self._append(batch)

    def _append(self, batch: Pairs) -> None:
        """Store a batch; the pairs are counted after they are written, since other processes read them."""
        start = len(self)
        stop = min(start + len(batch.factor), len(self.frames))
        frames = torch.stack([batch.a, batch.b, batch.target], 1).cpu().numpy()
        labels = torch.stack([batch.factor, batch.reach], 1).cpu().numpy()
        self.frames[start:stop], self.labels[start:stop] = frames[: stop - start], labels[: stop - start]
        self.count[0] = stop

    def batches(self, n: int, *, seed: int = 0, limits: Any = None) -> Iterator[Pairs]:
        """Yield random batches of n pairs without end, each pair rotated, mirrored and its colors permuted at random.

        ``limits()`` returns the largest displacement from a to the target in pixels and the largest total factor of
        the pairs to draw. With None (default) all pairs are drawn.
        """
        rng = np.random.default_rng(seed)
        while True:
            indices = rng.integers(len(self), size=32 * n)
            if limits is not None:
                indices = indices[(self.labels[indices] <= limits()[::-1]).all(1)]
            if len(indices) < n:
                continue
            indices = np.sort(indices[:n])
            frames = np.stack([_augmented(self.frames[i], rng) for i in indices])
            labels = torch.from_numpy(self.labels[indices])
            a, b, target = torch.from_numpy(frames).unbind(1)
            yield Pairs(a, b, target, labels[:, 0], labels[:, 1])


def _augmented(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three frames (3, 3, P, P), rotated, mirrored and their color channels permuted, all in the same way."""
    frames = frames[:, rng.permutation(3)]
    frames = frames[:, :, :: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return np.ascontiguousarray(frames.swapaxes(2, 3) if rng.random() < 0.5 else frames)
