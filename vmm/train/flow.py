"""Dense flow that gradients pass through: how far each pixel moves from one frame to another."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vmm.backend.luma import LUMA_WEIGHTS

_SMALLEST = 12  # pixels that the coarsest level has at least
_STEPS = (2, 3, 6)  # at the finest level, the next, and all others
_LIGHT = 1e-6  # share of the mean gradient below which there is no texture
_REACH = 8  # of what makes splines of samples, in pixels: what is cut off is 1e-5


def flow(a: Tensor, b: Tensor, *, sigma: float = 2.5) -> Tensor:
    """Displacement of each pixel of a in b, by least squares on brightness within a Gaussian window, coarse to fine.

    It is that of ``vmm.motion.flow`` for batches. Gradients pass through the last two steps only: where the steps have
    converged, those before have no say in them [3]_, and neither memory nor time is spent on those.

    Parameters
    ----------
    a, b
        Frames (B, 3, H, W) in any unit.
    sigma
        Standard deviation of the window in pixels.

    Returns
    -------
    Tensor
        Displacement (B, 2, H, W) down and right in pixels; towards 0 where there is no texture.

    Raises
    ------
    ValueError
        Where the frames are not of one size (B, 3, H, W) of at least 12 x 12, or sigma is not positive.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.
    .. [2] Bouguet: Pyramidal implementation of the Lucas Kanade feature tracker. Intel 2000.
    .. [3] Bai et al.: Deep equilibrium optical flow estimation. CVPR 2022.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.flow import flow
    >>> waves = lambda move: torch.cos(0.5 * (torch.arange(64.0) - move)).expand(1, 3, 48, 64)
    >>> round(flow(waves(0), waves(0.25))[0, 1, 8:-8, 8:-8].mean().item(), 2)
    0.25
    """
    if a.ndim != 4 or a.shape != b.shape or a.shape[1] != 3 or min(a.shape[-2:]) < 12:
        raise ValueError(
            f"frames of shape {tuple(a.shape)} and {tuple(b.shape)} must be of one size (B, 3, H, W), at least 12 x 12"
        )
    if not sigma > 0:
        raise ValueError(f"sigma={sigma!r} must be a positive number of pixels")
    a, b = _brightness(a), _brightness(b)
    with torch.no_grad():
        found = _approached(a, b, sigma)
    for _ in range(_STEPS[0]):
        found = _step(a, b, found, sigma)
    return found


def warp(frames: Tensor, flow: Tensor) -> Tensor:
    """Frames read where the flow leads: what has moved by it is back where it came from.

    Parameters
    ----------
    frames
        Frames (B, C, H, W).
    flow
        Displacement (B, 2, H, W) down and right in pixels.

    Returns
    -------
    Tensor
        Frames (B, C, H, W), between pixels by cubic splines; the border repeated beyond the frame.

    References
    ----------
    .. [1] Sigg, Hadwiger: Fast third-order texture filtering. GPU Gems 2, chapter 20, 2005.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.flow import warp
    >>> round(warp(torch.arange(256.0).view(1, 1, 16, 16), torch.ones(1, 2, 16, 16))[0, 0, 3, 3].item(), 1)
    68.0
    """
    splines, last = _splines(frames), _last(frames)
    points = (positions(flow) + flow).clamp(torch.zeros_like(last), last)
    near = points.detach().floor()
    ahead = points - near
    far = ahead**3 / 6
    one = (3 * far - ahead**2) + 2 / 3
    before = (1 - ahead) ** 3 / 6 + one  # weight of the two samples before, the rest that of those after: [1]
    pairs = ((before, near - 1 + one / before), (1 - before, near + 1 + far / (1 - before)))
    total = torch.zeros_like(frames)
    for by_row, rows in pairs:
        for by_col, cols in pairs:
            place = torch.stack([rows[:, 0], cols[:, 1]], 1)
            total = total + (by_row[:, :1] * by_col[:, 1:]) * _at(splines, place)
    return total


def positions(frames: Tensor) -> Tensor:
    """Row and column (2, H, W) of each pixel."""
    height, width = frames.shape[-2:]
    rows, cols = (torch.arange(n, dtype=frames.dtype, device=frames.device) for n in (height, width))
    return torch.stack([rows[:, None].expand(height, width), cols.expand(height, width)])


def inside(flow: Tensor) -> Tensor:
    """One where the flow (B, 2, H, W) does not lead out of the frame, else zero (B, 1, H, W)."""
    place = positions(flow) + flow
    return ((place >= 0) & (place <= _last(flow))).all(1, keepdim=True).to(flow.dtype)


def _brightness(frames: Tensor) -> Tensor:
    """Luma (B, 1, H, W)."""
    return (frames * frames.new_tensor(LUMA_WEIGHTS).view(3, 1, 1)).sum(1, keepdim=True)


def _approached(a: Tensor, b: Tensor, sigma: float) -> Tensor:
    """The flow as far as coarser levels find it, at full size."""
    levels = [(a, b)]
    while min(levels[-1][0].shape[-2:]) >= 2 * _SMALLEST:
        levels.append(tuple(_blur(image, 1.0, "reflect")[..., ::2, ::2] for image in levels[-1]))
    coarse = levels[-1][0]
    found = coarse.new_zeros(len(a), 2, *coarse.shape[-2:])
    for level, (one, other) in reversed(list(enumerate(levels))):
        if found.shape[-2:] != one.shape[-2:]:
            found = 2 * _at(found, (positions(one) / 2).expand(len(a), -1, -1, -1))
        for _ in range(_STEPS[min(level, 2)] if level else 0):
            found = _step(one, other, found, sigma)
    return found


def _step(a: Tensor, b: Tensor, found: Tensor, sigma: float) -> Tensor:
    """A displacement made better by one step of Gauss and Newton."""
    there = warp(b, found)
    error = a - there
    slopes = [(x + y) / 2 for x, y in zip(_slopes(a), _slopes(there), strict=True)]
    down, right = (inside(found) * slope for slope in slopes)  # what has left the frame has no weight
    products = torch.cat([down * down, right * right, down * right, down * error, right * error], 1)
    dd, rr, dr, de, re = _blur(products, sigma, "constant").unbind(1)  # (B, H, W)
    light = _LIGHT * (dd + rr).mean((1, 2), keepdim=True)
    least = (2 * _deviation(error) ** 2 + light + 1e-15).detach()  # noise has slopes, too
    dd, rr = dd + least, rr + least
    step = torch.stack([rr * de - dr * re, dd * re - dr * de], 1) / (dd * rr - dr * dr)[:, None]
    return found + step.clamp(-1, 1)


def _slopes(image: Tensor) -> tuple[Tensor, ...]:
    """Central differences down and right, one-sided at the border."""
    slopes: tuple[Tensor, ...] = torch.gradient(image, dim=(-2, -1))
    return slopes


def _deviation(values: Tensor) -> Tensor:
    """Standard deviation (B, 1, 1) of values most of which are normal: by the median."""
    return 1.4826 * values.detach().abs().flatten(1).median(1).values[:, None, None]


def _last(frames: Tensor) -> Tensor:
    """Row and column (2, 1, 1) of the last pixel."""
    return torch.tensor(frames.shape[-2:], dtype=frames.dtype, device=frames.device).view(2, 1, 1) - 1


def _at(fields: Tensor, points: Tensor) -> Tensor:
    """Fields (B, C, h, w) at points (B, 2, H, W), linearly interpolated, mirrored beyond the border."""
    grid = (2 * points / _last(fields) - 1).flip(1).movedim(1, -1)  # across, then down, in [-1, 1]
    return F.grid_sample(fields, grid, padding_mode="reflection", align_corners=True)


def _splines(images: Tensor) -> Tensor:
    """Coefficients of cubic splines through images (B, C, H, W), mirrored at the border."""
    pole = math.sqrt(3) - 2
    kernel = math.sqrt(3) * pole ** torch.arange(-_REACH, _REACH + 1.0).abs()
    return _filtered(images, kernel / kernel.sum(), "reflect")


def _blur(images: Tensor, sigma: float, padding: str) -> Tensor:
    """Images (B, C, H, W) blurred by a Gaussian down to three standard deviations."""
    reach = int(3 * sigma + 0.5)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1.0) ** 2) / (2 * sigma**2))
    return _filtered(images, kernel / kernel.sum(), padding)


def _filtered(images: Tensor, kernel: Tensor, padding: str) -> Tensor:
    """Images (B, C, H, W) convolved with a symmetric kernel (n,) down and right."""
    kernel, reach, channels = kernel.to(images), len(kernel) // 2, images.shape[1]
    for shape, sides in (((-1, 1), (0, 0, reach, reach)), ((1, -1), (reach, reach, 0, 0))):
        padded = F.pad(images, sides, mode=padding)
        images = F.conv2d(padded, kernel.view(1, 1, *shape).expand(channels, -1, -1, -1), groups=channels)
    return images
