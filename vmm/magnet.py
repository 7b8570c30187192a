"""Motion magnification by MagNet, which encodes the texture and the shape of each frame (Oh et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.engine.loop import Band, sampling_rate, tuned
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Filter
from vmm.learned import autoencoder, load, pair
from vmm.temporal import difference, fir

MODES = ("static", "dynamic", "temporal")

AS_IT_IS = Filter(lambda motion, memory: (motion, memory))
"""All-pass temporal filter: the motion relative to the first frame, unchanged."""


def magnify(
    frames: Any,
    band: Band = None,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    mode: str | None = None,
    weights: str | Path = "magnet",
    white: float | None = None,
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = fir,
) -> Any:
    """Magnify motion with MagNet, a convolutional autoencoder.

    The encoder separates each frame into a texture and a shape representation. The difference of the shapes of two
    frames is amplified, and the decoder renders the magnified frame.

    Parameters
    ----------
    frames
        The clip: an array (T, H, W) or (T, H, W, 3), or an iterator of such chunks.
    band
        Lower and upper cutoff (low, high) of the temporal filter in Hz, for mode "temporal" only: motion within the
        band is magnified. None (default) for the other modes.
    fs
        Sampling rate of the camera in Hz. By default the rate of a stream; for an array 1, so that `band` is in
        cycles per frame.
    alpha
        Amplification: the output motion is (1 + alpha) times the input motion. A number (default 10) or a map (H, W).
    mode
        Reference of the motion: "static", the first frame; "dynamic", the previous frame; "temporal", the current frame
        without its motion in the band. By default "temporal" if `band` is given, else "static".
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

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and kind (array or iterator) of `frames`.

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
    A photograph is displaced by 0.5 px from the first to the second frame, and by about 2 px in the output.

    >>> import numpy as np
    >>> import vmm
    >>> from vmm.data.shifts import measured_shift, shift
    >>> scene = shift("coins", 0.5, 2.0, side=96)
    >>> out = vmm.magnet.magnify(np.stack([scene.a, scene.b]), alpha=3)
    >>> round(measured_shift(scene, out[1]), 1)
    2.2
    """
    return by_network(frames, band, "magnet", fs, alpha, mode, weights, white, mask, temporal)


def by_network(
    frames: Any,
    band: Any,
    kind: str,
    fs: float | None,
    alpha: Any,
    mode: str | None,
    weights: str | Path,
    white: float | None,
    mask: Any,
    temporal: Any,
) -> Any:
    """Magnify frames with a network of the given kind; the learned methods share this function."""
    mode = _mode(mode, band, temporal)
    net = load(weights, kind)
    parts = partial(pair, mode=mode) if net.pair else autoencoder
    spatial, motion = parts(net, white)
    if mode == "temporal":
        chosen, alpha = tuned(temporal, band, sampling_rate(frames, fs), alpha)
    else:
        chosen = difference() if mode == "dynamic" else AS_IT_IS
    return run(frames, spatial=spatial, motion=motion, temporal=chosen, alpha=alpha, mask=mask)


def _mode(mode: str | None, band: Any, temporal: Any) -> str:
    """Check the mode, or choose the default: "temporal" if there is a filter, else "static"."""
    filtered = band is not None or isinstance(temporal, Filter)
    if mode is None:
        return "temporal" if filtered else "static"
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} must be one of {', '.join(map(repr, MODES))}")
    if filtered != (mode == "temporal"):
        raise ValueError(f"band={band!r} with mode={mode!r}: mode 'temporal' needs a band, the other modes take none")
    return mode
