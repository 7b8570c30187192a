"""FlowMag (Pan et al. 2023): a U-Net renders the frame whose optical flow is alpha times that of frame b."""

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

_WAVES = 32  # Sines in the encoding of alpha, as published.
_LEVELS = 5  # Levels of the U-Net, as published.
_PLANES = 6 + _WAVES  # Input channels: two frames and the sines.
_WINDOW = 31  # Side in pixels of the window in which a change enables the output; larger than the largest motion.
_MIN_CHANGE = 1e-3  # RMS change, with white equal to 1, at which the output is reduced to half: a quarter gray level.


class FlowMag(nn.Module):
    """The generator of Pan et al. [1]_.

    The network has no texture and no shape representation: alpha is an input, encoded as 32 sines. Its methods have the
    interface of the other networks: a shape is a frame, ``manipulate`` concatenates the pair and alpha, and ``decode``
    is the U-Net. It is trained for alpha from 1 to 16. For larger alpha the authors run it twice with the square root
    of alpha, the second time with frame a and the first result. In the published form no alpha reproduces frame b
    exactly; the network learns to do so approximately for an alpha of 1.

    The form with ``skip``, which is not published, can be trained within minutes on one clip. It has the additional
    input (alpha - 1) (b - a), the first-order approximation of the magnified change, and predicts the change relative
    to frame b: frame = b + 2 g (alpha - 1) / (alpha + 1) tanh(.). The gate g is 0 where nothing changes in a window of
    31 pixels, and tends to 1 where the RMS change exceeds a quarter of a gray level. With the initial weights of
    ``vmm.train.loop.start`` the output is the first-order approximation, up to the tanh. The output is exactly frame b
    for an alpha of 1, where a map of alpha is 1, and where the frames are equal.

    Parameters
    ----------
    channels
        Number of channels at the finest level (default 64, as published).
    norm
        If True (default), convolutions are followed by batch normalization, as in training; ``folded`` removes it.
    skip
        If True, the network predicts the change relative to frame b instead of the whole frame. Alpha must then not be
        negative.

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

    multiple: int = 1
    pair: bool = True
    single_precision: tuple[str, ...] = ()

    def __init__(self, channels: int = 64, *, norm: bool = True, skip: bool = False) -> None:
        super().__init__()
        c = [channels * 2**level for level in range(_LEVELS - 1)]  # 64 128 256 512
        inside = [_PLANES + 3 * skip, *c, c[-1]]
        self.down: nn.ModuleList = nn.ModuleList(
            double(i, o, o, norm, skip) for i, o in zip(inside, [*c, c[-1]], strict=False)
        )
        self.up: nn.ModuleList = nn.ModuleList(double(2 * n, n, max(n // 2, channels), norm, skip) for n in reversed(c))
        self.out: nn.Conv2d = nn.Conv2d(channels + 3 * skip, 3, 1)
        self.channels: int = channels
        self.norm: bool = norm
        self.skip: bool = skip

    def encode(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Frame b as the texture, which is used only with ``skip``, and both frames (B, 3, H, W) as the shapes."""
        if min(a.shape[-2:]) < 2 ** (_LEVELS - 1):
            raise ValueError(f"frames of {a.shape[-2]} x {a.shape[-1]} pixels: both sides must be at least 16 pixels")
        return b, a, b

    def manipulate(self, shape_a: Tensor, shape_b: Tensor, alpha: Tensor) -> Tensor:
        """Both frames in [0, 1] and the sines of alpha, (B, 38, H, W); with ``skip`` alpha itself as well."""
        wavelengths = torch.logspace(-3, 7, _WAVES, base=2, dtype=alpha.dtype, device=alpha.device).view(1, -1, 1, 1)
        encoding = torch.sin(2 * math.pi * alpha / wavelengths)
        if self.skip:
            encoding = torch.cat([encoding, alpha], 1)
        encoding = encoding.expand(shape_a.shape[0], -1, *shape_a.shape[-2:])
        return torch.cat([(shape_a + 1) / 2, (shape_b + 1) / 2, encoding], 1)

    def decode(self, texture: Tensor, shape: Tensor) -> Tensor:
        """The magnified frame (B, 3, H, W)."""
        if not self.skip:
            return 2 * torch.sigmoid(self.out(self._finest(shape))) - 1
        planes, alpha = shape[:, :_PLANES], shape[:, _PLANES:]
        change = planes[:, 3:6] - planes[:, :3]
        finest = self._finest(torch.cat([planes, (alpha - 1) * change], 1))
        added = torch.tanh(self.out(torch.cat([finest, (alpha + 1) * change], 1)))
        energy = F.avg_pool2d(change.square().mean(1, keepdim=True), _WINDOW, 1, _WINDOW // 2)
        return texture + 2 * (alpha - 1) / (alpha + 1) * energy / (energy + _MIN_CHANGE**2) * added

    def _finest(self, planes: Tensor) -> Tensor:
        """Output of the U-Net at its finest level, (B, C, H, W)."""
        x, finer = self.down[0](planes), []  # (B, C, H, W)
        for layer in self.down[1:]:
            finer.append(x)
            x = layer(F.max_pool2d(x, 2))  # (B, 2C, H/2, W/2) ... (B, 8C, H/16, W/16)
        for layer in self.up:
            x = layer(_concatenated(finer.pop(), x))  # (B, 4C, H/8, W/8) ... (B, C, H, W)
        return x

    def forward(self, a: Tensor, b: Tensor, alpha: Tensor) -> Tensor:
        """Magnified frame (B, 3, H, W): frame b with its motion relative to frame a amplified."""
        texture, shape_a, shape_b = self.encode(a, b)
        return self.decode(texture, self.manipulate(shape_a, shape_b, alpha))

    def ease(self) -> None:
        """Scale initial weights: amplify the change between the frames, and output its first-order approximation."""
        if self.skip:
            self.down[0][0].weight[:, :_PLANES].mul_(0.15)
            self.down[0][0].weight[:, _PLANES:].mul_(3.0)
            self.out.weight.zero_()
            self.out.weight[:, -3:, 0, 0] = torch.eye(3)


def double(channels_in: int, between: int, channels: int, norm: bool, leaky: bool = False) -> nn.Sequential:
    """Two convolutions 3x3, each with optional batch normalization and a ReLU or leaky ReLU.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.flowmag import double
    >>> double(3, 4, 5, norm=False)(torch.zeros(1, 3, 8, 8)).shape
    torch.Size([1, 5, 8, 8])
    """
    layers: list[nn.Module] = []
    for i, o in ((channels_in, between), (between, channels)):
        act = nn.LeakyReLU(0.1) if leaky else nn.ReLU()
        layers += [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o) if norm else nn.Identity(), act]
    return nn.Sequential(*layers)


