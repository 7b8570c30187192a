"""Motion as change of value."""

from __future__ import annotations

from typing import Any

from vmm.backend.arrays import Array, namespace
from vmm.engine.protocols import Motion


def _read(coefs: Array, reference: Array) -> Array:
    """Change of value since the reference."""
    return coefs - reference


def _write(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Coefficients with alpha times the change added."""
    return coefs + alpha * motion


def _amplitude(coefs: Array) -> Array:
    """One everywhere: each value counts the same."""
    return namespace(coefs).ones_like(coefs)


intensity = Motion(_read, _write, _amplitude)
"""Motion as change of value: a first-order Taylor expansion of the displaced image ((3) in Wu et al. 2012)."""
