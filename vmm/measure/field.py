"""Displacement of every pixel over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import to_host
from vmm.engine.frames import cut
from vmm.engine.loop import sampling_rate
from vmm.measure.clips import twice
from vmm.measure.displacement import scaled
from vmm.measure.neighbourhood import EVERY, Neighbourhoods

_BLOCK = 2**20  # pixels worked on at a time


@dataclass(frozen=True)
class Field:
    """Displacement of every pixel over time.

    Attributes
    ----------
    values
        (T, H, W, 2) float32, down and right, from the mean position; NaN where it is not known.
    error
        (H, W, 2) standard error of each value; NaN likewise.
    known
        (H, W, 2) whether the texture around tells the displacement in that direction.
    fs
        Rate of the camera in Hz; 1 where none was given.
    unit
        Of values and error.
    """

    values: np.ndarray
    error: np.ndarray
    known: np.ndarray
    fs: float
    unit: str


def field(
    frames: Any,
    *,
    sigma: float = 5.0,
    step: int = 1,
    fs: float | None = None,
    pixel_size: float = 1.0,
    unit: str = "px",
) -> Field:
    """Displacement of every pixel, by least squares over the phases around it.

    The same as ``displacement``, with a Gaussian about each pixel as its region and the mean frame as reference.
    The picture as a whole is followed through any motion by whole pixels; within it, motion must stay below half a
    wavelength of the finest texture, about a pixel. The result takes 8 bytes a pixel and frame: with a long clip give
    a `step`, or take ``modes``, which keeps a few numbers for each pixel.

    Parameters
    ----------
    frames, fs, pixel_size, unit
        As for ``displacement``.
    sigma
        Standard deviation in pixels of the neighbourhood that is taken to move as one.
    step
        From one pixel of the result to the next.

    Returns
    -------
    Field

    Raises
    ------
    TypeError, ValueError
        As for ``displacement``; where sigma or step is not positive.

    References
    ----------
    .. [1] Wadhwa et al.: Motion microscopy for visualizing and quantifying small motions. PNAS 2017.

    Examples
    --------
    >>> import vmm
    >>> from vmm.data import synthetic
    >>> clip = synthetic.render(synthetic.texture((48, 64)), [(0, 0), (0.1, 0.2)] * 8, noise=0.5)
    >>> moved = vmm.measure.field(clip, step=4).values
    >>> moved.shape, (moved[1] - moved[0]).mean(axis=(0, 1)).round(1)
    ((16, 12, 16, 2), array([0.1, 0.2], dtype=float32))
    """
    scale = scaled(pixel_size, unit)
    clip = twice(frames)
    around = Neighbourhoods(clip, sigma, step)
    moves: list[np.ndarray] = []
    noise: Any = 0
    told = seen = 0
    for chunk in clip.then():
        for block in cut(chunk, _BLOCK):
            phases = list(around.phases(block))
            pull = sum(around.pull(i, phase) for i, (_, phase) in enumerate(phases))
            moves.append(to_host(around.moves(pull)))
            for t in range(-seen % EVERY, len(block), EVERY):
                noise = noise + to_host(around.residual([(c[t], p[t]) for c, p in phases])).astype(float)
                told += 1
            seen += len(block)
    known, error = around.settled(noise / told / around.noise_expected())[::2]
    values = np.moveaxis(np.concatenate(moves) + around.shifts[..., None, None], 1, -1).astype(np.float32)
    values -= values.mean(axis=0)
    values = np.where(known, values * np.float32(scale), np.float32(np.nan))
    return Field(values, np.where(known, error * scale, np.nan), known, float(sampling_rate(frames, fs) or 1.0), unit)
