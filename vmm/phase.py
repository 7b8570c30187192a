"""Phase-based magnification with complex steerable pyramids (Wadhwa et al. 2013)."""

from __future__ import annotations

from functools import partial
from typing import Literal, TypeAlias

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.alpha import Alpha
from vmm.engine.combinations import magnify_with_color
from vmm.engine.frames import Frames
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.motion import limited, local_phase, smooth, weighted
from vmm.parts import SpatialPlan
from vmm.spatial import DualTree, SteerablePyramid, luma, padded
from vmm.spatial._chroma import ChromaSize
from vmm.spatial.steerable import max_phase_shift
from vmm.temporal import fir
from vmm.temporal.choice import Band, Design, chosen_filter, number_of_bands

__all__ = ["magnify"]


def __dir__() -> list[str]:
    return __all__


Transform: TypeAlias = Literal["steerable", "dualtree"]
"""Name of a complex transform."""

_CROP = 0.045
"""Gain relative to the peak at which the filters of the pyramid end: 8 % fewer coefficients than at 0.03."""


@checks_arguments
def magnify(
    frames: Frames,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    octave: float = 0.5,
    orientations: int = 8,
    transition: float | None = None,
    transform: Transform = "steerable",
    sigma: float | None = None,
    limit: float = 4.0,
    denoise: float = 0.0,
    color: float = 0.0,
    chroma: ChromaSize | None = "half",
    mask: Mask | None = None,
    temporal: Design = fir,
    progress: Progress = False,
) -> Frames:
    """Magnify small motion by the local phase of a complex steerable pyramid.

    The output is accurate as long as alpha times the motion is below a quarter of the wavelength of the subbands
    (octave 1) or half of it (octave 0.5). Noise is displaced, but its amplitude is not magnified.

    An object that moves by several px per frame disturbs the background near it for as long as the temporal filter
    lasts. ``vmm.gradient`` disturbs it less.

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
    octave
        Bandwidth of the subbands in octaves, in [0.1, 1]: usually 1, 0.5 or 0.25. Narrower subbands represent larger
        output motion without ambiguity, take more time and ring farther. The default is 0.5.
    orientations
        Number of orientations of the pyramid, 1 to 32. The default is 8.
    transition
        Width in octaves of the transition between two subbands, in [0.05, 2]. By default it equals `octave`, but is at
        least 0.5. A wider transition, such as 1, reduces ringing if the output motion exceeds the limit of the
        subbands.
    transform
        Spatial transform: ``"steerable"``, a complex steerable pyramid; or ``"dualtree"``, the dual-tree complex
        wavelet transform with one octave and six directions, for which `octave`, `orientations` and `transition` cannot
        be set. The default is ``"steerable"``.
    sigma
        Smoothing of the motion in space, which reduces noise. None, the default, follows the noise of the clip: motion
        is smoothed as far as neighbors differ by noise alone, and not at all in a clip without noise. A causal filter
        estimates the noise from the frames so far, and then takes about twice the time of ``sigma=0``. A number, 0 or
        greater, is the standard deviation of an amplitude-weighted blur in px of each level, which also blurs motion
        that varies in space. 0 turns smoothing off.
    limit
        Limit on alpha times the motion in each subband, at least 1e-6, relative to the largest displacement that the
        subband represents without ambiguity: a quarter of a wavelength at octave 1, and half of one at octave 0.5.
        Larger motion fades out, so that it does not tear the image. ``float("inf")`` turns the limit off. The default
        is 4.
    denoise
        Strength of the noise suppression, 0 or greater, which reduces motion where the amplitude is small. At 1 three
        quarters of the frame are magnified by less than half of alpha. 0, the default, turns it off.
    color
        Amplification of changes of luma and chroma over large areas, as by ``vmm.color``, in the same pass, so that
        motion and pulse are magnified together [2]_. It needs a single band. 0, the default, turns it off.
    chroma
        Size of the chroma that moves with the luma: ``"half"``, which loses nothing for 4:2:0 video; ``"full"``, for
        4:4:4 video; or None, which leaves the chroma in place. It stays in place if `color` is not 0. The default is
        ``"half"``.
    mask
        Map (H, W) in [0, 1] by which alpha is multiplied, or box (top, left, height, width) in px outside of which
        nothing changes. By default the whole frame is magnified.
    temporal
        Temporal filter: a design function such as ``vmm.temporal.fir``, its name, or a filter that it has made. The
        default is ``vmm.temporal.fir``.
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
    .. [1] Wadhwa, Rubinstein, Durand, Freeman: Phase-based video motion processing. SIGGRAPH 2013, equations 5 to 7.
    .. [2] Fontanari, Oliveira: Simultaneous magnification of subtle motions and color variations in videos using Riesz
       pyramids. Computers & Graphics 2021.

    Examples
    --------
    A texture vibrates at 3 Hz with an amplitude of 0.1 pixels:

    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 48)), synthetic.sway(45, 30, 3.0, 0.1))
    >>> out = vmm.phase.magnify(clip, (2, 4), fs=30, alpha=10)
    >>> before, after = (vmm.measure.displacement(x).values[12:33, 0, 1].std() for x in (clip, out))
    >>> print(f"The output motion is {after / before:.1f} times the input motion.")
    The output motion is 10.4 times the input motion.
    """
    chosen, gain = chosen_filter(temporal, band, sampling_rate(frames, fs), alpha)
    plan, max_shift = _transform(transform, octave, orientations, transition)
    return magnify_with_color(
        frames,
        spatial=luma(plan),
        motion=smooth(weighted(limited(local_phase, limit * max_shift), denoise), sigma),
        temporal=chosen,
        alpha=gain,
        color=color,
        chroma=chroma,
        bands=number_of_bands(band),
        mask=mask,
    )


def _transform(
    transform: Transform, octave: float, orientations: int, transition: float | None
) -> tuple[SpatialPlan, float]:
    """The spatial part, and the largest phase shift in radians that its subbands represent without ambiguity."""
    if transform == "steerable":
        pyramid = partial(
            SteerablePyramid,
            octave=octave,
            orientations=orientations,
            transition=transition,
            crop=_CROP,
            corners=True,
        )
        return padded(pyramid), max_phase_shift(octave)
    if transform != "dualtree":
        raise ValueError(f"transform={transform!r} must be 'steerable' or 'dualtree'")
    if (octave, orientations, transition) != (0.5, 8, None):
        raise ValueError(
            f"octave={octave!r}, orientations={orientations!r} and transition={transition!r} are options of "
            "transform='steerable' only: omit them"
        )
    return DualTree, max_phase_shift(1.0)
