"""Magnification by the lightweight network, which sees two frames at once (Singh et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.engine.loop import Band
from vmm.engine.protocols import Filter
from vmm.magnet import by_network
from vmm.temporal import fir

SIZES = ("light", "base")


def magnify(
    frames: Any,
    band: Band = None,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    mode: str | None = None,
    size: str = "light",
    weights: str | Path | None = None,
    white: float | None = None,
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = fir,
) -> Any:
    """Magnify motion by the lightweight network, which encodes pairs of frames, their motion and appearance apart.

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
    size
        "light", which ships, or "base", which does not: `weights` takes one that you trained.
    weights
        The path of another network.
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
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023.
    """
    if size not in SIZES:
        raise ValueError(f"size={size!r} must be 'light' or 'base'")
    chosen = f"lightweight-{size}" if weights is None else weights
    return by_network(frames, band, "lightweight", fs, alpha, mode, chosen, white, mask, temporal)
