"""Bilateral video magnification (Takeda et al. 2022)."""

from __future__ import annotations

from vmm.engine.alpha import Gain
from vmm.engine.combinations import magnify_displacement
from vmm.engine.frames import Frames
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.temporal import bilateral


def magnify(
    frames: Frames,
    frequency: float,
    *,
    fs: float | None = None,
    alpha: Gain = 8.0,
    max_displacement: float = 0.6,
    pairs: bool = True,
    octave: float = 0.5,
    orientations: int = 8,
    sigma: float = 3.0,
    limit: float = 0.75,
    mask: Mask | None = None,
) -> Frames:
    """Magnify small motion from those frames only in which the motion has the size of interest.

    The acceleration filter excludes frames between which the displacement is larger than that of the motion of
    interest, so that a jump, a stop or a turn causes neither ringing nor tearing.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks. The luma is magnified.
    frequency
        Frequency of the motion of interest in Hz, one number; the passband is from about half of it to twice.
    fs
        Rate of the camera in Hz. By default that of a stream; for an array the frequency is then in cycles per frame.
    alpha
        Gain that is added: output motion = (1 + alpha) times the input's at the frequency; -1 removes it. A number or a
        map (H, W).
    max_displacement
        Largest motion of interest in px, greater than 0: a vibration whose amplitude is a sixth of it is magnified with a
        gain of 0.95.
    pairs
        Whether a steady drift is ignored. False for the published form, in which drifting objects are not magnified.
    octave
        Bandwidth of the subbands in octaves: 1, 0.5 or 0.25.
    orientations
        Number of orientations of the pyramid, at least 1.
    sigma
        Standard deviation in pixels, at the finest level, of the neighborhood that determines a displacement. With 0
        each coefficient determines its own, as published.
    limit
        Largest output motion of a subband, relative to the largest that it shows truly (half a wavelength at octave
        0.5); larger motion fades out.
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width).

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and kind (array or iterator) of `frames`.

    Raises
    ------
    ValueError
        If frequency, alpha, mask, the frames or an option are out of range; the message says what is allowed.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.

    References
    ----------
    .. [1] Takeda, Niwa, Isogai, Shimizu, Okami, Aono: Bilateral video magnification filter. CVPR 2022.

    Examples
    --------
    A texture drifts by 0.1 pixels per frame and vibrates at 3 Hz with an amplitude of 0.1 pixels. The gain is that of
    the vibration, without the drift:

    >>> import numpy as np, vmm
    >>> from scipy.signal import detrend
    >>> from vmm.data import synthetic
    >>> displacement = synthetic.sway(45, 30, 3.0, 0.1) + np.outer(np.arange(45), [0, 0.1])
    >>> clip = synthetic.render(synthetic.texture((48, 48)), displacement)
    >>> out = vmm.bilateral.magnify(clip, 3.0, fs=30, alpha=10)
    >>> before, after = (detrend(vmm.measure.displacement(x).values[12:33, 0, 1]).std() for x in (clip, out))
    >>> print(f"The output vibration is {after / before:.1f} times the input vibration.")
    The output vibration is 9.1 times the input vibration.
    """
    temporal = bilateral(frequency, sampling_rate(frames, fs), max_displacement=max_displacement, pairs=pairs)
    return magnify_displacement(
        frames,
        temporal=temporal,
        alpha=alpha,
        octave=octave,
        orientations=orientations,
        sigma=sigma,
        limit=limit,
        mask=mask,
    )
