"""FlowMag (Pan et al. 2023): a U-Net paints the frame whose optical flow is alpha times as large."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vmm.train.networks.blocks import tensors

_WAVES = 32
_LEVELS = 5
_PLANES = 6 + _WAVES
_AROUND = 31  # pixels within which motion may have come from
_FAINT = 1e-3  # change of brightness, of 1, that is half heard


class FlowMag(nn.Module):
    """The generator of Pan et al.

    The network has no texture and no shape: alpha is one of its inputs, as 32 sines. Its parts are named so that it
    runs as the others do: a shape is a frame, ``manipulate`` puts pair and alpha together, ``decode`` is the U-Net.
    Trained for alpha from 1 to 16; beyond, the authors run it twice with the root of alpha, the second time on frame a
    and the first result. As published no alpha is bound to give frame b; the network learns it for 1.

    With ``skip``, which is not published, it learns from nothing within minutes on one clip: it also sees
    (alpha - 1) (b - a), which is what small motion asks for, and adds to frame b:
    frame = b + 2 g (alpha - 1) / (alpha + 1) tanh(.), where g is 0 where nothing changes for many pixels around, and
    near 1 where more does than a quarter of a grey level. A fresh one that is eased adds just that, up to the tanh. At
    alpha 1, wherever a map is 1, and where frames are equal, it gives exactly frame b.

    Parameters
    ----------
    channels
        Channels of the finest level; 64 as published.
    norm
        Whether convolutions are followed by batch normalisation, as trained; ``folded`` takes it into them.
    skip
        Whether the network adds to frame b instead of painting anew; alpha must not be negative then.

    References
    ----------
    .. [1] Pan, Geng, Owens: Self-supervised motion magnification by backpropagating through optical flow.
       NeurIPS 2023.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks import FlowMag
    >>> a, b = torch.zeros(2, 1, 3, 33, 48)
    >>> FlowMag(channels=4, norm=False)(a, b, torch.full((1, 1, 1, 1), 10.0)).shape
    torch.Size([1, 3, 33, 48])
    """

    multiple, pair = 1, True

    def __init__(self, channels: int = 64, *, norm: bool = True, skip: bool = False) -> None:
        super().__init__()
        c = [channels * 2**level for level in range(_LEVELS - 1)]  # 64 128 256 512
        inside = [_PLANES + 3 * skip, *c, c[-1]]
        self.down = nn.ModuleList(double(i, o, o, norm, skip) for i, o in zip(inside, [*c, c[-1]], strict=False))
        self.up = nn.ModuleList(double(2 * n, n, max(n // 2, channels), norm, skip) for n in reversed(c))
        self.out = nn.Conv2d(channels + 3 * skip, 3, 1)
        self.channels, self.norm, self.skip = channels, norm, skip

    def encode(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Frame b as texture, which is read only with ``skip``, and both frames (B, 3, H, W) as shapes."""
        if min(a.shape[-2:]) < 2 ** (_LEVELS - 1):
            raise ValueError(f"frames of {a.shape[-2]} x {a.shape[-1]} pixels: both sides must be at least 16")
        return b, a, b

    def manipulate(self, shape_a: Tensor, shape_b: Tensor, alpha: Tensor) -> Tensor:
        """Both frames in [0, 1] and the sines of alpha, (B, 38, H, W); with ``skip`` alpha itself as well."""
        wavelengths = torch.logspace(-3, 7, _WAVES, base=2, dtype=alpha.dtype, device=alpha.device).view(1, -1, 1, 1)
        told = torch.sin(2 * math.pi * alpha / wavelengths)
        if self.skip:
            told = torch.cat([told, alpha], 1)
        told = told.expand(shape_a.shape[0], -1, *shape_a.shape[-2:])
        return torch.cat([(shape_a + 1) / 2, (shape_b + 1) / 2, told], 1)

    def decode(self, texture: Tensor, shape: Tensor) -> Tensor:
        """The magnified frame (B, 3, H, W)."""
        if not self.skip:
            return 2 * torch.sigmoid(self.out(self._finest(shape))) - 1
        seen, alpha = shape[:, :_PLANES], shape[:, _PLANES:]
        change = seen[:, 3:6] - seen[:, :3]
        finest = self._finest(torch.cat([seen, (alpha - 1) * change], 1))
        added = torch.tanh(self.out(torch.cat([finest, (alpha + 1) * change], 1)))
        amount = F.avg_pool2d(change.square().mean(1, keepdim=True), _AROUND, 1, _AROUND // 2)
        return texture + 2 * (alpha - 1) / (alpha + 1) * amount / (amount + _FAINT**2) * added

    def _finest(self, planes: Tensor) -> Tensor:
        """The finest level (B, C, H, W) of what the U-Net makes of its input."""
        x, finer = self.down[0](planes), []  # (B, C, H, W)
        for layer in self.down[1:]:
            finer.append(x)
            x = layer(F.max_pool2d(x, 2))  # (B, 2C, H/2, W/2) ... (B, 8C, H/16, W/16)
        for layer in self.up:
            x = layer(_beside(finer.pop(), x))  # (B, 4C, H/8, W/8) ... (B, C, H, W)
        return x

    def forward(self, a: Tensor, b: Tensor, alpha: Tensor) -> Tensor:
        """Frame b with its motion against frame a magnified, (B, 3, H, W)."""
        texture, shape_a, shape_b = self.encode(a, b)
        return self.decode(texture, self.manipulate(shape_a, shape_b, alpha))

    def ease(self) -> None:
        """Scale fresh weights such that what moves speaks louder than what stands still, and only that is added yet."""
        if self.skip:
            self.down[0][0].weight[:, :_PLANES].mul_(0.15)
            self.down[0][0].weight[:, _PLANES:].mul_(3.0)
            self.out.weight.zero_()
            self.out.weight[:, -3:, 0, 0] = torch.eye(3)


def double(channels_in: int, between: int, channels: int, norm: bool, leaky: bool = False) -> nn.Sequential:
    """Twice a convolution, a batch normalisation or nothing, and a ReLU, or one that cannot die."""
    layers: list[nn.Module] = []
    for i, o in ((channels_in, between), (between, channels)):
        act = nn.LeakyReLU(0.1) if leaky else nn.ReLU()
        layers += [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o) if norm else nn.Identity(), act]
    return nn.Sequential(*layers)


