"""Motion as change of local phase."""

from __future__ import annotations

from typing import Any

from vmm.backend import reference as kernels
from vmm.backend.arrays import Array
from vmm.parts import Motion


def _put(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Shift the phase of the coefficients by alpha times the phase shift."""
    return kernels.rotate(coefs, alpha * motion)


def _changed(coefs: Array, motion: Array, alpha: Any) -> Array:
    """The difference that the phase shift makes, in the memory of the coefficients."""
    return kernels.rotation_change(coefs, alpha * motion)


local_phase: Motion = Motion(kernels.phase_shift, _put, abs, _changed, takes=("complex",))
"""Motion as phase shift of complex coefficients, in radians ((5) and (6) in Wadhwa et al. 2013)."""
