"""Acceleration magnification (Zhang et al. 2017)."""

from __future__ import annotations

from vmm.engine.alpha import Gain
from vmm.engine.combinations import magnify_displacement
from vmm.engine.frames import Frames
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.temporal import acceleration
from vmm.temporal.derivative import Kernel


def magnify(
    frames: Frames,
    frequency: float,
    *,
    fs: float | None = None,
    alpha: Gain = 8.0,
    kernel: Kernel = "gaussian",
    octave: float = 0.5,
    orientations: int = 8,
    sigma: float = 3.0,
    limit: float = 0.75,
    mask: Mask | None = None,
) -> Frames:
    """Magnify small motion on top of a large one: the acceleration of the motion, and not its velocity.

    A steady drift has no acceleration, so that it is left unchanged. Each subband gives its displacement from one frame
    to the next, estimated in a neighborhood, so that the displacement of a drifting texture is steady. The sum of the
    displacements is filtered by the second derivative of a Gaussian, with unit gain at the frequency and zero phase.

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
    kernel
        Temporal kernel: "gaussian", with unit gain; "dog" or "interval", as published.
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
    .. [1] Zhang, Pintea, van Gemert: Video acceleration magnification. CVPR 2017, equations 4 to 8.
    .. [2] Meyer, Sorkine-Hornung, Gross: Phase-based modification transfer for video. ECCV 2016. (The correction of
       phases by neighbors, which local displacement replaces.)

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
    temporal = acceleration(frequency, sampling_rate(frames, fs), kernel=kernel)
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
