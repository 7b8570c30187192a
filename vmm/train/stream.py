"""Training pairs that a GPU generates during the training, without a data set on disk."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from vmm.train.pairs import Pairs, Scenes, pairs
from vmm.train.textures import TextureBank

AT_ONCE = 512
"""Number of pairs that are generated at once; a GPU does not use its full speed for fewer ones."""

USES = 4
"""Number of times each pair is used on average; more would leave more time for the training, with fewer scenes."""

POOL = 4096
"""Number of the latest pairs from which batches are drawn; 3 x 96 x 96 pixels in three frames take 83 kB."""


def generated(
    source: TextureBank,
    batch: int,
    limits: Callable[[], tuple[float, float]],
    *,
    patch: int,
    max_output: float,
    max_factor: float = 100.0,
    seed: int = 0,
) -> Iterator[Pairs]:
    """Generate batches of training pairs without end, within bounds that grow during the training.

    ``AT_ONCE`` pairs are generated at the same time, which hardly takes a GPU longer than fewer ones. Batches are drawn
    from the latest ``POOL`` pairs, rotated, mirrored and with permuted colors, so that each pair is used ``USES`` times
    on average.

    Parameters
    ----------
    source
        Textures and mattes with at least ``side(patch, max_output)`` samples a side.
    batch
        Number of pairs per batch.
    limits
        Function that returns the current bounds of the displacement from a to the target, in pixels, and of the factor.
    patch
        Side of the frames in pixels.
    max_output
        Largest displacement from a to the target in pixels.
    max_factor
        Largest total factor.
    seed
        Seed of the random generators.

    Yields
    ------
    Pairs
        The frames and factors of a batch.

    Examples
    --------
    >>> from vmm.train.stream import generated, side
    >>> from vmm.train.textures import texture_bank
    >>> bank = texture_bank(2, 2, side=side(32, 4.0))
    >>> next(generated(bank, 3, lambda: (2.0, 10.0), patch=32, max_output=4.0)).factor.shape
    torch.Size([3])
    """
    rng = np.random.default_rng(seed)
    pool: list[Pairs] = []
    for many in _latest(source, limits, patch, (max_output, max_factor), seed):
        pool = [*pool, many][-max(1, POOL // AT_ONCE) :]
        stored = Pairs(*(torch.cat(parts) for parts in zip(*pool, strict=True)))
        for _ in range(max(1, USES * AT_ONCE // batch)):
            yield _augmented(stored, rng.integers(len(stored.factor), size=batch), rng)


def _latest(
    source: TextureBank, limits: Callable[[], tuple[float, float]], patch: int, largest: tuple[float, float], seed: int
) -> Iterator[Pairs]:
    """New pairs, ``AT_ONCE`` at a time, within the current bounds."""
    streams: dict[tuple[float, float], Iterator[Pairs]] = {}
    for _ in itertools.count():
        bounds = min(round(limits()[0], 0), largest[0]), min(round(limits()[1], 0), largest[1])
        if bounds not in streams:
            scenes = Scenes(patch, max_output=bounds[0], max_factor=bounds[1])
            streams = {bounds: pairs(source, AT_ONCE, scenes, seed=seed + int(sum(bounds)))}
        yield next(streams[bounds])


def _augmented(stored: Pairs, indices: np.ndarray, rng: np.random.Generator) -> Pairs:
    """The pairs with these indices, rotated, mirrored and their color channels permuted, all in the same way."""
    chosen = torch.from_numpy(indices).to(stored.factor.device)
    flips, swap = [axis for axis in (2, 3) if rng.random() < 0.5], rng.random() < 0.5
    colors = torch.from_numpy(rng.permutation(3)).to(stored.factor.device)
    frames = [x[chosen][:, colors].flip(flips) for x in stored[:3]]
    frames = [x.transpose(2, 3) if swap else x for x in frames]
    return Pairs(frames[0], frames[1], frames[2], stored.factor[chosen], stored.reach[chosen])


def side(patch: int, max_output: float) -> int:
    """Side of textures, in samples of half a pixel, that leaves room for different crops of each texture.

    Examples
    --------
    >>> from vmm.train.stream import side
    >>> side(96, 30.0)
    384
    """
    return 2 * (patch + 2 * (max(30, math.ceil(max_output)) + 2)) + 64
