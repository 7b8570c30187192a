"""Networks that encode two frames together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import resample, value_change
from vmm.learned._autoencoder import Coder, ones
from vmm.learned.network import Network
from vmm.learned.preprocess import to_network, white_of
from vmm.parts import ClipPlan, Grid, Motion

Paint: TypeAlias = Callable[[Network, Array, Array, Any], Array]
"""``paint(net, a, b, alpha)`` returns frame b with its motion relative to frame a (1 + alpha) times as large."""


def paint(net: Network, a: Array, b: Array, alpha: Any) -> Array:
    """Frame b (1, 3, H', W') with its motion relative to frame a magnified, by one run of a network."""
    texture, shape_a, shape_b = net.encode(a, b)
    return net.decode(texture, net.manipulate(shape_a, shape_b, net.factor(alpha)))


def pair(net: Network, white: float | None = None, *, paint: Paint = paint) -> tuple[ClipPlan, Motion]:
    """Spatial part and motion of a network that encodes two frames, for the motion relative to a reference frame.

    The only subband is the frame itself, as the network takes it. Motion is its change of value since the reference,
    so that the temporal filter determines the reference: a filter that passes everything gives the first frame,
    ``vmm.temporal.difference`` the frame before.

    Parameters
    ----------
    net
        A network with ``net.pair``.
    white
        Value of white in the frames; by default the largest of an integer type, 255 for floating point.
    paint
        How the network magnifies.

    Returns
    -------
    tuple
        Plan of the spatial part, and the motion.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.learned import load, pair
    >>> spatial, motion = pair(load("lightweight-light"))
    >>> frames = np.zeros((2, 40, 56, 3), np.uint8)
    >>> subbands, _ = spatial.make(frames).analyze(frames)
    >>> len(subbands), len(subbands[0])
    (1, 2)
    """

    def make(frames: Array) -> _FramesOfNetwork:
        return _FramesOfNetwork(net, frames.shape[1:], white_of(frames.dtype, white))

    def put(coefs: Array, motion: Array, alpha: Any) -> Array:
        by = _on_codes(alpha, net.step)
        pictures = [paint(net, b - y, b, by) for b, y in zip(coefs[:, None], motion[:, None], strict=True)]
        return namespace(coefs).concatenate(pictures)

    return ClipPlan(make), Motion(value_change, put, ones, takes=("latent",))


def filtered_pair(net: Network, white: float | None = None) -> tuple[ClipPlan, Motion]:
    """Spatial part and motion of a network that encodes two frames, for motion in a band.

    The subband is the difference of the shape code from that of the first frame of the clip.

    The manipulator multiplies this difference, so that it may be filtered first.

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

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.learned import filtered_pair, load
    >>> spatial, motion = filtered_pair(load("lightweight-light"))
    >>> frames = np.zeros((2, 40, 56, 3), np.uint8)
    >>> subbands, _ = spatial.make(frames).analyze(frames)
    >>> bool(np.all(motion.read(subbands[0], subbands[0][:1]) == 0))  # a still clip has no motion
    True
    """

    def make(frames: Array) -> _PairCoder:
        return _PairCoder(net, frames[0], white_of(frames.dtype, white))

    return ClipPlan(make), Motion(value_change, partial(_put_filtered, net), ones, takes=("latent",))


def _put_filtered(net: Network, coefs: Array, motion: Array, alpha: Any) -> Array:
    """Differences of shape codes, with their filtered part (1 + alpha) times as large."""
    differences = coefs + (net.factor(alpha) - 1) * motion
    return namespace(coefs).concatenate([net.manipulate(0 * one, one, 1.0) for one in differences[:, None]])


def _on_codes(alpha: Any, step: int) -> Any:
    """A number, or a map of alpha at the samples of a code, with an interval of `step` pixels."""
    if np.ndim(alpha) == 0 or step == 1:
        return alpha
    rows, cols = ((step - 1) / 2 + step * np.arange(n // step) for n in alpha.shape)
    return resample(alpha, rows, cols)


class _FramesOfNetwork(Coder):
    """Frames as a network takes them, as a subband; there is no residual."""

    def __init__(self, net: Network, shape: tuple[int, ...], white: float) -> None:
        super().__init__(net, shape, white)
        row, col = self.size.before
        self.grids = [Grid(self.size.whole, (-float(row), -float(col)), coefs="latent")]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Frames (T, 3, H', W') in [-1, 1]."""
        return [namespace(frames).concatenate([to_network(frame, self.white, self.size) for frame in frames])], None

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames (T, H, W[, 3])."""
        pictures: Any = bands[0]
        return namespace(pictures).stack([self._frame(picture) for picture in pictures[:, None]])


class _PairCoder(Coder):
    """Encoder of frames together with the first frame of a clip, and decoder."""

    def __init__(self, net: Network, reference: Array, white: float) -> None:
        super().__init__(net, reference.shape, white)
        self._reference = to_network(reference, white, self.size)

    def encode(self, frame: Array) -> tuple[Array, Array]:
        """Texture code of a frame, and the difference of its shape code from that of the reference."""
        texture, shape_a, shape_b = self.net.encode(self._reference, frame)
        return texture, shape_b - shape_a
