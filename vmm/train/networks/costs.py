"""What a network costs: its parameters and its operations."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
from torch import nn


class Operations(NamedTuple):
    """Operations of the convolutions for one output frame; activations, sums and resizing are not counted.

    Attributes
    ----------
    products
        Multiply-accumulates.
    biases
        Biases added.
    """

    products: int
    biases: int

    @property
    def flops(self) -> int:
        """Multiplications and additions each counted, and the biases: as Singh et al. count."""
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
        How many numbers are learned.

    Examples
    --------
    >>> from vmm.train.networks import Lightweight, count
    >>> count(Lightweight("light"))
    128574
    """
    return sum(p.numel() for p in net.parameters())


def operations(net: Any, height: int, width: int, *, cached: bool = False) -> Operations:
    """Operations of a network for one output frame. Nothing is computed: only shapes are followed.

    Singh et al. count ``flops`` at 720 x 720. Ha et al. count products and biases, ``sum(operations(...))``, at
    384 x 384 with the encoding of the other frame cached.

    Parameters
    ----------
    net
        One of ``vmm.train.networks``.
    height
        Rows of a frame.
    width
        Columns of a frame.
    cached
        Whether the encoding of frame a is at hand already. A network that encodes pairs gains nothing by it.

    Returns
    -------
    Operations
        Multiply-accumulates, and biases added.

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
    shadow = copy.deepcopy(net).to("meta").eval()
    done: list[Operations] = []
    for module in shadow.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_hook(lambda *call: done.append(_work(*call)))
    a, b = torch.empty(2, 1, 3, height, width, device="meta")
    with torch.no_grad():
        if cached and not shadow.pair:
            texture, shape = shadow.encode(b)
            shadow.decode(texture, shadow.manipulate(shape, shape, torch.ones(1, 1, 1, 1, device="meta")))
        else:
            shadow(a, b, torch.ones(1, 1, 1, 1, device="meta"))
    return Operations(*map(sum, zip(*done, strict=True)))


def _work(module: Any, inputs: Any, output: Any) -> Operations:
    """Operations of one convolution: every weight meets every place of its output, or input if it is transposed."""
    places = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
    products = module.weight.numel() * places.shape[0] * places.shape[-2] * places.shape[-1]
    return Operations(products, 0 if module.bias is None else output.numel())
