"""Pixels of 10 and 12 bits that are packed without gaps."""

from __future__ import annotations

import numpy as np


def unpack(packed: np.ndarray, depth: int) -> np.ndarray:
    """Unpack values of 10 or 12 bits, highest bit first, into the high bits of uint16.

    Two neighboring bytes contain each value; they are read as one integer and shifted.
    """
    n_bytes, n_values = {10: (5, 4), 12: (3, 2)}[depth]
    n_groups = len(packed) // n_bytes
    values = np.empty((n_groups, n_values), np.uint16)
    mask = np.uint16(2**16 - 2 ** (16 - depth))
    for i in range(n_values):
        first, shift = divmod(i * depth, 8)
        pairs = np.ndarray((n_groups,), ">u2", packed, offset=first, strides=(n_bytes,)).astype(np.uint16)
        if shift:
            pairs <<= np.uint16(shift)
        np.bitwise_and(pairs, mask, out=values[:, i])
    return values.ravel()
