"""The optimizer: Muon for convolution kernels, Adam for all other parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


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
                update = _adam if group["adam"] else _orthogonal
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        update(parameter, self.state[parameter], group)


def _adam(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    """Adam update, algorithm 1 in [2]."""
    if not state:
        state.update(step=0, first=torch.zeros_like(parameter), second=torch.zeros_like(parameter))
    state["step"] += 1
    state["first"].lerp_(parameter.grad, 0.1)
    state["second"].lerp_(parameter.grad.square(), 0.01)
    first = state["first"] / (1 - 0.9 ** state["step"])
    second = state["second"] / (1 - 0.99 ** state["step"])
    parameter.sub_(group["lr"] * first / (second.sqrt() + 1e-8))


def _orthogonal(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    """Muon update: the momentum with all singular values near 1, scaled to the length of an Adam step."""
    if not state:
        state["first"] = torch.zeros_like(parameter)
    state["first"].lerp_(parameter.grad, 1 - group["momentum"])
    ahead = torch.lerp(parameter.grad, state["first"], group["momentum"])
    step = orthogonal(ahead.flatten(1))
    parameter.sub_(group["lr"] * max(1.0, step.shape[0] / step.shape[1]) ** 0.5 * step.view_as(parameter))


def orthogonal(matrix: Tensor) -> Tensor:
    """Orthogonalize a matrix by Newton-Schulz iteration: keep its singular vectors, set its singular values near 1.

    Parameters
    ----------
    matrix
        A matrix (m, n).

    Returns
    -------
    Tensor
        A matrix (m, n) with singular values of about 0.7 to 1.2.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.optimizer import orthogonal
    >>> torch.linalg.svdvals(orthogonal(torch.tensor([[3.0, 0.0], [0.0, 0.1]]))).round().tolist()
    [1.0, 1.0]
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-12)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (2.0315 * square @ square - 4.775 * square) @ x
    return x.T if tall else x


def optimizer(net: nn.Module, rate: float) -> Muon:
    """Optimizer of a network: Muon for all convolution kernels, Adam for biases and other vectors.

    Parameters
    ----------
    net
        The network.
    rate
        Learning rate of Adam; that of Muon is twice as large.

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
    of = {True: [p for p in net.parameters() if p.ndim < 2], False: [p for p in net.parameters() if p.ndim > 1]}
    groups = [{"params": params, "lr": rate if adam else 2 * rate, "adam": adam} for adam, params in of.items()]
    return Muon([group for group in groups if group["params"]])
