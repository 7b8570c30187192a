"""Motion as change of value."""

from __future__ import annotations

from typing import Any

from vmm.backend.arrays import Array, namespace
from vmm.backend.reference import value_since
from vmm.engine.protocols import Motion


def _write(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Coefficients with alpha times the change added."""
    return coefs + alpha * motion


def _change(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Alpha times the change."""
    return alpha * motion


def _amplitude(coefs: Array) -> Array:
    """One everywhere: each value counts the same."""
    return namespace(coefs).ones_like(coefs)


intensity = Motion(value_since, _write, _amplitude, _change)
"""Motion as change of value: a first-order Taylor expansion of the displaced image ((3) in Wu et al. 2012)."""
