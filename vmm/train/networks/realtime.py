"""The real-time network (Ha et al. 2024): a linear encoder with one layer, and a deep and narrow decoder."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vmm.train.networks.blocks import Residual, activation, check, convolution, high_pass_taps, on_grid, upsample

_PLANES = 48  # Channels of a frame after space-to-depth by 4: 3 * 4 * 4.
_MIN_ENERGY = 1e-6  # Mean square of the fine detail, for values in [-1, 1], below which it has no effect.
_MIN_GRADIENT = 1e-5  # Mean square of its gradient below which motion is not estimated; it regularizes the fit.
_FADE = 0.45  # Change of the fine detail, relative to the detail, at which both are halved: a quarter of a pixel.
_DETAIL_GAIN = 1.4  # Gain of the part of the change that motion explains; larger values amplify motion and noise.


class RealTime(nn.Module):
    """The network of Ha et al. [1]_, reconstructed from the paper.

    The paper specifies: the encoder is a single linear layer without branches; the manipulator has no residual block;
    the decoder has four times as many residual blocks as that of MagNet (36) and half as many channels (32), at half
    the resolution; the number of operations is 4.2 times less than that of the baseline, 9.8 billion at 384 x 384. The
    side and stride of the encoder layer, the number of its channels, the gain alpha - 1 and the upsampling of the
    decoder are not specified. The reconstruction has 9.5 billion operations.

    The encoder is linear, so temporal filtering of the shapes is equivalent to temporal filtering of the pixels, up to
    the bias of the encoder. With y the temporally filtered shapes x, ``manipulate(x - y, x, alpha)`` magnifies the
    filtered motion. Without biases the shape for an alpha of 1 is exactly that of frame b; where a map of alpha is 1,
    this holds except for one sample along the border.

    Parameters
    ----------
    channels
        Number of channels of the shape and of the decoder.
    blocks
        Number of residual blocks of the decoder.
    bias
        If True (default), convolutions have biases. Those after the residual blocks always have biases.
    act
        Activation: "relu" (default, as published) or "leaky", which takes the same time. With `skip`, the gradient of
        ReLU vanishes early in training.
    padding
        "reflect" (default) or "zeros", which takes 20 % less time.
    skip
        If True, the network predicts the change relative to frame b: frame = b + 2 tanh(.).
    shuffle
        If True, the decoder upsamples by one convolution and a depth-to-space rearrangement, instead of two steps of
        nearest-neighbor upsampling. This trains faster and needs 20 % fewer operations. The upsampling of the published
        network is not known.
    fine
        If True, the shape also contains the fine detail of the frame: the frame minus its 3 x 3 blur, which a decoder
        at a quarter of the resolution cannot render. The change of the detail is amplified linearly if the output
        displacement is less than about a quarter of a pixel. If the displacement is larger, the detail is removed from
        the output, in which it would not move. Noise is neither amplified nor removed, for it does not fit the motion
        model, one displacement per 12 x 12 pixels. Requires `skip` and `shuffle`.

    Raises
    ------
    ValueError
        If `padding` or `act` is unknown.

    References
    ----------
    .. [1] Ha, Oh Hyun-Bin et al.: Revisiting learning-based video motion magnification for real-time processing.
       arXiv 2403.01898, 2024.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks import RealTime
    >>> a, b = torch.zeros(2, 1, 3, 32, 48)
    >>> RealTime()(a, b, torch.full((1, 1, 1, 1), 10.0)).shape
    torch.Size([1, 3, 32, 48])
    """

    multiple: int = 4
    pair: bool = False
    single_precision: tuple[str, ...] = ("encoder", "g", "h")

    def __init__(
        self,
        channels: int = 32,
        blocks: int = 36,
        *,
        bias: bool = True,
        act: str = "relu",
        padding: str = "reflect",
        skip: bool = False,
        shuffle: bool = False,
        fine: bool = False,
    ) -> None:
        super().__init__()
        conv = partial(convolution, padding=padding)
        self.encoder: nn.Conv2d = conv(3, channels, 7, 4, bias=bias)
        self.g: nn.Conv2d = conv(channels, channels, 7, bias=bias)
        self.h: nn.Conv2d = conv(channels, channels, 3, bias=bias)
        self.res: nn.Sequential = nn.Sequential(
            *(Residual(channels, act, padding=padding, bias=bias) for _ in range(blocks))
        )
        exits = [(channels, channels, 3), (channels, channels, 3), (channels, channels // 2, 3)]
        inputs = channels + (_PLANES if fine else 0)
        self.exits: nn.ModuleList = nn.ModuleList(
            conv(*layer) for layer in ([(inputs, 8 * channels, 3)] if shuffle else exits)
        )
        self.c2: nn.Conv2d = conv(channels // 2, 3, 7)
        self.act: Callable[[Tensor], Tensor] = activation(act)
        self.skip: bool = skip
        self.fine: bool = fine
        if fine:
            self.register_buffer("taps", high_pass_taps(4), persistent=False)

    def encode(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Texture (B, 48, H/4, W/4) and shape (B, C, H/4, W/4) of frames.

        The texture is the frame after space-to-depth, and is used only with ``skip``. With ``fine`` the shape has 48
        additional channels.
        """
        check(frames, self.multiple)
        folded, shape = F.pixel_unshuffle(frames, 4), self.encoder(frames)
        return folded, torch.cat([shape, F.conv2d(frames, self.taps, stride=4, padding=1)], 1) if self.fine else shape

    def manipulate(self, shape_a: Tensor, shape_b: Tensor, alpha: Tensor) -> Tensor:
        """Shape of the magnified frame (B, C, H/4, W/4); with ``fine``, also the change of the fine detail."""
        gain = on_grid(alpha, shape_b) - 1
        change, channels = shape_b - shape_a, self.h.out_channels
        shape = shape_b[:, :channels] + self.h(gain * self.act(self.g(change[:, :channels])))
        if not self.fine:
            return shape
        detail, amplified = shape_b[:, channels:], gain * change[:, channels:]
        energy, explained, total = _explained_energy(detail, amplified)
        weight = 1 / (1 + (explained / (_FADE**2 * (energy + _MIN_ENERGY))).square())
        fine = (weight - 1) * detail + _DETAIL_GAIN * (weight * explained / (total + _MIN_ENERGY)) * amplified
        return torch.cat([shape, fine], 1)

    def decode(self, texture: Tensor, shape: Tensor) -> Tensor:
        """The magnified frame (B, 3, H, W), not clipped to [-1, 1]."""
        channels = self.h.out_channels
        x, fine = self.res(shape[:, :channels]), shape[:, channels:]  # (B, C, H/4, W/4), (B, 0 or 48, H/4, W/4)
        if len(self.exits) == 1:
            x = F.pixel_shuffle(self.act(self.exits[0](torch.cat([x, fine], 1))), 4)  # (B, C/2, H, W)
        else:
            half, full, last = self.exits
            x = self.act(full(upsample(self.act(half(upsample(x))))))  # (B, C, H, W)
            x = self.act(last(x))  # (B, C/2, H, W)
        x = self.c2(x)  # (B, 3, H, W)
        if not self.skip:
            return x
        return F.pixel_shuffle(texture + fine if self.fine else texture, 4) + 2 * torch.tanh(x)

    def forward(self, a: Tensor, b: Tensor, alpha: Tensor) -> Tensor:
        """Magnified frame (B, 3, H, W): frame b with its motion relative to frame a amplified."""
        (_, shape_a), (texture, shape_b) = self.encode(a), self.encode(b)
        return self.decode(texture, self.manipulate(shape_a, shape_b, alpha))

    def ease(self) -> None:
        """Scale initial weights: amplify the change between the frames relative to the frames; the output is zero."""
        for layer in (self.g, self.h):
            layer.weight.mul_(2.2)
        self.c2.weight.zero_()


def _explained_energy(detail: Tensor, change: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean squares of the detail, of the part of its change that motion explains, and of its change.

    The inputs are (B, 48, H/4, W/4), the outputs (B, 1, H/4, W/4). The motion model is one displacement per window of
    12 x 12 pixels, fitted by least squares to the gradient of the detail.
    """
    still, moving = (F.pixel_shuffle(x, 4).mean(1, True) for x in (detail, change))  # (B, 1, H, W)
    padded = F.pad(still, (1, 1, 1, 1))
    right = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    products = [right * right, down * down, right * down, right * moving, down * moving, still * still, moving * moving]
    means = F.avg_pool2d(torch.cat(products, 1), 12, 4, 4)
    xx, yy, xy, xt, yt, energy, total = means.split(1, 1)
    xx, yy = xx + _MIN_GRADIENT, yy + _MIN_GRADIENT
    explained = (yy * xt * xt - 2 * xy * xt * yt + xx * yt * yt) / (xx * yy - xy * xy)
    return energy, explained, total
