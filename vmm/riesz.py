"""Phase-based magnification with Riesz pyramids (Wadhwa et al. 2014)."""

from __future__ import annotations

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.alpha import Alpha
from vmm.engine.combinations import magnify_with_color
from vmm.engine.frames import Frames
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.motion import limited, quaternion, smooth, weighted
from vmm.spatial import RieszPyramid, luma
from vmm.spatial._chroma import ChromaSize
from vmm.spatial.riesz import PyramidKind, RieszKernel
from vmm.spatial.steerable import max_phase_shift
from vmm.temporal import causal
from vmm.temporal.choice import Band, Design, chosen_filter, number_of_bands

__all__ = ["magnify"]


def __dir__() -> list[str]:
    return __all__


@checks_arguments
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
    chroma: ChromaSize | None = "half",
    mask: Mask | None = None,
    temporal: Design = causal,
    progress: Progress = False,
) -> Frames:
    """Magnify small motion by the phase along the local orientation of a Riesz pyramid, fast enough for live video.

    The output is most accurate where one orientation dominates, such as at edges. On texture the blur averages motion
    along different orientations, so that the output motion is 0.6 of the requested motion, or 0.8 at sigma = 0.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, a pair (array, fs), or a
        dask array (see ``vmm.magnify``). The luma is magnified, and the chroma moves with it.
    band
        Passband (low, high) in Hz, within (0, fs/2); None if `temporal` is a filter. Several bands are passed as a list
        of pairs or an array (n, 2), with one alpha for each: for example, one band is magnified and another removed.
    fs
        Camera rate in Hz. By default that of the clip, if it comes from ``vmm.io.stream`` or ``vmm.io.read``; otherwise
        `band` is in cycles per frame.
    alpha
        Amplification: output motion = (1 + alpha) * input motion in the band; -1 removes the motion in the band. A
        number, a map (H, W), or one number for each of several bands. The default is 10.
    sigma
        Standard deviation of an amplitude-weighted blur of the motion in space, in px of each level, 0 or greater. The
        default of 2, as in [1]_, reduces the noise of orientations that differ from pixel to pixel.
    pyramid
        Pyramid: ``"laplacian"``, or ``"invertible"``, the self-inverting pyramid of [1]_, which is slower. The default
        is ``"laplacian"``.
    kernel
        Approximate Riesz transform: ``"3-tap"``, or ``"3x3"``, which is more accurate. The default is ``"3-tap"``.
    limit
        Limit on alpha times the motion in each subband, at least 1e-6, relative to the largest displacement that the
        subband represents without ambiguity: a quarter of a wavelength. Larger motion fades out, so that it does not
        tear the image. ``float("inf")`` turns the limit off. The default is 3.
    denoise
        Strength of the noise suppression, 0 or greater, which reduces motion where the amplitude is small. At 1 three
        quarters of the frame are magnified by less than half of alpha. 0, the default, turns it off.
    color
        Amplification of changes of luma and chroma over large areas, as by ``vmm.color``, in the same pass, so that
        motion and pulse are magnified together [3]_. It needs a single band. 0, the default, turns it off.
    chroma
        Size of the chroma that moves with the luma: ``"half"``, which loses nothing for 4:2:0 video; ``"full"``, for
        4:4:4 video; or None, which leaves the chroma in place. It stays in place if `color` is not 0. The default is
        ``"half"``.
    mask
        Map (H, W) in [0, 1] by which alpha is multiplied, or box (top, left, height, width) in px outside of which
        nothing changes. By default the whole frame is magnified.
    temporal
        Temporal filter: a design function such as ``vmm.temporal.fir``, its name, or a filter that it has made. The
        default is ``vmm.temporal.causal``, which is in phase with motion in the middle of the band; a change of
        amplitude lags by about 0.42 fs / (high - low) frames.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and form (array, iterator, list or pair) of `frames`.

    Raises
    ------
    ValueError
        If `band`, `alpha`, `mask`, the frames or another option are out of range. The message states the valid range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.

    References
    ----------
    .. [1] Wadhwa, Rubinstein, Durand, Freeman: Riesz pyramids for fast phase-based video magnification. ICCP 2014.
    .. [2] Wadhwa, Rubinstein, Durand, Freeman: Quaternionic representation of the Riesz pyramid for video
       magnification. MIT-CSAIL-TR-2014-009, 2014.
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
    The output motion is 10.9 times the input motion.
    """
    chosen, gain = chosen_filter(temporal, band, sampling_rate(frames, fs), alpha)
    return magnify_with_color(
        frames,
        spatial=luma(RieszPyramid, pyramid=pyramid, kernel=kernel),
        motion=smooth(weighted(limited(quaternion, limit * max_phase_shift(1.0)), denoise), sigma),
        temporal=chosen,
        alpha=gain,
        color=color,
        chroma=chroma,
        bands=number_of_bands(band),
        mask=mask,
    )
