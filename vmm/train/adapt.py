"""Test-time adaptation: training a network on the clip that it is to magnify."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vmm.backend.progress import Progress, reported, showing
from vmm.engine.static import magnify_static
from vmm.train.flow import flow, inside, warp
from vmm.train.loop import Sample, start
from vmm.train.losses import of_flow
from vmm.train.networks import FlowMag
from vmm.train.optimizer import optimizer

_CROPS = 8  # Number of crops on which the flow of the output is compared with the requested flow.


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
    progress: Progress = False,
    seed: int = 0,
    device: str | None = None,
) -> Any:
    """Train a network on one clip, without ground truth.

    Each step draws random pairs of the first frame and another frame, crops and mirrors them, changes the colors of
    both frames of a pair in the same way, and draws a log-uniform total factor. For half of the pairs the factor
    applies only inside or only outside of a random box, and is 1 elsewhere. The loss is ``LOSSES["flowmag"]``.

    A network with initial weights, such as that of ``initial_generator``, can be trained in this way, too, but its
    output is less sharp than that of a network that was trained on many clips.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``. It is copied and not changed.
    frames
        The clip (T, H, W) or (T, H, W, 3), with values from 0 (black) to `white`.
    steps
        Number of training steps, at least 1; a few hundred are usual.
    factors
        Smallest and largest total factor (low, high).
    fresh
        True if the network has initial weights. It is then trained by ``vmm.train.optimizer`` with a learning rate of
        3e-3; otherwise (default) by Adam with a learning rate of 1e-4, as published.
    batch
        Number of pairs per step.
    patch
        Largest side of the crops in pixels (default 64; 512 as published).
    white
        Value of white in the frames (default 255).
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of steps done
        and in all. The default is False.
    seed
        Seed of the random generator.
    device
        PyTorch device for training. By default a GPU if there is one, else the CPU.

    Returns
    -------
    net
        The trained network, on the CPU. ``vmm.train.export.export(net, path, "flowmag")`` writes it for
        ``vmm.flowmag``.

    Raises
    ------
    ValueError
        If the clip has fewer than two frames, if its frames are smaller than 16 x 16 pixels, or if `factors` or
        `steps` is out of range.

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
    updater = optimizer(net, 3e-3) if fresh else torch.optim.Adam(net.parameters(), 1e-4)
    rates, loss = [group["lr"] for group in updater.param_groups], of_flow()
    rng = np.random.default_rng(seed)
    with showing(progress):
        numbers = reported(range(steps), steps, unit="step", count=lambda _: 1)
    for step in numbers:
        for group, rate in zip(updater.param_groups, rates, strict=True):  # linear warm-up and linear decay
            group["lr"] = rate * min(1.0, (step + 1) / 10, 3 * (1 - step / steps))
        sample = random_pairs(
            frames, rng, factors=factors, batch=batch, patch=patch, multiple=net.multiple, white=white, device=device
        )
        updater.zero_grad(set_to_none=True)
        loss(net, sample, step / steps if fresh else 1.0).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        updater.step()
    return net.eval().to("cpu")


def reached(
    net: Any, frames: np.ndarray, factor: float, *, patch: int = 96, white: float = 255.0, seed: int = 0
) -> tuple[float, float]:
    """Compare the optical flow of the output of a network with the flow that was requested, on crops of a clip.

    The requested displacement is that of frames which the static mode of ``vmm.gradient`` has magnified. It is measured
    in the same way as that of the output, for optical flow does not follow thin objects that move far, and multiplies
    its errors by the factor.

    Parameters
    ----------
    net
        The network, on the CPU, such as the result of ``adapt``.
    frames
        The clip (T, H, W) or (T, H, W, 3), with values from 0 (black) to `white`.
    factor
        Total factor.
    patch
        Largest side of the crops in pixels (default 96).
    white
        Value of white in the frames (default 255).
    seed
        Seed of the random generator.

    Returns
    -------
    share : float
        Share of the requested displacement that the output has, by least squares over all pixels: 1 is ideal. It is 1
        if nothing moves.
    error : float
        Mean difference of the colors of the output from those of the frames, along the motion, in gray levels of 255.

    Examples
    --------
    A network that returns frame b has its colors and, for a factor of 4, about a quarter of the requested displacement.

    >>> from vmm.data import synthetic
    >>> from vmm.train.adapt import reached
    >>> clip = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(8, 30, 5, 0.2))
    >>> share, error = reached(lambda a, b, factor: b, clip, 4.0)
    >>> round(share, 1), error
    (0.3, 0.0)
    """
    rng, product, energy, errors = np.random.default_rng(seed), 0.0, 0.0, []
    rows, cols = _crop(frames, patch, getattr(net, "multiple", 1))
    with torch.no_grad():
        for _ in range(_CROPS):
            pair = _pair(frames, rng, rows, cols).astype(np.float32) / (white / 2) - 1
            asked = magnify_static(127.5 * (pair + 1), alpha=factor - 1)[1:] / 127.5 - 1
            a, b, ideal = (torch.from_numpy(frame).permute(2, 0, 1)[None] for frame in (*pair, *asked))
            moves, out = flow(a, b), net(a, b, torch.full((1, 1, 1, 1), factor)).clamp(-1, 1)
            target, estimate = flow(a, ideal.clamp(-1, 1)), flow(a, out)
            weight = inside(target)
            product += float((weight * target * estimate).sum())
            energy += float((weight * target * target).sum())
            errors.append(float((weight * (warp(out, estimate) - warp(b, moves)).abs()).mean()) * 127.5)
    return product / energy if energy > 0 else 1.0, float(np.mean(errors))


