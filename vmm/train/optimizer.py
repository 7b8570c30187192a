"""Adam, and for the convolutions inside a network steps of equal strength in all directions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal [1]_ for weights of more than one dimension; Adam [2]_ for what has ``adam=True``.

    Parameters
    ----------
    groups
        Groups of parameters: dicts of ``params``, ``lr`` and ``adam``.
    momentum
        Of the orthogonal steps.

    References
    ----------
    .. [1] Jordan et al.: Muon, an optimizer for hidden layers in neural networks. 2024.
    .. [2] Kingma, Ba: Adam, a method for stochastic optimization. ICLR 2015.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], momentum: float = 0.95) -> None:
        super().__init__(groups, {"lr": 1e-3, "adam": False, "momentum": momentum})

    def step(self, closure: Any = None) -> None:
        """One step from the gradients that are there."""
        with torch.no_grad():
            for group in self.param_groups:
                move = _adam if group["adam"] else _orthogonal
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        move(parameter, self.state[parameter], group)


def _adam(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    """Algorithm 1 in [2]."""
    if not state:
        state.update(step=0, first=torch.zeros_like(parameter), second=torch.zeros_like(parameter))
    state["step"] += 1
    state["first"].lerp_(parameter.grad, 0.1)
    state["second"].lerp_(parameter.grad.square(), 0.01)
    first = state["first"] / (1 - 0.9 ** state["step"])
    second = state["second"] / (1 - 0.99 ** state["step"])
    parameter.sub_(group["lr"] * first / (second.sqrt() + 1e-8))


def _orthogonal(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    """The momentum with all its singular values near 1, as long as Adam's steps would be."""
    if not state:
        state["first"] = torch.zeros_like(parameter)
    state["first"].lerp_(parameter.grad, 1 - group["momentum"])
    ahead = torch.lerp(parameter.grad, state["first"], group["momentum"])
    step = orthogonal(ahead.flatten(1))
    parameter.sub_(group["lr"] * max(1.0, step.shape[0] / step.shape[1]) ** 0.5 * step.view_as(parameter))


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix with the singular vectors of the given one and singular values near 1, by iteration.

    Examples
    --------
    >>> import torch
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
    """Orthogonal steps for all convolutions, Adam for biases and other vectors."""
    of = {True: [p for p in net.parameters() if p.ndim < 2], False: [p for p in net.parameters() if p.ndim > 1]}
    groups = [{"params": params, "lr": rate if adam else 2 * rate, "adam": adam} for adam, params in of.items()]
    return Muon([group for group in groups if group["params"]])
