"""Magnification by MagNet, texture and shape of each frame apart (Oh et al. 2018)."""

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
"""Passes all motion since the first frame."""


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
    """Magnify motion by MagNet, which encodes what moves in each frame and paints the magnified frame.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks.
    band
        Low and high cut-off in Hz: what of the shape moves in this band is magnified. None for the other modes.
    fs
        Rate of the camera in Hz. By default that of a stream, else 1, so that the band is in cycles per frame.
    alpha
        What is added: output motion = (1 + alpha) times the input's. A number or a map (H, W).
    mode
        What motion is measured against: "static" the first frame, "dynamic" the frame before, "temporal" what the
        band leaves out. By default "temporal" where there is a band, else "static".
    weights
        Name of a network that ships, or the path of another.
    white
        Value of white in the frames; by default the largest of an integer type, 255 for floating point.
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width).
    temporal
        Design of the temporal filter, or a ready filter; it works on the shape.

    Returns
    -------
    array or iterator
        What came, magnified.

    Raises
    ------
    ValueError
        Where band, mode, weights, alpha, mask or the frames are out of range; the message says what is allowed.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.

    References
    ----------
    .. [1] Oh, Jaroensri, Kim, Elgharib, Durand, Freeman, Matusik: Learning-based video motion magnification.
       ECCV 2018.
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
    """Frames magnified by a network of some kind."""
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
    """The mode asked for; by default what the band suggests."""
    filtered = band is not None or isinstance(temporal, Filter)
    if mode is None:
        return "temporal" if filtered else "static"
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} must be one of {', '.join(map(repr, MODES))}")
    if filtered != (mode == "temporal"):
        raise ValueError(f"band={band!r} with mode={mode!r}: mode 'temporal' takes a band, and no other does")
    return mode
