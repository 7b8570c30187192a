"""Clips that animate a deflection shape by deforming a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.plot._shapes import limit_size, significant_shape, spacing, typical_size
from vmm.plot._slices import displayable

_DEFAULT_AMPLITUDE = 0.03
"""Largest displacement, as a fraction of the longer side of the frame: clearly visible without folding the picture."""

_LARGEST_AMPLITUDE = 0.1
"""Largest displacement as a fraction of the shorter side of the frame, for long and narrow frames."""

_BACKGROUND_WEIGHT = 0.02
"""Weight of the rest position, relative to the largest weight: it holds places far from all motion still."""


@checks_arguments
def animated(
    modes: Any,
    frame: np.ndarray,
    index: int = 0,
    *,
    gain: float | None = None,
    count: int = 24,
    rois: Sequence[Any] = (),
) -> np.ndarray:
    """Animate a deflection shape: one period of a clip in which the frame is deformed by the shape.

    Places without significant motion follow their moving surroundings smoothly, as a sheet of rubber would.

    Parameters
    ----------
    modes
        Deflection shapes, the result of ``vmm.measure.modes`` or ``blind_modes``.
    frame
        Picture (H, W) or (H, W, 3) to deform.
    index
        Index of the frequency in ``modes.frequencies``.
    gain
        Factor by which the measured displacement is multiplied. By default the largest displacement becomes 3 % of
        the longer side of the frame, and at most 10 % of the shorter one.
    count
        Number of frames in the period.
    rois
        The measured regions, as for ``overlay``. They are required if the shapes belong to regions.

    Returns
    -------
    ndarray
        Frames (count, H, W[, 3]) of uint8, for ``vmm.io.write``. The last frame joins the first, so that the clip can
        be played in a loop.

    Raises
    ------
    ValueError
        If `index` is out of range, if no displacement exceeds its error, or if `rois` does not match the shapes.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, 30, 5.0, 0.2), noise=1.0)
    >>> vmm.plot.animated(vmm.measure.modes(clip, [5.0], fs=30), clip[0], count=12).shape
    (12, 48, 64)
    """
    if not 0 <= index < len(modes.frequencies):
        raise ValueError(f"index={index} must be the index of one of the {len(modes.frequencies)} frequencies")
    image = _as_uint8(frame)
    phasors = _interpolated(modes, index, frame, rois)  # (H, W, 2)
    largest = float(np.abs(phasors).max())
    if not largest > 0:
        raise ValueError(f"nothing moves by more than its error at {modes.frequencies[index]:.5g} Hz")
    height, width = frame.shape[:2]
    default = min(_DEFAULT_AMPLITUDE * max(height, width), _LARGEST_AMPLITUDE * min(height, width))
    pixels = default if gain is None else largest * gain
    phasors = phasors * (pixels / largest)
    rotations = np.exp(2j * np.pi * np.arange(count) / count)
    return np.stack([_forward_warp(image, np.real(phasors * rotation)) for rotation in rotations])


def _as_uint8(frame: np.ndarray) -> np.ndarray:
    """The frame in 8 bits. The range of values of a deeper frame is stretched to 0 to 255."""
    image = displayable(frame)
    if image.dtype == np.uint8:
        return image
    low, high = float(image.min()), max(float(image.max()), float(image.min()) + 1)
    return ((image - low) * (255 / (high - low))).astype(np.uint8)


def _interpolated(modes: Any, index: int, frame: np.ndarray, rois: Sequence[Any]) -> np.ndarray:
    """Complex displacement (H, W, 2) of every pixel: a Gaussian average of the shape, weighted by its energy."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    shape, significant = significant_shape(modes, index, frame, rois)
    # A few places with a wrong large displacement would otherwise set the scale.
    shape = np.where(significant, limit_size(shape, typical_size(shape, significant)), 0)
    step = spacing(shape.shape, frame.shape)
    energy = np.square(np.abs(shape)).sum(axis=-1)
    weight = energy / max(float(energy.max()), 1e-300)
    sigma = max(5.0, 0.6 * _DEFAULT_AMPLITUDE * max(frame.shape[:2])) / step
    total = gaussian_filter(weight, sigma)
    total = total + _BACKGROUND_WEIGHT * max(float(total.max()), 1e-300)
    positions = np.indices(frame.shape[:2]) / step
    parts = []
    for axis in range(2):
        for part in (shape[..., axis].real, shape[..., axis].imag):
            average = gaussian_filter(weight * part, sigma) / total
            parts.append(map_coordinates(average, positions, order=1, mode="nearest"))
    return np.stack([parts[0] + 1j * parts[1], parts[2] + 1j * parts[3]], axis=-1)


def _forward_warp(image: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """Move the content of each pixel of an image (H, W[, 3]) by the displacement (H, W, 2) of that pixel."""
    from scipy.ndimage import map_coordinates

    target = np.indices(image.shape[:2], dtype=float)
    source = target
    fields = np.moveaxis(displacement, -1, 0)
    for _ in range(3):  # a fixed-point iteration inverts the displacement: source + displacement(source) = target
        source = target - np.stack([map_coordinates(field, source, order=1, mode="nearest") for field in fields])
    planes = np.moveaxis(np.atleast_3d(image), -1, 0).astype(float)
    out = [map_coordinates(plane, source, order=1, mode="nearest") for plane in planes]
    return np.clip(np.rint(np.stack(out, axis=-1)), 0, 255).astype(np.uint8).reshape(image.shape)
