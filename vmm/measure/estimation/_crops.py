"""Crops of frames around regions, which follow the regions by whole pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace, real_dtype
from vmm.backend.luma import luma
from vmm.backend.threads import in_parallel, workers
from vmm.engine.regions import Region
from vmm.measure.estimation._stuck_pixels import fill


@dataclass(frozen=True, eq=False)
class Crops:
    """Regions of one size, each with a margin around it.

    Attributes
    ----------
    index
        (G,) positions of these regions in the list of all regions.
    corners
        (G, 2) first row and column of each crop in the frame.
    size
        Height and width of a crop in pixels.
    margin
        Width in pixels of the margin on each side.
    inside
        (G, rows, cols): 1 where a pixel belongs to the region, else 0.
    stuck
        Row and column (M, 2) in the frame of the stuck pixels around each region, which are filled from their
        neighbors.
    """

    index: np.ndarray
    corners: np.ndarray
    size: tuple[int, int]
    margin: int
    inside: np.ndarray
    stuck: Sequence[np.ndarray] = ()

    def select(self, which: Sequence[int] | np.ndarray) -> Crops:
        """Some of the regions."""
        stuck = [self.stuck[g] for g in which] if len(self.stuck) else ()
        return replace(
            self, index=self.index[which], corners=self.corners[which], inside=self.inside[which], stuck=stuck
        )

    def extract(self, frames: Array, shifts: np.ndarray, chosen: np.ndarray | None = None) -> Array:
        """Luma (G, n, rows, cols) of frames (N, H, W[, 3]) at whole-pixel shifts (N, G, 2).

        The default is all N frames; `chosen` (n,) are the indices of some of them in ascending order.
        """
        n = len(frames) if chosen is None else len(chosen)
        out = namespace(frames).empty((len(self.index), n, *self.size), real_dtype(frames.dtype))
        for g, crops in enumerate(out):
            self._extract_into(crops, frames, g, shifts[:, g], chosen)
        return out

    def _extract_into(
        self, crops: Array, frames: Array, g: int, shifts: np.ndarray, chosen: np.ndarray | None = None
    ) -> None:
        """Write the crops (n, rows, cols) of region g."""
        shifts = shifts if chosen is None else shifts[chosen]
        for run in equal_runs(shifts) if len(shifts) else ():
            if chosen is None:
                raw = self.extract_raw(frames[run], g, shifts[run.start])
            else:
                start, stop = chosen[run.start], chosen[run.stop - 1] + 1
                index = namespace(frames).asarray(chosen[run] - start)
                raw = self.extract_raw(frames[start:stop], g, shifts[run.start])[index]
            crops[run] = raw if raw.ndim == 3 else luma(raw)
            if len(self.stuck) and len(self.stuck[g]):
                fill(crops[run], self.stuck[g] - self.corners[g] - shifts[run.start])

    def project(self, frames: Array, shifts: np.ndarray, images: Array) -> tuple[Array, Array]:
        """Products (G, n, K) of the crops with images (G, K, rows, cols), and sums (G, rows, cols) of the crops."""

        def project_part(part: range) -> list[tuple[Array, Array]]:
            # All regions share one buffer: allocating fresh memory takes longer than the sums.
            crops, results = xp.empty((len(frames), *self.size), real_dtype(frames.dtype)), []
            for g in part:
                self._extract_into(crops, frames, g, shifts[:, g])
                results.append((crops.reshape(len(crops), -1) @ images[g].reshape(count, -1).T, crops.sum(axis=0)))
            return results

        (n, count), xp = images.shape[:2], namespace(images)
        step = -(-n // workers(frames)) if len(frames) > 1 else n
        parts = in_parallel(project_part, [range(g, min(g + step, n)) for g in range(0, n, step)], workers(frames))
        products, sums = zip(*(pair for pairs in parts for pair in pairs), strict=True)
        return xp.stack(products), xp.stack(sums)

    def extract_raw(self, frames: Array, g: int, shift: Sequence[int]) -> Array:
        """The crop (n, rows, cols[, 3]) of region g; pixels beyond the frame are mirrored."""
        places: list[Any] = []
        for start, n, length in zip(self.corners[g] + shift, self.size, frames.shape[1:3], strict=True):
            if start >= 0 and start + n <= length:
                places.append(slice(int(start), int(start) + n))
            else:
                places.append(namespace(frames).asarray(_mirrored(np.arange(start, start + n), length)))
        return frames[:, places[0]][:, :, places[1]]


def group_by_size(regions: Sequence[Region], margin: int) -> list[Crops]:
    """The regions in groups of equal size."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i, region in enumerate(regions):
        groups.setdefault(region.box[2:], []).append(i)
    return [_crops([regions[i] for i in index], np.array(index), margin) for index in groups.values()]


def _crops(regions: Sequence[Region], index: np.ndarray, margin: int) -> Crops:
    inside = np.stack([np.pad(region.pixels(), margin) for region in regions])
    corners = np.array([region.box[:2] for region in regions]) - margin
    return Crops(index, corners, (inside.shape[1], inside.shape[2]), margin, inside)


def equal_runs(values: np.ndarray) -> Iterator[slice]:
    """Slices over runs of equal rows of values (n, ...)."""
    if (values == values[:1]).all():
        yield slice(0, len(values))
        return
    edges = np.flatnonzero(np.any(np.diff(values, axis=0), axis=1)) + 1
    for start, stop in zip([0, *edges], [*edges, len(values)], strict=True):
        yield slice(int(start), int(stop))


def _mirrored(places: np.ndarray, length: int) -> np.ndarray:
    """Indices into a row of `length` samples that is continued by reflection at its ends."""
    if length == 1:
        return np.zeros_like(places)
    places = np.abs(places) % (2 * length - 2)
    return np.minimum(places, 2 * length - 2 - places)
