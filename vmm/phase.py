"""Phase-based magnification with complex steerable pyramids (Wadhwa et al. 2013)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.engine.loop import designed, sampling_rate
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Filter
from vmm.motion import local_phase, smooth
from vmm.spatial import SteerablePyramid, luma, padded
from vmm.temporal import fir


def magnify(
    frames: Any,
    band: tuple[float, float] | None,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    octave: float = 0.5,
    orientations: int = 8,
    transition: float | None = None,
    sigma: float = 0.0,
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
        Low and high cut-off in Hz; None where `temporal` is a ready filter.
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
    sigma
        Spatial blur of the motion in pixels of each level, weighted by amplitude; takes noise away, and finely varying
        motion with it.
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

    Examples
    --------
    >>> import numpy as np, vmm
    >>> clip = np.random.default_rng(0).integers(0, 255, (40, 32, 48), dtype=np.uint8)
    >>> vmm.phase.magnify(clip, (2, 4), fs=30, alpha=10).shape
    (40, 32, 48)
    """
    return run(
        frames,
        spatial=luma(padded(SteerablePyramid, octave=octave, orientations=orientations, transition=transition)),
        motion=smooth(local_phase, sigma),
        temporal=designed(temporal, band, sampling_rate(frames, fs)),
        alpha=alpha,
        mask=mask,
    )
