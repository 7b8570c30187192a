"""MagNet (Oh et al. 2018): it encodes the texture and the shape of each frame, and amplifies shape differences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
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
    upsample,
)


@dataclass(frozen=True)
class Layout:
    """Options in which the published implementations of MagNet differ.

    Attributes
    ----------
    g
        Side of the convolution g in the manipulator, in samples.
    bias
        If True, convolutions have biases.
    shape_entry
        If True, the shape branch of the encoder begins with a convolution.
    texture_exit
        If True, the upsampled texture passes a convolution.
    full
        If True, the decoder has an additional convolution at full resolution.
    same
        If True, convolutions of stride 2 pad zeros after the last row and column only ("same" in TensorFlow).
    less
        Number that is subtracted from alpha: the gain of the shape difference is alpha - less.
    from_b
        If True, the amplified difference is added to the shape of frame b, otherwise to that of frame a.
    unit
        If True, the published weights are for values in [0, 1].
    act
        Activation: "relu", as published, or "leaky". With ``skip``, the gradient of ReLU vanishes early in training.
    """

    g: int = 7
    bias: bool = False
    shape_entry: bool = False
    texture_exit: bool = True
    full: bool = False
    same: bool = False
    less: float = 0.0
    from_b: bool = True
    unit: bool = False
    act: str = "relu"


LAYOUTS = {
    "oh": Layout(same=True, less=1.0),
    "kkjh": Layout(shape_entry=True, less=1.0),
    "postech": Layout(bias=True, shape_entry=True, full=True),
    "zheng": Layout(g=3, shape_entry=True, texture_exit=False),
    "cgst": Layout(g=3, bias=True, shape_entry=True, texture_exit=False, from_b=False, unit=True),
}
"""Options of the published implementations, by name."""


class MagNet(nn.Module):
    """The network of Oh et al. [1]_.

    In the layouts "oh" and "kkjh" the gain is alpha - 1, and there are no biases: for an alpha of 1 the shape is
    exactly that of frame b, and the output is the reconstruction of frame b. The other layouts use alpha as the gain
    and learn this property approximately.

    To magnify filtered motion, with y the temporally filtered shapes x, use ``manipulate(x - y, x, alpha)``.

    Parameters
    ----------
    layout
        "oh" (default), the layout of the authors; "kkjh", "postech", "zheng" or "cgst", other implementations; or a
        ``Layout``.
    padding
        "reflect" (default, as published) or "zeros", which takes 20 % less time.
    skip
        If True, the network predicts the change relative to frame b instead of the whole frame.

    Raises
    ------
    ValueError
        If `layout` or `padding` is unknown.

    References
    ----------
    .. [1] Oh, Jaroensri, Kim, Elgharib, Durand, Freeman, Matusik: Learning-based video motion magnification.
       ECCV 2018.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks import MagNet
    >>> a, b = torch.zeros(2, 1, 3, 32, 48)
    >>> MagNet()(a, b, torch.full((1, 1, 1, 1), 10.0)).shape
    torch.Size([1, 3, 32, 48])
    """

    multiple: int = 4
    pair: bool = False
    single_precision: tuple[str, ...] = ("encoder", "manipulator")

    def __init__(self, layout: str | Layout = "oh", *, padding: str = "reflect", skip: bool = False) -> None:
        super().__init__()
        if isinstance(layout, str):
            if layout not in LAYOUTS:
                raise ValueError(f"layout={layout!r} must be one of {', '.join(map(repr, LAYOUTS))}, or a Layout")
            layout = LAYOUTS[layout]
        self.encoder: Encoder = Encoder(layout, padding)
        self.manipulator: Manipulator = Manipulator(layout, padding)
        self.decoder: Decoder = Decoder(layout, padding)
        self.layout: Layout = layout
        self.skip: bool = skip
        self.apply(_initialize)

    def encode(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Texture (B, 32, H/4, W/4) and shape (B, 32, H/2, W/2); with ``skip`` the frame is appended to the texture."""
        check(frames, self.multiple)
        texture, shape = self.encoder(frames)
        return (append_frame(texture, frames, 4) if self.skip else texture), shape

    def manipulate(self, shape_a: Tensor, shape_b: Tensor, alpha: Tensor) -> Tensor:
        """Shape of the magnified frame (B, 32, H/2, W/2)."""
        return self.manipulator(shape_a, shape_b, on_grid(alpha, shape_b))

    def decode(self, texture: Tensor, shape: Tensor) -> Tensor:
        """The magnified frame (B, 3, H, W), not clipped to [-1, 1]."""
        if not self.skip:
            return self.decoder(texture, shape)
        texture, frame = split_frame(texture, 4)
        return frame + self.decoder(texture, shape)

    def forward(self, a: Tensor, b: Tensor, alpha: Tensor) -> Tensor:
        """Magnified frame (B, 3, H, W): frame b with its motion relative to frame a amplified."""
        (_, shape_a), (texture, shape_b) = self.encode(a), self.encode(b)
        return self.decode(texture, self.manipulate(shape_a, shape_b, alpha))

    def ease(self) -> None:
        """Scale initial weights: amplify the change between the frames relative to the frames; the output is zero."""
        for layer in (self.manipulator.g, self.manipulator.h):
            layer.weight.mul_(2.2)
        self.decoder.c2.weight.zero_()


