"""Differentiable dense optical flow: the displacement of each pixel from one frame to another."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vmm.backend.luma import LUMA_WEIGHTS

_MIN_SIDE = 12  # Smallest side of the coarsest level in pixels; the window must fit into it.
_STEPS = (2, 3, 6)  # Gauss-Newton steps at the finest level, the next one, and all coarser ones.
_REGULARIZATION = 1e-6  # Added to the structure tensor, relative to its mean; it keeps textureless areas solvable.
_SPLINE_RADIUS = 8  # Radius of the spline prefilter in pixels; the coefficients beyond it are below 1e-5.


def flow(a: Tensor, b: Tensor, *, sigma: float = 2.5) -> Tensor:
    """Estimate the displacement of each pixel from a to b by the pyramidal Lucas-Kanade method [1]_ [2]_.

    The luma is matched by least squares within a Gaussian window, from coarse to fine, as in ``vmm.motion.flow``, but
    for batches. Gradients are propagated through the last two steps only: once the steps have converged, the gradient
    does not depend on the earlier ones [3]_, which saves memory and time.

    Parameters
    ----------
    a, b
        Frames (B, 3, H, W) of any unit.
    sigma
        Standard deviation of the Gaussian window in pixels (default 2.5).

    Returns
    -------
    Tensor
        Displacement (B, 2, H, W), down and right, in pixels. It tends to 0 in areas without texture.

    Raises
    ------
    ValueError
        If the frames do not have the same shape (B, 3, H, W) with at least 12 x 12 pixels, or if `sigma` is not
        positive.

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
            f"frames of shape {tuple(a.shape)} and {tuple(b.shape)} must have the same shape (B, 3, H, W), "
            "at least 12 x 12 pixels"
        )
    if not sigma > 0:
        raise ValueError(f"sigma={sigma!r} must be a positive number of pixels")
    a, b = _luma(a), _luma(b)
    with torch.no_grad():
        displacement = _coarse_to_fine(a, b, sigma)
    for _ in range(_STEPS[0]):
        displacement = _step(a, b, displacement, sigma)
    return displacement


def warp(frames: Tensor, flow: Tensor) -> Tensor:
    """Backward warp: sample frames at the positions to which the flow points, with cubic splines [1]_.

    Parameters
    ----------
    frames
        Frames (B, C, H, W).
    flow
        Displacement (B, 2, H, W), down and right, in pixels.

    Returns
    -------
    Tensor
        Warped frames (B, C, H, W). Positions outside the frame are clamped to its border.

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
    base = points.detach().floor()
    fraction = points - base
    last_weight = fraction**3 / 6
    second_weight = (3 * last_weight - fraction**2) + 2 / 3
    # The four spline weights are combined in pairs, so that linear interpolation evaluates two samples at once: [1].
    first_pair = (1 - fraction) ** 3 / 6 + second_weight
    pairs = (
        (first_pair, base - 1 + second_weight / first_pair),
        (1 - first_pair, base + 1 + last_weight / (1 - first_pair)),
    )
    total = torch.zeros_like(frames)
    for row_weights, rows in pairs:
        for col_weights, cols in pairs:
            position = torch.stack([rows[:, 0], cols[:, 1]], 1)
            total = total + (row_weights[:, :1] * col_weights[:, 1:]) * _sample(splines, position)
    return total


def trust(a: Tensor, b: Tensor, flow: Tensor, *, sigma: float = 2.5) -> Tensor:
    """Weight (B, 1, H, W) in [0, 1] of each displacement: near 0 where the frames have no more contrast than noise.

    The noise is the robust deviation of frame a from frame b at the displaced positions.

    Parameters
    ----------
    a, b
        Frames (B, 3, H, W) of any unit.
    flow
        Displacement (B, 2, H, W) from a to b.
    sigma
        Standard deviation of the Gaussian window in pixels (default 2.5).

    Returns
    -------
    Tensor
        Energy of the gradient of the luma in the window, divided by its sum with the energy that noise would have.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.flow import trust
    >>> frames = torch.rand(1, 3, 32, 32)
    >>> trust(frames, frames, torch.zeros(1, 2, 32, 32)).shape
    torch.Size([1, 1, 32, 32])
    """
    a = _luma(a)
    noise = _deviation(a - warp(_luma(b), flow))[:, None] ** 2
    down, right = _gradient(a)
    energy = _blur(down * down + right * right, sigma, "constant")
    return energy / (energy + 4 * noise + 1e-12)


def positions(frames: Tensor) -> Tensor:
    """Row and column (2, H, W) of each pixel.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.flow import positions
    >>> positions(torch.zeros(1, 1, 2, 3))[1].tolist()
    [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]
    """
    height, width = frames.shape[-2:]
    rows, cols = (torch.arange(n, dtype=frames.dtype, device=frames.device) for n in (height, width))
    return torch.stack([rows[:, None].expand(height, width), cols.expand(height, width)])


def inside(flow: Tensor) -> Tensor:
    """Mask (B, 1, H, W): 1 if the flow (B, 2, H, W) points to a position inside the frame, else 0.

    Examples
    --------
    >>> import torch
    >>> from vmm.train.flow import inside
    >>> inside(torch.full((1, 2, 3, 3), 1.0))[0, 0].tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    target = positions(flow) + flow
    return ((target >= 0) & (target <= _last(flow))).all(1, keepdim=True).to(flow.dtype)


