"""The optimizer: Muon for convolution kernels, Adam for all other parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

NUMBER_RATE = 20.0
"""Learning rate of single numbers, relative to that of vectors: they have to move by 1 within a few hundred steps."""


class Muon(torch.optim.Optimizer):
    """Muon optimizer [1]_: orthogonalized momentum. Parameter groups with ``adam=True`` are updated by Adam [2]_.

    Parameters
    ----------
    groups
        Parameter groups: dicts with ``params``, ``lr`` (learning rate) and ``adam`` (bool).
    momentum
        Momentum of the orthogonalized steps, in [0, 1).

    References
    ----------
    .. [1] Jordan et al.: Muon, an optimizer for hidden layers in neural networks. 2024.
    .. [2] Kingma, Ba: Adam, a method for stochastic optimization. ICLR 2015.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.optimizer import Muon
    >>> x = torch.nn.Parameter(torch.tensor([1.0]))
    >>> x.grad = torch.tensor([2.0])
    >>> Muon([{"params": [x], "lr": 0.1, "adam": True}]).step()
    >>> round(x.item(), 3)
    0.9
    """

    def __init__(self, groups: Iterable[dict[str, Any]], momentum: float = 0.95) -> None:
        super().__init__(groups, {"lr": 1e-3, "adam": False, "momentum": momentum})

    def step(self, closure: Any = None) -> None:
        """Update the parameters from their gradients."""
        with torch.no_grad():
            for group in self.param_groups:
                parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
                if not parameters:
                    continue
                batches, update = ([parameters], _adam) if group["adam"] else (_by_shape(parameters), _orthogonal)
                for batch in batches:
                    update(batch, [self.state[parameter] for parameter in batch], group)


def _by_shape(parameters: Sequence[Tensor]) -> list[list[Tensor]]:
    """The parameters grouped by the shape of their matrices; each group is updated as one batch."""
    groups: dict[torch.Size, list[Tensor]] = {}
    for parameter in parameters:
        groups.setdefault(parameter.flatten(1).shape, []).append(parameter)
    return list(groups.values())


def _adam(parameters: Sequence[Tensor], states: Sequence[dict[str, Any]], group: dict[str, Any]) -> None:
    """Adam update, algorithm 1 in [2], of all parameters in one batch, since a GPU is faster that way."""
    for parameter, state in zip(parameters, states, strict=True):
        if not state:
            state.update(step=0, first=torch.zeros_like(parameter), second=torch.zeros_like(parameter))
        state["step"] += 1
    gradients = [parameter.grad for parameter in parameters]
    first, second = ([state[name] for state in states] for name in ("first", "second"))
    torch._foreach_lerp_(first, gradients, 0.1)
    torch._foreach_lerp_(second, torch._foreach_mul(gradients, gradients), 0.01)
    lengths = torch._foreach_sqrt(torch._foreach_div(second, [1 - 0.99 ** state["step"] for state in states]))
    torch._foreach_add_(lengths, 1e-8)
    rates = [-group["lr"] / (1 - 0.9 ** state["step"]) for state in states]
    torch._foreach_add_(parameters, torch._foreach_div(torch._foreach_mul(first, rates), lengths))


def _orthogonal(parameters: Sequence[Tensor], states: Sequence[dict[str, Any]], group: dict[str, Any]) -> None:
    """Muon update of parameters whose matrices have the same shape, in one batch, since a GPU is faster that way.

    The steps are the momenta with all singular values near 1, scaled to the length of an Adam step.
    """
    for parameter, state in zip(parameters, states, strict=True):
        if not state:
            state["first"] = torch.zeros_like(parameter)
    gradients = [parameter.grad for parameter in parameters]
    momenta = [state["first"] for state in states]
    torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
    ahead = torch._foreach_lerp(gradients, momenta, group["momentum"])
    steps = orthogonal(torch.stack([x.flatten(1) for x in ahead]))
    rate = group["lr"] * max(1.0, steps.shape[1] / steps.shape[2]) ** 0.5
    moves = [step.view_as(parameter) for parameter, step in zip(parameters, steps, strict=True)]
    torch._foreach_add_(parameters, moves, alpha=-rate)


def orthogonal(matrices: Tensor) -> Tensor:
    """Orthogonalize matrices by Newton-Schulz iteration: keep singular vectors, set singular values near 1.

    Parameters
    ----------
    matrices
        Matrices (..., m, n).

    Returns
    -------
    Tensor
        Matrices (..., m, n) with singular values of about 0.7 to 1.2.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.optimizer import orthogonal
    >>> torch.linalg.svdvals(orthogonal(torch.tensor([[3.0, 0.0], [0.0, 0.1]]))).round().tolist()
    [1.0, 1.0]
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-12)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (2.0315 * square @ square - 4.775 * square) @ x
    return x.mT if tall else x


def optimizer(net: nn.Module, rate: float) -> Muon:
    """Optimizer of a network: Muon for all convolution kernels, Adam for biases, other vectors, and single numbers.

    Parameters
    ----------
    net
        The network.
    rate
        Learning rate of Adam for vectors; that of Muon is twice as large, and that of single numbers, which are the
        shares of removable blocks, is ``NUMBER_RATE`` times as large.

    Returns
    -------
    Muon
        The optimizer.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.optimizer import optimizer
    >>> [group["lr"] for group in optimizer(torch.nn.Conv2d(3, 4, 3), 1e-3).param_groups]
    [0.001, 0.002]
    """
    rates = (NUMBER_RATE * rate, rate, 2 * rate)  # of numbers, vectors, and matrices or kernels
    groups = [
        {"params": [p for p in net.parameters() if min(p.ndim, 2) == ndim], "lr": rates[ndim], "adam": ndim < 2}
        for ndim in range(3)
    ]
    return Muon([group for group in groups if group["params"]])
