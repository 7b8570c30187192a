"""Displacement of regions over time, with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.engine.loop import sampling_rate
from vmm.measure.clips import twice
from vmm.measure.crops import grouped_by_size
from vmm.measure.known import floor, say, telling
from vmm.measure.reader import LOST, METHODS, Reader
from vmm.measure.rois import Region, regions

_MISSING = 0.1  # of the frames that a region may be lost in
_SPARE = 0.01  # part of a region that may be saturated without a word


@dataclass(frozen=True)
class Displacement:
    """Displacement of regions over time.

    Attributes
    ----------
    values
        (T, R, 2) down and right, from the mean position; NaN where it is not known.
    error
        (R, 2) standard error of each value, from the noise of the pixels; NaN likewise.
    known
        (R, 2) whether the region's texture tells the displacement in that direction.
    rois
        The R regions, boxes (top, left, height, width) or masks (H, W).
    fs
        Rate of the camera in Hz; 1, so that frequencies are in cycles per frame, where none was given.
    unit
        Of values and error.
    saturated
        (R,) part of each region's pixels that are as bright as their type allows, and are left out.
    seen
        (T, R) whether the frame shows the region; False in a frame that is blank, or where something is before it:
        there values are interpolated between the frames around.
    """

    values: np.ndarray
    error: np.ndarray
    known: np.ndarray
    rois: tuple[Any, ...]
    fs: float
    unit: str
    saturated: np.ndarray
    seen: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


def displacement(
    frames: Any,
    rois: Any = None,
    *,
    fs: float | None = None,
    pixel_size: float = 1.0,
    unit: str = "px",
    method: str = "phase",
) -> Displacement:
    """Displacement of regions, by least squares over the phases of all their pixels in all bands.

    Each region is followed by whole pixels through motion larger than half a wavelength; what is left is the solution
    of one 2x2 system (section 2 in [2]), with the region's mean, freed of its motion blur, as reference, the gradient
    of that reference's phase, and its squared amplitude as weight. The bands are a tight frame, for which this reaches
    the bound that noise sets (``bound``); light that flickers turns no phase.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3); a clip of ``vmm.io.stream``, which is read twice; or an iterator of chunks,
        whose first 64 frames alone make the reference.
    rois
        Boxes (top, left, height, width), masks (H, W) of bool, or ``grid(size, step)``; one or several; by default the
        whole frame less a margin.
    fs
        Rate of the camera in Hz; by default that of the clip.
    pixel_size
        Length of a pixel in the scene, in `unit`.
    unit
        Unit of the result.
    method
        ``"phase"``, or ``"linear"``: two products of each region with images made from the reference, a tenth of the
        time and as true for small motion, but light that changes within a region misleads it sooner.

    Returns
    -------
    Displacement

    Raises
    ------
    TypeError, ValueError
        Where frames are no clip of at least two frames, hold NaN, or a region does not lie inside the frame.

    Warns
    -----
    UserWarning
        Where a region holds no texture in some direction, is lost, or saturated.

    References
    ----------
    .. [1] Fleet, Jepson: Computation of component image velocity from local phase information. IJCV 1990.
    .. [2] Wadhwa et al.: Motion microscopy for visualizing and quantifying small motions. PNAS 2017.
    .. [3] Robinson, Milanfar: Fundamental performance limits in image registration. IEEE TIP 2004.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((64, 64)), [(0, 0), (0.1, 0.25)] * 8, noise=0.5)
    >>> moved = vmm.measure.displacement(clip, (20, 20, 24, 24), fs=30)
    >>> (moved.values[1] - moved.values[0]).round(2), moved.error.round(3)
    (array([[0.1 , 0.25]]), array([[0.001, 0.001]]))
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r} must be one of {', '.join(METHODS)}")
    scale = scaled(pixel_size, unit)
    clip = twice(frames)
    found = regions(rois, (clip.shape[0], clip.shape[1]))
    how = METHODS[method]
    readers = [Reader(clip, crops, how) for crops in grouped_by_size(found, how.margin)]
    for chunk in clip.first():
        for reader in readers:
            reader.see(chunk)
    for reader in readers:
        reader.settle()
    for chunk in clip.then():
        for reader in readers:
            reader.read(chunk)
    shape = clip.shape[0], clip.shape[1]
    return _joined(readers, found, shape, float(sampling_rate(frames, fs) or 1.0), scale, unit)


