"""What the networks are built of."""

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
    "leaky": partial(F.leaky_relu, negative_slope=0.1),  # as quick as ReLU, and cannot die
}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The activation of that name, or a ValueError that lists them."""
    if name not in ACTIVATIONS:
        raise ValueError(f"activation={name!r} must be one of {', '.join(map(repr, ACTIVATIONS))}")
    return ACTIVATIONS[name]


def convolution(
    channels_in: int, channels: int, side: int, stride: int = 1, *, padding: str = "reflect", bias: bool = True
) -> nn.Conv2d:
    """A convolution that keeps the size, or divides it by the stride; padding is "reflect" or "zeros"."""
    if padding not in ("reflect", "zeros"):
        raise ValueError(f"padding={padding!r} must be 'reflect' or 'zeros'")
    return nn.Conv2d(channels_in, channels, side, stride, side // 2, bias=bias, padding_mode=padding)


class Residual(nn.Module):
    """Two convolutions 3x3 whose result is added to the input; an activation between them, and one after where asked.

    Examples
    --------
    >>> import torch
    >>> Residual(8)(torch.zeros(1, 8, 5, 7)).shape
    torch.Size([1, 8, 5, 7])
    """

    def __init__(
        self, channels: int, act: str = "relu", *, after: bool = False, padding: str = "reflect", bias: bool = True
    ) -> None:
        super().__init__()
        self.c1 = convolution(channels, channels, 3, padding=padding, bias=bias)
        self.c2 = convolution(channels, channels, 3, padding=padding, bias=bias)
        self.act, self.after = activation(act), after

    def forward(self, x: Tensor) -> Tensor:
        """X (B, C, H, W) and what the two convolutions add."""
        y = x + self.c2(self.act(self.c1(x)))
        return self.act(y) if self.after else y


def twice(x: Tensor) -> Tensor:
    """Every value four times: (B, C, H, W) becomes (B, C, 2H, 2W)."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def finest(step: int) -> Tensor:
    """Taps (3 step^2, 3, step + 2, step + 2) that give frames less their binomial blur by 3 x 3, folded by a step.

    They are for ``F.conv2d`` with that stride and a padding of 1.

    Examples
    --------
    >>> import torch
    >>> bool(abs(F.conv2d(torch.ones(1, 3, 16, 16), finest(4), stride=4, padding=1)[..., 1:-1, 1:-1]).max() < 1e-6)
    True
    """
    line = torch.tensor([0.25, 0.5, 0.25])
    taps = torch.zeros(3, step, step, 3, step + 2, step + 2)
    for colour, down, right in itertools.product(range(3), range(step), range(step)):
        taps[colour, down, right, colour, down : down + 3, right : right + 3] = -line[:, None] * line
        taps[colour, down, right, colour, down + 1, right + 1] += 1
    return taps.flatten(0, 2)


def on_grid(alpha: Tensor, shape: Tensor) -> Tensor:
    """Alpha as it multiplies a shape (B, C, h, w): a map of the frame's size becomes means over the shape's samples."""
    if alpha.shape[-1] == 1 or alpha.shape[-1] == shape.shape[-1]:
        return alpha
    return F.interpolate(alpha, size=shape.shape[-2:], mode="area")


def carrying(texture: Tensor, frames: Tensor, step: int) -> Tensor:
    """A texture (B, C, H / step, W / step) that carries the frame along, as 3 step^2 further channels."""
    return torch.cat([texture, F.pixel_unshuffle(frames, step)], 1)


def carried(texture: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """The texture and the frame that it carries."""
    planes = 3 * step * step
    return texture[:, :-planes], F.pixel_shuffle(texture[:, -planes:], step)


def check(frames: Tensor, multiple: int) -> None:
    """A ValueError for sides that the network cannot take; nothing is asked while a graph is recorded."""
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        return
    if frames.ndim != 4 or frames.shape[1] != 3:
        raise ValueError(f"frames of shape {tuple(frames.shape)} must be (B, 3, H, W)")
    height, width = frames.shape[-2:]
    if height % multiple or width % multiple:
        raise ValueError(
            f"frames of {height} x {width} pixels: both sides must be multiples of {multiple}; "
            "vmm.train.networks.reflected continues frames by reflection and cuts the result"
        )


def tensors(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Copies of a state's arrays or tensors, as tensors."""
    return {name: torch.as_tensor(value).detach().clone() for name, value in state.items()}
