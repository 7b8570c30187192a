"""Differences of frames that losses are made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def charbonnier(x: Tensor, y: Tensor, soft: float = 0.02, weight: Tensor | float = 1.0) -> Tensor:
    """Mean absolute difference, quadratic below `soft`; frames (B, 3, H, W), a weight (B, 1, 1, 1) for each.

    References
    ----------
    .. [1] Charbonnier et al.: Two deterministic half-quadratic regularization algorithms for computed imaging.
       ICIP 1994.

    Examples
    --------
    >>> import torch
    >>> charbonnier(torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.15), 0.2).item()
    0.04999999701976776
    """
    return (weight * (((x - y).square() + soft**2).sqrt() - soft)).mean()


def edges(x: Tensor, y: Tensor, soft: float = 0.02, weight: Tensor | float = 1.0) -> Tensor:
    """The same of differences between neighbours down and right, L_edge of Singh et al. 2023; frames (B, 3, H, W).

    Examples
    --------
    >>> import torch
    >>> abs(edges(torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)).item()) < 1e-6
    True
    """
    d = x - y
    down, right = d[..., 1:, :] - d[..., :-1, :], d[..., 1:] - d[..., :-1]
    zero = torch.zeros_like(d)
    return charbonnier(down, zero[..., 1:, :], soft, weight) + charbonnier(right, zero[..., 1:], soft, weight)


def amount(change: Tensor, wanted: Tensor, faint: float = 2e-5) -> Tensor:
    """|1 - <change, wanted> / <wanted, wanted>|, mean over pairs of changes (B, 3, H, W): how much less or more moves.

    A mean of differences is least where what noise hides is moved by less than it should be; this is not. A wanted
    change of a mean square of `faint` or less counts less and less, and no pair more than 2.

    Examples
    --------
    >>> import torch
    >>> wanted = torch.ones(1, 3, 4, 4)
    >>> round(amount(0.75 * wanted, wanted).item(), 3)
    0.25
    """
    energy = wanted.square().mean((1, 2, 3))
    share = (change * wanted).mean((1, 2, 3)) / (energy + faint / 2)
    return (energy / (energy + faint) * (1 - share).abs().clamp(max=2)).mean()


def structure(x: Tensor, y: Tensor, scales: int = 2, weight: Tensor | float = 1.0) -> Tensor:
    """One less the structural similarity [1]_ over windows of 7 x 7, mean over scales; frames (B, 3, H, W) in [-1, 1].

    Each has a weight (B, 1, 1, 1). It stands where the papers have a perceptual loss, whose network cannot be made from
    nothing.

    References
    ----------
    .. [1] Wang, Bovik, Sheikh, Simoncelli: Image quality assessment. IEEE TIP 13(4), 2004, (13).

    Examples
    --------
    >>> import torch
    >>> frames = torch.rand(1, 3, 16, 16)
    >>> round(structure(frames, frames).item(), 6)
    0.0
    """
    total = x.new_zeros(())
    for scale in range(scales):
        if scale:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        total = total + (weight * (1 - _similarity(x, y))).mean()
    return total / scales


def _similarity(x: Tensor, y: Tensor) -> Tensor:
    """(13) in [1]; the constants are those for a range of 2."""
    means = F.avg_pool2d(torch.cat([x, y, x * x, y * y, x * y], 1), 7, 1)
    mx, my, xx, yy, xy = means.chunk(5, 1)
    one, two = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    vx, vy, cross = xx - mx * mx, yy - my * my, xy - mx * my
    return (2 * mx * my + one) / (mx * mx + my * my + one) * (2 * cross + two) / (vx + vy + two)
