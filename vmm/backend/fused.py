"""Where read, filter and write meet: in one pass over a band by a compiled kernel, or one after the other.

The kernel for a motion carries the name of what reads it: ``phase_since`` has ``phase_since_filtered``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.backend.fast import FRAMES, SINGLE, compiled
from vmm.backend.reference import biquads, product

Read = Callable[[Array, Array], Array]


def kernel_for(read: Read, verb: str, coefs: Array) -> Callable[..., Any] | None:
    """The compiled kernel that reads such motion and goes on with it, or None."""
    return compiled(f"{read.__name__}_{verb}", coefs, FRAMES if verb == "added" else SINGLE)


def since(read: Read, coefs: Array, before: Array) -> Array:
    """Motion of each frame since the one before; `before`, the frame ahead of the first, becomes the last."""
    motion = read(coefs, namespace(coefs).concatenate([before[None], coefs[:-1]]))
    before[...] = coefs[-1]
    return motion


def filtered(read: Read, coefs: Array, before: Array, sos: np.ndarray, registers: Array) -> Array:
    """Motion since the frame before, through second-order sections whose registers change in place."""
    kernel = kernel_for(read, "filtered", coefs)
    if kernel is not None:
        return kernel(coefs, before, sos, registers)
    return biquads(since(read, coefs, before), sos, registers)


def gathered(read: Read, coefs: Array, before: Array, columns: np.ndarray, total: Array) -> None:
    """Motion since the frame before, by columns (m, T), added to a total (m, ...) in place."""
    kernel = kernel_for(read, "gathered", coefs)
    if kernel is not None:
        kernel(coefs, before, columns, total)
    else:
        total += product(since(read, coefs, before), columns)