def _beside(fine: Tensor, coarse: Tensor) -> Tensor:
    """The finer level and the coarser one enlarged, with zeros where it falls short by a row or column."""
    large = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    down, right = (fine.shape[i] - large.shape[i] for i in (-2, -1))
    large = F.pad(large, (right // 2, right - right // 2, down // 2, down - down // 2))
    return torch.cat([fine, large], 1)


def folded(net: FlowMag) -> FlowMag:
    """The same network without batch normalisation: it is taken into the convolutions.

    Parameters
    ----------
    net
        A trained network.

    Returns
    -------
    FlowMag
        A new one, which gives what the other gives in evaluation.

    Examples
    --------
    >>> from vmm.train.networks.flowmag import FlowMag, folded
    >>> folded(FlowMag(channels=4)).norm
    False
    """
    net, plain = copy.deepcopy(net).eval(), FlowMag(net.channels, norm=False, skip=net.skip)
    plain.out.load_state_dict(net.out.state_dict())
    for ours, theirs in zip([*plain.down, *plain.up], [*net.down, *net.up], strict=True):
        for i in (0, 3):
            fused = fuse_conv_bn_eval(theirs[i], theirs[i + 1]) if net.norm else theirs[i]
            ours[i].load_state_dict(fused.state_dict())
    return plain


def load_published(net: FlowMag, state: Mapping[str, Any]) -> FlowMag:
    """Give a network the weights of a published state dict.

    Parameters
    ----------
    net
        A network with ``norm``.
    state
        Arrays or tensors by name: ``generator.down_layers...``, ``generator.up_layers...``.

    Returns
    -------
    FlowMag
        The network itself.

    Raises
    ------
    RuntimeError
        Where names or shapes are not those of the network.
    """
    ours = {}
    for name, value in tensors(state).items():
        name = name.replace("module.", "").replace("generator.", "").replace(f"up_layers.{_LEVELS - 1}.conv.", "out.")
        for part in (".maxpool_conv.1", ".double_conv", ".conv", "_layers"):
            name = name.replace(part, "")
        ours[name] = value
    net.load_state_dict(ours)
    return net