def _concatenated(fine: Tensor, coarse: Tensor) -> Tensor:
    """Concatenation of the finer level and the upsampled coarser one, padded with zeros to an odd size."""
    large = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    down, right = (fine.shape[i] - large.shape[i] for i in (-2, -1))
    large = F.pad(large, (right // 2, right - right // 2, down // 2, down - down // 2))
    return torch.cat([fine, large], 1)


def folded(net: FlowMag) -> FlowMag:
    """Fold the batch normalization of a network into its convolutions.

    Parameters
    ----------
    net
        A trained network.

    Returns
    -------
    FlowMag
        A new network without batch normalization, with the output of the original in evaluation mode.

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
    """Load published weights into a network, in place.

    Parameters
    ----------
    net
        A network with ``norm``.
    state
        Arrays or tensors by name: ``generator.down_layers...``, ``generator.up_layers...``.

    Returns
    -------
    FlowMag
        The network that was passed.

    Raises
    ------
    RuntimeError
        If the names or shapes of the arrays do not match the network.

    Examples
    --------
    >>> from vmm.train.networks.flowmag import FlowMag, load_published
    >>> net = FlowMag(4)
    >>> load_published(net, net.state_dict()) is net
    True
    """
    ours = {}
    for name, value in tensors(state).items():
        name = name.replace("module.", "").replace("generator.", "").replace(f"up_layers.{_LEVELS - 1}.conv.", "out.")
        for part in (".maxpool_conv.1", ".double_conv", ".conv", "_layers"):
            name = name.replace(part, "")
        ours[name] = value
    net.load_state_dict(ours)
    return net