def _joined(
    readers: Sequence[Reader], found: Sequence[Region], shape: tuple[int, int], fs: float, scale: float, unit: str
) -> Displacement:
    """The result of all readers, region by region as they came."""
    frames, count = len(readers[0].moves), len(found)
    values, error = np.empty((frames, count, 2)), np.empty((count, 2))
    known, saturated = np.empty((count, 2), bool), np.empty(count)
    lost = np.zeros((frames, count), bool)
    for reader in readers:
        index = reader.crops.index
        known[index], values[:, index], error[index] = _read(reader)
        lost[:, index] = reader.likeness < LOST - 4 * np.sqrt(reader.noise) * reader.template.likeness_error
        saturated[index] = reader.saturated
    _warn(known, lost, saturated)
    known[lost.mean(axis=0) > _MISSING] = False
    values = np.where(known, _bridged(values, lost) * scale, np.nan)
    rois = tuple(region.given(shape) for region in found)
    return Displacement(values, np.where(known, error * scale, np.nan), known, rois, fs, unit, saturated, ~lost)


def _bridged(values: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Values (T, R, 2) from their mean, those of lost frames (T, R) interpolated."""
    t = np.arange(len(values))
    for r in np.flatnonzero(lost.any(axis=0) & ~lost.all(axis=0)):
        there = ~lost[:, r]
        for axis in (0, 1):
            values[:, r, axis] = np.interp(t, t[there], values[there, r, axis])
    bridged: np.ndarray = values - values.mean(axis=0)
    return bridged


def _read(reader: Reader) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which axes are known (G, 2), displacement (T, G, 2) and its standard error (G, 2) of a reader's regions."""
    template, noise = reader.template, reader.noise
    least = floor(noise, template.brightness, template.noise_energy, len(reader.moves))
    known, told = telling(template.normal, least)
    spread = noise[:, None] * np.diagonal(told @ template.covariance @ told, axis1=-2, axis2=-1)
    return known, np.einsum("gij,tgj->tgi", told, reader.moves), np.sqrt(spread)


def _warn(known: np.ndarray, lost: np.ndarray, saturated: np.ndarray) -> None:
    """Say which regions are no good."""
    none: Any = ~known.any(axis=1)
    some: Any = known[:, 0] != known[:, 1]
    gone: Any = lost.any(axis=0) & ~none
    say(none, "too little texture: the displacement there is unknown, and NaN")
    say(some, "edges of one direction alone: the displacement along them is unknown, and NaN")
    say(saturated > _SPARE, f"pixels at the brightest value, up to {saturated.max():.0%}; these are left out")
    if gone.any():
        frames = np.flatnonzero(lost[:, gone].any(axis=1))
        where = f"in frame {frames[0]}" if len(frames) == 1 else f"in {len(frames)} frames, first in {frames[0]}"
        what = f"nothing like the rest of the clip {where}"
        say(gone, f"{what}: interpolated there, or unknown where these are many; cut the clip")


def scaled(pixel_size: float, unit: str) -> float:
    """The length of a pixel, checked."""
    if not (np.isfinite(pixel_size) and pixel_size > 0):
        raise ValueError(f"pixel_size={pixel_size!r} must be a positive length: that of a pixel in the scene")
    if pixel_size != 1 and unit == "px":
        raise ValueError(f"pixel_size={pixel_size!r} needs its unit: give unit='mm', say")
    return float(pixel_size)
