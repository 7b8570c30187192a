"""The lightweight network (Singh et al. 2023): it encodes the motion and the appearance of a pair of frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from vmm.train.networks.blocks import (
    Residual,
    activation,
    append_frame,
    check,
    convolution,
    on_grid,
    split_frame,
    tensors,
)

SIZES = {"light": 8, "base": 24}


class Lightweight(nn.Module):
    """The network of Singh et al. [1]_, in the form of its published weights.

    Two encoders without shared weights encode the pair of frames, in opposite order, and a third one encodes the
    appearance. All of them depend on both frames, so no encoding can be reused for the next frame. The encodings Ea and
    Eb differ even for equal frames, and the convolutions have biases, so no alpha reproduces frame b exactly; the
    network learns to do so approximately for an alpha of 1. The output convolutions are 1x1, as in the published
    weights; the text of the paper says 3x3.

    Parameters
    ----------
    size
        "light" (default; 8 channels, M2 in the paper), "base" (24 channels, M1), or a number of channels; multiples of
        16 run fastest.
    act
        Activation: "elu" (default, as published), "relu", which takes 40 % less time, or "leaky".
    padding
        "zeros" (default, as published) or "reflect".
    skip
        If True, the network predicts the change relative to frame b, frame = b + 2 tanh(.), which trains faster.
    shared
        If True, both encoders share their weights: the shape difference of equal frames is then 0, and exchanging the
        frames changes its sign.

    Raises
    ------
    ValueError
        If `size`, `act` or `padding` is unknown.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, table 1.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks import Lightweight
    >>> a, b = torch.zeros(2, 1, 3, 32, 48)
    >>> Lightweight("light")(a, b, torch.full((1, 1, 1, 1), 10.0)).shape
    torch.Size([1, 3, 32, 48])
    """

    multiple: int = 2
    pair: bool = True
    single_precision: tuple[str, ...] = ("encoder", "manipulator")

    def __init__(
        self,
        size: str | int = "light",
        *,
        act: str = "elu",
        padding: str = "zeros",
        skip: bool = False,
        shared: bool = False,
    ) -> None:
        super().__init__()
        channels = SIZES.get(size) if isinstance(size, str) else size
        if channels is None or channels < 1:
            raise ValueError(f"size={size!r} must be 'light', 'base' or a number of channels")
        block = partial(Residual, act=act, after=True, padding=padding)
        self.encoder: Encoder = Encoder(channels, act, padding, shared)
        self.manipulator: nn.Sequential = nn.Sequential(*(block(2 * channels) for _ in range(4)))
        self.decoder: Decoder = Decoder(channels, act, padding)
        self.skip = skip

    def encode(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Appearance and both shapes of a pair, (B, 2C, H/2, W/2); with ``skip`` the appearance includes frame b."""
        check(a, self.multiple)
        texture, shape_a, shape_b = self.encoder(a, b)
        return (append_frame(texture, b, 2) if self.skip else texture), shape_a, shape_b

    def manipulate(self, shape_a: Tensor, shape_b: Tensor, alpha: Tensor) -> Tensor:
        """Amplified shape difference (B, 2C, H/2, W/2)."""
        return self.manipulator((shape_b - shape_a) * on_grid(alpha, shape_b))

    def decode(self, texture: Tensor, shape: Tensor) -> Tensor:
        """The magnified frame (B, 3, H, W)."""
        if not self.skip:
            return torch.tanh(self.decoder(texture, shape))
        texture, frame = split_frame(texture, 2)
        return frame + 2 * torch.tanh(self.decoder(texture, shape))

    def forward(self, a: Tensor, b: Tensor, alpha: Tensor) -> Tensor:
        """Magnified frame (B, 3, H, W): frame b with its motion relative to frame a amplified."""
        texture, shape_a, shape_b = self.encode(a, b)
        return self.decode(texture, self.manipulate(shape_a, shape_b, alpha))

    def appearance(self, texture: Tensor) -> Tensor:
        """Image (B, 3, H/2, W/2) decoded from the appearance alone, for the loss L_A."""
        return torch.tanh(self.decoder.phi(split_frame(texture, 2)[0] if self.skip else texture))

    def ease(self) -> None:
        """Scale initial weights: amplify the change between the frames relative to the frames; the output is zero."""
        self.encoder.app[0].weight.mul_(0.15)
        for branch in (self.encoder.a1, self.encoder.a2):
            branch[0].weight.mul_(0.5)
        self.encoder.b1.load_state_dict(self.encoder.a1.state_dict())
        self.encoder.b2.load_state_dict(self.encoder.a2.state_dict())
        self.decoder.out.weight.zero_()


