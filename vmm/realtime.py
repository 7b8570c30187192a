"""Magnification by the real-time network, whose encoder is linear (Ha et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.engine.loop import Band
from vmm.engine.protocols import Filter
from vmm.magnet import by_network
from vmm.temporal import fir


def magnify(
    frames: Any,
    band: Band = None,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    mode: str | None = None,
    weights: str | Path = "realtime",
    white: float | None = None,
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = fir,
) -> Any:
    """Magnify motion by the real-time network, the quickest of the learned ones.

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
    .. [1] Ha, Oh Hyun-Bin et al.: Revisiting learning-based video motion magnification for real-time processing.
       arXiv 2403.01898, 2024.
    """
    return by_network(frames, band, "realtime", fs, alpha, mode, weights, white, mask, temporal)