class Encoder(nn.Module):
    """Encoder of the texture and the shape of frames."""

    def __init__(self, layout: Layout, padding: str) -> None:
        super().__init__()
        conv = partial(convolution, padding=padding, bias=layout.bias)
        half = partial(Same, side=3, stride=2, bias=layout.bias) if layout.same else partial(conv, side=3, stride=2)
        block = partial(Residual, act=layout.act, padding=padding, bias=layout.bias)
        self.c1: nn.Conv2d = conv(3, 16, 7)
        self.c2: nn.Conv2d | Same = half(16, 32)
        self.res: nn.Sequential = nn.Sequential(*(block(32) for _ in range(3)))
        self.tconv: nn.Conv2d | Same = half(32, 32)
        self.tres: nn.Sequential = nn.Sequential(*(block(32) for _ in range(2)))
        self.sconv: nn.Conv2d | None = conv(32, 32, 3) if layout.shape_entry else None
        self.sres: nn.Sequential = nn.Sequential(*(block(32) for _ in range(2)))
        self.act: Callable[[Tensor], Tensor] = activation(layout.act)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Texture and shape of frames (B, 3, H, W)."""
        x = self.act(self.c1(frames))  # (B, 16, H, W)
        x = self.res(self.act(self.c2(x)))  # (B, 32, H/2, W/2)
        texture = self.tres(self.act(self.tconv(x)))  # (B, 32, H/4, W/4)
        shape = self.sres(x if self.sconv is None else self.act(self.sconv(x)))  # (B, 32, H/2, W/2)
        return texture, shape


class Manipulator(nn.Module):
    """Manipulator: the shape of the magnified frame, b + h(gain g(b - a))."""

    def __init__(self, layout: Layout, padding: str) -> None:
        super().__init__()
        conv = partial(convolution, padding=padding, bias=layout.bias)
        self.g: nn.Conv2d = conv(32, 32, layout.g)
        self.h: nn.Conv2d = conv(32, 32, 3)
        self.r: nn.Sequential = nn.Sequential(Residual(32, layout.act, padding=padding, bias=layout.bias))
        self.less: float = layout.less
        self.from_b: bool = layout.from_b
        self.act: Callable[[Tensor], Tensor] = activation(layout.act)

    def forward(self, shape_a: Tensor, shape_b: Tensor, alpha: Tensor) -> Tensor:
        """Shape of the magnified frame (B, 32, H/2, W/2), from shapes of the same size."""
        change = self.act(self.g(shape_b - shape_a)) * (alpha - self.less)
        return (shape_b if self.from_b else shape_a) + self.r(self.h(change))


class Decoder(nn.Module):
    """Decoder: the frame from its texture and shape."""

    def __init__(self, layout: Layout, padding: str) -> None:
        super().__init__()
        conv = partial(convolution, padding=padding, bias=layout.bias)
        self.tconv: nn.Conv2d | None = conv(32, 32, 3) if layout.texture_exit else None
        self.res: nn.Sequential = nn.Sequential(
            *(Residual(64, layout.act, padding=padding, bias=layout.bias) for _ in range(9))
        )
        self.full: nn.Conv2d | None = conv(64, 64, 3) if layout.full else None
        self.c1: nn.Conv2d = conv(64, 32, 3)
        self.c2: nn.Conv2d = conv(32, 3, 7)
        self.act: Callable[[Tensor], Tensor] = activation(layout.act)

    def forward(self, texture: Tensor, shape: Tensor) -> Tensor:
        """Decoded image (B, 3, H, W)."""
        texture = upsample(texture)  # (B, 32, H/2, W/2)
        if self.tconv is not None:
            texture = self.act(self.tconv(texture))
        x = upsample(self.res(torch.cat([texture, shape], 1)))  # (B, 64, H, W)
        if self.full is not None:
            x = self.act(self.full(x))
        return self.c2(self.act(self.c1(x)))


class Same(nn.Conv2d):
    """A 3x3 convolution of stride 2 that pads zeros after the last row and column only."""

    def __init__(self, channels_in: int, channels: int, side: int, stride: int, bias: bool) -> None:
        super().__init__(channels_in, channels, side, stride, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Output (B, C, H/2, W/2) for x (B, C, H, W)."""
        return super().forward(F.pad(x, (0, 1, 0, 1)))


