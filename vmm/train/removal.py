"""Pruning: learning which activations and residual blocks of a network can be removed."""

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
    """A block A that can be blended with the identity: F(x) = (1 - w) A(x) + w x, with a learned w in [0, 1].

    Parameters
    ----------
    block
        An activation or a residual block; its output has the shape of its input.

    Attributes
    ----------
    share
        The parameter w, initially 0. At 1 the block has no effect.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.removal import Removable
    >>> block = Removable(torch.nn.ReLU())
    >>> _ = block.share.data.fill_(0.25)
    >>> block(torch.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block
        self.share: nn.Parameter = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Blend of the output of the block and x (B, C, H, W)."""
        if self.training:
            self.share.data.clamp_(0, 1)  # a step of the optimizer can leave [0, 1]
        w = self.share if self.training else self.share.clamp(0, 1)
        return (1 - w) * self.block(x) + w * x


class _FunctionModule(nn.Module):
    """A function, wrapped as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def removable(net: Any) -> Any:
    """Copy of a network in which every activation and every residual block is removable, stage 1 of [1]_.

    An activation that several layers share, as in the encoder of MagNet, is removed from all of them or from none.
    The activation inside a residual block is removed together with the block. Before training, the output is that of
    the original network.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``. It is copied and not changed.

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
    """Loss with a penalty on the blocks that remain in the network.

    Parameters
    ----------
    loss
        Loss of the network, such as ``LOSSES["painted"]()``.
    weight
        Weight of the penalty mean(1 - w^power) over all blocks. A larger weight removes more blocks.
    power
        Exponent of the penalty, at least 1.

    Returns
    -------
    Loss
        ``loss(net, sample, progress)`` for a network that ``removable`` returned.

    Raises
    ------
    ValueError
        If `power` is less than 1, for which the gradient at w = 0 is infinite.

    Examples
    --------
    >>> from vmm.train.networks import RealTime
    >>> from vmm.train.removal import removable, removing
    >>> loss = removing(lambda net, sample, progress: 2.0, weight=0.1)
    >>> round(loss(removable(RealTime(4, 1)), None, 0.0).item(), 3)
    2.1
    """
    if not power >= 1:
        raise ValueError(f"power={power!r} must be at least 1")
    return lambda net, sample, progress: loss(net, sample, progress) + weight * penalty(net, power)


def penalty(net: Any, power: float = 1.0) -> Tensor:
    """Mean remaining proportion of the blocks, mean(1 - w^power).

    Raises
    ------
    ValueError
        If the network has no removable blocks.

    Examples
    --------
    >>> from vmm.train.networks import RealTime
    >>> from vmm.train.removal import penalty, removable
    >>> penalty(removable(RealTime(4, 1))).item()
    1.0
    """
    remaining = [1 - block.share**power for _, _, _, block in _blocks(net)]
    if not remaining:
        raise ValueError("net has no removable blocks: pass the result of vmm.train.removal.removable(net)")
    return torch.stack(remaining).mean()


def shares(net: Any) -> dict[str, float]:
    """Value of w of every block by name, in decreasing order; a block with w = 1 has no effect.

    Examples
    --------
    >>> from vmm.train.networks import FlowMag
    >>> from vmm.train.removal import removable, shares
    >>> len(shares(removable(FlowMag(2))))
    18
    """
    values = {path: min(max(float(block.share.detach()), 0.0), 1.0) for path, _, _, block in _blocks(net)}
    return dict(sorted(values.items(), key=lambda item: -item[1]))


def without_removed(net: Any, threshold: float = 0.9) -> Any:
    """Copy of a network without the blocks whose w is at least `threshold`.

    Of the remaining ones, the weights of residual blocks whose sum passes no activation are multiplied by 1 - w, so
    that they have the effect that was learned. All others get w = 0 and their full effect again, so that the copy
    should be trained further if there are any with w > 0.

    Parameters
    ----------
    net
        A trained network that ``removable`` returned.
    threshold
        Smallest w of a block that is removed (default 0.9).

    Returns
    -------
    net
        A network of the same kind without removable blocks.

    Examples
    --------
    >>> from vmm.train.networks import RealTime, count
    >>> from vmm.train.removal import removable, without_removed
    >>> net = removable(RealTime(4, blocks=2))
    >>> _ = net.res[0].share.data.fill_(1)
    >>> count(RealTime(4, blocks=1)) == count(without_removed(net))
    True
    """
    net = copy.deepcopy(net)
    for _, parent, name, block in list(_blocks(net)):
        removed = float(block.share.detach()) >= threshold
        inner = nn.Identity() if removed else block.block
        if isinstance(inner, Residual) and not inner.after:
            for parameter in inner.c2.parameters():  # x + (1 - w) f(x) is the blend of x + f(x) and x
                parameter.data.mul_(1 - block.share.detach().clamp(0, 1))
        if isinstance(inner, _FunctionModule):
            delattr(parent, name)  # PyTorch does not allow a function in place of a registered module
            inner = inner.function
        setattr(parent, name, inner)
    return net


def _wrap(parent: nn.Module) -> None:
    """Wrap the submodules of a module, and its activation function, as ``Removable``."""
    for name, child in list(parent.named_children()):
        if isinstance(child, (Residual, Act, nn.ReLU, nn.LeakyReLU, nn.ELU)):
            setattr(parent, name, Removable(child))
        else:
            _wrap(child)
    act = vars(parent).get("act")
    if callable(act):
        parent.act = Removable(_FunctionModule(act))


def _blocks(net: nn.Module) -> Iterator[tuple[str, nn.Module, str, Removable]]:
    """Path, parent module, name within the parent, and block of every removable block."""
    for path, module in net.named_modules():
        if isinstance(module, Removable):
            parent, _, name = path.rpartition(".")
            yield path, net.get_submodule(parent), name, module
