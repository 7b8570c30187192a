"""A network that refines the displacement between two frames."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vmm.motion._evidence import PLANES
from vmm.train.networks.blocks import Residual

_SPAN = 24
"""Side in pixels of the window in which the range of the displacement bounds its change."""

_STRIDE = 4
"""Distance in pixels of these windows; between them the bound is interpolated."""

_REST = slice(4, 6)
"""The planes with the rest of the displacement that the window of 3 px reads."""

_SOFT = 0.1
"""Rest of the displacement, in units of the displacement, of which half remains: the rest in noise is many times larger
than that at the edge of an object."""

_MEANS = (*(0.0,) * 12, 0.8, 1.3, 1.8, 1.7, 2.2, 0.5, 0.35, 0.0, 0.0, 0.17, 0.2, 0.0, 0.0, 0.0)
_DEVIATIONS = (*(0.25,) * 2, *(0.5,) * 10, *(0.6,) * 5, *(0.25,) * 2, *(0.4,) * 2, *(0.15,) * 2, *(1.0,) * 3)
"""Typical means and standard deviations of the planes in training scenes; the network takes planes without them."""


class Refiner(nn.Module):
    """A network of three scales that refines a displacement.

    It takes the planes of ``vmm.motion._evidence`` and returns the refined displacement, both in units of the
    displacement. The change is bounded by the range of the displacement in the surroundings of each pixel, plus the
    rest that a window of 3 px reads. A uniform displacement therefore remains as it is.

    Parameters
    ----------
    full, half, quarter
        Number of channels at full, half and quarter resolution.
    blocks
        Number of residual blocks at a quarter of the resolution.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.networks.refiner import Refiner
    >>> Refiner()(torch.zeros(1, 26, 16, 24)).shape
    torch.Size([1, 2, 16, 24])
    """

    multiple: int = 4

    def __init__(self, full: int = 12, half: int = 32, quarter: int = 48, blocks: int = 3) -> None:
        super().__init__()
        self.register_buffer("means", torch.tensor(_MEANS)[:, None, None], persistent=False)
        self.register_buffer("deviations", torch.tensor(_DEVIATIONS)[:, None, None], persistent=False)
        self.squeeze: nn.Conv2d = nn.Conv2d(PLANES, full, 1)
        self.enter: nn.Conv2d = nn.Conv2d(4 * full, half, 3, padding=1)
        self.before: Residual = Residual(half, "leaky", padding="zeros")
        self.down: nn.Conv2d = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.body: nn.Sequential = nn.Sequential(*(Residual(quarter, "leaky", padding="zeros") for _ in range(blocks)))
        self.up: nn.Conv2d = nn.Conv2d(quarter, 4 * half, 1)
        self.after: Residual = Residual(half, "leaky", padding="zeros")
        self.finish: nn.Conv2d = nn.Conv2d(half, 4 * full, 1)
        self.mix: nn.Conv2d = nn.Conv2d(full, 16, 3, padding=1)
        self.head: nn.Conv2d = nn.Conv2d(16, 2, 1)

    def forward(self, planes: Tensor) -> Tensor:
        """Refined displacement (B, 2, H, W) relative to the rest of the frame, for planes (B, 26, H, W)."""
        return planes[:, :2] + self.change(planes) * self.bound(planes)

    def change(self, planes: Tensor) -> Tensor:
        """Change (B, 2, H, W) of the displacement, relative to its bound."""
        rest = planes[:, 2:12]
        planes = torch.cat([planes[:, :2], rest / (rest.abs() + _SOFT), planes[:, 12:]], 1)
        full = _act(self.squeeze((planes - self.means) / self.deviations))
        half = self.before(_act(self.enter(F.pixel_unshuffle(full, 2))))
        quarter = self.body(_act(self.down(_act(half))))
        half = self.after(half + F.pixel_shuffle(self.up(_act(quarter)), 2))
        full = full + F.pixel_shuffle(self.finish(_act(half)), 2)
        return 2 * torch.tanh(self.head(_act(self.mix(_act(full)))).float() / 2)

    @staticmethod
    def bound(planes: Tensor) -> Tensor:
        """Bound (B, 1, H, W) of the change: the range of the displacement in a window, and the rest in a narrow one."""
        both = torch.cat([planes[:, :2], -planes[:, :2]], 1)
        border = (_SPAN - _STRIDE) // 2
        rows = F.max_pool2d(both, (_SPAN, 1), (_STRIDE, 1), (border, 0))
        largest = F.max_pool2d(rows, (1, _SPAN), (1, _STRIDE), (0, border))
        span = (largest[:, :2] + largest[:, 2:]).square().sum(1, keepdim=True).add(1e-8).sqrt()
        span = F.interpolate(span, scale_factor=_STRIDE, mode="bilinear", align_corners=False)
        return span + planes[:, _REST].square().sum(1, keepdim=True).add(1e-8).sqrt()


def _act(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)