def initial_generator(channels: int = 16, seed: int = 0) -> Any:
    """A small FlowMag generator with initial weights, for ``adapt(..., fresh=True)``.

    With its initial weights it performs linear magnification, which is accurate for displacements of a small fraction
    of a pixel.

    Parameters
    ----------
    channels
        Number of channels at the finest level (default 16; 64 as published).
    seed
        Seed of the initial weights.

    Returns
    -------
    FlowMag
        The network, with ``skip``.

    Examples
    --------
    >>> from vmm.train.adapt import initial_generator
    >>> initial_generator(2).skip
    True
    """
    return start(FlowMag(channels, norm=False, skip=True), seed)


def random_pairs(
    frames: np.ndarray,
    rng: np.random.Generator,
    *,
    factors: tuple[float, float] = (1.0, 16.0),
    batch: int = 4,
    patch: int = 64,
    multiple: int = 1,
    white: float = 255.0,
    device: str = "cpu",
) -> Sample:
    """Random pairs of the first frame and another frame, with total factors; the parameters are those of ``adapt``.

    The sides of the crops are multiples of `multiple` pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.train.adapt import random_pairs
    >>> clip = np.zeros((5, 40, 40), np.uint8)
    >>> random_pairs(clip, np.random.default_rng(0), batch=2, patch=32).factor.shape
    torch.Size([2, 1, 32, 32])
    """
    rows, cols = _crop(frames, patch, multiple)
    pairs = np.stack([_pair(frames, rng, rows, cols) for _ in range(batch)])  # (B, 2, rows, cols, 3)
    values = torch.from_numpy(pairs.astype(np.float32)).to(device).div_(white / 2).sub_(1)
    values = _recolored(values.permute(0, 1, 4, 2, 3), rng)
    low, high = np.log(factors)
    totals = np.exp(rng.uniform(low, high, batch))
    maps = np.stack([_factor_map(total, rows, cols, rng) for total in totals])
    a, b = values.unbind(1)
    return Sample(a, b, b, torch.from_numpy(maps[:, None]).to(device), a, b)


def _crop(frames: np.ndarray, patch: int, multiple: int) -> tuple[int, int]:
    """Sides of a crop of at most `patch` pixels, which are multiples of `multiple`."""
    rows, cols = (min(patch, n) // multiple * multiple for n in frames.shape[1:3])
    return rows, cols


def _pair(frames: np.ndarray, rng: np.random.Generator, rows: int, cols: int) -> np.ndarray:
    """Crop (2, rows, cols, 3) of the first frame and another one, both mirrored in the same way."""
    row, col = (rng.integers(n - m + 1) for n, m in zip(frames.shape[1:3], (rows, cols), strict=True))
    pair = np.stack([frames[i, row : row + rows, col : col + cols] for i in (0, rng.integers(1, len(frames)))])
    pair = pair if pair.ndim == 4 else np.repeat(pair[..., None], 3, -1)
    return pair[:, :: rng.choice([-1, 1]), :: rng.choice([-1, 1])]


def _recolored(frames: Tensor, rng: np.random.Generator) -> Tensor:
    """Pairs (B, 2, 3, H, W) with permuted, scaled and shifted color channels, the same for both frames of a pair."""
    n = len(frames)
    mixes = np.stack([np.eye(3)[rng.permutation(3)] * rng.uniform(0.7, 1.1, (3, 1)) for _ in range(n)])
    mix = torch.from_numpy(mixes.astype(np.float32)).to(frames)
    shift = torch.from_numpy(rng.uniform(-0.1, 0.1, (n, 1, 3, 1, 1)).astype(np.float32)).to(frames)
    return (torch.einsum("bij,btjhw->btihw", mix, frames) + shift).clamp(-1, 1)


def _factor_map(factor: float, rows: int, cols: int, rng: np.random.Generator) -> np.ndarray:
    """Map (rows, cols) of the factor: constant, or with a factor of 1 inside or outside of a random box."""
    values = np.full((rows, cols), factor, np.float32)
    if rng.random() < 0.5:
        (row, row_end), (col, col_end) = (np.sort(rng.integers(n + 1, size=2)) for n in (rows, cols))
        box = np.zeros((rows, cols), bool)
        box[row:row_end, col:col_end] = True
        values[box == (rng.random() < 0.5)] = 1
    return values


def _check(frames: np.ndarray, steps: int, factors: tuple[float, float]) -> None:
    """Raise a ValueError if the clip, `steps` or `factors` cannot be used."""
    if frames.ndim not in (3, 4) or len(frames) < 2 or min(frames.shape[1:3]) < 16:
        raise ValueError(
            f"frames of shape {frames.shape} must be (T, H, W) or (T, H, W, 3) with at least 2 frames of 16 x 16 pixels"
        )
    if steps < 1:
        raise ValueError(f"steps={steps!r} must be at least 1; a few hundred steps are usual")
    if not 0 < factors[0] <= factors[1]:
        raise ValueError(f"factors={factors!r} must be positive total factors (low, high) with low <= high")
