"""Faster routes through the algorithm for parts of the library; results are the same up to rounding.

``FastBands`` replaces ``Bands`` in the loop. Each route is chosen by the identity of the parts, never by a name, so
that the parts of a user take the general route. The library gives the same results without this file.

| route | parts | what is saved |
| --- | --- | --- |
| integer frames | ``luma``, ``planes``, ``color_laplacian``, ``with_chroma`` | a floating-point copy of the frames |
| half size at once | ``planes`` of ``Gaussian`` or ``GaussianPyramid`` | planes of full size |
| one pass over a frame | the same pyramid with ``intensity`` and second-order sections | planes of full size |
| chroma added at its own size | ``color_laplacian``, ``with_chroma`` | a floating-point change of the frames |
| one pass over a level | ``RieszPyramid`` with ``quaternion`` and second-order sections | Riesz triples |
| read and filter at once | any spatial part with a motion of the library | the unfiltered motion |
| limit and put at once | the same | phase shifts |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.chroma import add_luma_and_chroma
from vmm.backend.dispatch import FRAMES, SINGLE, compiled
from vmm.backend.reference import add_clipped, add_planes, split_and_reduce, split_channels
from vmm.engine import differences
from vmm.engine.bands import Bands, State
from vmm.engine.frames import to_float
from vmm.motion import intensity, local_phase, quaternion
from vmm.parts import CausalFilter, LazySequence, Motion, Spatial
from vmm.spatial._chroma import CHROMA_TO_RGB, ChromaLevels, ColorLaplacian, WithChroma
from vmm.spatial._planes import Luma, Planes
from vmm.spatial._stacked import Stacked, StackedBands
from vmm.spatial.gaussian import Gaussian, GaussianPyramid
from vmm.spatial.riesz import RieszBands

# Names of the compiled kernels for the motions of the library, by the operation that they fuse.
_READING: dict[str, list[tuple[Motion, str]]] = {  # these replace `read` only
    "filtered": [
        (local_phase, "phase_shift_filtered"),
        (intensity, "value_change_filtered"),
        (quaternion, "quaternion_shift_filtered"),
    ],
    "projected": [(local_phase, "phase_shift_projected")],
}
_PUTTING: dict[str, list[tuple[Motion, str]]] = {  # these replace `read`, `put` and their options
    "put": [(local_phase, "phase_shift_put"), (quaternion, "quaternion_shift_put")],
    "magnified": [
        (local_phase, "phase_shift_magnified"),
        (intensity, "value_change_magnified"),
        (quaternion, "quaternion_shift_magnified"),
    ],
    "add_clipped": [(intensity, "value_change_added")],
}


def kernel_for(operation: str, motion: Motion, x: Array) -> Callable[..., Any] | None:
    """The compiled kernel that fuses an operation with a motion on an array like x; None if there is none."""
    reading = operation in _READING
    for base, name in (_READING if reading else _PUTTING)[operation]:
        if motion.read is base.read and (reading or _puts_like(motion, base)):
            return compiled(name, x, FRAMES if operation == "add_clipped" else SINGLE)
    return None


def _puts_like(motion: Motion, base: Motion) -> bool:
    """Whether a motion is put by the functions of a motion of the library."""
    return motion.put is base.put and motion.changed is base.changed and motion.amplitude is base.amplitude


def _is_plain(motion: Motion) -> bool:
    """Whether the motion has no blur, weight or limit."""
    return not any(motion.sigma) and motion.weight is None and math.isinf(motion.limit)


def filtered_motion(motion: Motion, coefs: Array, previous: Array, sos: np.ndarray, state: Array) -> Array:
    """Motion relative to the previous frame, filtered by second-order sections, in one pass if there is a kernel."""
    kernel = kernel_for("filtered", motion, coefs) or partial(differences.filtered_differences, motion.read)
    return kernel(coefs, previous, sos, state)


def project_motion(motion: Motion, coefs: Array, previous: Array, columns: np.ndarray, total: Array) -> None:
    """Add a matrix times the motion relative to the previous frame to a total, in one pass if there is a kernel."""
    kernel = kernel_for("projected", motion, coefs) or partial(differences.project_differences, motion.read)
    kernel(coefs, previous, columns, total)


class FastBands(Bands):
    """``Bands``, with the fastest route that exists for its parts."""

    def _filtered(self, i: int, coefs: Array, previous: Array, sos: np.ndarray, state: Array) -> Array:
        return filtered_motion(self._motions[i], coefs, previous, sos, state)

    def _add_projection(self, i: int, coefs: Array, previous: Array, columns: np.ndarray, total: Array) -> None:
        project_motion(self._motions[i], coefs, previous, columns, total)

    def _changed(self, bands: Sequence[Array], i: int, coefs: Array, signal: Array) -> Array:
        motion = self._motions[i]
        kernel = None if self._latent else kernel_for("put", motion, coefs)
        if kernel is None or (motion.put is quaternion.put and _riesz_input(bands, i) is None):
            return super()._changed(bands, i, coefs, signal)
        return kernel(coefs, motion.denoised(coefs, signal), motion.limit, self._alphas[i])

    def _recursive_step(self, temporal: CausalFilter, state: State, bands: Sequence[Array], i: int) -> Array:
        """The change of subband i from its input to its output by one kernel."""
        motion, sos = self._motions[i], temporal.sos
        assert sos is not None
        inputs = _riesz_input(bands, i) if motion.put is quaternion.put else (bands[i],)
        kernel = None if self._latent or inputs is None else kernel_for("magnified", motion, inputs[0])
        if kernel is None or inputs is None or motion.weight is not None or motion.adaptive:
            return super()._recursive_step(temporal, state, bands, i)
        if motion.put is intensity.put and not _is_plain(motion):
            return super()._recursive_step(temporal, state, bands, i)
        if state.memory[i] is None:
            state.memory[i] = self._zeros(i, bands[i], len(sos), 2)
        previous = self._previous(state.previous, i, inputs[0])
        return kernel(*inputs, previous, sos, state.memory[i], motion.sigma, motion.limit, self._alphas[i])

    def _analyzed(self, frames: Array) -> tuple[Sequence[Array], Any]:
        return _analyzed(self._plan, frames)

    def _composed(self, frames: Array, changes: Sequence[Array | None], residual: Any) -> Array:
        plan = self._plan
        if isinstance(plan, (ColorLaplacian, WithChroma)) and self._visible is None:
            luma, chroma = plan.planes(changes, None)
            if chroma is None:
                return add_clipped(frames, luma[..., None])
            return add_luma_and_chroma(frames, luma, chroma, CHROMA_TO_RGB)
        if not (isinstance(plan, Planes) and _is_halved(plan) and self._visible is None and self._changes_coarse(plan)):
            return super()._composed(frames, changes, residual)
        coarse = plan.part.half_size(changes)
        fine = changes[0] if isinstance(plan.part, GaussianPyramid) else None
        return add_planes(frames, fine, coarse, plan.mix)

    def _causal_block(self, temporal: CausalFilter, state: State, frames: Array) -> Array:
        """Frames with the change of the finest subband, read from the frames, and of all others in one pass."""
        kernel = self._kernel_on_frames(temporal, frames)
        if kernel is None:
            return super()._causal_block(temporal, state, frames)
        plan: Any = self._plan
        bands, _ = self._analyzed(frames)
        coarse = plan.part.half_size(self._changes(bands, partial(self._recursive_step, temporal, state)))
        sos: Any = temporal.sos
        if state.previous[0] is None:
            state.previous[0] = frames[0].copy()
            state.memory[0] = np.zeros((len(sos), 2, frames.shape[1], frames[0, 0].size), np.float32)
        return kernel(frames, state.previous[0], sos, state.memory[0], self._alphas[0], coarse, plan.mix)

    def _kernel_on_frames(self, temporal: CausalFilter, frames: Array) -> Callable[..., Any] | None:
        """The kernel for whole frames, if it fits the parts, alpha and the mask."""
        plan, motion, alpha = self._plan, self._motions[0], self._alphas[0]
        if not (isinstance(plan, Planes) and isinstance(plan.part, GaussianPyramid) and self._changes_coarse(plan)):
            return None
        if temporal.sos is None or np.ndim(alpha) > 0 or alpha == 0 or self._visible is not None:
            return None
        return kernel_for("add_clipped", motion, frames) if _is_plain(motion) else None

    def _changes_coarse(self, plan: Planes) -> bool:
        """Whether any subband below the resolution of the frame changes."""
        return any(i > 0 for i in self.active) if isinstance(plan.part, GaussianPyramid) else bool(self.active)


def _analyzed(plan: Spatial, frames: Array) -> tuple[Sequence[Array], Any]:
    """Subbands and residual of frames; integer frames are not converted if the part accepts them."""
    if isinstance(plan, Stacked):
        return plan.joined([_analyzed(part, frames) for part in plan.parts], frames)
    if isinstance(plan, Planes) and _is_halved(plan) and frames.ndim == 4:
        return _halved_planes(plan, frames), None  # the residual of a linear part is not needed
    if isinstance(plan, (ChromaLevels, ColorLaplacian, Luma, Planes)) and frames.ndim == 4:
        return plan.analyze(frames)
    return plan.analyze(to_float(frames))


def _is_halved(plan: Planes) -> bool:
    """Whether the subbands are decimated images, which are made from a half-size image."""
    part = plan.part
    return isinstance(part, GaussianPyramid) or (isinstance(part, Gaussian) and part.grids[0].scale > 1)


def _halved_planes(plan: Planes, frames: Array) -> Sequence[Array]:
    """Subbands of planes; planes of full size are made on request only."""
    images = plan.part.reduced(split_and_reduce(frames, plan.dtype))
    if isinstance(plan.part, Gaussian):
        return images[-1:]
    return LazySequence(lambda i: images[i - 1] if i else split_channels(frames, plan.dtype), len(images) + 1)


def _riesz_input(bands: Sequence[Array], i: int) -> tuple[Any, ...] | None:
    """The level and the taps from which Riesz triple i is computed; None if subband i does not hold Riesz triples."""
    if isinstance(bands, StackedBands):
        return _riesz_input(*bands.locate(i))
    return (bands.levels[i], bands.along, bands.across) if isinstance(bands, RieszBands) else None
