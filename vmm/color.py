"""Eulerian color magnification (Wu et al. 2012)."""

from __future__ import annotations

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.alpha import Alpha
from vmm.engine.frames import Frames
from vmm.engine.loop import magnify as run
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.motion import intensity
from vmm.spatial import Gaussian, planes
from vmm.temporal import ideal
from vmm.temporal.choice import Band, Design, chosen_filter

__all__ = ["magnify"]


def __dir__() -> list[str]:
    return __all__


@checks_arguments
def magnify(
    frames: Frames,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 50.0,
    chroma: float = 1.0,
    level: int = 4,
    mask: Mask | None = None,
    temporal: Design = ideal,
    progress: Progress = False,
) -> Frames:
    """Magnify faint changes of color over large areas, such as the pulse in the skin of a face.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, a pair (array, fs), or a dask
        array (see ``vmm.magnify``).
    band
        Passband (low, high) in Hz, within (0, fs/2); None if `temporal` is a filter. Several bands are passed as a list
        of pairs or an array (n, 2), with one alpha for each: for example, one band is magnified and another removed.
    fs
        Camera rate in Hz. By default that of the clip, if it comes from ``vmm.io.stream`` or ``vmm.io.read``; otherwise
        `band` is in cycles per frame.
    alpha
        Amplification: output change = (1 + alpha) * input change in the band; -1 removes it. A number, a map (H, W), or
        one number for each of several bands. The default is 50.
    chroma
        Factor in [0, 1] by which alpha is multiplied for the chroma. The default is 1.
    level
        Number of times that the frames are blurred and halved in size before the change is read, 0 or greater. Changes
        that are narrower than 2 ** level px are not magnified, and noise is reduced by about the same factor. The
        default is 4.
    mask
        Map (H, W) in [0, 1] by which alpha is multiplied, or box (top, left, height, width) in px outside of which
        nothing changes. By default the whole frame is magnified.
    temporal
        Temporal filter: a design function such as ``vmm.temporal.fir``, its name, or a filter that it has made. The
        default is ``vmm.temporal.ideal``.
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
    .. [1] Wu, Rubinstein, Shih, Guttag, Durand, Freeman: Eulerian video magnification for revealing subtle changes
       in the world. SIGGRAPH 2012, section 2.

    Examples
    --------
    The illumination of a static scene changes by 0.2 % at 1 Hz, as skin does with the pulse:

    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> light = 1 + 0.002 * np.sin(2 * np.pi * 1.0 * np.arange(150) / 30)
    >>> scene, rest = synthetic.texture((32, 32)), np.zeros((150, 2))
    >>> clip = synthetic.render(scene, rest, light=light, dtype=np.float32)
    >>> out = vmm.color.magnify(clip, (0.5, 1.5), fs=30, alpha=50, level=3)
    >>> before, after = (x.mean(axis=(1, 2)).std() for x in (clip, out))
    >>> print(f"The output changes {after / before:.0f} times as much as the input.")
    The output changes 51 times as much as the input.
    """
    chosen, gain = chosen_filter(temporal, band, sampling_rate(frames, fs), alpha)
    return run(
        frames,
        spatial=planes(Gaussian, level=level, chroma=chroma),
        motion=intensity,
        temporal=chosen,
        alpha=gain,
        mask=mask,
    )
