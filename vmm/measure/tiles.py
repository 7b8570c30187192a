"""What each tile of the frame does over time, by linear least squares against the first frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, joined, namespace, real_dtype, to_host
from vmm.engine.frames import PIXELS_PER_BLOCK_CACHED, check_frames, checked, cut, to_float
from vmm.spatial import Pixels, luma

FIRST = 16  # frames whose mean is the reference
_SIDE = 16  # pixels, of a tile of small frames
_MOST = 2048  # tiles
_ROOM = 2**22  # tiles times frames


@dataclass(frozen=True)
class Tiles:
    """Signals of the tiles of a clip.

    Attributes
    ----------
    motion
        (T, 2, y, x) displacement along the tile's two main gradients, each as large as makes white noise of the
        frames come out as it is in a pixel.
    colour
        (T, K, y, x) mean of each colour.
    slopes
        (y, x, 2) root of the energy of the gradient that the motion was multiplied by.
    axes
        (y, x, 2, 2) directions (down, right) of the two motions, as columns.
    side
        Height and width of a tile in pixels.
    size
        Rows and columns of a frame.
    scale
        Standard deviation of the reference, in grey levels.
    """

    motion: np.ndarray
    colour: np.ndarray
    slopes: np.ndarray
    axes: np.ndarray
    side: tuple[int, int]
    size: tuple[int, int]
    scale: float


def tiled(frames: Any) -> Tiles:
    """The signals of all tiles, in one pass; memory holds a few numbers for each tile and frame."""
    if not is_array(frames) and not isinstance(frames, Iterable):
        check_frames(frames)
    chunks = checked(cut(frames) if is_array(frames) else frames)
    first = _first(chunks)
    size, length = first.shape[1:3], max(getattr(frames, "shape", (0,))[0], 1)
    (rows, high), (cols, wide) = _divided(size, max(64, min(_MOST, _ROOM // length)))
    xp = namespace(first)
    plan = luma(Pixels)(first.shape[1:], real_dtype(first.dtype), xp)

    def light(chunk: Array) -> Array:
        values = plan.analyze(chunk if chunk.ndim == 4 else to_float(chunk))[0][0]
        return values[:, : rows * high, : cols * wide]

    reference = light(first)[:FIRST].mean(axis=0)
    parts = [_centred(part, rows, cols) for part in (-_slope(reference, 0), -_slope(reference, 1), reference)]
    sums, means = [], []
    for chunk in _again(first, chunks):
        change = light(chunk) - reference
        sums.append(to_host(xp.stack([_summed(change * part, rows, cols, 1)[..., 0] for part in parts], axis=1)))
        plain = chunk[:, : rows * high, : cols * wide].reshape(len(chunk), rows * high, cols * wide, -1)
        means.append(np.moveaxis(to_host(_summed(plain, rows, cols, plain.shape[3])), -1, 1) / (high * wide))
    products = [xp.stack([_summed((a * b)[None], rows, cols, 1)[0, ..., 0] for b in parts]) for a in parts]
    gram = to_host(xp.stack(products))
    motion, slopes, axes = _whitened(np.concatenate(sums), np.moveaxis(gram, (0, 1), (2, 3)).astype(np.float64))
    scale = float(reference.std())
    return Tiles(motion, np.concatenate(means), slopes, axes, (high, wide), size, scale)


def _first(chunks: Iterator[Array]) -> Array:
    """Chunks until they hold enough frames for the reference."""
    held: list[Array] = []
    while sum(map(len, held)) < FIRST:
        chunk = next(chunks, None)
        if chunk is None:
            seen = sum(map(len, held))
            raise ValueError(f"a clip of {seen} frames is too short to find a vibration in: give at least {FIRST}")
        held.append(chunk)
    return joined(held)


def _again(first: Array, chunks: Iterator[Array]) -> Iterator[Array]:
    """All chunks, a few frames at a time."""
    yield from cut(first, PIXELS_PER_BLOCK_CACHED)
    for chunk in chunks:
        yield from cut(chunk, PIXELS_PER_BLOCK_CACHED)


def _divided(size: tuple[int, int], most: int) -> list[tuple[int, int]]:
    """For rows and columns: the number of tiles and their length."""
    side = _SIDE
    while math.prod(max(1, round(n / side)) for n in size) > most:
        side *= 2
    counts = [max(1, round(n / side)) for n in size]
    return [(count, n // count) for count, n in zip(counts, size, strict=True)]


def _slope(image: Array, axis: int) -> Array:
    """Derivative by five points, right to the fourth order."""
    a, b, c, d = (namespace(image).roll(image, shift, axis) for shift in (2, 1, -1, -2))
    slope = (8 * (c - b) - (d - a)) / 12
    edge = [slice(None)] * 2
    for edge[axis] in (slice(None, 2), slice(-2, None)):
        slope[tuple(edge)] = 0
    return slope


def _centred(image: Array, rows: int, cols: int) -> Array:
    """The image less its mean in each tile."""
    tiles = image.reshape(rows, image.shape[0] // rows, cols, -1)
    return (tiles - tiles.mean(axis=(1, 3), keepdims=True)).reshape(image.shape)


def _summed(frames: Array, rows: int, cols: int, colours: int) -> Array:
    """Sums (n, rows, cols, colours) over the tiles of frames (n, H, W[, colours])."""
    n, height = frames.shape[:2]
    lines = frames.reshape(n, rows, height // rows, -1).sum(axis=2, dtype=real_dtype(frames.dtype))
    return lines.reshape(n, rows, cols, -1, colours).sum(axis=3)


def _whitened(sums: np.ndarray, gram: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Motions (T, 2, y, x) of a tile along its main gradients, free of any change of light or contrast."""
    contrast = np.maximum(gram[..., 2, 2], 1e-12 * max(gram[..., 2, 2].max(), 1e-300))
    share = gram[..., :2, 2] / contrast[..., None]  # of a gradient that looks like more contrast
    energy, axes = np.linalg.eigh(gram[..., :2, :2] - share[..., None] * gram[..., 2:, :2])
    slopes = np.sqrt(np.maximum(energy, 1e-6 * max(energy.max(), 1e-12)))
    along = np.einsum("yxdk,yxk->yxdk", axes, 1 / slopes).astype(sums.dtype)
    free = sums[:, :2] - np.moveaxis(share, -1, 0).astype(sums.dtype) * sums[:, 2:]
    return np.einsum("tdyx,yxdk->tkyx", free, along), slopes, axes
