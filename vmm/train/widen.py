"""Widening of a trained network: a network with more channels that computes the same as the one with fewer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

DIVERSITY = 1.0
"""Standard deviation of the differences between copies of a weight, relative to that of all weights of the layer.

Without differences, all copies of a channel would remain equal during the training."""


def widen(small: Any, large: Any, *, seed: int = 0) -> Any:
    """Set the weights of a network with more channels such that it computes the same as a smaller one, as in [1]_.

    Each channel of the small network becomes k channels that are equal. A layer divides the weight of a channel among
    its k copies in random proportions, which may be negative and whose sum is 1. Therefore the gradients of the copies
    differ, and the training makes the channels different.

    Parameters
    ----------
    small
        A trained network.
    large
        A network of the same kind, with a multiple of the number of channels in each layer. It is changed in place.
    seed
        Seed of the random generator.

    Returns
    -------
    net
        The large network.

    Raises
    ------
    ValueError
        If the layers of the networks differ, or a number of channels is not a multiple of that of the small network.

    References
    ----------
    .. [1] Chen, Goodfellow, Shlens: Net2Net: accelerating learning via knowledge transfer. ICLR 2016.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks import Lightweight
    >>> from vmm.train.widen import widen
    >>> small, (a, b), alpha = Lightweight(2), torch.rand(2, 1, 3, 16, 16), torch.full((1, 1, 1, 1), 10.0)
    >>> torch.allclose(widen(small, Lightweight(6))(a, b, alpha), small(a, b, alpha), atol=1e-4)
    True
    """
    layers, wider = _layers(small), _layers(large)
    if layers.keys() != wider.keys():
        raise ValueError(
            "the networks have different layers, so that the weights of one cannot be widened to the other"
        )
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, layer in layers.items():
            _widen(layer, wider[name], name, random)
    return large


def _layers(net: Any) -> dict[str, nn.Module]:
    """Convolutions of a network, by name. A layer that occurs twice has one name."""
    return {name: x for name, x in net.named_modules() if isinstance(x, (nn.Conv2d, nn.ConvTranspose2d))}


def _widen(small: Any, large: Any, name: str, random: torch.Generator) -> None:
    """Set the weights of one layer."""
    after, before = (0, 1) if isinstance(small, nn.Conv2d) else (1, 0)  # axes of the output and the input channels
    outputs, inputs = (_copies(small.weight, large.weight, axis, name) for axis in (after, before))
    weight = small.weight.repeat_interleave(outputs, after)
    large.weight.copy_(_divided(weight, inputs, before, random))
    if small.bias is not None:
        large.bias.copy_(small.bias.repeat_interleave(outputs))


def _copies(small: Tensor, large: Tensor, axis: int, name: str) -> int:
    """Number of channels of the large layer for one of the small layer."""
    copies, remainder = divmod(large.shape[axis], small.shape[axis])
    if remainder or not copies:
        raise ValueError(
            f"layer {name} has {large.shape[axis]} channels, which must be a multiple of the {small.shape[axis]} "
            "channels of the smaller network"
        )
    return copies


def _divided(weight: Tensor, copies: int, axis: int, random: torch.Generator) -> Tensor:
    """Weights of `copies` equal input channels in place of each one; their sums are the weights of one channel."""
    if copies == 1:
        return weight
    parts = (weight / copies).unsqueeze(axis + 1).repeat_interleave(copies, axis + 1)
    noise = torch.randn(parts.shape, generator=random)
    noise = noise - noise.mean(axis + 1, keepdim=True)
    return (parts + DIVERSITY * weight.std() / copies * noise).flatten(axis, axis + 1)
