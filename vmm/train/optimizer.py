"""Adam, and for the convolutions inside a network steps of equal strength in all directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
                parameters = [p for p in group["params"] if p.grad is not None]
                if group["adam"]:
                    for parameter in parameters:
                        _adam(parameter, self.state[parameter], group)
                else:
                    for same in _by_shape(parameters):
                        _orthogonal(same, [self.state[parameter] for parameter in same], group)


def _by_shape(parameters: Sequence[Tensor]) -> list[list[Tensor]]:
    """The parameters in groups of one shape, so that each group is one batch of matrices."""
    groups: dict[tuple[int, int], list[Tensor]] = {}
    for parameter in parameters:
        groups.setdefault(tuple(parameter.flatten(1).shape), []).append(parameter)  # type: ignore[arg-type]
    return list(groups.values())


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


def _orthogonal(parameters: Sequence[Tensor], states: Sequence[dict[str, Any]], group: dict[str, Any]) -> None:
    """Replace the momentum by the nearest matrices with singular values near 1, with steps as long as those of Adam."""
    for parameter, state in zip(parameters, states, strict=True):
        if not state:
            state["first"] = torch.zeros_like(parameter)
    gradients = [parameter.grad for parameter in parameters]
    first = [state["first"] for state in states]
    torch._foreach_lerp_(first, gradients, 1 - group["momentum"])
    ahead = torch._foreach_lerp(gradients, first, group["momentum"])
    steps = orthogonal(torch.stack([x.flatten(1) for x in ahead]))
    rate = group["lr"] * max(1.0, steps.shape[1] / steps.shape[2]) ** 0.5
    for parameter, step in zip(parameters, steps, strict=True):
        parameter.sub_(rate * step.view_as(parameter))


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices (..., m, n) with the singular vectors of the given ones and singular values near 1, by iteration.

    Examples
    --------
    >>> import torch
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
    """Orthogonal steps for all convolutions, Adam for biases and other vectors."""
    of = {True: [p for p in net.parameters() if p.ndim < 2], False: [p for p in net.parameters() if p.ndim > 1]}
    groups = [{"params": params, "lr": rate if adam else 2 * rate, "adam": adam} for adam, params in of.items()]
    return Muon([group for group in groups if group["params"]])
