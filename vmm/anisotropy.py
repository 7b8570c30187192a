"""Magnification in the wild by fractional anisotropy (Takeda et al. 2019)."""

from __future__ import annotations

from typing import Any

from vmm.acceleration import magnified
from vmm.engine.alpha import Alpha
from vmm.engine.loop import sampling_rate
from vmm.temporal import anisotropic


def magnify(
    frames: Any,
    frequency: float,
    *,
    fs: float | None = None,
    alpha: Alpha = 8.0,
    beta: float = 0.5,
    largest: float = 1.5,
    gamma: float = 0.5,
    window: int = 25,
    octave: float = 0.5,
    orientations: int = 8,
    sigma: float = 3.0,
    limit: float = 0.75,
    mask: Any = None,
) -> Any:
    """Magnify the acceleration of small motion where it is motion and not noise: orientations go together.

    A motion is seen by all orientations of a level at once, noise by each in its own way. What `jerk` magnifies is
    weighted by the fractional anisotropy of the orientations' signals, and by a weight of edges.


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
    beta
        Strength of the jerk-aware gate; 0 leaves it out.
    largest
        Amplitude in pixels of a vibration whose jerk halves that gate.
    gamma
        Power of the anisotropy; published is 1, by which motion among noise is magnified by a tenth less.
    window
        Odd width in samples of the window that the anisotropy is found in.
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
    .. [1] Takeda, Okami, Mikami, Isogai, Kimata: Video magnification in the wild using fractional anisotropy in
       temporal distribution. CVPR 2019, equations 5 to 12.

    Examples
    --------
    A texture drifts by 0.1 pixels per frame and vibrates at 3 Hz with an amplitude of 0.1 pixels. The gain is that of
    the vibration, without the drift:

    >>> import numpy as np, vmm
    >>> from scipy.signal import detrend
    >>> from vmm.data import synthetic
    >>> displacement = synthetic.sway(45, 30, 3.0, 0.1) + np.outer(np.arange(45), [0, 0.1])
    >>> clip = synthetic.render(synthetic.texture((40, 40)), displacement)
    >>> out = vmm.anisotropy.magnify(clip, 3.0, fs=30, alpha=10)
    >>> before, after = (detrend(vmm.measure.displacement(x).values[12:33, 0, 1]).std() for x in (clip, out))
    >>> print(f"The output vibration is {after / before:.1f} times the input vibration.")
    The output vibration is 8.9 times the input vibration.
    """
    rule = anisotropic(frequency, sampling_rate(frames, fs), gamma=gamma, window=window, beta=beta, largest=largest)
    return magnified(frames, rule, alpha, octave, orientations, sigma, limit, mask)