def stack(channels_in: int, channels: int, act: str, padding: str) -> nn.Sequential:
    """A convolution 3x3, an activation and three residual blocks.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.lightweight import stack
    >>> stack(6, 8, "elu", "zeros")(torch.zeros(1, 6, 8, 8)).shape
    torch.Size([1, 8, 8, 8])
    """
    entry = convolution(channels_in, channels, 3, padding=padding)
    blocks = (Residual(channels, act, after=True, padding=padding) for _ in range(3))
    return nn.Sequential(entry, Act(act), *blocks)


class Act(nn.Module):
    """An activation function as a layer."""

    def __init__(self, act: str) -> None:
        super().__init__()
        self.act: Callable[[Tensor], Tensor] = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        """Activation of x (B, C, H, W)."""
        return self.act(x)


class Encoder(nn.Module):
    """Encoder of the appearance and of both shapes of a pair of frames."""

    def __init__(self, c: int, act: str, padding: str, shared: bool) -> None:
        super().__init__()
        self.a1: nn.Sequential = stack(6, c, act, padding)
        self.b1: nn.Sequential = self.a1 if shared else stack(6, c, act, padding)
        self.a2: nn.Sequential = stack(2 * c, 2 * c, act, padding)
        self.b2: nn.Sequential = self.a2 if shared else stack(2 * c, 2 * c, act, padding)
        self.app: nn.Sequential = stack(2 * c, 2 * c, act, padding)
        self.pool: nn.MaxPool2d = nn.MaxPool2d(2)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Appearance, Ea and Eb, (B, 2C, H/2, W/2), of frames (B, 3, H, W)."""
        pa = self.pool(self.a1(torch.cat([a, b], 1)))  # (B, C, H/2, W/2)
        pb = self.pool(self.b1(torch.cat([b, a], 1)))
        ab, ba = torch.cat([pa, pb], 1), torch.cat([pb, pa], 1)  # (B, 2C, H/2, W/2)
        return self.app(ab), self.a2(ab), self.b2(ba)


class Decoder(nn.Module):
    """Decoder: the frame from the appearance and the amplified shape difference, before the last tanh."""

    def __init__(self, c: int, act: str, padding: str) -> None:
        super().__init__()
        block = partial(Residual, act=act, after=True, padding=padding)
        self.in1: nn.Conv2d = convolution(2 * c, 2 * c, 3, padding=padding)
        self.res1: nn.Sequential = nn.Sequential(*(block(2 * c) for _ in range(10)))
        self.up: nn.ConvTranspose2d = nn.ConvTranspose2d(2 * c, c, 2, 2)
        self.in2: nn.Conv2d = convolution(c, c, 3, padding=padding)
        self.res2: nn.Sequential = nn.Sequential(*(block(c) for _ in range(3)))
        self.out: nn.Conv2d = nn.Conv2d(c, 3, 1)
        self.phi: nn.Conv2d = nn.Conv2d(2 * c, 3, 1)  # decodes the appearance alone, in training
        self.act: Callable[[Tensor], Tensor] = activation(act)

    def forward(self, texture: Tensor, shape: Tensor) -> Tensor:
        """Decoded image (B, 3, H, W)."""
        x = self.res1(self.in1(texture + shape))  # (B, 2C, H/2, W/2)
        x = self.act(self.up(x))  # (B, C, H, W)
        return self.out(self.res2(self.in2(x)))


def load_published(net: Lightweight, state: Mapping[str, Any]) -> Lightweight:
    """Load published weights into a network, in place; their color order is converted from BGR to RGB.

    Parameters
    ----------
    net
        A network of the same size.
    state
        Arrays or tensors by name: ``enc.a1``, ``b1``, ``a2``, ``b2``, ``app``, ``dec.man``, ``in1``, ``res1``, ``up``,
        ``in2``, ``res2``, ``out``, ``phi``.

    Returns
    -------
    Lightweight
        The network that was passed.

    Raises
    ------
    RuntimeError
        If the names or shapes of the arrays do not match the network.

    Examples
    --------
    >>> from vmm.train.networks.lightweight import Lightweight, load_published
    >>> net = Lightweight("light")
    >>> load_published(net, net.state_dict()) is net
    True
    """
    names = {"enc.": "encoder.", "dec.man.": "manipulator.", "dec.": "decoder."}
    ours = {}
    for name, value in tensors(state).items():
        old = next((old for old in names if name.startswith(old)), "")
        ours[names.get(old, "") + name.removeprefix(old)] = value
    for name in ("encoder.a1.0.weight", "encoder.b1.0.weight"):
        ours[name] = ours[name][:, [2, 1, 0, 5, 4, 3]]
    for layer in ("decoder.out", "decoder.phi"):
        for kind in ("weight", "bias"):
            ours[f"{layer}.{kind}"] = ours[f"{layer}.{kind}"].flip(0)
    net.load_state_dict(ours)
    return net
