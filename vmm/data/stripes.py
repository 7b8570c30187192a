"""Stripes of texture side by side, each of which moves by its own displacement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vmm.data.synthetic import Scene, pink, texture

_KINDS: dict[str, Callable[..., Scene]] = {"texture": texture, "pink": pink}


def stripes(shape: tuple[int, int], count: int, *, kind: str = "pink", seed: int = 0) -> Scene:
    """Stripes of one width side by side, each a texture of its own that moves as a whole behind its frame.

    Parameters
    ----------
    shape
        Rows and columns of a frame; the columns that are left over belong to the last stripe.
    count
        Number of stripes.
    kind
        "pink" or "texture", see ``vmm.data.synthetic``.
    seed
        Of the textures.

    Returns
    -------
    callable
        The scene; it takes displacements (count, 2), one for each stripe, down and right.

    Raises
    ------
    ValueError
        Where the kind is not known or stripes would be narrower than 8 pixels.

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


def stripe_boxes(shape: tuple[int, int], count: int, margin: int = 8) -> list[tuple[int, int, int, int]]:
    """Boxes (top, left, height, width) inside the stripes, so far from their edges.

    Examples
    --------
    >>> from vmm.data.stripes import stripe_boxes
    >>> stripe_boxes((32, 96), 3)[1]
    (8, 40, 16, 16)
    """
    height = shape[0] - 2 * margin
    boxes = [(margin, a + margin, height, b - a - 2 * margin) for a, b in _edges(shape[1], count)]
    if min(height, *(box[3] for box in boxes)) < 1:
        raise ValueError(f"margin={margin} leaves nothing of {count} stripes in a frame of {shape}")
    return boxes


def _edges(width: int, count: int) -> list[tuple[int, int]]:
    """First column of each stripe, and the one behind its last."""
    if count < 1 or width // count < 8:
        raise ValueError(f"count={count} must be at least 1, and leave 8 columns of {width} to each stripe")
    starts = [i * (width // count) for i in range(count)]
    return list(zip(starts, [*starts[1:], width], strict=True))
