"""Phase-based magnification with Riesz pyramids (Wadhwa et al. 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.engine.loop import designed, sampling_rate
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Filter
from vmm.motion import quaternion, smooth
from vmm.spatial import RieszPyramid, luma
from vmm.temporal import butterworth


def magnify(
    frames: Any,
    band: tuple[float, float] | None,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    sigma: float = 2.0,
    pyramid: str = "laplacian",
    kernel: str = "3-tap",
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = butterworth,
) -> Any:
    """Magnify small motion by the phase along the local orientation of a Riesz pyramid: fast, and fit for live video.

    Truest where one orientation prevails, such as at edges; on texture it moves less than asked for.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. The brightness is magnified.
    band
        Low and high cut-off in Hz; None where `temporal` is a ready filter.
    fs
        Rate of the camera in Hz. By default that of a stream, else 1, so that the band is in cycles per frame.
    alpha
        What is added: output motion = (1 + alpha) times the input's; -1 removes the motion of the band.
        A number, one for each band, or a map (H, W).
    sigma
        Spatial blur of the motion in pixels of each level, weighted by amplitude; the paper's 2 keeps orientations
        that differ from pixel to pixel apart from noise.
    pyramid
        ``"laplacian"``, the ordinary one, or ``"invertible"``, the paper's self-inverting pyramid, which is slower.
    kernel
        The approximate Riesz transform: ``"3-tap"`` or ``"3x3"``.
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width).
    temporal
        Design of the temporal filter, or a ready filter.

    Returns
    -------
    array or iterator
        What came, magnified.

    Raises
    ------
    ValueError
        Where band, alpha, sigma, pyramid, kernel, mask or the frames are out of range; the message says what is
        allowed.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.

    References
    ----------
    .. [1] Wadhwa, Rubinstein, Durand, Freeman: Riesz pyramids for fast phase-based video magnification. ICCP 2014.
    .. [2] The same: Quaternionic representation of the Riesz pyramid for video magnification. MIT-CSAIL-TR-2014-009.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.random.default_rng(0).integers(0, 255, (40, 32, 48), dtype=np.uint8)
    >>> vmm.riesz.magnify(clip, (2, 4), fs=30, alpha=10).shape
    (40, 32, 48)
    """
    return run(
        frames,
        spatial=luma(RieszPyramid, pyramid=pyramid, kernel=kernel),
        motion=smooth(quaternion, sigma),
        temporal=designed(temporal, band, sampling_rate(frames, fs)),
        alpha=alpha,
        mask=mask,
    )
