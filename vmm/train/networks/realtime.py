"""The real-time network (Ha et al. 2024): one linear layer encodes, a deep and narrow decoder paints."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vmm.train.networks.blocks import Residual, activation, check, convolution, finest, on_grid, twice

_PLANES = 48  # of a frame folded to a quarter of its size
_FAINT = 1e-6  # mean square of a fine part, white being 1 and black -1, below which it counts as none
_FLAT = 1e-5  # and of its slopes
_REACH = 0.45  # change of a fine part, over that part, at which half of both is left: a quarter of a pixel
_SHARE = 1.4  # of what one motion explains of the change, that is added


class RealTime(nn.Module):
    """The network of Ha et al., reconstructed.

    Published is: the encoder is a single linear layer and a single branch; the manipulator has no residual block; the
    decoder has four times the blocks of MagNet's (36) and half its channels (32), at half its resolution; 4.2 times
    fewer operations than the baseline, which makes 9.8 billion at 384 x 384. Everything else is reconstructed: side and
    stride of the encoder's layer, its channels, the gain alpha - 1, and how the decoder leaves its resolution. The
    reconstruction has 9.5 billion.

    The encoder is linear: a filter along time gives the same on shapes as on pixels, up to the encoder's bias. With y
    the filtered shapes x of the frames, ``manipulate(x - y, x, alpha)`` magnifies y. Without biases the shape at alpha
    1 is exactly that of frame b, and so it is where a map is 1, but for one sample along the border.

    Parameters
    ----------
    channels
        Channels of shape and decoder.
    blocks
        Residual blocks of the decoder.
    bias
        Whether convolutions have biases; those behind the blocks always do.
    act
        Activation: "relu" as published, or "leaky", which takes no more time and learns to add to frame b, where ReLU
        falls silent.
    padding
        "reflect", or "zeros", which runs a fifth faster.
    skip
        Whether the network adds to frame b instead of painting anew: frame = b + 2 tanh(.).
    shuffle
        Whether the decoder leaves its resolution by one convolution to 16 values a pixel, in place of enlarging twice.
        How the published one leaves is not known; this one learns sooner, costs a fifth less and runs faster.
    fine
        Whether a shape carries what is finer than its own samples, too: the frame less its blur, which a decoder of a
        quarter of the resolution cannot paint anew. Where it is to move by less than a quarter of a pixel or so, its
        change is magnified as it is; where it is to move farther, it is left out of the frame, in which it would stand
        still. Noise, which no one motion of 12 x 12 pixels explains, does neither. Needs skip and shuffle.

    Raises
    ------
    ValueError
        Where padding or act is unknown.

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

    multiple, pair = 4, False

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
        self.encoder = conv(3, channels, 7, 4, bias=bias)
        self.g = conv(channels, channels, 7, bias=bias)
        self.h = conv(channels, channels, 3, bias=bias)
        self.res = nn.Sequential(*(Residual(channels, act, padding=padding, bias=bias) for _ in range(blocks)))
        exits = [(channels, channels, 3), (channels, channels, 3), (channels, channels // 2, 3)]
        seen = channels + (_PLANES if fine else 0)
        self.exits = nn.ModuleList(conv(*layer) for layer in ([(seen, 8 * channels, 3)] if shuffle else exits))
        self.c2 = conv(channels // 2, 3, 7)
        self.act, self.skip, self.fine = activation(act), skip, fine
        if fine:
            self.register_buffer("taps", finest(4), persistent=False)

    def encode(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """The frame itself, folded to (B, 48, H/4, W/4) and read only with ``skip``; and its shape (B, C, H/4, W/4).

        With ``fine`` the shape has 48 channels more.
        """
        check(frames, self.multiple)
        folded, shape = F.pixel_unshuffle(frames, 4), self.encoder(frames)
        return folded, torch.cat([shape, F.conv2d(frames, self.taps, stride=4, padding=1)], 1) if self.fine else shape

    def manipulate(self, shape_a: Tensor, shape_b: Tensor, alpha: Tensor) -> Tensor:
        """The shape of the magnified frame (B, C, H/4, W/4); with ``fine``, and what changes in its fine part."""
        gain = on_grid(alpha, shape_b) - 1
        change, channels = shape_b - shape_a, self.h.out_channels
        shape = shape_b[:, :channels] + self.h(gain * self.act(self.g(change[:, :channels])))
        if not self.fine:
            return shape
        still, moving = shape_b[:, channels:], gain * change[:, channels:]
        seen, told, all_of_it = _moved(still, moving)
        near = 1 / (1 + (told / (_REACH**2 * (seen + _FAINT))).square())
        fine = (near - 1) * still + _SHARE * (near * told / (all_of_it + _FAINT)) * moving
        return torch.cat([shape, fine], 1)

    def decode(self, texture: Tensor, shape: Tensor) -> Tensor:
        """The magnified frame (B, 3, H, W), not clipped."""
        channels = self.h.out_channels
        x, fine = self.res(shape[:, :channels]), shape[:, channels:]  # (B, C, H/4, W/4), (B, 0 or 48, H/4, W/4)
        if len(self.exits) == 1:
            x = F.pixel_shuffle(self.act(self.exits[0](torch.cat([x, fine], 1))), 4)  # (B, C/2, H, W)
        else:
            half, full, last = self.exits
            x = self.act(full(twice(self.act(half(twice(x))))))  # (B, C, H, W)
            x = self.act(last(x))  # (B, C/2, H, W)
        x = self.c2(x)  # (B, 3, H, W)
        if not self.skip:
            return x
        return F.pixel_shuffle(texture + fine if self.fine else texture, 4) + 2 * torch.tanh(x)

    def forward(self, a: Tensor, b: Tensor, alpha: Tensor) -> Tensor:
        """Frame b with its motion against frame a magnified, (B, 3, H, W)."""
        (_, shape_a), (texture, shape_b) = self.encode(a), self.encode(b)
        return self.decode(texture, self.manipulate(shape_a, shape_b, alpha))

    def ease(self) -> None:
        """Scale fresh weights such that what moves speaks louder than what stands still."""
        for layer in (self.g, self.h):
            layer.weight.mul_(2.2)
        self.c2.weight.zero_()


def _moved(fine: Tensor, change: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean squares (B, 1, H/4, W/4) of a fine part, of what of its change one motion explains, and of all of it.

    Both are (B, 48, H/4, W/4); the motion is that of 12 x 12 pixels, by least squares over the slopes of the fine part.
    """
    still, moving = (F.pixel_shuffle(x, 4).mean(1, True) for x in (fine, change))  # (B, 1, H, W)
    wide = F.pad(still, (1, 1, 1, 1))
    right, down = (wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]) / 2, (wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]) / 2
    products = [right * right, down * down, right * down, right * moving, down * moving, still * still, moving * moving]
    means = F.avg_pool2d(torch.cat(products, 1), 12, 4, 4)
    xx, yy, xy, xt, yt, seen, all_of_it = means.split(1, 1)
    xx, yy = xx + _FLAT, yy + _FLAT
    told = (yy * xt * xt - 2 * xy * xt * yt + xx * yt * yt) / (xx * yy - xy * xy)
    return seen, told, all_of_it
