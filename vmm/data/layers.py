"""Photographs in two layers, of which the front one moves and occludes the other: a test of the borders of motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.special

from vmm.data.shifts import HELD_OUT, dithered, photograph, translated

SCENES = 12
"""Number of scenes; in every third of them the background moves, too, across the direction of the object."""

COLUMNS = (
    *((motion, out, 0.0) for motion, out in ((0.1, 2.0), (0.1, 5.0), (0.5, 5.0), (0.5, 10.0))),
    *((motion, out, 3.0) for motion, out in ((0.1, 2.0), (0.5, 5.0))),
)
"""Columns of the tables: motion of the object from a to b and from a to the truth in pixels, and noise in gray levels.
"""

NEAR = 8
"""Distance in pixels from the object up to which a pixel belongs to its surroundings."""

_MARGIN = 16
"""Border in pixels around a frame that is rendered and cut off, because shifted photographs are periodic."""

_SOFTNESS = 0.6
"""Standard deviation in pixels of the Gaussian whose integral is the profile of the object's edge: about 1 px wide."""

_BLUR = 0.7
"""Standard deviation in pixels of a blur of the photographs, without which edges ring if they are shifted exactly."""

_LOBES = range(2, 6)
"""Numbers of periods of the waves of the object's outline around its center."""


def __dir__() -> list[str]:
    return ["COLUMNS", "NEAR", "SCENES", "Layers", "layers", "similarities"]


@dataclass(frozen=True, eq=False)
class Layers:
    """Two frames of a scene in two layers, and the result of a perfect magnifier.

    Attributes
    ----------
    a
        Reference frame (H, W, 3) of uint8.
    b
        The frame with both layers displaced by the motion, (H, W, 3) of uint8.
    truth
        The frame with both layers displaced by the output motion, (H, W, 3) of float, without noise or rounding.
    near
        Mask (H, W) of bool of the pixels within 8 px of the object in frame a or in the truth.
    """

    a: np.ndarray
    b: np.ndarray
    truth: np.ndarray
    near: np.ndarray


def layers(index: int, motion: float, out: float, noise: float = 0.0, *, side: int = 192) -> Layers:
    """Make a pair of frames: a cut-out of a photograph moves in front of another photograph, in a random direction.

    Both frames are rounded to 8 bits with dither.

    Parameters
    ----------
    index
        Number of the scene, from 0 to 11. It determines the photographs, the outline of the object and the direction.
        In scenes 2, 5, 8 and 11 the background moves by half of the motion, perpendicular to the object.
    motion
        Displacement of the object from a to b in pixels.
    out
        Displacement of the object from a to the truth in pixels. The magnification factor is ``out / motion``.
    noise
        Standard deviation of white noise in both frames, in gray levels. By default none.
    side
        Height and width of the frames in pixels.

    Returns
    -------
    Layers
        The two frames, the truth, and the mask of the surroundings of the object.

    Raises
    ------
    ValueError
        If `index` is not in the range from 0 to 11.

    Examples
    --------
    >>> from vmm.data.layers import layers
    >>> layers(2, 0.5, 5.0).near.shape
    (192, 192)
    """
    if index not in range(SCENES):
        raise ValueError(f"index={index!r} must be the number of a scene, from 0 to {SCENES - 1}")
    rng = np.random.default_rng([7, index])
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([direction[1], -direction[0]]) / 2 * (index % 3 == 2)
    names = HELD_OUT[index % len(HELD_OUT)], HELD_OUT[(index + 3) % len(HELD_OUT)]
    photographs = (photograph(name, side + 2 * _MARGIN) for name in names)
    back, front = (scipy.ndimage.gaussian_filter(one, (_BLUR, _BLUR, 0)) for one in photographs)
    radius = _outline(rng, side)
    frames, mattes = [], []
    for size in (0.0, motion, out):
        matte = _matte(radius, size * direction, side)
        below, above = translated(back, size * across), translated(front, size * direction)
        frames.append((below + _padded(matte) * (above - below))[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN])
        mattes.append(matte)
    a, b = (dithered(frame + rng.normal(0, noise, frame.shape), rng) for frame in frames[:2])
    touched = (mattes[0] > 0.5) | (mattes[2] > 0.5)
    return Layers(a, b, np.clip(frames[2], 0, 255), scipy.ndimage.distance_transform_edt(~touched) <= NEAR)


def similarities(
    magnified: Callable[[np.ndarray, np.ndarray, float], np.ndarray],
    columns: Sequence[tuple[float, float, float]] = COLUMNS,
    indices: Sequence[int] = range(SCENES),
    *,
    side: int = 192,
) -> list[tuple[float, float]]:
    """Structural similarity (SSIM) between magnified frames and the truth, in the whole frame and near the object.

    Parameters
    ----------
    magnified
        The magnifier: a function of frames a and b (H, W, 3) of uint8 and of the magnification factor that returns a
        frame (H, W, 3) in gray levels.
    columns
        Test conditions: motion and output motion in pixels, and noise in gray levels.
    indices
        Scenes over which the mean is taken.
    side
        Height and width of the frames in pixels.

    Returns
    -------
    list of pairs
        For each condition the mean SSIM of the color images in the frame, and the mean SSIM of the pixels within 8 px
        of the object; both are at most 1.

    Examples
    --------
    >>> from vmm.data.layers import similarities
    >>> frame, near = similarities(lambda a, b, factor: b, [(1.0, 1.0, 0.0)], [0])[0]
    >>> round(near, 2)
    1.0
    """
    means = []
    for motion, out, noise in columns:
        scenes = [layers(index, motion, out, noise, side=side) for index in indices]
        scores = [_similarity(magnified(s.a, s.b, out / motion), s) for s in scenes]
        frame, near = np.mean(scores, axis=0)
        means.append((float(frame), float(near)))
    return means


def _similarity(frame: np.ndarray, scene: Layers) -> tuple[float, float]:
    """SSIM of a frame (H, W, 3) in the frame and near the object."""
    from skimage.metrics import structural_similarity

    options = {"channel_axis": -1, "data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    values = structural_similarity(np.clip(frame, 0, 255).astype(float), scene.truth, full=True, **options)[1].mean(-1)
    return float(values[8:-8, 8:-8].mean()), float(values[scene.near].mean())


def _outline(rng: np.random.Generator, side: int) -> Callable[[np.ndarray], np.ndarray]:
    """Radius in pixels of the object's outline as a function of the angle: a circle with waves."""
    amplitudes, phases = 0.2 * rng.normal(size=len(_LOBES)) / 2, rng.uniform(0, 2 * np.pi, len(_LOBES))
    waves = list(zip(_LOBES, amplitudes, phases, strict=True))

    def radius(angle: np.ndarray) -> np.ndarray:
        return 0.22 * side * (1 + sum(size * np.cos(k * angle + phase) for k, size, phase in waves))

    return radius


def _matte(radius: Callable[[np.ndarray], np.ndarray], displacement: np.ndarray, side: int) -> np.ndarray:
    """Coverage (side, side) of the pixels by the displaced object, in [0, 1]."""
    y, x = np.indices((side, side)) - (side - 1) / 2 - displacement[:, None, None]
    return scipy.special.ndtr((radius(np.arctan2(y, x)) - np.hypot(y, x)) / _SOFTNESS)


def _padded(matte: np.ndarray) -> np.ndarray:
    """A matte with the margin that is cut off, as (H, W, 1)."""
    return np.pad(matte, _MARGIN)[..., None]
