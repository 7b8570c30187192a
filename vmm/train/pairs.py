"""Training pairs: two frames of a synthetic scene, and the frame in which its motion is magnified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vmm.train.textures import TextureBank

KINDS = {"ordinary": 0.45, "faint": 0.15, "background": 0.2, "objects": 0.15, "static": 0.05}
"""Kinds of scene and the proportion of each.

"ordinary": background and objects move. "faint": the same with low contrast. "background": there are no objects.
"objects": only the objects move. "static": nothing moves."""


class Pairs(NamedTuple):
    """A batch of training pairs.

    Attributes
    ----------
    a
        Reference frames (B, 3, P, P), uint8.
    b
        Frames (B, 3, P, P) with motion relative to a, uint8.
    target
        Ground truth (B, 3, P, P): frames with `factor` times the motion, uint8.
    factor
        Total factors (B,), float32: a factor of 0 gives a, a factor of 1 gives b.
    reach
        Largest displacement from a to the target (B,), in pixels, float32.
    """

    a: Tensor
    b: Tensor
    target: Tensor
    factor: Tensor
    reach: Tensor


@dataclass(frozen=True)
class Scenes:
    """Distribution of the random scenes.

    Attributes
    ----------
    patch
        Side of the frames in pixels, at least 16.
    objects
        Largest number of objects in front of the background.
    max_motion
        Largest displacement from a to b in pixels.
    max_output
        Largest displacement from a to the target in pixels. The bound of each pair is drawn between `min_output` and
        this value, uniformly in its logarithm, so that small motions are as frequent as large ones.
    min_output
        Smallest bound of the displacement from a to the target in pixels.
    max_factor
        Largest total factor.
    """

    patch: int = 96
    objects: int = 8
    max_motion: float = 10.0
    max_output: float = 16.0
    min_output: float = 1.0
    max_factor: float = 100.0

    def __post_init__(self) -> None:
        for name in ("max_motion", "max_output", "min_output", "max_factor"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)!r} must be positive")
        if self.patch < 16 or self.objects < 0:
            raise ValueError(f"patch={self.patch} must be at least 16 pixels, and objects={self.objects} at least 0")


def pairs(source: TextureBank, batch: int = 16, scenes: Scenes = Scenes(), *, seed: int = 0) -> Iterator[Pairs]:
    """Generate batches of training pairs without end, by the protocol of Oh et al. [1]_ with synthetic scenes.

    Layers are cropped from textures of twice the resolution, shifted by cubic convolution [2]_ and averaged over each
    pixel, so that displacements of a hundredth of a pixel are rendered accurately. Frames a and b are quantized with
    dither; without dither, motion that changes the values by less than one gray level would be lost.

    Parameters
    ----------
    source
        Textures and mattes. The frames are rendered on their device.
    batch
        Number of pairs per batch.
    scenes
        Distribution of the random scenes.
    seed
        Seed of the random generators. The same seed gives the same batches on the same kind of device.

    Yields
    ------
    Pairs
        The frames and factors of a batch.

    Raises
    ------
    ValueError
        If the textures are too small for the frames and their motion.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018, section 4.
    .. [2] Keys: Cubic convolution interpolation for digital image processing. IEEE TASSP 29(6), 1981.

    Examples
    --------
    >>> from vmm.train.pairs import Scenes, pairs
    >>> from vmm.train.textures import texture_bank
    >>> first = next(pairs(texture_bank(2, 2, side=160), 4, Scenes(patch=32)))
    >>> first.a.shape, first.factor.shape
    (torch.Size([4, 3, 32, 32]), torch.Size([4]))
    """
    crop = 2 * (scenes.patch + 2 * _margin(scenes))
    if crop > source.textures.shape[-1]:
        raise ValueError(
            f"textures of {source.textures.shape[-1]} samples are too small: patch={scenes.patch} and "
            f"max_output={scenes.max_output} need {crop} samples; call texture_bank with side={crop} or more"
        )
    rng = np.random.default_rng(seed)
    noise = torch.Generator(source.textures.device).manual_seed(seed)
    while True:
        yield _batch(source, batch, scenes, crop, rng, noise)


def _margin(scenes: Scenes) -> int:
    """Margin around a frame, in pixels, from which layers can move into it."""
    return int(np.ceil(max(scenes.max_output, scenes.max_motion))) + 2


def _batch(
    source: TextureBank, n: int, scenes: Scenes, crop: int, rng: np.random.Generator, noise: torch.Generator
) -> Pairs:
    kinds = rng.choice(list(KINDS), n, p=list(KINDS.values()))
    layers = np.where(kinds == "background", 0, (scenes.objects + 1) * rng.random(n) ** 1.5).astype(int)
    order = np.argsort(-layers, kind="stable")  # scenes with many layers first, so that each layer is a slice
    kinds, layers = kinds[order], layers[order]
    factor = _factors(rng, n, scenes)
    bound = np.exp(rng.uniform(np.log(min(scenes.min_output, scenes.max_output)), np.log(scenes.max_output), n))
    reach = np.zeros(n)
    contrast = np.where(kinds == "faint", rng.uniform(0.1, 0.5, n), 1.0)
    frames = torch.zeros((3, n, 3, scenes.patch, scenes.patch), device=source.textures.device)
    for layer in range(scenes.objects + 1):
        m = int((layers >= layer).sum())
        if m == 0:
            break
        static = (kinds[:m] == "static") | ((kinds[:m] == "objects") & (layer == 0))
        moves = _moves(rng, factor[:m], bound[:m], scenes) * ~static[:, None]
        reach[:m] = np.maximum(reach[:m], np.hypot(*moves.T) * np.maximum(factor[:m], 1))
        pixels = _layer(source, m, crop, rng, matte=layer > 0)  # (m, 4, crop, crop)
        total = np.stack([0 * factor[:m], 1 + 0 * factor[:m], factor[:m]])
        for frame, share in zip(frames, total, strict=True):
            shifted = _shifted(pixels, moves * share[:, None], scenes.patch)
            frame[:m] = frame[:m] * (1 - shifted[:, 3:]) + shifted[:, :3]
    mean = frames.mean((0, 3, 4), keepdim=True)
    frames = mean + (frames - mean) * _column(contrast, frames)
    dither = torch.rand(frames[:2].shape, generator=noise, device=frames.device)
    quantized = (frames[:2] + dither).floor().clamp(0, 255).byte()
    permutation = torch.from_numpy(rng.permutation(n)).to(frames.device)
    target = frames[2].round().clamp(0, 255).byte()
    batch = Pairs(quantized[0], quantized[1], target, _vector(factor, frames), _vector(reach, frames))
    return Pairs(*(part[permutation] for part in batch))


def _vector(values: np.ndarray, like: Tensor) -> Tensor:
    """Values (B,) as a float32 tensor on the device of `like`."""
    return torch.from_numpy(values.astype(np.float32)).to(like.device)


def _column(values: np.ndarray, like: Tensor) -> Tensor:
    """Values (B,) as a tensor (B, 1, 1, 1) on the device of `like`."""
    return _vector(values, like)[:, None, None, None]


def _factors(rng: np.random.Generator, n: int, scenes: Scenes) -> np.ndarray:
    """Total factors (B,): log-uniform from 1.5 to the maximum; a tenth of them uniform from 0 to 2."""
    large = np.exp(rng.uniform(np.log(min(1.5, scenes.max_factor)), np.log(scenes.max_factor), n))
    return np.where(rng.random(n) < 0.1, rng.uniform(0, 2, n), large)


def _moves(rng: np.random.Generator, factor: np.ndarray, bound: np.ndarray, scenes: Scenes) -> np.ndarray:
    """Displacements (B, 2) from a to b; the output displacements fill a disc up to the bound, denser at its center."""
    out = bound * rng.random(len(factor)) ** 0.7
    length = np.minimum(out / np.maximum(factor, 1), scenes.max_motion)
    angle = rng.uniform(0, 2 * np.pi, len(factor))
    return length[:, None] * np.stack([np.sin(angle), np.cos(angle)], 1)


def _layer(source: TextureBank, n: int, crop: int, rng: np.random.Generator, *, matte: bool) -> Tensor:
    """Layers (B, 4, crop, crop) at twice the resolution: premultiplied color, and the matte in [0, 1]."""
    color = _crops(source.textures, n, crop, rng).float()
    gain = _column(rng.uniform(0.6, 1.2, n), color)
    color = 128 + _column(rng.uniform(-30, 30, n), color) + gain * (color - 128)
    if not matte:
        return torch.cat([color, torch.ones_like(color[:, :1])], 1)
    inside = _crops(source.mattes, n, crop, rng).float() / 255
    return torch.cat([color * inside, inside], 1)


def _crops(pictures: Tensor, n: int, crop: int, rng: np.random.Generator) -> Tensor:
    """Random crops (B, C, crop, crop) of pictures."""
    indices = rng.integers(len(pictures), size=n)
    corners = rng.integers(pictures.shape[-1] - crop + 1, size=(n, 2))
    index, row, col = (torch.from_numpy(x).to(pictures.device) for x in (indices, *corners.T))
    offsets = torch.arange(crop, device=pictures.device)
    rows, columns = (row[:, None] + offsets)[:, :, None], (col[:, None] + offsets)[:, None]
    return pictures.permute(0, 2, 3, 1)[index[:, None, None], rows, columns].permute(0, 3, 1, 2)


def _shifted(layer: Tensor, moves: np.ndarray, patch: int) -> Tensor:
    """The center of a layer, displaced by `moves` (B, 2) pixels, sampled at pixels (B, 4, patch, patch)."""
    down, right = (_resampling(_vector(moves[:, i], layer), patch, layer.shape[-1]) for i in (0, 1))
    return down[:, None] @ layer @ right[:, None].transpose(-1, -2)


def _resampling(move: Tensor, patch: int, crop: int) -> Tensor:
    """Matrices (B, patch, crop) that interpolate shifted pixels from half-pixel samples: [2] averaged per pixel."""
    pixels = torch.arange(patch, device=move.device)
    samples = torch.arange(crop, device=move.device)
    center = 2 * (pixels - move[:, None]) + (crop - 2 * patch) / 2 + 0.5  # position of each pixel, in samples
    distance = center[:, :, None] - samples
    return (_keys(distance - 0.5) + _keys(distance + 0.5)) / 2


def _keys(x: Tensor) -> Tensor:
    """Cubic convolution kernel with a = -1/2, equation (4) in [2]."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))
