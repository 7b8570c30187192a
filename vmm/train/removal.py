"""Learning to remove: which activations and residual blocks a network can do without."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from vmm.train.loop import Loss
from vmm.train.networks.blocks import Residual
from vmm.train.networks.lightweight import Act


class Removable(nn.Module):
    """A block A that may fade into nothing: F(x) = (1 - w) A(x) + w x, with w in [0, 1] learned, at first 0.

    Parameters
    ----------
    block
        What keeps the shape of its input: an activation or a residual block.

    Examples
    --------
    >>> import torch
    >>> block = Removable(torch.nn.ReLU())
    >>> _ = block.share.data.fill_(0.25)
    >>> block(torch.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block
        self.share = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """X (B, C, H, W) through the block as far as it is there."""
        if self.training:
            self.share.data.clamp_(0, 1)  # the last step may have left [0, 1]
        w = self.share if self.training else self.share.clamp(0, 1)
        return (1 - w) * self.block(x) + w * x


class _Called(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def removable(net: Any) -> Any:
    """A copy of a network in which every activation and every residual block may be removed, stage 1 of [1]_.

    Where one activation serves several layers, as in the encoder of MagNet, it is removed from all or none. What is
    inside a residual block goes with the block. As long as nothing is learned it gives what the network gives.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``; it stays as it is.

    Returns
    -------
    net
        A network of the same kind, to be trained with ``removing(loss)``.

    References
    ----------
    .. [1] Ha, Oh Hyun-Bin et al.: Revisiting learning-based video motion magnification for real-time processing.
       arXiv 2403.01898, 2024.

    Examples
    --------
    >>> from vmm.train.networks import RealTime
    >>> from vmm.train.removal import removable, shares
    >>> shares(removable(RealTime(4, blocks=2)))
    {'res.0': 0.0, 'res.1': 0.0, 'act': 0.0}
    """
    net = copy.deepcopy(net)
    _wrap(net)
    return net


def removing(loss: Loss, weight: float = 0.1, power: float = 1.0) -> Loss:
    """A loss that also wants blocks removed.

    Parameters
    ----------
    loss
        That of the network, such as ``LOSSES["painted"]()``.
    weight
        Of mean(1 - w^power) over all blocks. The larger it is, the more of them go.
    power
        The exponent, at least 1.

    Returns
    -------
    Loss
        ``loss(net, sample, progress)`` for what ``removable`` gives.

    Raises
    ------
    ValueError
        Where power is below 1, for which a block that is there in full could not begin to fade.
    """
    if not power >= 1:
        raise ValueError(f"power={power!r} must be at least 1")
    return lambda net, sample, progress: loss(net, sample, progress) + weight * penalty(net, power)


def penalty(net: Any, power: float = 1.0) -> Tensor:
    """How much of the blocks is left, mean(1 - w^power).

    Raises
    ------
    ValueError
        Where the network has no blocks that may be removed.
    """
    kept = [1 - block.share**power for _, _, _, block in _blocks(net)]
    if not kept:
        raise ValueError("the network has no blocks that may be removed: make it by vmm.train.removal.removable(net)")
    return torch.stack(kept).mean()


def shares(net: Any) -> dict[str, float]:
    """The w of every block by its name, the most removable first: at 1 it is gone.

    Examples
    --------
    >>> from vmm.train.networks import FlowMag
    >>> from vmm.train.removal import removable, shares
    >>> len(shares(removable(FlowMag(2))))
    18
    """
    found = {path: min(max(float(block.share.detach()), 0.0), 1.0) for path, _, _, block in _blocks(net)}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def dropped(net: Any, above: float = 0.9) -> Any:
    """A copy without the blocks whose w is at least so large; all others are there in full again.

    It is to be trained further: a block of which a part was missing is whole now.

    Parameters
    ----------
    net
        What ``removable`` gave, trained.
    above
        The smallest w of a block that goes.

    Returns
    -------
    net
        A network of the same kind without anything removable.

    Examples
    --------
    >>> from vmm.train.networks import RealTime, count
    >>> from vmm.train.removal import dropped, removable
    >>> net = removable(RealTime(4, blocks=2))
    >>> _ = net.res[0].share.data.fill_(1)
    >>> count(RealTime(4, blocks=1)) == count(dropped(net))
    True
    """
    net = copy.deepcopy(net)
    for _, parent, name, block in list(_blocks(net)):
        gone = float(block.share.detach()) >= above
        inner = nn.Identity() if gone else block.block
        if isinstance(inner, _Called):
            delattr(parent, name)  # else no plain function can take the place of a module
            inner = inner.function
        setattr(parent, name, inner)
    return net


def _wrap(parent: nn.Module) -> None:
    """Make what is in a module removable, and what it calls as its activation."""
    for name, child in list(parent.named_children()):
        if isinstance(child, (Residual, Act, nn.ReLU, nn.LeakyReLU, nn.ELU)):
            setattr(parent, name, Removable(child))
        else:
            _wrap(child)
    act = vars(parent).get("act")
    if callable(act):
        parent.act = Removable(_Called(act))


def _blocks(net: nn.Module) -> Iterator[tuple[str, nn.Module, str, Removable]]:
    """Path, parent, name in it and block of everything removable."""
    for path, module in net.named_modules():
        if isinstance(module, Removable):
            above, _, name = path.rpartition(".")
            yield path, net.get_submodule(above), name, module
