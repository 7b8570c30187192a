"""Bilateral video magnification (Takeda et al. 2022)."""

from __future__ import annotations

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.alpha import Gain
from vmm.engine.combinations import Reading, magnify_displacement
from vmm.engine.frames import Frames
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.spatial._chroma import ChromaSize
from vmm.temporal import bilateral

__all__ = ["magnify"]


def __dir__() -> list[str]:
    return __all__


@checks_arguments
def magnify(
    frames: Frames,
    frequency: float,
    *,
    fs: float | None = None,
    alpha: Gain = 8.0,
    max_displacement: float = 0.6,
    pairs: bool = True,
    motion: Reading = "displacement",
    sigma: float = 3.0,
    limit: float | None = None,
    octave: float = 0.5,
    orientations: int = 8,
    chroma: ChromaSize | None = "half",
    mask: Mask | None = None,
    progress: Progress = False,
) -> Frames:
    """Magnify the acceleration of small motion, estimated from frames between which the displacement is small.

    The weights of the acceleration filter decrease with the displacement between two frames, so that jumps, stops and
    turns of large motion cause neither ringing nor tearing (``vmm.temporal.bilateral``).

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, a pair (array, fs), or a
        dask array (see ``vmm.magnify``). The luma is magnified.
    frequency
        Frequency of the motion of interest in Hz, in (0, fs/2). The passband is from about half of it to twice.
    fs
        Camera rate in Hz. By default that of the clip, if it comes from ``vmm.io.stream`` or ``vmm.io.read``; otherwise
        `frequency` is in cycles per frame.
    alpha
        Amplification: output motion = (1 + alpha) * input motion at the frequency; -1 removes it. A number or a map (H,
        W). The default is 8.
    max_displacement
        Largest motion of interest in px, greater than 0. The gain of a vibration whose amplitude is a sixth of it is
        0.95. The default is 0.6.
    pairs
        If True, the default, a drift of constant speed has no influence on the weights. If False, drifting objects are
        not magnified, as published.
    motion
        How motion is read: ``"displacement"``, the displacement of each level of a Laplacian pyramid as in
        ``vmm.gradient``; or ``"phase"``, the phase in the subbands of a steerable pyramid as in the paper. The default
        is ``"displacement"``, which is more accurate and several times as fast.
    sigma
        Standard deviation of the Gaussian window from which each displacement is estimated, greater than 0: in px of
        each level for ``"displacement"``, and in px at the finest level for ``"phase"``, where 0 estimates it from each
        coefficient alone, as published. The default is 3.
    limit
        Limit on the output motion, at least 1e-6; larger motion fades out, so that it does not tear the image. For
        ``"displacement"`` it is in px of each level, and 20 by default. For ``"phase"`` it is relative to the largest
        displacement that a subband represents without ambiguity, half a wavelength at octave 0.5, and 0.75 by default.
    octave
        Bandwidth of the subbands of the steerable pyramid in octaves, in [0.1, 1]: usually 1, 0.5 or 0.25. The default
        is 0.5. It has no effect on ``"displacement"``.
    orientations
        Number of orientations of the steerable pyramid, 1 to 32. The default is 8. It has no effect on
        ``"displacement"``.
    chroma
        Size of the chroma that moves with the luma: ``"half"``, which loses nothing for 4:2:0 video; ``"full"``, for
        4:4:4 video; or None, which leaves the chroma in place. The default is ``"half"``. With ``"phase"`` the chroma
        always stays in place.
    mask
        Map (H, W) in [0, 1] by which alpha is multiplied, or box (top, left, height, width) in px outside of which
        nothing changes. By default the whole frame is magnified.
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
        If `frequency`, `alpha`, `mask`, the frames or another option are out of range. The message states the valid
        range.
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
    The output vibration is 10.6 times the input vibration.
    """
    temporal = bilateral(frequency, sampling_rate(frames, fs), max_displacement=max_displacement, pairs=pairs)
    return magnify_displacement(
        frames,
        temporal=temporal,
        alpha=alpha,
        motion=motion,
        sigma=sigma,
        limit=limit,
        octave=octave,
        orientations=orientations,
        mask=mask,
        chroma=chroma,
    )
