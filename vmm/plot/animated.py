"""Deflection shapes that move: the picture bent by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.plot.shapes import shape_of, spacing
from vmm.plot.slices import shown

_SHOWN = 0.03  # of the longer side: how far the largest motion goes
_FAINT = 0.02  # weight against which places that hardly move count


def animated(
    found: Any,
    frame: np.ndarray,
    which: int = 0,
    *,
    gain: float | None = None,
    count: int = 24,
    rois: Sequence[Any] = (),
) -> np.ndarray:
    """The picture bent by a deflection shape, as one period of a clip.

    Places that are not known, or hardly move, follow those around that do, as rubber would.

    Parameters
    ----------
    found, frame, rois
        As for ``overlay``.
    which
        Index of the frequency.
    gain
        How many times as far things move as they did; by default so that the largest goes 3 % of the longer side.
    count
        Frames of the period.

    Returns
    -------
    ndarray
        Frames (count, H, W[, 3]) of uint8, for ``vmm.io.write``; played over and over they go on smoothly.

    Raises
    ------
    ValueError
        Where there is no such frequency, nothing moves, or as for ``overlay``.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 5.0, 0.2), noise=1.0)
    >>> vmm.plot.animated(vmm.measure.modes(clip, [5.0], fs=30), clip[0], count=12).shape
    (12, 48, 64)
    """
    if not 0 <= which < len(found.frequencies):
        raise ValueError(f"which={which} must be the index of one of the {len(found.frequencies)} frequencies")
    image = _eight(frame)
    wave = _bending(found, which, frame, rois)  # (H, W, 2)
    largest = float(np.abs(wave).max())
    if not largest > 0:
        raise ValueError(f"nothing moves by more than its error at {found.frequencies[which]:.5g} Hz")
    pixels = largest * gain if gain is not None else _SHOWN * max(frame.shape[:2])
    wave = wave * (pixels / largest)
    turns = np.exp(2j * np.pi * np.arange(count) / count)
    return np.stack([_warped(image, np.real(wave * turn)) for turn in turns])


def _eight(frame: np.ndarray) -> np.ndarray:
    """The frame in 8 bits; where it has more, stretched to them."""
    image = shown(frame)
    if image.dtype == np.uint8:
        return image
    low, high = float(image.min()), max(float(image.max()), float(image.min()) + 1)
    return ((image - low) * (255 / (high - low))).astype(np.uint8)


def _bending(found: Any, which: int, frame: np.ndarray, rois: Sequence[Any]) -> np.ndarray:
    """Complex displacement (H, W, 2) that bends the whole picture, smoothly: near what moves everything follows it."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    shape, clear = shape_of(found, which, frame, rois)
    shape = np.where(clear, shape, 0)
    step = spacing(shape.shape, frame.shape)
    energy = np.square(np.abs(shape)).sum(axis=-1)
    weight = energy / max(float(energy.max()), 1e-300)
    reach = max(5.0, 0.6 * _SHOWN * max(frame.shape[:2])) / step
    total = gaussian_filter(weight, reach) + _FAINT * max(float(gaussian_filter(weight, reach).max()), 1e-300)
    here = np.indices(frame.shape[:2]) / step
    parts = []
    for axis in range(2):
        for part in (shape[..., axis].real, shape[..., axis].imag):
            smooth = gaussian_filter(weight * part, reach) / total
            parts.append(map_coordinates(smooth, here, order=1, mode="nearest"))
    return np.stack([parts[0] + 1j * parts[1], parts[2] + 1j * parts[3]], axis=-1)


def _warped(image: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The image (H, W[, 3]) with what is at each place moved by a displacement (H, W, 2) there."""
    from scipy.ndimage import map_coordinates

    here = np.indices(image.shape[:2], dtype=float)
    there = here
    ways = np.moveaxis(moved, -1, 0)
    for _ in range(3):  # where what is seen here came from
        there = here - np.stack([map_coordinates(way, there, order=1, mode="nearest") for way in ways])
    planes = np.moveaxis(np.atleast_3d(image), -1, 0).astype(float)
    out = [map_coordinates(plane, there, order=1, mode="nearest") for plane in planes]
    return np.clip(np.rint(np.stack(out, axis=-1)), 0, 255).astype(np.uint8).reshape(image.shape)
