"""Spatial transforms of frames that are extended beyond their border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import scipy.fft

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import Array
from vmm.backend.buffers import empty_like
from vmm.backend.reference import blur, reduce, resample
from vmm.parts import Grid, Spatial, SpatialPlan

_HALVINGS = 2
"""Number of times that frames are halved before the part that continues across the border is read from them."""

_BLUR = 1.5
"""Standard deviation, in samples of the reduced frames, of the blur of that part: about 7 px of the frame in all. With
less blur, detail and noise of the outermost pixels are carried across the border; with more, motion is left behind."""


@checks_arguments
def padded(part: SpatialPlan, *, border: int = 32, **options: Any) -> SpatialPlan:
    """Apply a spatial part to frames that are extended beyond their border, because Fourier pyramids are periodic.

    Frames are mirrored. A mirror image moves against the picture, so that coarse detail near the border would move too
    little. The smooth part of the frames is therefore continued by twice the value at the border minus the mirror
    image, which continues its slope and its motion.

    Parameters
    ----------
    part
        Plan of the spatial part, such as ``SteerablePyramid``.
    border
        Smallest number of px that are added on each side. The total size is rounded up to one whose Fourier transform
        is fast. The default is 32.
    **options
        Options of `part`.

    Returns
    -------
    callable
        Plan of the padded part.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> pyramid = vmm.spatial.padded(vmm.spatial.SteerablePyramid, octave=0.5)((97, 131), np.float64, np)
    >>> x = np.random.default_rng(0).random((1, 97, 131))
    >>> bool(np.allclose(pyramid.synthesize(*pyramid.analyze(x)), x))
    True
    """

    def plan(shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> Spatial:
        return _Padded(partial(part, **options), border, shape, dtype, xp)

    return plan


class _Padded:
    """A spatial part for frames that are extended beyond their border."""

    def __init__(self, part: SpatialPlan, border: int, shape: tuple[int, ...], dtype: np.dtype, xp: ModuleType) -> None:
        height, width = shape[:2]
        border = min(border, height - 1, width - 1)
        outer = [scipy.fft.next_fast_len(n + 2 * border) for n in (height, width)]
        before = [min((m - n) // 2, n - 1) for m, n in zip(outer, (height, width), strict=True)]
        after = [min(m - n - b, n - 1) for m, n, b in zip(outer, (height, width), before, strict=True)]
        self._edges = list(zip(before, after, strict=True))
        self._inside = tuple(slice(b, b + n) for b, n in zip(before, (height, width), strict=True))
        outer = [b + n + a for b, n, a in zip(before, (height, width), after, strict=True)]
        self._part = part((outer[0], outer[1]), dtype, xp)
        self._xp = xp
        self._places = [_places(n, *edges, xp, dtype) for n, edges in zip((height, width), self._edges, strict=True)]

    @property
    def grids(self) -> Sequence[Grid]:
        (above, _), (before, _) = self._edges
        return [replace(g, origin=(g.origin[0] - above, g.origin[1] - before)) for g in self._part.grids]

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        extended = self._mirrored(frames)
        self._continue_smooth_part(frames, extended)
        return self._part.analyze(extended)

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        rows, cols = self._inside
        return self._part.synthesize(bands, residual)[..., rows, cols]

    def _mirrored(self, frames: Array) -> Array:
        """Frames with the mirror image of the picture beyond their border, whose pixels are not repeated."""
        (above, below), (before, after) = self._edges
        height, width = frames.shape[-2:]
        rows, cols = self._inside
        out = empty_like(frames, (*frames.shape[:-2], above + height + below, before + width + after))
        out[..., rows, cols] = frames
        out[..., rows, :before] = frames[..., before:0:-1]
        out[..., rows, cols.stop :] = frames[..., width - 1 - after : width - 1][..., ::-1]
        out[..., :above, :] = out[..., above + 1 : 2 * above + 1, :][..., ::-1, :]
        out[..., rows.stop :, :] = out[..., rows.stop - 1 - below : rows.stop - 1, :][..., ::-1, :]
        return out

    def _continue_smooth_part(self, frames: Array, extended: Array) -> None:
        """Replace the mirror image of the smooth part beyond the border by twice its edge minus this image, in place.

        Beyond a corner, this is done in both directions.
        """
        smooth = frames
        for _ in range(_HALVINGS):
            smooth = reduce(smooth)
        at = partial(resample, blur(smooth, (_BLUR, _BLUR)))
        (rows, edge_rows, fade_rows), (cols, edge_cols, fade_cols) = self._places
        inside, right = self._inside
        for beyond in (slice(0, inside.start), slice(inside.stop, None)):
            edge = edge_rows[beyond][:1]
            change = 4 * at(edge, edge_cols) - 2 * at(edge, cols) - 2 * at(rows[beyond], edge_cols)
            extended[..., beyond, :] += change * fade_rows[beyond, None] * fade_cols
        for beyond in (slice(0, right.start), slice(right.stop, None)):
            change = 2 * at(rows[inside], edge_cols[beyond][:1]) - 2 * at(rows[inside], cols[beyond])
            extended[..., inside, beyond] += change * fade_cols[beyond]


def _places(n: int, before: int, after: int, xp: ModuleType, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, Array]:
    """For n pixels with a margin, the positions of their mirror image and of the nearest pixel, in reduced samples.

    The third array is the factor of the difference between twice the edge and the mirror image. It decreases to 0, so
    that the ends of the periodic frame do not differ much more than those of a mirrored one.
    """
    position = np.arange(-before, n + after)
    edge = np.clip(position, 0, n - 1)
    distance = np.maximum(-position / (before + 1), (position - n + 1) / (after + 1)).clip(0, 1)
    step = 2**_HALVINGS
    return (2 * edge - position) / step, edge / step, xp.asarray(np.sqrt(np.cos(np.pi / 2 * distance)), dtype)
