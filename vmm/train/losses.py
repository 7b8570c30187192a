"""Losses of whole networks, one a paper, each to be had by its name.

| name | network | what is made small |
| --- | --- | --- |
| ``painted`` | any | how far the frame is from the true one |
| ``magnet`` | ``MagNet`` | that, and how much texture changes with motion, and shape with colours |
| ``lightweight`` | ``Lightweight`` | that, and what the appearance lacks, and what noise changes in the motion |
| ``flowmag`` | any | how far the flow of the frame is from that asked for; needs no true frame |

``LOSSES[name](...)`` makes a ``Loss`` for the loop.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vmm.train.differences import amount, charbonnier, edges, structure
from vmm.train.flow import flow, inside, warp
from vmm.train.loop import Loss, Sample, magnified
from vmm.train.networks.blocks import on_grid

_MARGIN = 8  # pixels beside a frame's border from which things come in that the network cannot know
_LITTLE = 0.012  # change between frame b and its target, of 2, below which a pair counts less and less


def painted(out: Tensor, sample: Sample, progress: float) -> Tensor:
    """How far a frame is from its target, less a margin: brightness first, edges and structure more and more.

    Without a quadratic loss at the start a network that adds to frame b never leaves the answer b. Each pair counts by
    how much of the change between frame b and the target is missed, or small motions would not be learned beside large;
    that the change as a whole has the right size is asked for besides.
    """
    inner = (..., slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
    out, target, b = (frames[inner] for frames in (out, sample.target, sample.clean_b))
    change = target - b
    weight = 1 / (change.abs().mean((1, 2, 3), keepdim=True) + _LITTLE)
    weight = weight / weight.mean()
    soft = 0.1 * 0.06 ** min(1.0, 2 * progress)  # .1 at first, .006 from the middle on
    ramp = min(1.0, 5 * progress)
    shape = edges(out, target, soft, weight) + 0.2 * structure(out, target, weight=weight)
    shape = shape + 0.02 * amount(out - b, change)
    return charbonnier(out, target, soft, weight) + ramp * shape


def of_frame() -> Loss:
    """How far the frame is from the true one: ``painted``.

    Returns
    -------
    Loss
        ``loss(net, sample, progress)``.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.loop import Sample
    >>> from vmm.train.networks import RealTime
    >>> frames = torch.zeros(1, 3, 32, 32)
    >>> sample = Sample(frames, frames, frames, torch.ones(1, 1, 1, 1), frames, frames)
    >>> LOSSES["painted"]()(RealTime(4, 1), sample, 0.0).shape
    torch.Size([])
    """
    return lambda net, sample, progress: painted(magnified(net, sample), sample, progress)


def of_magnet(share: float = 0.1) -> Loss:
    """The same, and share (L1(Va, Vb) + L1(Vb', VY') + L1(Mb, Mb')), as in [1]_.

    Texture V is not to change where only things move, and shape M not where only colours change. Primed are the frame
    b and the target whose colours have changed, so that the loop's ``Settings.colour`` must not be 0.

    Parameters
    ----------
    share
        Weight of the three beside the loss of the frame, 0.1 as published.

    Returns
    -------
    Loss
        ``loss(net, sample, progress)`` for a ``MagNet``.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018.
    """

    def loss(net: Any, sample: Sample, progress: float) -> Tensor:
        (texture_a, _), (texture_b, shape_b) = net.encoder(sample.a), net.encoder(sample.clean_b)
        (texture_other, shape_other), (texture_target, _) = net.encoder(sample.b), net.encoder(sample.target)
        apart = F.l1_loss(texture_a, texture_b) + F.l1_loss(texture_other, texture_target)
        apart = apart + F.l1_loss(shape_b, shape_other)
        return painted(magnified(net, sample), sample, progress) + share * apart

    return loss


def of_lightweight(proxy: Any = None, share: float = 0.1) -> Loss:
    """The same, and share (L_A + L_M), as in [1]_. The edge loss is part of what is the same.

    L_A: the picture that the appearance stands for is to be both frames at half their size, without noise. L_M: the
    magnified difference of the encodings is to be that which a proxy, a network that never saw noise, makes of the
    frames without noise.

    Parameters
    ----------
    proxy
        A network of the same size, trained without noise (``Settings.noise`` 0); None leaves L_M out, as when the
        proxy itself is trained. It is copied, and not trained on.
    share
        Weight of both beside the loss of the frame: 0.1, as published for a loss of the frame with weight 10.

    Returns
    -------
    Loss
        ``loss(net, sample, progress)`` for a ``Lightweight``.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023.
    """
    frozen = None if proxy is None else copy.deepcopy(proxy).eval().requires_grad_(False)

    def loss(net: Any, sample: Sample, progress: float) -> Tensor:
        texture, *shapes = net.encode(sample.a, sample.b)
        total = _appearance(net.appearance(texture), sample)
        if frozen is not None:
            with torch.no_grad():
                _, *wanted = frozen.encode(sample.clean_a, sample.clean_b)
            total = total + F.l1_loss(_moved(shapes, sample.factor), _moved(wanted, sample.factor))
        return painted(magnified(net, sample), sample, progress) + share * total

    return loss


def _appearance(picture: Tensor, sample: Sample) -> Tensor:
    """L_A of a picture (B, 3, H/2, W/2)."""
    return sum((F.l1_loss(picture, F.avg_pool2d(x, 2)) for x in (sample.clean_a, sample.clean_b)), torch.zeros(()))


def _moved(shapes: list[Tensor], factor: Tensor) -> Tensor:
    """The magnified difference of encodings (B, 2C, H/2, W/2)."""
    return (shapes[1] - shapes[0]) * on_grid(factor, shapes[1])


def of_flow(magnification: float = 1.0, colour: float = 10.0) -> Loss:
    """How far the flow of the frame is from factor times that of frame b, and how far its colours [1]_.

    No true frame is needed, so that a network learns from any clip. Both flows are our own, see ``vmm.train.flow``;
    pixels that are to leave the frame have no say. Everything is computed in 32 bits: motion of less than a
    grey level would be lost else. The sample's factor may be a map (B, 1, H, W). Differences of colour are quadratic
    near zero, less and less as the training goes on: a frame that is b has none, and a network that begins there could
    not leave it else.

    Parameters
    ----------
    magnification
        Weight of L1(F(a, out), factor F(a, b)), pixels; 1 as published.
    colour
        Weight of L1(warp(out, F(a, out)), warp(b, F(a, b))), for colours of which white is 1; 10 as published.

    Returns
    -------
    Loss
        ``loss(net, sample, progress)`` for any network.

    References
    ----------
    .. [1] Pan, Geng, Owens: Self-supervised motion magnification by backpropagating through optical flow.
       NeurIPS 2023.
    """

    def loss(net: Any, sample: Sample, progress: float) -> Tensor:
        a, b = sample.clean_a, sample.clean_b
        out = net(sample.a, sample.b, sample.factor)
        with torch.no_grad():
            moves = flow(a, b)
            wanted = sample.factor * moves
            back = warp(b, moves)
        made = flow(a, out)
        seen = inside(wanted)
        soft = 0.1 * 0.2 ** min(1.0, 3 * progress)
        colours = (((warp(out, made) - back) / 2).square() + soft**2).sqrt() - soft
        return (seen * (magnification * (made - wanted).abs().mean(1, True) + colour * colours.mean(1, True))).mean()

    return loss


LOSSES: dict[str, Callable[..., Loss]] = {
    "painted": of_frame,
    "magnet": of_magnet,
    "lightweight": of_lightweight,
    "flowmag": of_flow,
}
"""Makers of losses by their names."""
