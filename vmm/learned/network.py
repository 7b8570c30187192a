"""A network of three ONNX graphs, run on frames of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.learned.facts import read_facts
from vmm.learned.session import Graph

PARTS = ("encoder", "manipulator", "decoder")

MAX_PIXELS = 2**19
"""Largest number of pixels of one run. Larger frames are processed in tiles, which bounds the memory."""

TILE_OVERLAP = 64
"""Overlap of tiles in pixels. It exceeds the part of the receptive fields in which a border has a visible effect."""


def files(path: Path) -> dict[str, Path]:
    """Path of the file of each part of a network.

    Examples
    --------
    >>> from pathlib import Path
    >>> from vmm.learned.network import files
    >>> files(Path("net.onnx"))["decoder"].name
    'net.decoder.onnx'
    """
    stem = path.with_suffix("") if path.suffix == ".onnx" else path
    return {part: stem.with_name(f"{stem.name}.{part}.onnx") for part in PARTS}


@dataclass(frozen=True)
class Size:
    """Size of a frame, and of the padded frame that a network takes.

    Attributes
    ----------
    frame
        Rows and columns of the frame.
    before
        Rows and columns of padding above the frame and to its left.
    whole
        Rows and columns of the padded frame.
    """

    frame: tuple[int, int]
    before: tuple[int, int]
    whole: tuple[int, int]


class Network:
    """A network for motion magnification: an encoder, a manipulator and a decoder.

    Parameters
    ----------
    path
        ``PATH.onnx``, which refers to the three files ``PATH.encoder.onnx``, ``PATH.manipulator.onnx`` and
        ``PATH.decoder.onnx``.

    Attributes
    ----------
    name
        File name without the suffix.
    kind
        "magnet", "lightweight", "realtime" or "flowmag".
    pair
        True if the encoder takes two frames at once, False if it takes one.
    step
        Sampling interval of the shape representation in pixels.
    graphs
        The three graphs by their names.

    Raises
    ------
    ValueError
        If the files are not graphs, or if they have no valid metadata of a network.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.learned import load
    >>> net = load("realtime")
    >>> texture, shape = net.encode(np.zeros((1, 3, 64, 96), np.float32))
    >>> net.decode(texture, net.manipulate(shape, shape, 10.0)).shape
    (1, 3, 64, 96)
    """

    def __init__(self, path: Path) -> None:
        self.graphs: dict[str, Graph] = {part: Graph(file) for part, file in files(path).items()}
        facts = read_facts(self.graphs["encoder"].facts, files(path)["encoder"])
        self.name: str = path.stem
        self._path = path
        self.kind: str = facts.kind
        self.pair: bool = facts.pair
        self.step: int = facts.step
        self._multiple, self._margin, self._calibration = facts.multiple, facts.margin, facts.calibration

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process loads the network from its files, once."""
        from vmm.learned.weights import FOLDER, load

        return load, (self.name if self._path.parent == FOLDER else str(self._path.resolve()),)

    def size(self, frame: tuple[int, int]) -> Size:
        """Padding of frames with the given rows and columns.

        Raises
        ------
        ValueError
            If the frames are smaller than the padding that the network needs.
        """
        smallest = 2 * self._margin + self._multiple
        if min(frame) <= self._margin + self._multiple:
            raise ValueError(
                f"frames of {frame[0]} x {frame[1]} pixels are too small: {self.name} needs at least "
                f"{smallest} pixels on each side"
            )
        whole = tuple(n + 2 * self._margin + -(n + 2 * self._margin) % self._multiple for n in frame)
        return Size(frame, (self._margin, self._margin), (whole[0], whole[1]))

    def factor(self, alpha: Any) -> Any:
        """Input factor of the network for which the output motion is (1 + alpha) times the input motion.

        The calibration table is interpolated linearly, and continued in proportion beyond its last entry.
        """
        targets, factors = self._calibration.T
        total = 1 + alpha
        xp = namespace(total)
        interpolated = xp.interp(xp.abs(total), xp.asarray(targets), xp.asarray(factors))
        excess = xp.maximum(xp.abs(total) - targets[-1], 0) * (factors[-1] / targets[-1])
        return xp.sign(total) * (interpolated + excess)

    def encode(self, *frames: Array) -> list[Array]:
        """Texture and shape of padded frames (n, 3, H, W) in [-1, 1]; for a pair, the texture and both shapes."""
        return self._tiled("encoder", frames, [1] * len(frames))

    def manipulate(self, shape_a: Array, shape_b: Array, factor: Any) -> Array:
        """Shape of the magnified frame; `factor` is a number or a map with one value per sample of the shape."""
        xp = namespace(shape_a)
        if np.ndim(factor) == 0:  # a map, because ONNX Runtime may reuse this buffer for a result of that size
            factor = xp.full(shape_a.shape[-2:], float(factor), xp.float32)
        factor = xp.asarray(factor, dtype=xp.float32)[None, None]
        return self.graphs["manipulator"](shape_a, shape_b, factor)[0]

    def decode(self, texture: Array, shape: Array) -> Array:
        """Padded frames (n, 3, H, W) in [-1, 1] of a texture and a shape."""
        height = shape.shape[-2] * self.step
        steps = [height // x.shape[-2] for x in (texture, shape)]
        frames = self._tiled("decoder", (texture, shape), steps)[0]
        if namespace(frames) is np and not np.isfinite(frames).all():  # On a device the host would have to wait.
            raise ValueError(
                f"the network {self.name!r} gives values that are not finite: its weights are damaged, or the frames, "
                "white or alpha are not finite or far outside the range of its training"
            )
        return frames

    def _tiled(self, part: str, inputs: tuple[Array, ...], steps: list[int]) -> list[Array]:
        """Run a graph, in tiles if the frame is large; `steps` holds the sampling interval of each input in pixels."""
        graph = self.graphs[part]
        height, width = (n * steps[0] for n in inputs[0].shape[-2:])
        if height * width <= MAX_PIXELS:
            return graph(*inputs)
        outputs: list[Array] | None = None
        for rows, cols in tiles(height, width, self._multiple):
            tile = [x[..., rows.read(step), cols.read(step)] for x, step in zip(inputs, steps, strict=True)]
            results = graph(*tile)
            if outputs is None:
                outputs = [_allocate(y, tile[0], height, width, steps[0]) for y in results]
            for y, out in zip(results, outputs, strict=True):
                step = height // out.shape[-2]
                out[..., rows.written(step), cols.written(step)] = y[..., rows.inner(step), cols.inner(step)]
        assert outputs is not None
        return outputs


def _allocate(y: Array, tile: Array, height: int, width: int, step: int) -> Array:
    """Uninitialized array for the output of a whole frame; `y` is the output for one input `tile`."""
    shrink = tile.shape[-2] * step // y.shape[-2]
    return namespace(y).empty((*y.shape[:-2], height // shrink, width // shrink), y.dtype)


@dataclass(frozen=True)
class Span:
    """Rows or columns of a tile: the range that is read, and the range that is written, in pixels."""

    start: int
    stop: int
    first: int
    last: int

    def read(self, step: int) -> slice:
        """Range of the input that is read, in samples of `step` pixels."""
        return slice(self.start // step, self.stop // step)

    def written(self, step: int) -> slice:
        """Range of the output that is written, in samples of `step` pixels."""
        return slice(self.first // step, self.last // step)

    def inner(self, step: int) -> slice:
        """Range of the tile's own output that is written, in samples of `step` pixels."""
        return slice((self.first - self.start) // step, (self.last - self.start) // step)


def tiles(height: int, width: int, multiple: int) -> Iterator[tuple[Span, Span]]:
    """Rows and columns of overlapping tiles that cover a frame."""
    side = int(MAX_PIXELS**0.5) // 32 * 32
    spans = _spans(multiple, side)
    for rows in spans(height):
        for cols in spans(width):
            yield rows, cols


def _spans(multiple: int, side: int) -> Callable[[int], list[Span]]:
    overlap = TILE_OVERLAP + -TILE_OVERLAP % multiple

    def spans(length: int) -> list[Span]:
        inner = side - 2 * overlap
        starts = range(0, max(length - 2 * overlap, 1), inner)
        edges = [*(s + overlap if s else 0 for s in starts), length]
        return [
            Span(max(first - overlap, 0), min(last + overlap, length), first, last) for first, last in pairwise(edges)
        ]

    return spans