def _initialize(module: nn.Module) -> None:
    """Initialize weights from a normal distribution, std 0.02, truncated at two std, as published; biases are zero."""
    if isinstance(module, nn.Conv2d):
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


_PARAMETER_NAMES = [
    (r"\.conv2d\.", "."),
    (r"\bcba_", "c"),
    (r"\btexture_cba\b", "tconv"),
    (r"\bmotion_cba\b", "sconv"),
    (r"\btexture_resblks\b", "tres"),
    (r"\bmotion_resblks\b", "sres"),
    (r"\bresblks\b", "res"),
    (r"\bh_conv\b", "h"),
    (r"\bh_resblk\b", "r.0"),
]


def load_published(net: MagNet, state: Mapping[str, Any]) -> MagNet:
    """Load published weights into a network, in place; weights for values in [0, 1] are converted to [-1, 1].

    Parameters
    ----------
    net
        A network of the same layout.
    state
        Arrays or tensors by name: the published state dict of layout "zheng", or a state dict with the parameter names
        of this class.

    Returns
    -------
    MagNet
        The network that was passed.

    Raises
    ------
    RuntimeError
        If the names or shapes of the arrays do not match the network.

    Examples
    --------
    >>> from vmm.train.networks.magnet import MagNet, load_published
    >>> net = MagNet("zheng")
    >>> load_published(net, net.state_dict()) is net
    True
    """
    ours = {}
    for name, value in tensors(state).items():
        for old, new in _PARAMETER_NAMES:
            name = re.sub(old, new, name)
        ours[name] = value
    if net.layout.unit:
        first, last = "encoder.c1", "decoder.c2"
        ours[f"{first}.weight"] /= 2  # the input is (x + 1) / 2
        ours[f"{first}.bias"] += ours[f"{first}.weight"].sum((1, 2, 3))
        ours[f"{last}.weight"] *= 2  # the output is 2 y - 1
        ours[f"{last}.bias"] = 2 * ours[f"{last}.bias"] - 1
    net.load_state_dict(ours)
    return net
