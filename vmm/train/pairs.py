"""Two frames of a made scene, and the frame in which its motion is magnified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vmm.train.bank import Bank

KINDS = {"ordinary": 0.45, "faint": 0.15, "background": 0.2, "objects": 0.15, "static": 0.05}
"""Kinds of scene, and the share of each: all moves; little contrast; only the background is there and moves; only
objects move; nothing moves."""


class Pairs(NamedTuple):
    """A batch.

    Attributes
    ----------
    a
        Frames (B, 3, P, P) that motion is measured from, uint8.
    b
        Frames in which everything has moved, uint8.
    target
        Frames in which everything has moved `factor` times as far, uint8.
    factor
        Total factors (B,), float32: 0 gives a, 1 gives b.
    reach
        The most that anything moves from a to the target (B,), in pixels, float32.
    """

    a: Tensor
    b: Tensor
    target: Tensor
    factor: Tensor
    reach: Tensor


@dataclass(frozen=True)
class Scenes:
    """What is drawn.

    Attributes
    ----------
    patch
        Side of the frames in pixels.
    objects
        Most objects before the background.
    largest
        Most that anything moves from a to b, in pixels.
    farthest
        Most that anything moves from a to the target, in pixels; for each pair a bound from `nearest` on is drawn.
    nearest
        The smallest such bound: small motions are as many as large ones.
    factor
        Largest total factor.
    """

    patch: int = 96
    objects: int = 8
    largest: float = 10.0
    farthest: float = 16.0
    nearest: float = 1.0
    factor: float = 100.0

    def __post_init__(self) -> None:
        for name in ("largest", "farthest", "nearest", "factor"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)!r} must be above 0")
        if self.patch < 16 or self.objects < 0:
            raise ValueError(f"patch={self.patch} must be at least 16 pixels, and objects={self.objects} at least 0")


def pairs(source: Bank, batch: int = 16, scenes: Scenes = Scenes(), *, seed: int = 0) -> Iterator[Pairs]:
    """Batches without end, by the protocol of Oh et al. [1]_ on scenes that are made.

    Layers are cut from pictures of twice the resolution, moved between their samples by cubic convolution [2]_ and
    averaged over each pixel, so that motion of a hundredth of a pixel is rendered true. The two frames that a network
    sees are rounded with dither, or a motion that changes no grey level by one would be lost.

    Parameters
    ----------
    source
        Textures and mattes; frames are made where they are kept.
    batch
        How many at once.
    scenes
        What is drawn.
    seed
        Everything is drawn from it: on the same kind of device the same batches come.

    Yields
    ------
    Pairs
        Frames and factors.

    Raises
    ------
    ValueError
        Where the textures are too small for the frames and their motion.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018, section 4.
    .. [2] Keys: Cubic convolution interpolation for digital image processing. IEEE TASSP 29(6), 1981.

    Examples
    --------
    >>> from vmm.train.bank import bank
    >>> from vmm.train.pairs import Scenes, pairs
    >>> first = next(pairs(bank(2, 2, side=160), 4, Scenes(patch=32)))
    >>> first.a.shape, first.factor.shape
    (torch.Size([4, 3, 32, 32]), torch.Size([4]))
    """
    crop = 2 * (scenes.patch + 2 * _margin(scenes))
    if crop > source.textures.shape[-1]:
        raise ValueError(
            f"textures of {source.textures.shape[-1]} samples are too small: patch={scenes.patch} with motion up to "
            f"{scenes.farthest} takes {crop}; make the bank with side={crop} or more"
        )
    rng = np.random.default_rng(seed)
    noise = torch.Generator(source.textures.device).manual_seed(seed)
    while True:
        yield _batch(source, batch, scenes, crop, rng, noise)


def _margin(scenes: Scenes) -> int:
    """Pixels beside a frame from which things may come in."""
    return int(np.ceil(max(scenes.farthest, scenes.largest))) + 2


def _batch(source: Bank, n: int, scenes: Scenes, crop: int, rng: np.random.Generator, noise: torch.Generator) -> Pairs:
    kinds = rng.choice(list(KINDS), n, p=list(KINDS.values()))
    layers = np.where(kinds == "background", 0, (scenes.objects + 1) * rng.random(n) ** 1.5).astype(int)
    order = np.argsort(-layers, kind="stable")  # those that have a layer stand first
    kinds, layers = kinds[order], layers[order]
    factor = _factors(rng, n, scenes)
    bound = np.exp(rng.uniform(np.log(min(scenes.nearest, scenes.farthest)), np.log(scenes.farthest), n))
    reach = np.zeros(n)
    faint = np.where(kinds == "faint", rng.uniform(0.1, 0.5, n), 1.0)
    frames = torch.zeros((3, n, 3, scenes.patch, scenes.patch), device=source.textures.device)
    for layer in range(scenes.objects + 1):
        m = int((layers >= layer).sum())
        if m == 0:
            break
        still = (kinds[:m] == "static") | ((kinds[:m] == "objects") & (layer == 0))
        moves = _moves(rng, factor[:m], bound[:m], scenes) * ~still[:, None]
        reach[:m] = np.maximum(reach[:m], np.hypot(*moves.T) * np.maximum(factor[:m], 1))
        cut = _cut(source, m, crop, rng, matte=layer > 0)  # (m, 4, crop, crop)
        total = np.stack([0 * factor[:m], 1 + 0 * factor[:m], factor[:m]])
        for frame, share in zip(frames, total, strict=True):
            over = _moved(cut, moves * share[:, None], scenes.patch)
            frame[:m] = frame[:m] * (1 - over[:, 3:]) + over[:, :3]
    grey = frames.mean((0, 3, 4), keepdim=True)
    frames = grey + (frames - grey) * _spread(faint, frames)
    dither = torch.rand(frames[:2].shape, generator=noise, device=frames.device)
    seen = (frames[:2] + dither).floor().clamp(0, 255).byte()
    shuffled = torch.from_numpy(rng.permutation(n)).to(frames.device)
    target = frames[2].round().clamp(0, 255).byte()
    batch = Pairs(seen[0], seen[1], target, _vector(factor, frames), _vector(reach, frames))
    return Pairs(*(part[shuffled] for part in batch))


def _vector(values: np.ndarray, like: Tensor) -> Tensor:
    """Numbers of a batch beside its frames."""
    return torch.from_numpy(values.astype(np.float32)).to(like.device)


def _spread(values: np.ndarray, like: Tensor) -> Tensor:
    """Numbers of a batch as (B, 1, 1, 1)."""
    return _vector(values, like)[:, None, None, None]


def _factors(rng: np.random.Generator, n: int, scenes: Scenes) -> np.ndarray:
    """Total factors, by their logarithm from 1.5 on; every tenth from 0, motion removed, to 2."""
    large = np.exp(rng.uniform(np.log(min(1.5, scenes.factor)), np.log(scenes.factor), n))
    return np.where(rng.random(n) < 0.1, rng.uniform(0, 2, n), large)


def _moves(rng: np.random.Generator, factor: np.ndarray, bound: np.ndarray, scenes: Scenes) -> np.ndarray:
    """Motion (B, 2) from a to b, such that what leaves fills a disc up to the bound, but more about its middle."""
    out = bound * rng.random(len(factor)) ** 0.7
    size = np.minimum(out / np.maximum(factor, 1), scenes.largest)
    turn = rng.uniform(0, 2 * np.pi, len(factor))
    return size[:, None] * np.stack([np.sin(turn), np.cos(turn)], 1)


def _cut(source: Bank, n: int, crop: int, rng: np.random.Generator, *, matte: bool) -> Tensor:
    """Parts of textures times those of mattes, and the mattes (B, 4, crop, crop), of twice the resolution."""
    colour = _parts(source.textures, n, crop, rng).float()
    gain = _spread(rng.uniform(0.6, 1.2, n), colour)
    colour = 128 + _spread(rng.uniform(-30, 30, n), colour) + gain * (colour - 128)
    if not matte:
        return torch.cat([colour, torch.ones_like(colour[:, :1])], 1)
    inside = _parts(source.mattes, n, crop, rng).float() / 255
    return torch.cat([colour * inside, inside], 1)


def _parts(pictures: Tensor, n: int, crop: int, rng: np.random.Generator) -> Tensor:
    """Parts (B, C, crop, crop) of pictures drawn at random."""
    which = rng.integers(len(pictures), size=n)
    corners = rng.integers(pictures.shape[-1] - crop + 1, size=(n, 2))
    index, top, left = (torch.from_numpy(x).to(pictures.device) for x in (which, *corners.T))
    inside = torch.arange(crop, device=pictures.device)
    rows, columns = (top[:, None] + inside)[:, :, None], (left[:, None] + inside)[:, None]
    return pictures.permute(0, 2, 3, 1)[index[:, None, None], rows, columns].permute(0, 3, 1, 2)


def _moved(cut: Tensor, moves: np.ndarray, patch: int) -> Tensor:
    """The middle of the cut, moved by so many pixels down and right, as pixels (B, 4, patch, patch)."""
    down, right = (_reading(_vector(moves[:, i], cut), patch, cut.shape[-1]) for i in (0, 1))
    return down[:, None] @ cut @ right[:, None].transpose(-1, -2)


def _reading(move: Tensor, patch: int, crop: int) -> Tensor:
    """Matrices (B, patch, crop) that read moved pixels from samples of half their size: [2] averaged over a pixel."""
    pixels = torch.arange(patch, device=move.device)
    samples = torch.arange(crop, device=move.device)
    centre = 2 * (pixels - move[:, None]) + (crop - 2 * patch) / 2 + 0.5  # of each pixel, in samples
    away = centre[:, :, None] - samples
    return (_keys(away - 0.5) + _keys(away + 0.5)) / 2


def _keys(x: Tensor) -> Tensor:
    """Cubic convolution with a = -1/2, (4) in [2]."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))
