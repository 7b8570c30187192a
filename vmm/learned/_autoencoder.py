"""Networks that encode each frame alone: the shape code is a subband, the texture code is the residual."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import value_change
from vmm.learned.network import Network, Size
from vmm.learned.preprocess import from_network, to_network, white_of
from vmm.parts import ClipPlan, Grid, Motion


def autoencoder(net: Network, white: float | None = None) -> tuple[ClipPlan, Motion]:
    """Spatial part and motion of a network that encodes each frame alone.

    The only subband is the shape code (T, C, h, w). Motion is its change, which the manipulator puts; it is not linear
    in alpha.

    Parameters
    ----------
    net
        The network.
    white
        Value of white in the frames; by default the largest of an integer type, 255 for floating point.

    Returns
    -------
    tuple
        Plan of the spatial part, and the motion.

    References
    ----------
    .. [1] Oh et al.: Learning-based video motion magnification. ECCV 2018, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.learned import autoencoder, load
    >>> spatial, motion = autoencoder(load("realtime"))
    >>> frames = np.zeros((2, 40, 56, 3), np.uint8)
    >>> subbands, textures = spatial.make(frames).analyze(frames)
    >>> len(subbands), len(subbands[0]), len(textures)
    (1, 2, 2)
    """

    def make(frames: Array) -> Coder:
        return Coder(net, frames.shape[1:], white_of(frames.dtype, white))

    return ClipPlan(make), Motion(value_change, partial(_put, net), ones, takes=("latent",))


def _put(net: Network, coefs: Array, motion: Array, alpha: Any) -> Array:
    """Shape codes (T, C, h, w) whose motion is (1 + alpha) times as large, relative to those without the motion."""
    factor = net.factor(alpha)
    shapes = [net.manipulate(b - y, b, factor) for b, y in zip(coefs[:, None], motion[:, None], strict=True)]
    return namespace(coefs).concatenate(shapes)


def ones(coefs: Array) -> Array:
    """An amplitude of 1 everywhere."""
    return namespace(coefs).ones_like(coefs)


class Coder:
    """Encoder and decoder of a network for frames of one size.

    Parameters
    ----------
    net
        The network.
    shape
        Shape (H, W) or (H, W, 3) of a frame.
    white
        Value of white in the frames.
    """

    def __init__(self, net: Network, shape: tuple[int, ...], white: float) -> None:
        self.net: Network = net
        self.white: float = white
        self.size: Size = net.size((shape[0], shape[1]))
        self._gray = len(shape) == 2
        step, before = net.step, self.size.before
        rows, cols = (n // step for n in self.size.whole)
        center = (step - 1) / 2
        origin = center - before[0], center - before[1]
        self.grids: Sequence[Grid] = [
            Grid((rows, cols), origin, (float(step), float(step)), float(step), coefs="latent")
        ]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Shape codes (T, C, h, w), and texture codes, of frames."""
        codes = [self.encode(to_network(frame, self.white, self.size)) for frame in frames]
        return [namespace(frames).concatenate([shape for _, shape in codes])], [texture for texture, _ in codes]

    def encode(self, frame: Array) -> tuple[Array, Array]:
        """Texture code and shape code of a frame (1, 3, H', W')."""
        texture, shape = self.net.encode(frame)
        return texture, shape

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames of shape codes and texture codes; without a residual the texture codes are 0."""
        shapes: Any = bands[0]
        if residual is None:
            rows, cols = self.size.whole
            texture, _ = self.encode(namespace(shapes).zeros((1, 3, rows, cols), shapes.dtype))
            residual = [0 * texture] * len(shapes)
        pairs = zip(residual, shapes[:, None], strict=True)
        return namespace(shapes).stack([self._frame(self.net.decode(texture, shape)) for texture, shape in pairs])

    def _frame(self, picture: Array) -> Array:
        """A picture (1, 3, H', W') of the network as a frame (H, W[, 3])."""
        return from_network(picture, self._gray, self.white, self.size)
