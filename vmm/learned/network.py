"""A network of three graphs, run on frames of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.learned.session import Graph

PARTS = ("encoder", "manipulator", "decoder")

LARGEST = 2**19
"""Pixels that a graph is given at once; what is larger goes in tiles, so that memory is bounded."""

OVERLAP = 64
"""Pixels that a tile sees beyond what is kept of it."""


def files(path: Path) -> dict[str, Path]:
    """The file of each part of a network."""
    stem = path.with_suffix("") if path.suffix == ".onnx" else path
    return {part: stem.with_name(f"{stem.name}.{part}.onnx") for part in PARTS}


@dataclass(frozen=True)
class Size:
    """Rows and columns of frames, and of what a network makes of them.

    Attributes
    ----------
    frame
        Rows and columns of a frame.
    before
        Rows and columns by which it is continued above and to the left.
    whole
        Rows and columns of the continued frame.
    """

    frame: tuple[int, int]
    before: tuple[int, int]
    whole: tuple[int, int]


class Network:
    """Encoder, manipulator and decoder, and what must be known to run them.

    Parameters
    ----------
    path
        ``PATH.onnx``, which stands for ``PATH.encoder.onnx``, ``PATH.manipulator.onnx`` and ``PATH.decoder.onnx``.

    Attributes
    ----------
    name
        The last part of the path.
    kind
        "magnet", "lightweight", "realtime" or "flowmag".
    pair
        Whether the encoder sees two frames at once.
    step
        Distance in pixels between the samples of a shape.
    """

    def __init__(self, path: Path) -> None:
        self._graphs = {part: Graph(file) for part, file in files(path).items()}
        facts = self._graphs["encoder"].facts
        if not facts:
            raise ValueError(f"{files(path)['encoder']} says nothing of its network: write it by `vmm convert`")
        self.name = path.stem
        self.kind, self.pair = str(facts["kind"]), bool(facts["pair"])
        self.step, self._multiple, self._margin = (int(facts[key]) for key in ("step", "multiple", "margin"))
        self._calibration = np.asarray(facts["calibration"], dtype=float)

    def size(self, frame: tuple[int, int]) -> Size:
        """How frames of so many rows and columns are continued.

        Raises
        ------
        ValueError
            Where they are too small.
        """
        least = 2 * self._margin + self._multiple
        if min(frame) <= self._margin + self._multiple:
            raise ValueError(
                f"frames of {frame[0]} x {frame[1]} pixels are too small: {self.name} takes {least} or more"
            )
        whole = tuple(n + 2 * self._margin + -(n + 2 * self._margin) % self._multiple for n in frame)
        return Size(frame, (self._margin, self._margin), (whole[0], whole[1]))

    def factor(self, alpha: Any) -> Any:
        """The factor that the network must be given for output motion (1 + alpha) times the input's."""
        wanted, given = self._calibration.T
        total = 1 + alpha
        xp = namespace(total)
        inside = xp.interp(xp.abs(total), xp.asarray(wanted), xp.asarray(given))
        beyond = xp.maximum(xp.abs(total) - wanted[-1], 0) * (given[-1] / wanted[-1])
        return xp.sign(total) * (inside + beyond)

    def encode(self, *frames: Array) -> list[Array]:
        """Texture and shape of frames (n, 3, H, W) in [-1, 1], of whole size; of two such, texture and both shapes."""
        return self._tiled("encoder", frames, [1] * len(frames))

    def manipulate(self, shape_a: Array, shape_b: Array, factor: Any) -> Array:
        """The shape of the magnified frame; factor is a number or a map on the samples of the shape."""
        xp = namespace(shape_a)
        if np.ndim(factor) == 0:  # the graph may keep what it makes of a map where a single value has no room
            factor = xp.full(shape_a.shape[-2:], float(factor), xp.float32)
        factor = xp.asarray(factor, dtype=xp.float32)[None, None]
        return self._graphs["manipulator"](shape_a, shape_b, factor)[0]

    def decode(self, texture: Array, shape: Array) -> Array:
        """The frame (n, 3, H, W) of texture and shape, of whole size."""
        whole = shape.shape[-2] * self.step
        steps = [whole // x.shape[-2] for x in (texture, shape)]
        return self._tiled("decoder", (texture, shape), steps)[0]

    def _tiled(self, part: str, inputs: tuple[Array, ...], steps: list[int]) -> list[Array]:
        """Outputs of a graph whose inputs have samples so many pixels apart, by tiles where they are large."""
        graph = self._graphs[part]
        height, width = (n * steps[0] for n in inputs[0].shape[-2:])
        if height * width <= LARGEST:
            return graph(*inputs)
        outputs: list[Array] | None = None
        for rows, cols in _tiles(height, width, self._multiple):
            cut = [x[..., rows.of(step), cols.of(step)] for x, step in zip(inputs, steps, strict=True)]
            made = graph(*cut)
            if outputs is None:
                outputs = [_room(y, cut[0], height, width, steps[0]) for y in made]
            for y, out in zip(made, outputs, strict=True):
                step = height // out.shape[-2]
                out[..., rows.kept(step), cols.kept(step)] = y[..., rows.inner(step), cols.inner(step)]
        assert outputs is not None
        return outputs


def _room(y: Array, cut: Array, height: int, width: int, step: int) -> Array:
    """Room for an output of which y is one tile's, made from a cut."""
    shrink = cut.shape[-2] * step // y.shape[-2]
    return namespace(y).empty((*y.shape[:-2], height // shrink, width // shrink), y.dtype)


@dataclass(frozen=True)
class Span:
    """Rows or columns of a tile: what it sees, and what of it is kept, in pixels."""

    start: int
    stop: int
    first: int
    last: int

    def of(self, step: int) -> slice:
        """What is seen, of samples so many pixels apart."""
        return slice(self.start // step, self.stop // step)

    def kept(self, step: int) -> slice:
        """Where what is kept goes."""
        return slice(self.first // step, self.last // step)

    def inner(self, step: int) -> slice:
        """What of the seen is kept."""
        return slice((self.first - self.start) // step, (self.last - self.start) // step)


def _tiles(height: int, width: int, multiple: int) -> Iterator[tuple[Span, Span]]:
    """Rows and columns of tiles that cover a frame."""
    side = int(LARGEST**0.5) // 32 * 32
    spans = _spans(multiple, side)
    for rows in spans(height):
        for cols in spans(width):
            yield rows, cols


def _spans(multiple: int, side: int) -> Callable[[int], list[Span]]:
    overlap = OVERLAP + -OVERLAP % multiple

    def spans(length: int) -> list[Span]:
        inner = side - 2 * overlap
        starts = range(0, max(length - 2 * overlap, 1), inner)
        edges = [*(s + overlap if s else 0 for s in starts), length]
        return [
            Span(max(first - overlap, 0), min(last + overlap, length), first, last) for first, last in pairwise(edges)
        ]

    return spans
