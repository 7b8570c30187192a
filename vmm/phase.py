"""Phase-based magnification with complex steerable pyramids (Wadhwa et al. 2013)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from vmm.color import with_color
from vmm.engine.alpha import Alpha
from vmm.engine.loop import Band, sampling_rate, tuned
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Filter, SpatialPlan
from vmm.motion import limited, local_phase, smooth, weighted
from vmm.spatial import DualTree, SteerablePyramid, luma, padded
from vmm.spatial.steerable import bears
from vmm.temporal import fir


def magnify(
    frames: Any,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    octave: float = 0.5,
    orientations: int = 8,
    transition: float | None = None,
    transform: str = "steerable",
    sigma: float = 0.0,
    limit: float = 3.0,
    denoise: float = 0.0,
    color: float = 0.0,
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = fir,
) -> Any:
    """Magnify small motion by the local phase of a complex steerable pyramid: the method to start with.

    The motion of a band is shown truly while alpha times the motion stays below a quarter of the band's wavelength
    (octave 1) or half of it (octave 0.5). Noise is moved, not magnified.

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
    octave
        Width of the pyramid's bands in octaves: 1, 0.5 or 0.25. Narrower bands bear larger output motion, cost more
        and ring farther.
    orientations
        Number of orientations of the pyramid.
    transition
        Width in octaves of the transition between two bands. By default a band's width, but at least half an octave;
        1 rings less beside output motion that is larger than the bands bear.
    transform
        Bands: "steerable", a complex steerable pyramid, or "dualtree", dual-tree complex wavelets of an octave and six
        directions, which take no octave, orientations or transition.
    sigma
        Spatial blur of the motion in pixels of each level, weighted by amplitude; takes noise away, and finely varying
        motion with it.
    limit
        Output motion that a band shows, in multiples of what it bears (a quarter of a wavelength at octave
        1, half of one at octave 0.5); what is larger fades out, so
        that large motions do not tear. ``float("inf")`` for no limit.
    denoise
        How much less is magnified where the amplitude is small and its motion is noise: at 1 less than half in three
        quarters of the frame; 0 for nothing less.
    color
        What is added to changes of brightness and colour over large areas, as by ``vmm.color``, in the same pass:
        motion and pulse together [2]_. It goes with one band.
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
        Where band, alpha, octave, orientations, sigma, mask or the frames are out of range; the message says what is
        allowed.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.

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
    The output motion is 10.2 times the input motion.
    """
    chosen, alpha = tuned(temporal, band, sampling_rate(frames, fs), alpha)
    plan, most = _bands(transform, octave, orientations, transition)
    motion = smooth(weighted(limited(local_phase, limit * most), denoise), sigma)
    return run(frames, temporal=chosen, alpha=alpha, mask=mask, **with_color(luma(plan), motion, color, band))


def _bands(transform: str, octave: float, orientations: int, transition: float | None) -> tuple[SpatialPlan, float]:
    """The bands asked for, and the phase in radians that they may be turned by."""
    if transform == "steerable":
        bands = partial(SteerablePyramid, octave=octave, orientations=orientations, transition=transition)
        return padded(bands), bears(octave)
    if transform != "dualtree":
        raise ValueError(f"transform={transform!r} must be 'steerable' or 'dualtree'")
    if (octave, orientations, transition) != (0.5, 8, None):
        raise ValueError(
            f"octave={octave!r}, orientations={orientations!r} and transition={transition!r} are options of "
            "transform='steerable': leave them out"
        )
    return DualTree, bears(1.0)
