"""Running a network on frames of any size, padded by reflection outside the network."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor


def reflected(net: Any, a: Tensor, b: Tensor, alpha: Tensor, *, margin: int = 0) -> Tensor:
    """Run a network on frames of any size.

    A network that pads with zeros is faster than one that pads by reflection in every convolution. A margin keeps the
    effect of the zeros out of the result.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``.
    a
        Reference frames (B, 3, H, W) in [-1, 1].
    b
        Frames (B, 3, H, W) whose motion relative to a is magnified.
    alpha
        Total factor: (B, 1, 1, 1), or a map (B, 1, H, W).
    margin
        Smallest padding on every side in pixels (default 0).

    Returns
    -------
    Tensor
        Magnified frames (B, 3, H, W).

    Raises
    ------
    ValueError
        If the margin is negative, or if the padding is as large as the frame.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks import Lightweight, reflected
    >>> a, b = torch.zeros(2, 1, 3, 15, 21)
    >>> reflected(Lightweight("light"), a, b, torch.ones(1, 1, 1, 1), margin=8).shape
    torch.Size([1, 3, 15, 21])
    """
    height, width = a.shape[-2:]
    down, right = (margin + -(n + 2 * margin) % net.multiple for n in (height, width))
    if margin < 0 or down >= height or right >= width:
        raise ValueError(
            f"margin={margin!r} must be at least 0, and frames of {height} x {width} pixels must be larger than their "
            f"padding, here {down} rows and {right} columns"
        )
    sides = (margin, right, margin, down)
    a, b = (F.pad(x, sides, mode="reflect") for x in (a, b))
    if alpha.shape[-1] > 1:
        alpha = F.pad(alpha, sides, mode="reflect")
    return net(a, b, alpha)[..., margin : margin + height, margin : margin + width]
