"""Networks that encode pairs of frames: the spatial part has one subband, which holds the shapes of each pair."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import value_since
from vmm.engine.protocols import Motion, Spatial, SpatialPlan
from vmm.learned.autoencoder import Coder, ones
from vmm.learned.network import Network


def pair(net: Network, white: float | None = None, *, mode: str = "static") -> tuple[SpatialPlan, Motion]:
    """Spatial part and motion of a network that encodes pairs of frames.

    The single subband holds the shapes (T, 2C, h, w) of the reference and of each frame. In mode "temporal" it holds
    their difference (T, C, h, w), which is filtered before the manipulator amplifies it.

    Parameters
    ----------
    net
        A network with ``net.pair``.
    white
        Value of white in the frames. By default the largest value of an integer dtype, 255 for floating point.
    mode
        Reference of the motion: "static" (default), the first frame; "dynamic", the previous frame; "temporal", the
        first frame, with a temporal filter applied to the difference.

    Returns
    -------
    tuple
        The function that makes the spatial part for a frame shape, and the motion.

    References
    ----------
    .. [1] Singh, Murala, Kosuru: Lightweight network for video motion magnification. WACV 2023, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.learned import load, pair
    >>> spatial, motion = pair(load("lightweight-light"))
    >>> subbands, _ = spatial((40, 56, 3), np.dtype(np.uint8), np).analyze(np.zeros((2, 40, 56, 3), np.uint8))
    >>> len(subbands), len(subbands[0])
    (1, 2)
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        return _Pair(net, shape, white, mode)

    write = partial(_write_filtered if mode == "temporal" else _write, net)
    return plan, Motion(value_since, write, ones, write, fusible=False)


def _write(net: Network, coefs: Array, motion: Array, alpha: Any) -> Array:
    """Shapes magnified relative to the references; the subband holds both, stacked along the channels."""
    factor, channels = net.factor(alpha), coefs.shape[1] // 2
    shapes = (one.reshape(2, 1, channels, *one.shape[1:]) for one in coefs)
    return namespace(coefs).concatenate([net.manipulate(a, b, factor) for a, b in shapes])


def _write_filtered(net: Network, coefs: Array, motion: Array, alpha: Any) -> Array:
    """Shape differences whose filtered part `motion` is amplified by (1 + alpha)."""
    changed = coefs + (net.factor(alpha) - 1) * motion
    return namespace(coefs).concatenate([net.manipulate(0 * one, one, 1.0) for one in changed[:, None]])


class _Pair(Coder):
    """Encoder of pairs of frames, and decoder, for frames of one size."""

    def __init__(self, net: Network, shape: tuple[int, ...], white: float | None, mode: str) -> None:
        super().__init__(net, shape, white)
        self._mode = mode
        self._reference: Array = None

    def encode(self, frame: Array) -> tuple[Array, Array]:
        """Texture of a frame and its reference, and both shapes or their difference."""
        if self._reference is None:
            self._reference = frame
        texture, shape_a, shape_b = self._net.encode(self._reference, frame)
        if self._mode == "dynamic":
            self._reference = frame
        if self._mode == "temporal":
            return texture, shape_b - shape_a
        return texture, namespace(frame).concatenate([shape_a, shape_b], axis=1)
