"""Motion magnification by the real-time network, whose encoder is linear (Ha et al. 2024)."""

from __future__ import annotations

from pathlib import Path

from vmm.backend.arguments import checks_arguments
from vmm.backend.progress import Progress
from vmm.engine.alpha import Alpha
from vmm.engine.frames import Frames
from vmm.engine.regions import Mask
from vmm.learned.method import Mode, magnify_by_network
from vmm.temporal import fir
from vmm.temporal.choice import Band, Design

__all__ = ["magnify"]


def __dir__() -> list[str]:
    return __all__


@checks_arguments
def magnify(
    frames: Frames,
    band: Band = None,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    mode: Mode | None = None,
    weights: str | Path = "realtime",
    white: float | None = None,
    mask: Mask | None = None,
    temporal: Design = fir,
    progress: Progress = False,
) -> Frames:
    """Magnify motion with the real-time network, the fastest of the learned methods.

    The encoder is a single linear layer, and the decoder works at a quarter of the resolution of the frames.

    Parameters
    ----------
    frames
        The clip: an array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, or a pair
        (array, fs).
    band
        Lower and upper cutoff (low, high) of the temporal filter in Hz, for mode "temporal" only: motion within the
        band is magnified. None (default) for the other modes and for two frames.
    fs
        Sampling rate of the camera in Hz. By default the rate of a stream; for an array 1, so that `band` is in
        cycles per frame.
    alpha
        Amplification: the output motion is (1 + alpha) times the input motion. A number (default 10) or a map (H, W).
    mode
        Reference of the motion: "temporal", the current frame without its motion in the band; "static", the first
        frame; "dynamic", the previous frame. Use "temporal" wherever the frequency of the motion is known: noise and
        slow changes of light are not magnified. Use "static" for two frames, and for motion that does not repeat, in
        clips with constant light. Use "dynamic" for objects that also move far, if only the change from frame to frame
        matters; the output flickers more. By default "temporal" if `band` is given, and "static" for two frames; a
        longer clip needs one of `band` and `mode`.
    weights
        Name of an installed network (see ``vmm.learned.NAMES``), or the path ``PATH.onnx`` of another one.
    white
        Value of white in the frames. By default the largest value of an integer dtype, 255 for floating point.
    mask
        Region to magnify: a map (H, W) with weights in [0, 1], or a box (top, left, height, width) in pixels. By
        default the whole frame.
    temporal
        Function that designs the temporal filter from `band` and `fs` (default ``vmm.temporal.fir``), or a filter.
        It is applied to the shape representation.
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
        If `band`, `mode`, `weights`, `alpha`, `mask` or the frames are out of range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.

    References
    ----------
    .. [1] Ha, Oh Hyun-Bin et al.: Revisiting learning-based video motion magnification for real-time processing.
       arXiv 2403.01898, 2024.

    Examples
    --------
    A photograph is displaced by 0.5 px from the first to the second frame, and by about 2 px in the output.

    >>> import numpy as np
    >>> import vmm
    >>> from vmm.data.shifts import measured_shift, shift
    >>> scene = shift("coins", 0.5, 2.0, side=96)
    >>> out = vmm.realtime.magnify(np.stack([scene.a, scene.b]), alpha=3)
    >>> round(measured_shift(scene, out[1]), 1)
    2.0
    """
    return magnify_by_network(
        frames,
        band,
        "realtime",
        fs=fs,
        alpha=alpha,
        mode=mode,
        weights=weights,
        white=white,
        mask=mask,
        temporal=temporal,
    )
