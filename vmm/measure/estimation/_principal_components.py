"""Principal components of the motion of a clip over time."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

_TILES = 18
"""Tiles along each side of the frame. The pixel of each that moves most is examined, so that small objects count."""

_MAX_COMPONENTS = 6
"""Largest number of components. More are rarely above the noise."""

_MIN_TO_NOISE = 1.3
"""Smallest singular value of a component relative to the largest one of noise."""

_ROUNDS = 2
"""Rounds in which the components are made more accurate by the motion of every pixel."""


def principal_components(values: np.ndarray, stderr: np.ndarray, n_independent: float) -> np.ndarray:
    """Orthonormal components (M, T) of displacements (T, h, w, 2) with standard errors (h, w, 2).

    There is at least one, unless nothing moves. Places where the standard error is NaN are left out. `n_independent` is
    the number of places whose noise is independent.
    """
    count, height, width, _ = values.shape
    flat_values, flat_stderr = values.reshape(count, -1), stderr.reshape(-1)
    is_known = np.isfinite(flat_stderr) & (flat_stderr > 0)
    size = np.where(is_known, flat_values.std(axis=0) / np.where(is_known, flat_stderr, 1), -1)
    size = np.where(np.isfinite(size), size, -1).reshape(height, width, 2)
    columns = np.array([_largest(size, tile) for tile in _tiles(height, width)])
    columns = columns[is_known[columns] & (np.ptp(flat_values[:, columns], axis=0) > 0)]
    if not len(columns):
        return np.zeros((0, count))
    signals = flat_values[:, columns] / flat_stderr[columns]
    signals = signals.astype(np.float64) - signals.mean(axis=0, dtype=np.float64)
    singular, vectors = _left_vectors(signals)
    n_signals = signals.shape[1]
    n_free = min(n_independent, n_signals)
    largest_of_noise = np.sqrt(n_signals / n_free) * (np.sqrt(n_free) + np.sqrt(count))
    n_strong = int((singular > _MIN_TO_NOISE * largest_of_noise).sum())
    components = vectors[:, : min(max(n_strong, 1), _MAX_COMPONENTS)]
    precision = np.where(is_known, 1 / np.where(is_known, flat_stderr, 1) ** 2, 0)
    usable = np.where(is_known, flat_values, 0)
    for _ in range(_ROUNDS):
        loadings = usable.T @ components.astype(np.float32) * precision[:, None].astype(np.float32)
        series = (usable @ loadings).astype(np.float64)
        components = np.linalg.qr(series - series.mean(axis=0))[0]
    transposed: np.ndarray = components.T
    return transposed


def _tiles(height: int, width: int) -> list[tuple[slice, slice]]:
    rows, cols = (np.unique(np.linspace(0, n, _TILES + 1).astype(int)) for n in (height, width))
    spans = ([slice(int(a), int(b)) for a, b in pairwise(edges)] for edges in (rows, cols))
    return list(product(*spans))


def _largest(size: np.ndarray, tile: tuple[slice, slice]) -> int:
    """Index into flat values (h * w * 2) of the component of a tile that is largest."""
    part = size[tile]
    row, col, axis = np.unravel_index(int(part.argmax()), part.shape)
    return int(((tile[0].start + row) * size.shape[1] + tile[1].start + col) * 2 + axis)


def _left_vectors(signals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values, and left singular vectors (T, K), from the eigenvectors of the smaller product."""
    if signals.shape[0] <= signals.shape[1]:
        vectors, singular, _ = np.linalg.svd(signals, full_matrices=False)
        return singular, vectors
    power, right = np.linalg.eigh(signals.T @ signals)
    singular = np.sqrt(np.maximum(power[::-1], 0))
    return singular, signals @ right[:, ::-1] / np.maximum(singular, 1e-12 * singular[:1])
