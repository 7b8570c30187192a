"""Conversion between video frames and the tensors that the networks take."""

from __future__ import annotations

from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.checks import check_positive
from vmm.learned.network import Size


def white_value(dtype: Any) -> float:
    """Value of white for a dtype: the largest value of an unsigned integer type, 255 for floating point.

    Examples
    --------
    >>> from vmm.learned.preprocess import white_value
    >>> white_value("uint16"), white_value("float32")
    (65535.0, 255.0)
    """
    return float(np.iinfo(dtype).max) if np.dtype(dtype).kind == "u" else 255.0


def white_of(dtype: Any, white: float | None) -> float:
    """The value of white that is given, or that of a dtype.

    Raises
    ------
    TypeError
        If `white` is not a number.
    ValueError
        If `white` is not positive.

    Examples
    --------
    >>> from vmm.learned.preprocess import white_of
    >>> white_of("uint8", None), white_of("uint16", 1023)
    (255.0, 1023.0)
    """
    return white_value(dtype) if white is None else check_positive("white", white, "the value that is shown white")


def to_network(frame: Array, white: float, size: Size) -> Array:
    """Convert a frame (H, W[, 3]) to (1, 3, H', W') in [-1, 1], padded by reflection to the size of the network.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.learned.network import Size
    >>> from vmm.learned.preprocess import to_network
    >>> x = to_network(np.full((6, 7), 255, np.uint8), 255.0, Size((6, 7), (1, 1), (8, 12)))
    >>> x.shape, float(x.max())
    ((1, 3, 8, 12), 1.0)
    """
    xp = namespace(frame)
    x = frame.astype(xp.float32) / np.float32(white / 2) - np.float32(1)
    x = xp.stack([x] * 3) if x.ndim == 2 else xp.moveaxis(x, -1, 0)
    sides = [(b, w - n - b) for b, w, n in zip(size.before, size.whole, size.frame, strict=True)]
    return xp.pad(x, [(0, 0), *sides], mode="reflect")[None]


def from_network(picture: Array, gray: bool, white: float, size: Size) -> Array:
    """Convert an output (1, 3, H', W') in [-1, 1] to a floating-point frame: (H, W) if `gray`, else (H, W, 3).

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.learned.network import Size
    >>> from vmm.learned.preprocess import from_network
    >>> frame = from_network(np.zeros((1, 3, 8, 12)), True, 255.0, Size((6, 7), (1, 1), (8, 12)))
    >>> frame.shape, float(frame[0, 0])
    ((6, 7), 127.5)
    """
    (row, col), (height, width) = size.before, size.frame
    cropped = picture[0, :, row : row + height, col : col + width]
    values = (cropped + 1) * np.float32(white / 2)
    return values.mean(axis=0) if gray else namespace(values).moveaxis(values, 0, -1)
