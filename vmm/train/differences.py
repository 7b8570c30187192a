"""Difference measures of frames, from which the losses are composed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def charbonnier(x: Tensor, y: Tensor, soft: float = 0.02, weight: Tensor | float = 1.0) -> Tensor:
    """Charbonnier loss [1]_: the mean of sqrt((x - y)^2 + soft^2) - soft, a smooth absolute difference.

    Parameters
    ----------
    x, y
        Frames (B, 3, H, W).
    soft
        Difference below which the loss is quadratic, in the unit of the frames.
    weight
        Weight of each frame, a number or a tensor (B, 1, 1, 1).

    Returns
    -------
    Tensor
        The loss, a scalar.

    References
    ----------
    .. [1] Charbonnier et al.: Two deterministic half-quadratic regularization algorithms for computed imaging.
       ICIP 1994.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.differences import charbonnier
    >>> round(charbonnier(torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.15), 0.2).item(), 4)
    0.05
    """
    return (weight * (((x - y).square() + soft**2).sqrt() - soft)).mean()


def edges(x: Tensor, y: Tensor, soft: float = 0.02, weight: Tensor | float = 1.0) -> Tensor:
    """Edge loss: the Charbonnier loss of the finite differences down and right, L_edge in [1]_.

    Parameters
    ----------
    x, y
        Frames (B, 3, H, W).
    soft
        Difference below which the loss is quadratic, in the unit of the frames.
    weight
        Weight of each frame, a number or a tensor (B, 1, 1, 1).

    Returns
    -------
    Tensor
        The loss, a scalar.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.differences import edges
    >>> abs(edges(torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)).item()) < 1e-6
    True
    """
    d = x - y
    down, right = d[..., 1:, :] - d[..., :-1, :], d[..., 1:] - d[..., :-1]
    zero = torch.zeros_like(d)
    return charbonnier(down, zero[..., 1:, :], soft, weight) + charbonnier(right, zero[..., 1:], soft, weight)


def amount(change: Tensor, target: Tensor, faint: float = 2e-5) -> Tensor:
    """Gain error: the mean over the batch of |1 - <change, target> / <target, target>|.

    A mean difference is smallest if noisy regions move by less than requested. The gain error does not have this bias.

    Parameters
    ----------
    change
        Changes (B, 3, H, W) relative to frame b that a network predicts.
    target
        True changes (B, 3, H, W).
    faint
        Mean square of the true change below which a pair has little weight. The error of a pair is clipped to 2.

    Returns
    -------
    Tensor
        The gain error, a scalar.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.differences import amount
    >>> target = torch.ones(1, 3, 4, 4)
    >>> round(amount(0.75 * target, target).item(), 3)
    0.25
    """
    energy = target.square().mean((1, 2, 3))
    share = (change * target).mean((1, 2, 3)) / (energy + faint / 2)
    return (energy / (energy + faint) * (1 - share).abs().clamp(max=2)).mean()


def structure(x: Tensor, y: Tensor, scales: int = 2, weight: Tensor | float = 1.0) -> Tensor:
    """Structural dissimilarity: 1 - SSIM [1]_ over windows of 7 x 7 pixels, averaged over scales.

    It replaces the perceptual loss of the papers, which needs a network that is trained on external data.

    Parameters
    ----------
    x, y
        Frames (B, 3, H, W) in [-1, 1].
    scales
        Number of scales; each has half the resolution of the one before.
    weight
        Weight of each frame, a number or a tensor (B, 1, 1, 1).

    Returns
    -------
    Tensor
        The dissimilarity, a scalar.

    References
    ----------
    .. [1] Wang, Bovik, Sheikh, Simoncelli: Image quality assessment. IEEE TIP 13(4), 2004, (13).

    Examples
    --------
    >>> import torch
    >>> from vmm.train.differences import structure
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
    """Structural similarity, equation (13) in [1], with the constants for a range of values of 2."""
    means = F.avg_pool2d(torch.cat([x, y, x * x, y * y, x * y], 1), 7, 1)
    mx, my, xx, yy, xy = means.chunk(5, 1)
    one, two = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    vx, vy, cross = xx - mx * mx, yy - my * my, xy - mx * my
    return (2 * mx * my + one) / (mx * mx + my * my + one) * (2 * cross + two) / (vx + vy + two)
