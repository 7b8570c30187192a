"""Motion between successive frames, and what filters make of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import biquads, product

Read = Callable[[Array, Array], Array]


def differences(read: Read, coefs: Array, before: Array) -> Array:
    """Motion of each frame relative to the frame before it.

    `before` holds the coefficients of the frame before the first one, and is replaced by those of the last.
    """
    motion = read(coefs, namespace(coefs).concatenate([before[None], coefs[:-1]]))
    before[...] = coefs[-1]
    return motion


def filtered(read: Read, coefs: Array, before: Array, sos: np.ndarray, state: Array) -> Array:
    """Motion relative to the frame before, filtered by second-order sections, whose state is updated in place."""
    return biquads(differences(read, coefs, before), sos, state)


def gathered(read: Read, coefs: Array, before: Array, columns: np.ndarray, total: Array) -> None:
    """Add the product of a matrix (r, T) and the motion relative to the frame before to a total (r, ...), in place."""
    total += product(differences(read, coefs, before), columns)
