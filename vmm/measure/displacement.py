"""Displacement of regions by least squares on brightness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.ndimage

from vmm.backend.arrays import to_host
from vmm.engine.frames import check_frames, to_float
from vmm.spatial import Pixels, luma

_STEPS = 20  # at most; a region that follows the last frame needs three or four
_SETTLED = 1e-4  # pixels


def displacement(frames: Any, rois: Sequence[Sequence[int]] | None = None, *, blur: float = 1.0) -> np.ndarray:
    """Displacement of regions against the first frame, by Gauss-Newton least squares on brightness.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3).
    rois
        Boxes (top, left, height, width) in pixels; the whole frame less a margin by default.
    blur
        Standard deviation in pixels of the Gaussian that frames are blurred with first.

    Returns
    -------
    ndarray
        Displacement (T, R, 2) down and right, in pixels; 0 in the first frame. Each frame is followed from the one
        before, so that the motion between two frames must stay below about a pixel and a half.

    Raises
    ------
    ValueError
        Where a region does not lie inside the frame, or holds no texture in some direction.

    References
    ----------
    .. [1] Lucas, Kanade: An iterative image registration technique with an application to stereo vision. IJCAI 1981.
    .. [2] Baker, Matthews: Lucas-Kanade 20 years on. IJCV 2004, section 3.2.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), [(0, 0), (0, 0.25)])
    >>> vmm.measure.displacement(clip)[1, 0, 1].round(2).item()
    0.25
    """
    check_frames(frames)
    light, _ = luma(Pixels)(frames.shape[1:], np.dtype(np.float64), np).analyze(to_float(to_host(frames)))
    images = scipy.ndimage.gaussian_filter(light[0].astype(np.float64), (0, blur, blur))
    height, width = images.shape[1:]
    if rois is None:
        margin = max(min(height, width) // 8, 1)
        rois = [(margin, margin, height - 2 * margin, width - 2 * margin)]
    splines = scipy.ndimage.spline_filter1d(scipy.ndimage.spline_filter1d(images, axis=1), axis=2)
    return np.stack([_followed(splines, _box(roi, (height, width))) for roi in rois], axis=1)


def _box(roi: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """Rows and columns (2, h, w) of a region."""
    top, left, height, width = roi
    if min(top, left) < 0 or min(height, width) < 3 or top + height > size[0] or left + width > size[1]:
        raise ValueError(f"roi={tuple(roi)} (top, left, height, width) must lie inside the frame, {size}, and hold 3x3")
    return np.mgrid[top : top + height, left : left + width].astype(np.float64)


def _followed(splines: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Displacement (T, 2) of the region at points (2, h, w)."""
    template = _sampled(splines[0], points)
    half = np.eye(2).reshape(2, 2, 1, 1) / 2
    slopes = np.stack([_sampled(splines[0], points + h) - _sampled(splines[0], points - h) for h in half])
    normal = np.einsum("iyx,jyx->ij", slopes, slopes)
    if np.linalg.eigvalsh(normal)[0] <= 1e-6 * max(np.trace(normal), 1e-12):
        raise ValueError("a region holds no texture in some direction: its displacement cannot be known there")
    out = np.zeros((len(splines), 2))
    for t in range(1, len(splines)):
        out[t] = out[t - 1]
        for _ in range(_STEPS):
            error = _sampled(splines[t], points + out[t].reshape(2, 1, 1)) - template
            step = np.linalg.solve(normal, np.einsum("iyx,yx->i", slopes, error))
            out[t] -= step
            if np.abs(step).max() < _SETTLED:
                break
    return out


def _sampled(spline: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of a cubic spline at points (2, h, w)."""
    values: np.ndarray = scipy.ndimage.map_coordinates(spline, points, order=3, mode="mirror", prefilter=False)
    return values
