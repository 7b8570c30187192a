"""Phase-based magnification with Riesz pyramids (Wadhwa et al. 2014)."""

from __future__ import annotations

from vmm.engine.alpha import Alpha
from vmm.engine.combinations import magnify_with_color
from vmm.engine.frames import Frames
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.motion import limited, quaternion, smooth, weighted
from vmm.spatial import RieszPyramid, luma
from vmm.spatial.riesz import PyramidKind, RieszKernel
from vmm.spatial.steerable import max_phase_shift
from vmm.temporal import butterworth
from vmm.temporal.choice import Band, Design, chosen_filter, number_of_bands


def magnify(
    frames: Frames,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    sigma: float = 2.0,
    pyramid: PyramidKind = "laplacian",
    kernel: RieszKernel = "3-tap",
    limit: float = 3.0,
    denoise: float = 0.0,
    color: float = 0.0,
    mask: Mask | None = None,
    temporal: Design = butterworth,
) -> Frames:
    """Magnify small motion by the phase along the local orientation of a Riesz pyramid: fast, and fit for live video.

    It is most accurate where one orientation prevails, such as at edges. On texture the blur averages motions along
    different orientations, so that the output motion is 0.6 of the requested one, or 0.8 at sigma = 0.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. The luma is magnified.
    band
        Low and high cut-off in Hz; None if `temporal` is a ready filter. Several bands, as a list of pairs or an array
        (n, 2), need one alpha each: for example one band is magnified while another is removed.
    fs
        Rate of the camera in Hz. By default that of a stream; for an array the band is then in cycles per frame.
    alpha
        Gain that is added: output motion = (1 + alpha) times the input's; -1 removes the motion in the band. A number,
        a map (H, W), or one number for each of several bands.
    sigma
        Standard deviation of an amplitude-weighted blur of the motion in space, in pixels of each level; 2 as in the
        paper reduces the noise of orientations that differ from pixel to pixel.
    pyramid
        ``"laplacian"``, the ordinary one, or ``"invertible"``, the paper's self-inverting pyramid, which is slower.
    kernel
        The approximate Riesz transform: ``"3-tap"`` or ``"3x3"``.
    limit
        Largest output motion of a subband, relative to the largest that it shows truly (a quarter of a wavelength);
        larger motion fades out, so that large motions do not tear the picture. ``float("inf")`` for no limit.
    denoise
        Strength of the noise suppression where the amplitude is small, 0 or greater. At 1 three quarters of the frame
        are magnified by less than half; 0 turns it off.
    color
        Gain that is added to changes of luma and color over large areas, as by ``vmm.color``, in the same pass:
        motion and pulse together [3]_. It needs a single band. 0 for none.
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width).
    temporal
        Design function of the temporal filter, such as ``vmm.temporal.fir``, or a ready filter.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and kind (array or iterator) of `frames`.

    Raises
    ------
    ValueError
        If band, alpha, sigma, pyramid, kernel, mask or the frames are out of range; the message says what is
        allowed.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.

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
    chosen, gain = chosen_filter(temporal, band, sampling_rate(frames, fs), alpha)
    return magnify_with_color(
        frames,
        spatial=luma(RieszPyramid, pyramid=pyramid, kernel=kernel),
        motion=smooth(weighted(limited(quaternion, limit * max_phase_shift(1.0)), denoise), sigma),
        temporal=chosen,
        alpha=gain,
        color=color,
        bands=number_of_bands(band),
        mask=mask,
    )
