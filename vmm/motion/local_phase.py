"""Motion as change of local phase."""

from __future__ import annotations

from typing import Any

from vmm.backend import reference as kernels
from vmm.backend.arrays import Array
from vmm.engine.protocols import Motion


def _write(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Coefficients turned on by alpha times the change of phase."""
    return kernels.turn(coefs, alpha * motion)


def _change(coefs: Array, motion: Array, alpha: Any) -> Array:
    """What turning changes, in the place of the coefficients."""
    return kernels.turned(coefs, alpha * motion)


local_phase = Motion(kernels.phase_since, _write, abs, _change)
"""Motion as change of the phase of complex coefficients, in radians ((5) and (6) in Wadhwa et al. 2013)."""
