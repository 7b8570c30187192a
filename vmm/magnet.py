"""Motion magnification by MagNet, which encodes the texture and the shape of each frame (Oh et al. 2018)."""

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
    weights: str | Path | None = None,
    white: float | None = None,
    mask: Mask | None = None,
    temporal: Design = fir,
    progress: Progress = False,
) -> Frames:
    """Magnify motion with MagNet, a convolutional autoencoder.

    The encoder separates each frame into a texture and a shape representation. The difference of the shapes of two
    frames is amplified, and the decoder renders the magnified frame.

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
        The path ``PATH.onnx`` of a network. No weights are installed with the library: convert published ones with
        ``vmm convert`` (or ``vmm.train.convert.convert``), or train a network with ``python -m vmm.train magnet``.
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
    .. [1] Oh, Jaroensri, Kim, Elgharib, Durand, Freeman, Matusik: Learning-based video motion magnification.
       ECCV 2018.

    Examples
    --------
    ``vmm convert published.pth magnet.onnx --as magnet`` converts published weights once. The motion of a clip is then
    magnified by 10:

    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(30, 30, 5, 0.2))
    >>> out = vmm.magnet.magnify(clip, (4, 6), fs=30, alpha=9, weights="magnet.onnx")  # doctest: +SKIP
    """
    if weights is None:
        raise ValueError(
            "weights=None: no weights of MagNet are installed with the library; pass weights=PATH.onnx, written by "
            "`vmm convert` from a published file or by `python -m vmm.train magnet`, or use vmm.lightweight"
        )
    return magnify_by_network(
        frames,
        band,
        "magnet",
        fs=fs,
        alpha=alpha,
        mode=mode,
        weights=weights,
        white=white,
        mask=mask,
        temporal=temporal,
    )
