"""Motion between successive frames, filtered or multiplied by a matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import add_product, biquads

Read = Callable[[Array, Array], Array]


def differences(read: Read, coefs: Array, previous: Array) -> Array:
    """Motion of each frame relative to the frame before it.

    `previous` holds the coefficients of the frame before the first one, and is replaced by those of the last.
    """
    motion = read(coefs, with_previous(coefs, previous))
    previous[...] = coefs[-1]
    return motion


def with_previous(coefs: Array, previous: Array) -> Array:
    """Coefficients of the frame before each frame; for a single frame they are a view of `previous`."""
    before = previous[None]
    return before if len(coefs) == 1 else namespace(coefs).concatenate([before, coefs[:-1]])


def filtered_differences(read: Read, coefs: Array, previous: Array, sos: np.ndarray, state: Array) -> Array:
    """Motion of each frame relative to the frame before it, filtered by second-order sections; the state is updated."""
    return biquads(differences(read, coefs, previous), sos, state)


def project_differences(read: Read, coefs: Array, previous: Array, columns: np.ndarray, total: Array) -> None:
    """Add a matrix (r, T) times the motion relative to the previous frame to a total (r, ...), in place."""
    add_product(differences(read, coefs, previous), columns, total)