def _luma(frames: Tensor) -> Tensor:
    """Luma (B, 1, H, W) of RGB frames (B, 3, H, W)."""
    return (frames * frames.new_tensor(LUMA_WEIGHTS).view(3, 1, 1)).sum(1, keepdim=True)


def _coarse_to_fine(a: Tensor, b: Tensor, sigma: float) -> Tensor:
    """Initial flow (B, 2, H, W) for the finest level, estimated on the coarser levels of an image pyramid."""
    levels = [(a, b)]
    while min(levels[-1][0].shape[-2:]) >= 2 * _MIN_SIDE:
        levels.append(tuple(_blur(image, 1.0, "reflect")[..., ::2, ::2] for image in levels[-1]))
    coarse = levels[-1][0]
    displacement = coarse.new_zeros(len(a), 2, *coarse.shape[-2:])
    for level, (level_a, level_b) in reversed(list(enumerate(levels))):
        if displacement.shape[-2:] != level_a.shape[-2:]:
            displacement = 2 * _sample(displacement, (positions(level_a) / 2).expand(len(a), -1, -1, -1))
        for _ in range(_STEPS[min(level, 2)] if level else 0):
            displacement = _step(level_a, level_b, displacement, sigma)
    return displacement


def _step(a: Tensor, b: Tensor, displacement: Tensor, sigma: float) -> Tensor:
    """One Gauss-Newton step: the refined displacement."""
    warped = warp(b, displacement)
    error = a - warped
    gradients = [(x + y) / 2 for x, y in zip(_gradient(a), _gradient(warped), strict=True)]
    down, right = (inside(displacement) * g for g in gradients)  # pixels that leave the frame have no weight
    products = torch.cat([down * down, right * right, down * right, down * error, right * error], 1)
    dd, rr, dr, de, re = _blur(products, sigma, "constant").unbind(1)  # (B, H, W)
    regularization = _REGULARIZATION * (dd + rr).mean((1, 2), keepdim=True)
    regularization = (2 * _deviation(error) ** 2 + regularization + 1e-15).detach()  # noise has gradients, too
    dd, rr = dd + regularization, rr + regularization
    step = torch.stack([rr * de - dr * re, dd * re - dr * de], 1) / (dd * rr - dr * dr)[:, None]
    return displacement + step.clamp(-1, 1)


def _gradient(image: Tensor) -> tuple[Tensor, ...]:
    """Central differences down and right; one-sided differences at the border."""
    gradient: tuple[Tensor, ...] = torch.gradient(image, dim=(-2, -1))
    return gradient


def _deviation(values: Tensor) -> Tensor:
    """Robust standard deviation (B, 1, 1), from the median absolute value."""
    return 1.4826 * values.detach().abs().flatten(1).median(1).values[:, None, None]


def _last(frames: Tensor) -> Tensor:
    """Row and column (2, 1, 1) of the last pixel."""
    return torch.tensor(frames.shape[-2:], dtype=frames.dtype, device=frames.device).view(2, 1, 1) - 1


def _sample(fields: Tensor, points: Tensor) -> Tensor:
    """Fields (B, C, h, w) at points (B, 2, H, W) by linear interpolation, reflected at the border."""
    grid = (2 * points / _last(fields) - 1).flip(1).movedim(1, -1)  # (column, row) in [-1, 1], as PyTorch takes it
    return F.grid_sample(fields, grid, padding_mode="reflection", align_corners=True)


def _splines(images: Tensor) -> Tensor:
    """Coefficients of the interpolating cubic splines of images (B, C, H, W), reflected at the border."""
    pole = math.sqrt(3) - 2
    kernel = math.sqrt(3) * pole ** torch.arange(-_SPLINE_RADIUS, _SPLINE_RADIUS + 1.0).abs()
    return _filtered(images, kernel / kernel.sum(), "reflect")


def _blur(images: Tensor, sigma: float, padding: str) -> Tensor:
    """Images (B, C, H, W) blurred by a Gaussian kernel that is truncated at three standard deviations."""
    radius = int(3 * sigma + 0.5)
    kernel = torch.exp(-(torch.arange(-radius, radius + 1.0) ** 2) / (2 * sigma**2))
    return _filtered(images, kernel / kernel.sum(), padding)


def _filtered(images: Tensor, kernel: Tensor, padding: str) -> Tensor:
    """Images (B, C, H, W) convolved with a symmetric kernel (n,) along columns and rows."""
    kernel, radius, channels = kernel.to(images), len(kernel) // 2, images.shape[1]
    for shape, sides in (((-1, 1), (0, 0, radius, radius)), ((1, -1), (radius, radius, 0, 0))):
        padded = F.pad(images, sides, mode=padding)
        images = F.conv2d(padded, kernel.view(1, 1, *shape).expand(channels, -1, -1, -1), groups=channels)
    return images
