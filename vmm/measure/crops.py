"""Windows cut out of frames around regions, moved along by whole pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype
from vmm.backend.threads import in_parallel, workers
from vmm.measure.rois import Region
from vmm.spatial import Pixels, luma


@dataclass(frozen=True)
class Crops:
    """Regions of one size, each with a margin around.

    Attributes
    ----------
    index
        Which regions (G,) of all these are.
    corners
        First row and column (G, 2) of the crops, in the frame.
    size
        Rows and columns of a crop.
    margin
        Pixels on each side.
    inside
        (G, rows, cols): 1 where a pixel belongs to the region.
    """

    index: np.ndarray
    corners: np.ndarray
    size: tuple[int, int]
    margin: int
    inside: np.ndarray

    def only(self, g: int) -> Crops:
        """One of the regions."""
        return Crops(self.index[[g]], self.corners[[g]], self.size, self.margin, self.inside[[g]])

    def cut(self, frames: Array, shifts: np.ndarray) -> Array:
        """Brightness (G, n, rows, cols) of frames (n, H, W[, 3]) at whole-pixel shifts (n, G, 2)."""
        out = namespace(frames).empty((len(self.index), len(frames), *self.size), real_dtype(frames.dtype))
        for g, crops in enumerate(out):
            self._into(crops, frames, g, shifts[:, g])
        return out

    def _into(self, crops: Array, frames: Array, g: int, shifts: np.ndarray) -> None:
        """Write the crops (n, rows, cols) of region g."""
        for run in runs(shifts) if len(frames) else ():
            crops[run] = _light(self.raw(frames[run], g, shifts[run.start]))

    def seen(self, frames: Array, shifts: np.ndarray, images: Array) -> tuple[Array, Array]:
        """Products (G, n, K) of the crops with images (G, K, rows, cols), and sums (G, rows, cols) of the crops."""

        def some(part: range) -> list[tuple[Array, Array]]:
            crops, found = xp.empty((len(frames), *self.size), real_dtype(frames.dtype)), []
            for g in part:  # in the same place: fresh memory takes longer than the sums
                self._into(crops, frames, g, shifts[:, g])
                found.append((crops.reshape(len(crops), -1) @ images[g].reshape(count, -1).T, crops.sum(axis=0)))
            return found

        (n, count), xp = images.shape[:2], namespace(images)
        step = -(-n // workers(frames)) if len(frames) > 1 else n
        parts = in_parallel(some, [range(g, min(g + step, n)) for g in range(0, n, step)], workers(frames))
        products, sums = zip(*(pair for pairs in parts for pair in pairs), strict=True)
        return xp.stack(products), xp.stack(sums)

    def raw(self, frames: Array, g: int, shift: Sequence[int]) -> Array:
        """The crop (n, rows, cols[, 3]) of region g; what lies beyond the frame is mirrored."""
        places: list[Any] = []
        for start, n, length in zip(self.corners[g] + shift, self.size, frames.shape[1:3], strict=True):
            if start >= 0 and start + n <= length:
                places.append(slice(int(start), int(start) + n))
            else:
                places.append(namespace(frames).asarray(_mirrored(np.arange(start, start + n), length)))
        return frames[:, places[0]][:, :, places[1]]


def grouped_by_size(regions: Sequence[Region], margin: int) -> list[Crops]:
    """The regions, those of one size together."""
    sizes: dict[tuple[int, int], list[int]] = {}
    for i, region in enumerate(regions):
        sizes.setdefault(region.box[2:], []).append(i)
    return [_crops([regions[i] for i in index], np.array(index), margin) for index in sizes.values()]


def _crops(regions: Sequence[Region], index: np.ndarray, margin: int) -> Crops:
    inside = np.stack([np.pad(region.pixels(), margin) for region in regions])
    corners = np.array([region.box[:2] for region in regions]) - margin
    return Crops(index, corners, (inside.shape[1], inside.shape[2]), margin, inside)


def runs(values: np.ndarray) -> Iterator[slice]:
    """Where rows of values (n, ...) are the same, one after the other."""
    edges = np.flatnonzero(np.any(np.diff(values, axis=0), axis=1)) + 1
    for start, stop in zip([0, *edges], [*edges, len(values)], strict=True):
        yield slice(int(start), int(stop))


def _mirrored(places: np.ndarray, length: int) -> np.ndarray:
    """Places brought back into a row of samples by reflection at its ends."""
    if length == 1:
        return np.zeros_like(places)
    places = np.abs(places) % (2 * length - 2)
    return np.minimum(places, 2 * length - 2 - places)


def _light(frames: Array) -> Array:
    """Brightness (n, rows, cols) of frames of any type; grey ones as they are."""
    if frames.ndim == 3:
        return frames
    xp = namespace(frames)
    bands, _ = luma(Pixels)(frames.shape[1:], real_dtype(frames.dtype), xp).analyze(xp.ascontiguousarray(frames))
    return bands[0]
