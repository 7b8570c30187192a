"""Cost of a network: number of parameters and of operations."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
from torch import nn


class Operations(NamedTuple):
    """Operations of the convolutions for one output frame; activations, sums and resampling are not counted.

    Attributes
    ----------
    products
        Number of multiply-accumulates.
    biases
        Number of additions of biases.
    """

    products: int
    biases: int

    @property
    def flops(self) -> int:
        """Number of multiplications and additions, including those of biases, as Singh et al. count them."""
        return 2 * self.products + self.biases


def count(net: nn.Module) -> int:
    """Number of parameters of a network.

    Parameters
    ----------
    net
        The network.

    Returns
    -------
    int
        Number of trainable parameters.

    Examples
    --------
    >>> from vmm.train.networks import Lightweight, count
    >>> count(Lightweight("light"))
    128574
    """
    return sum(p.numel() for p in net.parameters())


def operations(net: Any, height: int, width: int, *, cached: bool = False) -> Operations:
    """Count the operations of a network for one output frame, from the shapes alone.

    Singh et al. count ``flops`` at 720 x 720. Ha et al. count products and biases, ``sum(operations(...))``, at
    384 x 384 with the encoding of the other frame cached.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``.
    height
        Height of a frame in pixels.
    width
        Width of a frame in pixels.
    cached
        If True, the encoding of frame a is not counted, as if it was stored from the previous frame. This has no effect
        on a network that encodes pairs.

    Returns
    -------
    Operations
        Numbers of multiply-accumulates and of additions of biases.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, table 1.
    .. [2] Ha, Oh Hyun-Bin et al.: Revisiting learning-based video motion magnification for real-time processing. 2024.

    Examples
    --------
    >>> from vmm.train.networks import Lightweight, operations
    >>> round(operations(Lightweight("light"), 720, 720).flops / 1e9, 1)
    42.5
    """
    meta = copy.deepcopy(net).to("meta").eval()
    counts: list[Operations] = []
    for module in meta.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_hook(lambda *call: counts.append(_count(*call)))
    a, b = torch.empty(2, 1, 3, height, width, device="meta")
    with torch.no_grad():
        if cached and not meta.pair:
            texture, shape = meta.encode(b)
            meta.decode(texture, meta.manipulate(shape, shape, torch.ones(1, 1, 1, 1, device="meta")))
        else:
            meta(a, b, torch.ones(1, 1, 1, 1, device="meta"))
    return Operations(*map(sum, zip(*counts, strict=True)))


def _count(module: Any, inputs: Any, output: Any) -> Operations:
    """Operations of a convolution: every weight is used at each position of the output (of the input if transposed)."""
    positions = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
    products = module.weight.numel() * positions.shape[0] * positions.shape[-2] * positions.shape[-1]
    return Operations(products, 0 if module.bias is None else output.numel())
