"""Coherence of a line: whether neighboring tiles show the same motion.

A thing that moves, moves all of its tiles alike. Errors of a codec or of the estimator depend on the texture of each
tile.
"""

from __future__ import annotations

import numpy as np

from vmm.measure.detection._amplitude import displacement_phasors
from vmm.measure.detection._tiles import Tiles

_MIN_PAIRS = 6
"""Smallest number of pairs of neighboring tiles that show whether a line is coherent."""

_NEIGHBORS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Steps (down, right) to half of the neighbors of a tile. The other half are neighbors of these."""


def coherence(tiles: Tiles, level: np.ndarray, where: np.ndarray, frequency: float) -> float | None:
    """Correlation, from -1 to 1, of the motion of neighboring tiles of the map `where` (y, x).

    The frequency is in cycles per frame, and `level` (2, y, x) is the noise power of the motion. The result is None if
    the map has too few neighbors.
    """
    chosen = np.argwhere(where)
    phasors, noise = displacement_phasors(tiles, level, chosen, frequency)
    number = np.full(where.shape, -1)
    number[where] = np.arange(len(chosen))
    first, second = np.array(_pairs(number)).reshape(-1, 2).T
    if len(first) < _MIN_PAIRS:
        return None
    weights = 1 / (np.square(noise[first]) + np.square(noise[second]))
    products = (np.conj(phasors[first]) * phasors[second]).sum(axis=1).real
    sizes = np.linalg.norm(phasors, axis=1)
    return float(weights @ products / max(weights @ (sizes[first] * sizes[second]), 1e-300))


def _pairs(number: np.ndarray) -> list[tuple[int, int]]:
    """Numbers of neighboring tiles in a map (y, x), which is -1 where no tile belongs to it."""
    rows, cols = number.shape
    pairs = []
    for row, col in np.argwhere(number >= 0):
        for down, right in _NEIGHBORS:
            if row + down < rows and 0 <= col + right < cols and number[row + down, col + right] >= 0:
                pairs.append((int(number[row, col]), int(number[row + down, col + right])))
    return pairs
