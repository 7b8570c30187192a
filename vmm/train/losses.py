"""Losses for the training of networks, one per paper.

| name | network | terms |
| --- | --- | --- |
| ``painted`` | any | difference of the output from the ground truth |
| ``magnet`` | ``MagNet`` | ``painted``, plus changes of the texture with motion and of the shape with color |
| ``lightweight`` | ``Lightweight`` | ``painted``, plus errors of the appearance and effects of noise on the motion |
| ``flowmag`` | any | difference of the optical flow from the requested flow; needs no ground truth |

``LOSSES[name](...)`` returns a ``Loss`` for the training loop.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vmm.train.differences import amount, charbonnier, edges, structure
from vmm.train.flow import flow, inside, trust, warp
from vmm.train.loop import Loss, Sample, magnified
from vmm.train.networks.blocks import on_grid

_MARGIN = 8  # Border in pixels that is excluded, for content that moves into the frame cannot be predicted.
_MIN_CHANGE = 0.012  # Mean change from b to the target, for values in [-1, 1], below which pairs have less weight.


def painted(out: Tensor, sample: Sample, progress: float) -> Tensor:
    """Difference of the output from the ground truth: Charbonnier, edge, structure and gain terms.

    The Charbonnier term is wide at first: without a quadratic region, a network that predicts the change relative to
    frame b would not leave the solution "no change". The edge, structure and gain terms are faded in. Each pair is
    weighted by the reciprocal of the change from frame b to the target, so that small motions are learned, too.

    Parameters
    ----------
    out
        Output of the network (B, 3, P, P) in [-1, 1].
    sample
        The batch.
    progress
        Elapsed fraction of the training time, in [0, 1].

    Returns
    -------
    Tensor
        The loss, a scalar.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.loop import Sample
    >>> from vmm.train.losses import painted
    >>> frames = torch.rand(1, 3, 32, 32)
    >>> sample = Sample(frames, frames, frames, torch.ones(1, 1, 1, 1), frames, frames)
    >>> abs(painted(frames, sample, 0.0).item()) < 1e-6
    True
    """
    inner = (..., slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
    out, target, b = (frames[inner] for frames in (out, sample.target, sample.clean_b))
    change = target - b
    weight = 1 / (change.abs().mean((1, 2, 3), keepdim=True) + _MIN_CHANGE)
    weight = weight / weight.mean()
    soft = 0.1 * 0.06 ** min(1.0, 2 * progress)  # decreases from 0.1 to 0.006 within the first half
    ramp = min(1.0, 5 * progress)
    details = edges(out, target, soft, weight) + 0.2 * structure(out, target, weight=weight)
    details = details + 0.02 * amount(out - b, change)
    return charbonnier(out, target, soft, weight) + ramp * details


def of_frame() -> Loss:
    """Loss of the output frame alone: ``painted``.

    Returns
    -------
    Loss
        ``loss(net, sample, progress)``.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.loop import Sample
    >>> from vmm.train.losses import LOSSES
    >>> from vmm.train.networks import RealTime
    >>> frames = torch.zeros(1, 3, 32, 32)
    >>> sample = Sample(frames, frames, frames, torch.ones(1, 1, 1, 1), frames, frames)
    >>> LOSSES["painted"]()(RealTime(4, 1), sample, 0.0).shape
    torch.Size([])
    """
    return lambda net, sample, progress: painted(magnified(net, sample), sample, progress)


def of_magnet(share: float = 0.1) -> Loss:
    """Loss of MagNet: ``painted`` + share (L1(Va, Vb) + L1(Vb', VY') + L1(Mb, Mb')), as in [1]_.

    The additional terms penalize changes of the texture V under motion, and changes of the shape M under changes of
    color. A prime denotes frame b and the target Y after a change of color, so ``Settings.color`` must be positive.

    Parameters
    ----------
    share
        Weight of the three additional terms (default 0.1, as published).

    Returns
    -------
    Loss
        ``loss(net, sample, progress)`` for a ``MagNet``.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.loop import Sample
    >>> from vmm.train.losses import LOSSES
    >>> from vmm.train.networks import MagNet
    >>> frames = torch.zeros(1, 3, 32, 32)
    >>> sample = Sample(frames, frames, frames, torch.ones(1, 1, 1, 1), frames, frames)
    >>> LOSSES["magnet"]()(MagNet(), sample, 0.0).shape
    torch.Size([])
    """

    def loss(net: Any, sample: Sample, progress: float) -> Tensor:
        (texture_a, _), (texture_b, shape_b) = net.encoder(sample.a), net.encoder(sample.clean_b)
        (texture_other, shape_other), (texture_target, _) = net.encoder(sample.b), net.encoder(sample.target)
        separation = F.l1_loss(texture_a, texture_b) + F.l1_loss(texture_other, texture_target)
        separation = separation + F.l1_loss(shape_b, shape_other)
        return painted(magnified(net, sample), sample, progress) + share * separation

    return loss


def of_lightweight(proxy: Any = None, share: float = 0.1) -> Loss:
    """Loss of the lightweight network: ``painted`` + share (L_A + L_M), as in [1]_.

    L_A is the difference between the image that is decoded from the appearance alone and both frames without noise, at
    half the resolution. L_M is the difference between the magnified shape differences of the network and those of a
    proxy, a network that was trained without noise, for the frames without noise. The edge loss of the paper is part of
    ``painted``.

    Parameters
    ----------
    proxy
        A network of the same size that was trained with ``Settings.noise`` 0. It is copied and not trained further.
        With None (default), L_M is left out, as in the training of the proxy itself.
    share
        Weight of both terms (default 0.1; published is a weight of 10 for the frame and 1 for these terms).

    Returns
    -------
    Loss
        ``loss(net, sample, progress)`` for a ``Lightweight``.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.loop import Sample
    >>> from vmm.train.losses import LOSSES
    >>> from vmm.train.networks import Lightweight
    >>> frames = torch.zeros(1, 3, 32, 32)
    >>> sample = Sample(frames, frames, frames, torch.ones(1, 1, 1, 1), frames, frames)
    >>> LOSSES["lightweight"](Lightweight(2))(Lightweight(2), sample, 0.0).shape
    torch.Size([])
    """
    frozen = None if proxy is None else copy.deepcopy(proxy).eval().requires_grad_(False)

    def loss(net: Any, sample: Sample, progress: float) -> Tensor:
        texture, *shapes = net.encode(sample.a, sample.b)
        total = _appearance(net.appearance(texture), sample)
        if frozen is not None:
            with torch.no_grad():
                _, *targets = frozen.encode(sample.clean_a, sample.clean_b)
            total = total + F.l1_loss(_amplified(shapes, sample.factor), _amplified(targets, sample.factor))
        return painted(magnified(net, sample), sample, progress) + share * total

    return loss


def _appearance(picture: Tensor, sample: Sample) -> Tensor:
    """L_A of an image (B, 3, H/2, W/2)."""
    return sum((F.l1_loss(picture, F.avg_pool2d(x, 2)) for x in (sample.clean_a, sample.clean_b)), torch.zeros(()))


def _amplified(shapes: list[Tensor], factor: Tensor) -> Tensor:
    """Amplified difference of two shapes (B, 2C, H/2, W/2)."""
    return (shapes[1] - shapes[0]) * on_grid(factor, shapes[1])


def of_flow(magnification: float = 1.0, color: float = 10.0) -> Loss:
    """Loss of FlowMag [1]_: the difference of the optical flow of the output from the requested flow.

    No ground truth is needed, so that a network can be trained on any clip. Optical flow F is estimated by
    ``vmm.train.flow.flow``. Pixels whose requested position is outside the frame have no weight, and the displacement
    of areas without more contrast than noise has little: there it is noise itself, which is not to be magnified.
    Everything is computed in single precision, for motion that changes values by less than a gray level would be lost
    otherwise. The factor of the sample may be a map (B, 1, H, W). The color term is quadratic near zero at the
    beginning of the training: without it, a network whose initial output is frame b, which has no color error, would
    not change.

    Parameters
    ----------
    magnification
        Weight of L1(F(a, out), factor F(a, b)), in pixels (default 1, as published).
    color
        Weight of L1(warp(out, F(a, out)), warp(b, F(a, b))), with white equal to 1 (default 10, as published).

    Returns
    -------
    Loss
        ``loss(net, sample, progress)`` for any network.

    References
    ----------
    .. [1] Pan, Geng, Owens: Self-supervised motion magnification by backpropagating through optical flow.
       NeurIPS 2023.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.loop import Sample
    >>> from vmm.train.losses import LOSSES
    >>> from vmm.train.networks import FlowMag
    >>> frames = torch.rand(1, 3, 32, 32)
    >>> sample = Sample(frames, frames, frames, torch.ones(1, 1, 1, 1), frames, frames)
    >>> LOSSES["flowmag"]()(FlowMag(2, norm=False), sample, 0.0).shape
    torch.Size([])
    """

    def loss(net: Any, sample: Sample, progress: float) -> Tensor:
        a, b = sample.clean_a, sample.clean_b
        out = net(sample.a, sample.b, sample.factor)
        with torch.no_grad():
            moves = flow(a, b)
            target, weight = sample.factor * moves, trust(a, b, moves)
            aligned = warp(b, moves)
        estimate = flow(a, out)
        soft = 0.1 * 0.2 ** min(1.0, 3 * progress)
        colors = (((warp(out, estimate) - aligned) / 2).square() + soft**2).sqrt() - soft
        total = magnification * weight * (estimate - target).abs().mean(1, True) + color * colors.mean(1, True)
        return (inside(target) * total).mean()

    return loss


LOSSES: dict[str, Callable[..., Loss]] = {
    "painted": of_frame,
    "magnet": of_magnet,
    "lightweight": of_lightweight,
    "flowmag": of_flow,
}
"""Functions that make the losses, by name."""
