"""Transforms of a region: their parameters, and their estimation by Gauss-Newton steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.ndimage

from vmm.engine.regions import Box, box_center

Model = Literal["translation", "similarity", "affine"]

MODELS: dict[str, tuple[list[list[int]], ...]] = {
    "translation": (),
    "similarity": ([[1, 0], [0, 1]], [[0, -1], [1, 0]]),
    "affine": ([[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 1]]),
}
"""Derivatives of the linear part of a transform with respect to its parameters, beyond the translation."""

MAX_POINTS = 2**15
"""Largest number of points of a region. More make the estimation slower and hardly more accurate."""

_MAX_STEPS = 40
"""Largest number of Gauss-Newton steps."""

_TOLERANCE = 1e-4
"""Step in pixels, at the corners of the region, below which the iteration ends."""

_OUTLIER = 3.0
"""Error, in robust standard deviations, at which the weight of a point falls to a quarter."""


@dataclass(frozen=True, eq=False)
class RegionLevel:
    """The region in the first frame at one level of blur.

    Attributes
    ----------
    blur
        Standard deviation in pixels of the Gaussian blur.
    points
        (2, N) rows and columns.
    values
        (N,) luma of the points.
    derivatives
        (K, N) derivatives of the values with respect to the parameters.
    """

    blur: float
    points: np.ndarray
    values: np.ndarray
    derivatives: np.ndarray


def generators(model: str, box: Box) -> np.ndarray:
    """Matrices (K, 3, 3) of the parameters: one unit of each moves a corner of the region by about one pixel."""
    linear = MODELS[model]
    out = np.zeros((2 + len(linear), 3, 3))
    out[0, 0, 2] = out[1, 1, 2] = 1
    center = box_center(box)
    for k, matrix in enumerate(linear, start=2):
        out[k, :2, :2] = np.divide(matrix, np.hypot(box[2], box[3]) / 2)
        out[k, :2, 2] = -out[k, :2, :2] @ center
    return out


def blurred_spline(luma: np.ndarray, blur: float) -> np.ndarray:
    """Coefficients of the cubic spline through a blurred frame."""
    spline: np.ndarray = scipy.ndimage.spline_filter(scipy.ndimage.gaussian_filter(luma, blur), 3)
    return spline


def region_level(luma: np.ndarray, blur: float, box: Box, basis: np.ndarray) -> RegionLevel:
    """The region in the first frame at one level of blur.

    Raises
    ------
    ValueError
        If the region has no texture in some direction.
    """
    row, col, height, width = box
    step = max(int(blur), int(np.ceil(np.sqrt(height * width / MAX_POINTS))))
    points = np.mgrid[row : row + height : step, col : col + width : step].reshape(2, -1).astype(np.float64)
    spline = blurred_spline(luma, blur)
    halves = 0.5 * np.eye(2)[..., None]
    gradient = np.stack([sample(spline, points + h) - sample(spline, points - h) for h in halves])
    motion = np.einsum("kij,jn->kin", basis[:, :2], _homogeneous(points))
    derivatives = np.einsum("kin,in->kn", motion, gradient)
    eigenvalues = np.linalg.eigvalsh(derivatives[:2] @ derivatives[:2].T)
    if eigenvalues[0] <= 1e-6 * max(eigenvalues.sum(), 1e-12):
        raise ValueError(
            f"the region {box} of the frames has no texture in some direction, so that its motion is not determined "
            "there: choose another roi"
        )
    return RegionLevel(blur, points, sample(spline, points), derivatives)


def fit_transform(spline: np.ndarray, level: RegionLevel, basis: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The transform (3, 3) that explains a frame best, by inverse compositional Gauss-Newton steps with robust weights.

    Luma may change by a factor and an offset.
    """
    transform, n = start, len(basis)
    illumination = np.stack([level.values - level.values.mean(), np.ones_like(level.values)])
    columns = np.concatenate([level.derivatives, illumination])
    solution = np.zeros(len(columns))
    for _ in range(_MAX_STEPS):
        points = apply_transform(transform, level.points)
        error = sample(spline, points) - level.values
        weights = is_inside(points, spline.shape) * _robust_weights(error - solution[n:] @ illumination)
        normal = (columns * weights) @ columns.T
        solution = np.linalg.lstsq(normal, columns @ (weights * error), rcond=1e-12)[0]
        size = np.abs(solution[:n]).max()
        update = np.eye(3) + np.einsum("k,kij->ij", solution[:n], basis)
        if not size < max(spline.shape) or abs(np.linalg.det(update)) < 1e-3:
            break
        transform = transform @ np.linalg.inv(update)
        if size < _TOLERANCE:
            break
    return transform


def _robust_weights(error: np.ndarray) -> np.ndarray:
    """Weights of Geman and McClure, with the scale of the median absolute deviation."""
    scale = 1.4826 * np.median(np.abs(error - np.median(error)))
    return 1 / (1 + (error / (_OUTLIER * scale + 1e-9)) ** 2) ** 2


def is_inside(points: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Bool array (N,): which points (2, N) lie inside the frame."""
    limits = np.array(size)[:, None] - 1
    inside: np.ndarray = np.all((points >= 0) & (points <= limits), axis=0)
    return inside


def _homogeneous(points: np.ndarray) -> np.ndarray:
    """Homogeneous coordinates (3, N) of points (2, N)."""
    return np.concatenate([points, np.ones((1, points.shape[1]))])


def apply_transform(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (2, N) after a transform."""
    transformed: np.ndarray = transform[:2] @ _homogeneous(points)
    return transformed


def sample(spline: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values (N,) of a cubic spline at points (2, N)."""
    values: np.ndarray = scipy.ndimage.map_coordinates(spline, points, order=3, mode="mirror", prefilter=False)
    return values
