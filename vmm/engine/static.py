"""Magnification of each frame relative to the first frame, by one displacement of all channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array, is_array, namespace
from vmm.backend.levels import spline_coefs
from vmm.backend.reference import blur, soft_limit
from vmm.engine.alpha import Alpha, check_alpha, spread_mask
from vmm.engine.bars import changed_pixels
from vmm.engine.displaced import as_frame, color_planes, displacement_gain
from vmm.engine.frames import Frames, cut, in_form_of, moving
from vmm.engine.regions import Mask
from vmm.motion._coarse_to_fine import FrameLevels, frame_levels, min_noise, pair_displacement
from vmm.motion.warp import bicubic, bilinear, forward_warp, pixel_positions

LIMIT = 64.0
"""Limit in px on alpha times the displacement: that up to which the mesh of the forward warp stretches."""

SIGMA_LIGHT = 8.0
"""Standard deviation in px of the local mean by which the first frame follows the light of the current one."""

_MIN_SIDE = 4
"""Smallest height and width of a frame in px, in which a spline has enough samples."""


Refine: TypeAlias = Callable[[tuple[FrameLevels, FrameLevels], tuple[Array, Array], Array, float], Array]
"""Refinement of a displacement: a function of the levels and the color planes of two frames, the displacement between
them, and the smallest noise that is assumed."""


@checks_arguments
def magnify_static(
    frames: Frames,
    *,
    alpha: Alpha = 10.0,
    limit: float = LIMIT,
    mask: Mask | None = None,
    refine: Refine | None = None,
) -> Frames:
    """Magnify the motion of each frame relative to the first frame; two frames suffice, and memory is constant.

    The displacement between the two frames is read at full size, from coarse to fine levels. The frame in the middle of
    their motion is a mesh, which is splatted at the magnified positions; objects that move against most of the frame
    are in front, and the mesh is stretched where they uncover the background. Both frames are warped there and
    averaged, the first one with the local mean of the other.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, or a pair (array, fs). The motion
        is read from all channels, and all channels are displaced.
    alpha
        Amplification: output motion = (1 + alpha) * input motion. A number or a map (H, W). The default is 10.
    limit
        Limit in px on alpha times the motion, at least 1e-6. Larger motion fades out. The default is 64.
    mask
        Map (H, W) in [0, 1] by which alpha is multiplied, or box (top, left, height, width) in px outside of which
        nothing changes. By default the whole frame is magnified.
    refine
        Refinement of the displacement between two frames, such as a ``vmm.learned.refine.Refiner``. By default the
        displacement is used as it is.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and form of `frames`. The first frame is unchanged.

    Raises
    ------
    ValueError
        If `alpha`, `limit`, `mask` or the frames are out of range. The message states the valid range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.
    """
    check_alpha(alpha)
    return in_form_of(frames, partial(_magnified, alpha=alpha, limit=limit, mask=mask, refine=refine))


def _magnified(frames: Any, alpha: Any, limit: float, mask: Any, refine: Refine | None) -> Iterator[Array]:
    """The frames of a clip, magnified, one by one."""
    chunks = moving(cut(frames) if is_array(frames) else frames)
    first = next(chunks)
    singles = (chunk[t : t + 1] for chunk in chain([first], chunks) for t in range(len(chunk)))
    visible = None if mask is None else spread_mask(mask, first)
    gain = displacement_gain(alpha, visible, first)
    if not bool(namespace(first).any(gain)):
        yield from singles
        return
    if min(first.shape[1:3]) < _MIN_SIDE:
        raise ValueError(f"frames of {first.shape[1:3]} pixels are too small to estimate motion: 4 x 4 are needed")
    magnifier = _StaticMagnifier(next(singles), gain, limit, changed_pixels(first[0], visible), refine)
    yield magnifier.first
    for frame in singles:
        yield magnifier(frame)


class _StaticMagnifier:
    """The first frame of a clip, with its levels and splines, and the options of the magnification.

    Parameters
    ----------
    first
        The first frame (1, H, W[, 3]).
    gain
        Alpha, a number or a map (H, W).
    limit
        Limit in px on alpha times the displacement.
    where
        Map (H, W) of bool outside of which pixels keep their values, or None.
    refine
        Refinement of the displacement, or None.
    """

    def __init__(
        self, first: Array, gain: Array, limit: float, where: Array | None, refine: Refine | None = None
    ) -> None:
        planes = color_planes(first)
        self._refine = refine
        self.first, self._gain, self._limit, self._where = first, gain, limit, where
        self._levels: FrameLevels = frame_levels(planes)
        self._spline = spline_coefs(planes)
        self._min_noise = min_noise(self._levels.luma, first.dtype.kind == "u")

    def __call__(self, frame: Array) -> Array:
        """The frame (1, H, W[, 3]) with its motion relative to the first frame magnified."""
        planes = color_planes(frame)
        levels = self._levels, frame_levels(planes)
        displacement = pair_displacement(*levels, self._min_noise)
        if not bool(displacement.any()):
            return frame
        if self._refine is not None:
            displacement = self._refine(levels, (color_planes(self.first), planes), displacement, self._min_noise)
        return as_frame(self._displaced(planes, displacement), frame, self._where)

    def _displaced(self, planes: Array, displacement: Array) -> Array:
        """Color planes (C, H, W) of the output, from the displacement (2, H, W) at the frame in the middle."""
        change = soft_limit((self._gain * displacement)[None], self._limit)[0]
        total = displacement / 2 + change  # from the frame in the middle to the output
        rest = namespace(total).median(total.reshape(2, -1), axis=1)
        middle = pixel_positions(total) - forward_warp(total, (float(rest[0]), float(rest[1])))
        half = bilinear(displacement, middle) / 2
        later, earlier = bicubic(spline_coefs(planes), middle + half), bicubic(self._spline, middle - half)
        earlier += blur(later - earlier, (SIGMA_LIGHT, SIGMA_LIGHT))
        return (earlier + later) / 2
