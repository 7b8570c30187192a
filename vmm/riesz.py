"""Phase-based magnification with Riesz pyramids (Wadhwa et al. 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmm.color import with_color
from vmm.engine.alpha import Alpha
from vmm.engine.loop import Band, sampling_rate, tuned
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Filter
from vmm.motion import limited, quaternion, smooth, weighted
from vmm.spatial import RieszPyramid, luma
from vmm.spatial.steerable import bears
from vmm.temporal import butterworth


def magnify(
    frames: Any,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    sigma: float = 2.0,
    pyramid: str = "laplacian",
    kernel: str = "3-tap",
    limit: float = 3.0,
    denoise: float = 0.0,
    color: float = 0.0,
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = butterworth,
) -> Any:
    """Magnify small motion by the phase along the local orientation of a Riesz pyramid: fast, and fit for live video.

    Truest where one orientation prevails, such as at edges. On texture the blur averages motions along orientations
    that differ: it moves .6 of what is asked for, .8 at sigma = 0.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. The brightness is magnified.
    band
        Low and high cut-off in Hz; None where `temporal` is a ready filter. A list of bands goes with a list of as many
        alphas: one band is magnified, while another is removed.
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
    limit
        Output motion that a band shows, in multiples of what it bears (a quarter of a wavelength); what is larger fades
        out, so that large motions do not tear. ``float("inf")`` for no limit.
    denoise
        How much less is magnified where the amplitude is small and its motion is noise: at 1 less than half in three
        quarters of the frame; 0 for nothing less.
    color
        What is added to changes of brightness and colour over large areas, as by ``vmm.color``, in the same pass:
        motion and pulse together [3]_. It goes with one band.
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
    .. [3] Fontanari, Oliveira: Simultaneous magnification of subtle motions and color variations in videos using Riesz
       pyramids. Computers & Graphics 2021.

    Examples
    --------
    Overlapping discs vibrate at 3 Hz with an amplitude of 0.1 pixels. The causal filter settles within a second:

    >>> import vmm
    >>> from vmm.data import synthetic
    >>> scene = synthetic.leaves((64, 64), min_radius=8)
    >>> clip = synthetic.render(scene, synthetic.sway(60, 30, 3.0, 0.1))
    >>> out = vmm.riesz.magnify(clip, (2, 4), fs=30, alpha=10, sigma=0)
    >>> before, after = (vmm.measure.displacement(x).values[30:, 0, 1].std() for x in (clip, out))
    >>> print(f"The output motion is {after / before:.1f} times the input motion.")
    The output motion is 10.4 times the input motion.
    """
    chosen, alpha = tuned(temporal, band, sampling_rate(frames, fs), alpha)
    motion = smooth(weighted(limited(quaternion, limit * bears(1.0)), denoise), sigma)
    plan = luma(RieszPyramid, pyramid=pyramid, kernel=kernel)
    return run(frames, temporal=chosen, alpha=alpha, mask=mask, **with_color(plan, motion, color, band))
