"""Observability: the directions in which the texture of a region determines its displacement."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence

import numpy as np

_MIN_TO_NOISE = 25.0
"""Smallest ratio of the gradient energy of a region to the gradient energy of the noise in the reference. At this ratio
noise biases the displacement by 4 %."""

_MIN_CORRECTED_TO_NOISE = 12.0
"""The same ratio for energies from which that of the noise is subtracted. At a ratio of 8, phases that noise turns
around make the displacement too large by 5 to 10 %, and at 4 by 20 %."""

MIN_ENERGY_RATIO = 1e-3
"""Smallest ratio of the gradient energies of the two principal directions: below it, interpolation errors of the strong
direction dominate the weak one. Straight edges and stripes without noise have ratios of 4e-6 to 2e-4."""

_MAX_PROJECTION = 0.1
"""Largest projection of an axis on an unobservable direction, which then biases the axis by 10 % at most."""

_ROUNDING = 1e-6
"""Rounding errors relative to the mean level, for single precision."""


def observable_directions(normal: np.ndarray, floor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Observable axes (..., 2) of normal matrices (..., 2, 2), and projections (..., 2, 2) on observable directions.

    An eigenvalue below `floor` (...) is dominated by noise. An axis is unobservable if it projects on the eigenvector
    of such an eigenvalue.
    """
    values, vectors = np.linalg.eigh(normal)
    is_observable = values > np.maximum(floor[..., None], MIN_ENERGY_RATIO * values[..., 1:])
    projection = np.abs(vectors) * ~is_observable[..., None, :]
    is_known = (projection <= _MAX_PROJECTION).all(axis=-1)
    return is_known, (vectors * is_observable[..., None, :]) @ vectors.swapaxes(-1, -2)


def single_directions(projections: np.ndarray) -> np.ndarray:
    """The only observable direction (..., 2) for projections (..., 2, 2), with a positive larger component; else NaN.

    Edges of one direction determine the displacement along their normal alone.
    """
    largest = np.diagonal(projections, axis1=-2, axis2=-1).argmax(axis=-1)
    vector = np.take_along_axis(projections, largest[..., None, None], axis=-1)[..., 0]
    length = np.sqrt(
        np.take_along_axis(vector, largest[..., None], axis=-1)
    )  # A projection n n^T has the column n n_k.
    is_single = np.rint(np.trace(projections, axis1=-2, axis2=-1)) == 1
    direction: np.ndarray = np.where(is_single[..., None], vector / np.where(length > 0, length, 1), np.nan)
    return direction


def gradient_floor(
    noise: np.ndarray, level: np.ndarray, energy: np.ndarray, n_frames: int, *, is_corrected: bool = False
) -> np.ndarray:
    """Gradient energy below which a direction is unobservable: a multiple of that of the reference's noise.

    `noise` is the variance of a pixel in one frame, `level` the mean gray level, and `energy` the gradient energy of
    white noise of variance 1. The reference is the mean of `n_frames` frames. `is_corrected` states that the energies
    compared with the floor do not contain that of the noise, which then does not bias the displacement.
    """
    variance = np.maximum(noise / n_frames, (_ROUNDING * level) ** 2)
    floor: np.ndarray = (_MIN_CORRECTED_TO_NOISE if is_corrected else _MIN_TO_NOISE) * energy * variance
    return floor


def warn_of_regions(which: np.ndarray, message: str) -> None:
    """Warn that the regions for which the bool array `which` is True have a fault."""
    index = [str(i) for i in np.flatnonzero(which)]
    if index:
        names = f"region {index[0]}" if len(index) == 1 else f"regions {', '.join(index)}"
        warnings.warn(f"{names}: {message}", stacklevel=5)


def with_region_names(message: str, names: Sequence[str]) -> str:
    """A warning about regions in which their names take the place of their numbers."""
    match = re.fullmatch(r"((?:still )?regions? [^:]*)(: .*)", message, re.DOTALL)
    if match is None:
        return message
    subject = re.sub(r"^regions ([\d, ]+)$", lambda part: "region " + part[1].replace(", ", ", region "), match[1])
    return re.sub(r"(?<!still )region (\d+)", lambda part: names[int(part[1])], subject) + match[2]
