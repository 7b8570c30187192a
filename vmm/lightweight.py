"""Magnification by the lightweight network, which sees two frames at once (Singh et al. 2023)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.learned.method import magnify_by_network
from vmm.temporal import fir
from vmm.temporal.choice import Band, Design

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
    temporal: Design = fir,
) -> Any:
    """Magnify motion by the lightweight network, which encodes pairs of frames, their motion and appearance apart.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks.
    band
        Low and high cut-off in Hz: what of the shape moves in this band is magnified. None for the other modes.
    fs
        Rate of the camera in Hz. By default that of a stream; for an array the band is then in cycles per frame.
    alpha
        Gain that is added: output motion = (1 + alpha) times the input's. A number, or a map (H, W).
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
        Design function of the temporal filter, or a ready filter; it filters the shape code.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and kind (array or iterator) of `frames`.

    Raises
    ------
    ValueError
        If band, mode, weights, alpha, mask or the frames are out of range; the message says what is allowed.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023.
    """
    if size not in SIZES:
        raise ValueError(f"size={size!r} must be 'light' or 'base'")
    chosen = f"lightweight-{size}" if weights is None else weights
    return magnify_by_network(
        frames,
        band,
        "lightweight",
        fs=fs,
        alpha=alpha,
        mode=mode,
        weights=chosen,
        white=white,
        mask=mask,
        temporal=temporal,
    )
