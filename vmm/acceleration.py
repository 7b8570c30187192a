"""Acceleration magnification (Zhang et al. 2017)."""

from __future__ import annotations

from typing import Any

from vmm.engine.alpha import Alpha
from vmm.engine.loop import magnify as run
from vmm.engine.loop import sampling_rate
from vmm.engine.protocols import Filter, Rule
from vmm.motion import local_displacement
from vmm.spatial import SteerablePyramid, luma, padded
from vmm.spatial.steerable import bears
from vmm.temporal import acceleration


def magnify(
    frames: Any,
    frequency: float,
    *,
    fs: float | None = None,
    alpha: Alpha = 8.0,
    kernel: str = "gaussian",
    octave: float = 0.5,
    orientations: int = 8,
    sigma: float = 3.0,
    limit: float = 0.75,
    mask: Any = None,
) -> Any:
    """Magnify small motion that rides on a large one: the acceleration of the motion, and not its speed.

    A steady drift has no acceleration, so that it stays as it is. Each band gives its displacement from one frame to
    the next, corrected by those around, so that a drifting texture drifts steadily; their sum is filtered by the
    second derivative of a Gaussian, with unit gain at the frequency and centred on each frame.


    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. The brightness is magnified.
    frequency
        Frequency of the motion of interest in Hz; the pass band reaches from about half of it to twice.
    fs
        Rate of the camera in Hz. By default that of a stream, else 1, so that the frequency is in cycles per frame.
    alpha
        What is added: output motion = (1 + alpha) times the input's at the frequency; -1 removes it. A number, one for
        each band, or a map (H, W).
    kernel
        Temporal kernel: "gaussian", with unit gain; "dog" or "interval", as published.
    octave
        Width of the pyramid's bands in octaves: 1, 0.5 or 0.25.
    orientations
        Number of orientations of the pyramid.
    sigma
        Neighbourhood that agrees on a displacement, in pixels at the finest level. With 0 each coefficient is taken by
        itself, as published.
    limit
        Output motion that a band shows, in multiples of what it bears (half a wavelength at octave 0.5); what is larger
        fades out.
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width).

    Returns
    -------
    array or iterator
        What came, magnified.

    Raises
    ------
    ValueError
        Where frequency, alpha, mask, the frames or an option are out of range; the message says what is allowed.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.

    References
    ----------
    .. [1] Zhang, Pintea, van Gemert: Video acceleration magnification. CVPR 2017, equations 4 to 8.
    .. [2] Meyer, Sorkine-Hornung, Gross: Phase-based modification transfer for video. ECCV 2016. (The correction of
       phases from neighbours that this takes the place of.)

    Examples
    --------
    A texture drifts by 0.1 pixels per frame and vibrates at 3 Hz with an amplitude of 0.1 pixels. The gain is that of
    the vibration, without the drift:

    >>> import numpy as np, vmm
    >>> from scipy.signal import detrend
    >>> from vmm.data import synthetic
    >>> displacement = synthetic.sway(45, 30, 3.0, 0.1) + np.outer(np.arange(45), [0, 0.1])
    >>> clip = synthetic.render(synthetic.texture((48, 48)), displacement)
    >>> out = vmm.acceleration.magnify(clip, 3.0, fs=30, alpha=10)
    >>> before, after = (detrend(vmm.measure.displacement(x).values[12:33, 0, 1]).std() for x in (clip, out))
    >>> print(f"The output vibration is {after / before:.1f} times the input vibration.")
    The output vibration is 9.3 times the input vibration.
    """
    rule = acceleration(frequency, sampling_rate(frames, fs), kernel=kernel)
    return magnified(frames, rule, alpha, octave, orientations, sigma, limit, mask)


def magnified(
    frames: Any,
    temporal: Filter | Rule,
    alpha: Alpha,
    octave: float,
    orientations: int,
    sigma: float,
    limit: float,
    mask: Any,
) -> Any:
    """Frames magnified by displacement in the bands of a pyramid: what this method and its followers share."""
    return run(
        frames,
        spatial=luma(padded(SteerablePyramid, octave=octave, orientations=orientations)),
        motion=local_displacement(sigma, limit=limit * bears(octave)),
        temporal=temporal,
        alpha=alpha,
        mask=mask,
    )
