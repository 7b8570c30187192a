"""Random changes of light between the frames of a training pair."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SHARE = 0.75
"""Proportion of the pairs in which the light differs. In the others, every change of the values is motion or noise."""


def relit(frames: Tensor, change: float) -> Tensor:
    """Frames in another light, as an 8-bit camera would record them: values are clipped to the range from 0 to 255.

    In three of four frames, the values x in [0, 1] become (1 + g) x^(1 + c) + d. The gain g is the sum of a constant, a
    constant of each color channel, and a smooth function of position, part of which depends on the color channel. The
    numbers are drawn for each frame. Each of the four parts is left out in half of the frames, and all of them are
    multiplied by a common random strength in [0, 1], so that slight changes are frequent.

    Only the reference frame of a pair is changed. Then frame b and the ground truth have the same light, and the ground
    truth is exact.

    Parameters
    ----------
    frames
        Frames (B, 3, H, W) in [-1, 1].
    change
        Largest relative change, such as 0.1: the largest constant gain g and the largest change c of the exponent. The
        gain of a color channel and that of a position differ by up to half as much each, and the offset d is at most
        0.3 times as large.

    Returns
    -------
    Tensor
        Frames (B, 3, H, W) in [-1, 1]; with a `change` of 0 the argument itself.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.light import relit
    >>> frames = torch.zeros(1000, 3, 16, 16)
    >>> changes = (relit(frames, 0.1) - frames).abs().amax((1, 2, 3))
    >>> bool(0.6 < (changes > 0).float().mean() < 0.8), bool(0.1 < changes.max() < 0.5)
    (True, True)
    """
    if change == 0:
        return frames
    n, x = len(frames), (frames + 1) / 2
    strength = change * _uniform(frames, n, 1, 1, 1).abs() * (torch.rand(n, 1, 1, 1, device=frames.device) < SHARE)
    gain = _sometimes(_uniform(frames, n, 1, 1, 1)) + _sometimes(0.5 * _uniform(frames, n, 3, 1, 1))
    gain = gain + _sometimes(_smooth(frames))
    exponent, offset = _sometimes(_uniform(frames, n, 1, 1, 1)), _sometimes(0.3 * _uniform(frames, n, 1, 1, 1))
    other = (1 + strength * gain) * x.clamp(min=1e-6) ** (1 + strength * exponent) + strength * offset
    return torch.where(strength > 0, 2 * other.clamp(0, 1) - 1, frames)


def _uniform(like: Tensor, *shape: int) -> Tensor:
    """Random numbers, uniform in [-1, 1], on the device of `like`."""
    return 2 * torch.rand(shape, device=like.device) - 1


def _smooth(like: Tensor) -> Tensor:
    """Smooth random functions of position (B, 3, H, W) in about [-0.5, 0.5], half of them the same in all channels."""
    n = len(like)
    patches = 0.25 * _uniform(like, n, 1, 3, 3) + 0.25 * _uniform(like, n, 3, 3, 3)
    return F.interpolate(patches, size=like.shape[-2:], mode="bicubic", align_corners=True)


def _sometimes(part: Tensor) -> Tensor:
    """The values (B, ...) of a random half of the frames, and 0 for the others."""
    return part * (torch.rand(len(part), 1, 1, 1, device=part.device) < 0.5)
