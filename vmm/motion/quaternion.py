"""Motion as change of quaternionic phase."""

from __future__ import annotations

from typing import Any

from vmm.backend import reference as kernels
from vmm.backend.arrays import Array
from vmm.engine.protocols import Motion


def _write(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Riesz triples turned on by alpha times the change of phase."""
    return kernels.quaternion_turn(coefs, alpha * motion)


def _change(coefs: Array, motion: Array, alpha: Any) -> Array:
    """What turning changes."""
    return _write(coefs, motion, alpha) - coefs


quaternion = Motion(kernels.quaternion_since, _write, kernels.amplitude, _change)
"""Motion as change of the phase along the local orientation theta, (phi cos theta, phi sin theta) in radians, of Riesz
triples (band, x part, y part); the fourth part of the quaternion product is left out, for it vanishes where the
orientation stays (section 3 of Wadhwa et al., Riesz pyramids for fast phase-based video magnification, 2014)."""
