"""Signals of the tiles of a frame: motion by linear least squares against the first frames, and mean color."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, is_array, joined, namespace, real_dtype, to_host
from vmm.backend.luma import luma
from vmm.backend.progress import reported
from vmm.engine.bars import picture
from vmm.engine.frames import PIXELS_PER_BLOCK_CACHED, as_frames, checked, cut, number_of_frames
from vmm.engine.scaling import Scaling
from vmm.measure.estimation._repeats import Cadence, FrameSteps

N_REFERENCE = 16
"""Number of frames whose mean is the reference: enough to make its noise small against that of a frame."""

_MIN_SIDE = 16
"""Side of a tile of small frames in pixels. Tiles of large frames are larger."""

_MAX_TILES = 2048
"""Largest number of tiles: it bounds the time for their spectra."""

_MAX_SAMPLES = 2**22
"""Largest number of tiles times frames: it bounds memory."""


class ClipTooShortError(ValueError):
    """A clip has fewer frames than the reference needs."""


@dataclass(frozen=True, eq=False)
class Tiles:
    """Signals of the tiles of a clip.

    Attributes
    ----------
    motion
        (T, 2, y, x) displacement along the principal directions of the gradient in each tile, times the root of the
        gradient energy, so that white noise of the frames has the same variance in all of them.
    color
        (T, K, y, x) mean of each color channel.
    gradients
        (y, x, 2) root of the gradient energy in each direction.
    axes
        (y, x, 2, 2) principal directions (down, right), as columns.
    side
        Height and width of a tile in pixels.
    origin
        Row and column of the first pixel of the picture, which may lie between black bars.
    size
        Height and width of the picture in pixels.
    scale
        Standard deviation of the reference in gray levels.
    parts
        (3, H, W) derivatives of the reference down and right, and the reference, without their means in each tile.
    share
        (y, x, 2) part of a derivative that looks like a change of contrast.
    template
        (H, W) luma of one frame, whose noise the reference does not contain.
    template_index
        Time of that frame in frames.
    cadence
        Regular pattern of repeated frames, or None.
    """

    motion: np.ndarray
    color: np.ndarray
    gradients: np.ndarray
    axes: np.ndarray
    side: tuple[int, int]
    origin: tuple[int, int]
    size: tuple[int, int]
    scale: float
    parts: np.ndarray
    share: np.ndarray
    template: np.ndarray
    template_index: float
    cadence: Cadence | None = None


def tile_signals(frames: Any) -> Tiles:
    """The signals of all tiles, in one pass; memory holds a few numbers for each tile and frame."""
    frames = Scaling(as_frames(frames)).applied()
    chunks = checked(cut(frames) if is_array(frames) else frames)
    first = _reference_frames(chunks)
    first_row, first_col, *size = picture(first[0]) or (0, 0, *first.shape[1:3])
    length = max(getattr(frames, "shape", (0,))[0], 1)
    (rows, height), (cols, width) = _divide((size[0], size[1]), max(64, min(_MAX_TILES, _MAX_SAMPLES // length)))
    covered = slice(None), slice(first_row, first_row + rows * height), slice(first_col, first_col + cols * width)
    xp = namespace(first)
    reference = luma(first)[covered][:N_REFERENCE].mean(axis=0)
    parts = [
        _centered(part, rows, cols) for part in (-_derivative(reference, 0), -_derivative(reference, 1), reference)
    ]
    sums, means, steps, count = [], [], FrameSteps(), 0
    template, template_index = reference, 0
    for chunk in reported(_all_chunks(first, chunks), number_of_frames(frames)):
        steps.observe(chunk)
        frames_luma = luma(chunk)[covered]
        if template_index < N_REFERENCE:
            i = min(N_REFERENCE - count, len(chunk) - 1)
            template, template_index = frames_luma[i], count + i
        count += len(chunk)
        change = frames_luma - reference
        sums.append(to_host(xp.stack([_tile_sums(change * part, rows, cols, 1)[..., 0] for part in parts], axis=1)))
        channels = chunk[covered].reshape(len(chunk), rows * height, cols * width, -1)
        totals = to_host(_tile_sums(channels, rows, cols, channels.shape[3]))
        means.append(np.moveaxis(totals, -1, 1) / (height * width))
    products = [xp.stack([_tile_sums((a * b)[None], rows, cols, 1)[0, ..., 0] for b in parts]) for a in parts]
    gram = np.moveaxis(to_host(xp.stack(products)), (0, 1), (2, 3)).astype(np.float64)
    motion, gradients, axes, share = _whitened_motion(np.concatenate(sums), gram)
    color, scale = np.concatenate(means), float(reference.std())
    images = to_host(xp.stack(parts)), share, to_host(template), template_index
    side, origin, extent = (height, width), (first_row, first_col), (size[0], size[1])
    return Tiles(motion, color, gradients, axes, side, origin, extent, scale, *images, steps.cadence())


def _reference_frames(chunks: Iterator[Array]) -> Array:
    """The first chunks, until they hold enough frames for the reference."""
    buffer: list[Array] = []
    while (count := sum(map(len, buffer))) < N_REFERENCE:
        chunk = next(chunks, None)
        if chunk is None:
            raise ClipTooShortError(
                f"a clip of {count} frames is too short to find a vibration in: give at least {N_REFERENCE} frames"
            )
        buffer.append(chunk)
    return joined(buffer)


def _all_chunks(first: Array, chunks: Iterator[Array]) -> Iterator[Array]:
    """All chunks, a few frames at a time."""
    yield from cut(first, PIXELS_PER_BLOCK_CACHED)
    for chunk in chunks:
        yield from cut(chunk, PIXELS_PER_BLOCK_CACHED)


def _divide(size: tuple[int, int], max_tiles: int) -> list[tuple[int, int]]:
    """Number of tiles and their length in pixels, for rows and columns."""
    side = _MIN_SIDE
    while math.prod(max(1, round(n / side)) for n in size) > max_tiles:
        side *= 2
    counts = [max(1, round(n / side)) for n in size]
    return [(count, n // count) for count, n in zip(counts, size, strict=True)]


def _derivative(image: Array, axis: int) -> Array:
    """Derivative by a five-point stencil of fourth order; 0 at the border."""
    a, b, c, d = (namespace(image).roll(image, shift, axis) for shift in (2, 1, -1, -2))
    derivative = (8 * (c - b) - (d - a)) / 12
    for border in (slice(None, 2), slice(-2, None)):
        derivative[(border, slice(None)) if axis == 0 else (slice(None), border)] = 0
    return derivative


def _centered(image: Array, rows: int, cols: int) -> Array:
    """The image without its mean in each tile."""
    tiles = image.reshape(rows, image.shape[0] // rows, cols, -1)
    return (tiles - tiles.mean(axis=(1, 3), keepdims=True)).reshape(image.shape)


def _tile_sums(frames: Array, rows: int, cols: int, channels: int) -> Array:
    """Sums (n, rows, cols, channels) over the tiles of frames (n, H, W[, channels])."""
    n, height = frames.shape[:2]
    lines = frames.reshape(n, rows, height // rows, -1).sum(axis=2, dtype=real_dtype(frames.dtype))
    return lines.reshape(n, rows, cols, -1, channels).sum(axis=3)


def _whitened_motion(sums: np.ndarray, gram: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Motion (T, 2, y, x) along the principal directions, insensitive to changes of brightness and contrast.

    `sums` (T, 3, y, x) holds the products of the changes with both derivatives and the reference, and `gram`
    (y, x, 3, 3) the products of these images.
    """
    contrast = np.maximum(gram[..., 2, 2], 1e-12 * max(gram[..., 2, 2].max(), 1e-300))
    share = gram[..., :2, 2] / contrast[..., None]  # the part of a derivative that looks like a change of contrast
    energy, axes = np.linalg.eigh(gram[..., :2, :2] - share[..., None] * gram[..., 2:, :2])
    gradients = np.sqrt(np.maximum(energy, 1e-6 * max(energy.max(), 1e-12)))
    whitening = np.einsum("yxdk,yxk->yxdk", axes, 1 / gradients).astype(sums.dtype)
    projections = sums[:, :2] - np.moveaxis(share, -1, 0).astype(sums.dtype) * sums[:, 2:]
    return np.einsum("tdyx,yxdk->tkyx", projections, whitening), gradients, axes, share
