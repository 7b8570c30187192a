"""Building blocks of the networks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "elu": F.elu,
    "leaky": partial(F.leaky_relu, negative_slope=0.1),  # as fast as ReLU, and its gradient is never zero
}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """Activation function by name.

    Raises
    ------
    ValueError
        If there is no activation with this name.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.blocks import activation
    >>> round(activation("leaky")(torch.tensor(-1.0)).item(), 3)
    -0.1
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"act={name!r} must be one of {', '.join(map(repr, ACTIVATIONS))}")
    return ACTIVATIONS[name]


def convolution(
    channels_in: int, channels: int, side: int, stride: int = 1, *, padding: str = "reflect", bias: bool = True
) -> nn.Conv2d:
    """Convolution layer with an odd kernel; its output has the size of the input divided by the stride.

    Parameters
    ----------
    channels_in, channels
        Number of input and output channels.
    side
        Side of the kernel, odd.
    stride
        Stride (default 1).
    padding
        "reflect" (default) or "zeros".
    bias
        If True (default), the layer has a bias.

    Returns
    -------
    torch.nn.Conv2d
        The layer.

    Raises
    ------
    ValueError
        If `padding` is unknown.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.blocks import convolution
    >>> convolution(3, 8, 7, 2)(torch.zeros(1, 3, 16, 16)).shape
    torch.Size([1, 8, 8, 8])
    """
    if padding not in ("reflect", "zeros"):
        raise ValueError(f"padding={padding!r} must be 'reflect' or 'zeros'")
    return nn.Conv2d(channels_in, channels, side, stride, side // 2, bias=bias, padding_mode=padding)


class Residual(nn.Module):
    """Residual block: the input plus the output of two 3x3 convolutions with an activation between them.

    Parameters
    ----------
    channels
        Number of channels.
    act
        Name of the activation: "relu" (default), "elu" or "leaky".
    after
        If True, the sum passes the activation, too.
    padding
        "reflect" (default) or "zeros".
    bias
        If True (default), the convolutions have biases.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.blocks import Residual
    >>> Residual(8)(torch.zeros(1, 8, 5, 7)).shape
    torch.Size([1, 8, 5, 7])
    """

    def __init__(
        self, channels: int, act: str = "relu", *, after: bool = False, padding: str = "reflect", bias: bool = True
    ) -> None:
        super().__init__()
        self.c1: nn.Conv2d = convolution(channels, channels, 3, padding=padding, bias=bias)
        self.c2: nn.Conv2d = convolution(channels, channels, 3, padding=padding, bias=bias)
        self.act: Callable[[Tensor], Tensor] = activation(act)
        self.after: bool = after

    def forward(self, x: Tensor) -> Tensor:
        """Output (B, C, H, W) for an input x of this shape."""
        y = x + self.c2(self.act(self.c1(x)))
        return self.act(y) if self.after else y


def upsample(x: Tensor) -> Tensor:
    """Nearest-neighbor upsampling by 2: (B, C, H, W) becomes (B, C, 2H, 2W).

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.blocks import upsample
    >>> upsample(torch.tensor([[[[1.0, 2.0]]]]))[0, 0].tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
    """
    return F.interpolate(x, scale_factor=2, mode="nearest")


def high_pass_taps(step: int) -> Tensor:
    """Kernels (3 step^2, 3, step + 2, step + 2) of a high-pass filter followed by a space-to-depth rearrangement.

    The filter subtracts a 3 x 3 binomial blur. The kernels are for ``F.conv2d`` with stride `step` and padding 1.

    Examples
    --------
    >>> import torch
    >>> import torch.nn.functional as F
    >>> from vmm.train.networks.blocks import high_pass_taps
    >>> y = F.conv2d(torch.ones(1, 3, 16, 16), high_pass_taps(4), stride=4, padding=1)
    >>> bool(abs(y[..., 1:-1, 1:-1]).max() < 1e-6)
    True
    """
    line = torch.tensor([0.25, 0.5, 0.25])
    taps = torch.zeros(3, step, step, 3, step + 2, step + 2)
    for channel, down, right in itertools.product(range(3), range(step), range(step)):
        taps[channel, down, right, channel, down : down + 3, right : right + 3] = -line[:, None] * line
        taps[channel, down, right, channel, down + 1, right + 1] += 1
    return taps.flatten(0, 2)


def on_grid(alpha: Tensor, shape: Tensor) -> Tensor:
    """Average a map alpha (B, 1, H, W) over the samples of a shape (B, C, h, w); return a number unchanged.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.blocks import on_grid
    >>> on_grid(torch.tensor([[[[1.0, 3.0], [1.0, 3.0]]]]), torch.zeros(1, 8, 1, 1)).item()
    2.0
    """
    if alpha.shape[-1] == 1 or alpha.shape[-1] == shape.shape[-1]:
        return alpha
    return F.interpolate(alpha, size=shape.shape[-2:], mode="area")


def append_frame(texture: Tensor, frames: Tensor, step: int) -> Tensor:
    """Append frames (B, 3, H, W) to a texture (B, C, H / step, W / step) as 3 step^2 additional channels.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.blocks import append_frame
    >>> append_frame(torch.zeros(1, 8, 4, 4), torch.zeros(1, 3, 8, 8), 2).shape
    torch.Size([1, 20, 4, 4])
    """
    return torch.cat([texture, F.pixel_unshuffle(frames, step)], 1)


def split_frame(texture: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Inverse of ``append_frame``: the texture and the frames.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.blocks import split_frame
    >>> [x.shape[1:] for x in split_frame(torch.zeros(1, 20, 4, 4), 2)]
    [torch.Size([8, 4, 4]), torch.Size([3, 8, 8])]
    """
    planes = 3 * step * step
    return texture[:, :-planes], F.pixel_shuffle(texture[:, -planes:], step)


def check(frames: Tensor, multiple: int) -> None:
    """Raise a ValueError if the network cannot take frames of this shape; do nothing while a graph is traced.

    Raises
    ------
    ValueError
        If the shape is not (B, 3, H, W), or if H or W is not a multiple of `multiple`.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.blocks import check
    >>> check(torch.zeros(1, 3, 32, 48), 4)
    """
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        return
    if frames.ndim != 4 or frames.shape[1] != 3:
        raise ValueError(f"frames of shape {tuple(frames.shape)} must be (B, 3, H, W)")
    height, width = frames.shape[-2:]
    if height % multiple or width % multiple:
        raise ValueError(
            f"frames of {height} x {width} pixels: both sides must be multiples of {multiple}; "
            "vmm.train.networks.reflected pads frames by reflection and crops the result"
        )


def tensors(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Copies of the arrays or tensors of a state dict, as tensors.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.train.networks.blocks import tensors
    >>> tensors({"bias": np.zeros(2)})["bias"].shape
    torch.Size([2])
    """
    return {name: torch.as_tensor(value).detach().clone() for name, value in state.items()}
