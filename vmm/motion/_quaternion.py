"""Motion as change of quaternionic phase."""

from __future__ import annotations

from typing import Any

from vmm.backend import reference as kernels
from vmm.backend.arrays import Array
from vmm.parts import Motion


def _put(coefs: Array, motion: Array, alpha: Any) -> Array:
    """Shift the quaternionic phase of Riesz triples by alpha times the phase shift."""
    return kernels.quaternion_rotate(coefs, alpha * motion)


quaternion: Motion = Motion(kernels.quaternion_shift, _put, kernels.amplitude, takes=("riesz",))
"""Motion as phase shift along the local orientation theta, (phi cos theta, phi sin theta) in radians, of Riesz triples
(value, x part, y part). The fourth part of the quaternion product is omitted, because it vanishes where the orientation
stays (section 3 of Wadhwa et al., Riesz pyramids for fast phase-based video magnification, 2014)."""
