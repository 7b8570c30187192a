"""Motion as change of intensity."""

from __future__ import annotations

from typing import Any

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import value_change
from vmm.parts import Motion


def _put(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Add alpha times the change to the coefficients."""
    return coefs + alpha * motion


def _changed(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Alpha times the change."""
    return alpha * motion


def _amplitude(coefs: Array) -> Array:
    """1 everywhere: all values have the same weight."""
    return namespace(coefs).ones_like(coefs)


intensity: Motion = Motion(value_change, _put, _amplitude, _changed, takes=("real",))
"""Motion as change of intensity: a first-order Taylor expansion of the displaced image ((3) in Wu et al. 2012)."""
