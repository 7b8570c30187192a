"""Combinations of parts that several methods share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from vmm.engine.alpha import Gain
from vmm.engine.frames import Frames
from vmm.engine.loop import magnify
from vmm.engine.regions import Mask
from vmm.motion import intensity, level_displacement, local_displacement, per_part
from vmm.motion._level_displacement import LIMIT
from vmm.parts import Grid, LinearFilter, Motion, NonlinearFilter, SpatialPlan, TemporalFilter
from vmm.spatial import Gaussian, SteerablePyramid, color_laplacian, luma, padded, planes, stacked, with_chroma
from vmm.spatial._chroma import ChromaSize
from vmm.spatial.steerable import max_phase_shift

Reading: TypeAlias = Literal["displacement", "phase"]
"""How the methods for objects that move far read motion."""

_PHASE_LIMIT = 0.75
"""Default of the largest output motion relative to that which a subband of a steerable pyramid represents."""

_SPEED_TOLERANCE = 0.5
"""Tolerance of speed steps relative to that of band-pass filters: filters of acceleration have a broader band, so that
more of a step passes."""

_COLOR_LEVEL = 4
"""Number of times that frames are halved before changes of color are read, in areas wider than 16 px."""

_CHROMA_LIMIT = 5.0
"""Limit on the displacement of chroma in px of the level, that is 10 px of the frame for the finest detail. Without a
denoiser, larger displacement tears the chroma at the edges of objects that pass by."""

_CHROMA_SIGMA = 2.0
"""Standard deviation in px of the level of the window in which the displacement of chroma is estimated. A wider window
mixes the motion of an object with that of its background, so that the chroma of its edge stays behind."""


def magnify_with_color(
    frames: Frames,
    *,
    spatial: SpatialPlan,
    motion: Motion,
    temporal: LinearFilter,
    alpha: Gain,
    color: float,
    chroma: ChromaSize | None,
    bands: int,
    mask: Mask | None,
) -> Frames:
    """Magnify motion by `alpha` and, unless `color` is 0, changes of color over large areas by `color`.

    Chroma moves with the luma only if `color` is 0.
    """
    if not math.isfinite(color):
        raise ValueError(f"color={color!r} must be finite: output change = (1 + color) * input change")
    if color == 0:
        spatial, motion = with_chroma(spatial, chroma), _moving_chroma(motion)
        return magnify(frames, spatial=spatial, motion=motion, temporal=temporal, alpha=alpha, mask=mask)
    if bands > 1:
        raise ValueError(f"color={color!r} needs a single band (low, high), but there are {bands}")

    def with_color(alphas: list[Any], grids: Sequence[Grid]) -> list[Any]:
        return [color if grid.part else alpha for grid, alpha in zip(grids, alphas, strict=True)]

    return magnify(
        frames,
        spatial=stacked(spatial, planes(Gaussian, level=_COLOR_LEVEL)),
        motion=per_part(motion, intensity),
        temporal=temporal,
        alpha=alpha,
        mask=mask,
        level_gains=with_color,
    )


def magnify_displacement(
    frames: Frames,
    *,
    temporal: TemporalFilter,
    alpha: Gain,
    motion: Reading,
    sigma: float,
    limit: float | None,
    octave: float,
    orientations: int,
    mask: Mask | None,
    chroma: ChromaSize | None,
) -> Frames:
    """Magnify the displacement of the levels of a Laplacian pyramid, or that of the subbands of a steerable pyramid.

    Chroma moves with the luma, unless the displacement is that of subbands and the temporal filter combines subbands.
    """
    if motion == "displacement":
        limit = LIMIT if limit is None else limit
        return magnify(
            frames,
            spatial=color_laplacian(chroma),
            motion=level_displacement(limit, sigma=sigma, denoise=True, speed_tolerance=_SPEED_TOLERANCE),
            temporal=temporal,
            alpha=alpha,
            mask=mask,
        )
    if motion != "phase":
        raise ValueError(f"motion={motion!r} must be 'displacement' or 'phase'")
    limit = _PHASE_LIMIT if limit is None else limit
    chroma = None if isinstance(temporal, NonlinearFilter) else chroma  # These filters combine subbands of one part.
    return magnify(
        frames,
        spatial=with_chroma(luma(padded(SteerablePyramid, octave=octave, orientations=orientations)), chroma),
        motion=_moving_chroma(local_displacement(sigma, limit=limit * max_phase_shift(octave))),
        temporal=temporal,
        alpha=alpha,
        mask=mask,
    )


def _moving_chroma(motion: Motion) -> Motion:
    """The motion for luma, and for chroma the displacement of the levels of ``with_chroma``."""
    return per_part(motion, level_displacement(_CHROMA_LIMIT, sigma=_CHROMA_SIGMA))
