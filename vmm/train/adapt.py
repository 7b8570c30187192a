"""Test-time adaptation: a network trained on the very clip that it is to magnify."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vmm.train.loop import Sample, start
from vmm.train.losses import of_flow
from vmm.train.networks import FlowMag
from vmm.train.optimizer import optimizer


def adapt(
    net: Any,
    frames: np.ndarray,
    steps: int,
    *,
    factors: tuple[float, float] = (1.0, 16.0),
    fresh: bool = False,
    batch: int = 4,
    patch: int = 64,
    white: float = 255.0,
    progress: bool = False,
    seed: int = 0,
    device: str | None = None,
) -> Any:
    """Train a network on one clip, without any true frame.

    Each step draws pairs of the first frame and another, crops and mirrors them, changes their
    colours alike, draws a total factor by its logarithm, and for half of them asks for it in a box only, or outside of
    it only, where elsewhere nothing is to change. The loss is that of ``LOSSES["flowmag"]``.

    A network that has learned nothing yet, such as that of ``begun``, learns one clip so, too, but its frames stay
    softer than those of one that has seen many clips.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``; it stays as it is.
    frames
        Clip (T, H, W) or (T, H, W, 3), from black 0 to white.
    steps
        How many steps.
    factors
        Smallest and largest total factor.
    fresh
        Whether the network has learned nothing yet. Steps are then those of ``vmm.train.optimizer`` at a rate of 3e-3,
        in place of Adam's at 1e-4 as published.
    batch
        Pairs a step.
    patch
        Largest side of the crops in pixels; 512 as published.
    white
        Value of white in the frames.
    progress
        Whether a bar is shown.
    seed
        Everything is drawn from it.
    device
        Where it is trained; by default on a GPU where there is one.

    Returns
    -------
    net
        A new network on the CPU; ``vmm.train.export.export(net, path, "flowmag")`` writes it for ``vmm.flowmag``.

    Raises
    ------
    ValueError
        Where the clip has fewer than two frames or is smaller than 16 x 16, or factors or steps are out of range.

    References
    ----------
    .. [1] Pan, Geng, Owens: Self-supervised motion magnification by backpropagating through optical flow.
       NeurIPS 2023.

    Examples
    --------
    >>> from vmm.data import synthetic
    >>> from vmm.train.adapt import adapt
    >>> from vmm.train.networks import FlowMag
    >>> clip = synthetic.render(synthetic.texture((32, 32)), synthetic.sway(4, 30, 5, 0.2))
    >>> adapt(FlowMag(2, norm=False), clip, 1, batch=1, patch=16).channels
    2
    """
    _check(frames, steps, factors)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    net = copy.deepcopy(net).to(device).train()
    stepped = optimizer(net, 3e-3) if fresh else torch.optim.Adam(net.parameters(), 1e-4)
    rates, loss = [group["lr"] for group in stepped.param_groups], of_flow()
    rng = np.random.default_rng(seed)
    for step in _counted(steps, progress):
        for group, rate in zip(stepped.param_groups, rates, strict=True):  # it rises at first and falls at last
            group["lr"] = rate * min(1.0, (step + 1) / 10, 3 * (1 - step / steps))
        sample = drawn(frames, rng, factors=factors, batch=batch, patch=patch, white=white, device=device)
        stepped.zero_grad(set_to_none=True)
        loss(net, sample, step / steps if fresh else 1.0).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        stepped.step()
    return net.eval().to("cpu")


def begun(channels: int = 16, seed: int = 0) -> Any:
    """A small generator that has learned nothing yet; for ``adapt(..., fresh=True)``.

    It begins as linear magnification, which is right for motion of a small part of a pixel.

    Examples
    --------
    >>> from vmm.train.adapt import begun
    >>> begun(2).skip
    True
    """
    return start(FlowMag(channels, norm=False, skip=True), seed)


def drawn(
    frames: np.ndarray,
    rng: np.random.Generator,
    *,
    factors: tuple[float, float] = (1.0, 16.0),
    batch: int = 4,
    patch: int = 64,
    white: float = 255.0,
    device: str = "cpu",
) -> Sample:
    """Pairs of the first frame and others, cropped, with factors; parameters as those of ``adapt``."""
    height, width = frames.shape[1:3]
    rows, cols = min(patch, height), min(patch, width)
    pairs = np.stack([_pair(frames, rng, rows, cols) for _ in range(batch)])  # (B, 2, rows, cols, 3)
    seen = torch.from_numpy(pairs.astype(np.float32)).to(device).div_(white / 2).sub_(1)
    seen = _coloured(seen.permute(0, 1, 4, 2, 3), rng)
    low, high = np.log(factors)
    largest = np.exp(rng.uniform(low, high, batch))
    maps = np.stack([_map(value, rows, cols, rng) for value in largest])
    a, b = seen.unbind(1)
    return Sample(a, b, b, torch.from_numpy(maps[:, None]).to(device), a, b)


def _pair(frames: np.ndarray, rng: np.random.Generator, rows: int, cols: int) -> np.ndarray:
    """Crops (2, rows, cols, 3) of the first frame and another, mirrored alike."""
    top, left = (rng.integers(n - m + 1) for n, m in zip(frames.shape[1:3], (rows, cols), strict=True))
    pair = np.stack([frames[i, top : top + rows, left : left + cols] for i in (0, rng.integers(1, len(frames)))])
    pair = pair if pair.ndim == 4 else np.repeat(pair[..., None], 3, -1)
    return pair[:, :: rng.choice([-1, 1]), :: rng.choice([-1, 1])]


def _coloured(seen: Tensor, rng: np.random.Generator) -> Tensor:
    """Frames (B, 2, 3, H, W) whose colours are exchanged, stretched and shifted, both of a pair alike."""
    n = len(seen)
    mixes = np.stack([np.eye(3)[rng.permutation(3)] * rng.uniform(0.7, 1.1, (3, 1)) for _ in range(n)])
    mix = torch.from_numpy(mixes.astype(np.float32)).to(seen)
    shift = torch.from_numpy(rng.uniform(-0.1, 0.1, (n, 1, 3, 1, 1)).astype(np.float32)).to(seen)
    return (torch.einsum("bij,btjhw->btihw", mix, seen) + shift).clamp(-1, 1)


def _map(factor: float, rows: int, cols: int, rng: np.random.Generator) -> np.ndarray:
    """The factor (rows, cols) everywhere, or in a box only."""
    values = np.full((rows, cols), factor, np.float32)
    if rng.random() < 0.5:
        (top, bottom), (left, right) = (np.sort(rng.integers(n + 1, size=2)) for n in (rows, cols))
        box = np.zeros((rows, cols), bool)
        box[top:bottom, left:right] = True
        values[box == (rng.random() < 0.5)] = 1
    return values


def _counted(steps: int, progress: bool) -> Any:
    """The numbers of the steps, with a bar where it is asked for."""
    if not progress:
        return range(steps)
    from tqdm import tqdm

    return tqdm(range(steps), desc="adapting", unit="step")


def _check(frames: np.ndarray, steps: int, factors: tuple[float, float]) -> None:
    """Raise where there is nothing to learn from."""
    if frames.ndim not in (3, 4) or len(frames) < 2 or min(frames.shape[1:3]) < 16:
        raise ValueError(
            f"frames of shape {frames.shape} must be (T, H, W) or (T, H, W, 3), at least 2 frames of 16 x 16 pixels"
        )
    if steps < 1:
        raise ValueError(f"steps={steps!r} must be at least 1: a few hundred are usual")
    if not 0 < factors[0] <= factors[1]:
        raise ValueError(f"factors={factors!r} must be positive and not fall: total factors, 1 leaves a frame as it is")
