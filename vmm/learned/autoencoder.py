"""Networks that encode each frame alone: its shape is a band, its texture the residual."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import value_since
from vmm.engine.protocols import Grid, Motion, Spatial, SpatialPlan
from vmm.learned.network import Network
from vmm.learned.preprocess import cast_like, from_network, to_network, white_value


def autoencoder(net: Network, white: float | None = None) -> tuple[SpatialPlan, Motion]:
    """Spatial part and motion of a network that encodes each frame alone.

    The one band is the shape (T, C, h, w); motion is its change, and is written by the manipulator, which is not
    linear in alpha. Bands are put back in the order in which they were made, chunk by chunk.

    Parameters
    ----------
    net
        The network.
    white
        Value of white in the frames; by default the largest of an integer type, 255 for floating point.

    Returns
    -------
    tuple
        Maker of the spatial part, and the motion.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018, section 3.
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        return Coder(net, shape, white)

    return plan, Motion(value_since, partial(_write, net), ones, partial(_write, net), fusible=False)


def _write(net: Network, coefs: Array, motion: Array, alpha: Any) -> Array:
    """Shapes (T, C, h, w) whose motion is (1 + alpha) times as large: manipulated against what stands still."""
    factor = net.factor(alpha)
    made = [net.manipulate(b - y, b, factor) for b, y in zip(coefs[:, None], motion[:, None], strict=True)]
    return namespace(coefs).concatenate(made)


def ones(coefs: Array) -> Array:
    """One everywhere: each value counts the same."""
    return namespace(coefs).ones_like(coefs)


class Coder:
    """A network's encoder and decoder for frames of one size."""

    def __init__(self, net: Network, shape: tuple[int, ...], white: float | None) -> None:
        self._net, self._size, self._white = net, net.size((shape[0], shape[1])), white
        self._frames: Array = None
        self._textures: list[Array] = []
        step, before = net.step, self._size.before
        rows, cols = (n // step for n in self._size.whole)
        middle = (step - 1) / 2
        self.grids: Sequence[Grid] = [
            Grid((rows, cols), (middle - before[0], middle - before[1]), (float(step), float(step)), float(step))
        ]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Shapes (T, C, h, w) and textures of frames."""
        self._frames, self._textures = frames, []
        shapes = []
        for frame in frames:
            texture, shape = self.encode(to_network(frame, self._scale(frames), self._size))
            self._textures.append(texture)
            shapes.append(shape)
        return [namespace(frames).concatenate(shapes)], self._textures

    def encode(self, frame: Array) -> tuple[Array, Array]:
        """Texture and shape of a frame (1, 3, H', W')."""
        texture, shape = self._net.encode(frame)
        return texture, shape

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """What the frames become, less the frames themselves where no residual is given."""
        textures = self._textures if residual is None else residual
        pictures = self._pictures(bands[0], textures)
        return pictures - self._frames if residual is None else pictures

    def add(self, frames: Array, bands: Sequence[Array | None]) -> Array:
        """The frames that the shapes stand for; the frames themselves where there are none."""
        shapes = bands[0]  # made as it is asked for
        return frames if shapes is None else cast_like(self._pictures(shapes, self._textures), frames)

    def _pictures(self, shapes: Array, textures: list[Array]) -> Array:
        white = self._scale(self._frames)
        pairs = zip(textures, shapes[:, None], self._frames, strict=True)
        pictures = [from_network(self._net.decode(t, s), frame, white, self._size) for t, s, frame in pairs]
        return namespace(shapes).stack(pictures)

    def _scale(self, frames: Array) -> float:
        return white_value(frames.dtype) if self._white is None else self._white
