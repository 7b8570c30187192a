"""A scene of vertical stripes of texture, each of which has its own displacement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from vmm.data.synthetic import Scene, pink, texture

_KINDS: dict[str, Callable[..., Scene]] = {"texture": texture, "pink": pink}

_MIN_WIDTH = 8
"""Smallest width of a stripe in pixels: a narrower one holds too little texture for a measurement."""


def __dir__() -> list[str]:
    return ["stripe_rois", "stripes"]


def stripes(shape: tuple[int, int], count: int, *, kind: Literal["pink", "texture"] = "pink", seed: int = 0) -> Scene:
    """Make a scene of vertical stripes of equal width, each with a texture of its own.

    The borders between the stripes are static: each texture moves behind its own window.

    Parameters
    ----------
    shape
        Rows and columns of a frame. Remaining columns belong to the last stripe.
    count
        Number of stripes.
    kind
        Kind of texture, "pink" or "texture": the functions of ``vmm.data.synthetic``.
    seed
        Seed of the textures.

    Returns
    -------
    callable
        The scene: a function of the displacements (count, 2) of the stripes, down and right in pixels.

    Raises
    ------
    ValueError
        If `kind` is unknown, or if stripes would be narrower than 8 pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.data.stripes import stripes
    >>> stripes((32, 96), 3)(np.zeros((3, 2))).shape
    (32, 96)
    """
    if kind not in _KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(_KINDS)}")
    edges = _edges(shape[1], count)
    parts = [_KINDS[kind]((shape[0], b - a), seed=seed + i) for i, (a, b) in enumerate(edges)]

    def scene(displacement: Any) -> np.ndarray:
        return np.concatenate([part(d) for part, d in zip(parts, displacement, strict=True)], axis=1)

    return scene


def stripe_rois(shape: tuple[int, int], count: int, margin: int = 8) -> list[tuple[int, int, int, int]]:
    """Regions inside the stripes of ``stripes``.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    count
        Number of stripes.
    margin
        Distance in pixels of a region from the edges of its stripe.

    Returns
    -------
    list of tuple
        A region (top, left, height, width) for each stripe.

    Raises
    ------
    ValueError
        If `margin` is too large or the stripes are too narrow.

    Examples
    --------
    >>> from vmm.data.stripes import stripe_rois
    >>> stripe_rois((32, 96), 3)[1]
    (8, 40, 16, 16)
    """
    height = shape[0] - 2 * margin
    rois = [(margin, a + margin, height, b - a - 2 * margin) for a, b in _edges(shape[1], count)]
    if min(height, *(roi[3] for roi in rois)) < 1:
        raise ValueError(f"margin={margin} pixels is too large for {count} stripes in a frame of {shape}")
    return rois


def _edges(width: int, count: int) -> list[tuple[int, int]]:
    """First column of each stripe, and the column after its last one."""
    if count < 1 or width // count < _MIN_WIDTH:
        raise ValueError(f"count={count} must be from 1 to {width // _MIN_WIDTH}: a stripe needs {_MIN_WIDTH} columns")
    starts = [i * (width // count) for i in range(count)]
    return list(zip(starts, [*starts[1:], width], strict=True))
