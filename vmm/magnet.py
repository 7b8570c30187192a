"""Magnification by MagNet, texture and shape of each frame apart (Oh et al. 2018)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.learned.method import magnify_by_network
from vmm.temporal import fir
from vmm.temporal.choice import Band, Design


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
    temporal: Design = fir,
) -> Any:
    """Magnify motion by MagNet, which encodes what moves in each frame and paints the magnified frame.

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
    weights
        Name of a network that ships, or the path of another.
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
    .. [1] Oh, Jaroensri, Kim, Elgharib, Durand, Freeman, Matusik: Learning-based video motion magnification.
       ECCV 2018.
    """
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
