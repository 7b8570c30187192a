"""What the three kinds of part offer to the loop.

A *spatial* part cuts frames into bands that carry motion and a residual that does not move. A *motion* part reads
motion from the coefficients of a band and writes it back. A *filter* works along time with explicit memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from vmm.backend.arrays import Array


@dataclass(frozen=True)
class Grid:
    """Where the samples of one band lie in the frame.

    Attributes
    ----------
    shape
        Rows and columns of the band.
    origin
        Row and column of its first sample, in pixels of the frame.
    step
        Distance between its samples down and right, in pixels of the frame.
    scale
        Size of the level's own pixel, in pixels of the frame: the largest step that keeps all the band holds.
    planes
        Number of colour planes that the band holds.
    part
        Which of several parts side by side the band is of.
    frequency
        Centre of the band down and right, in radians per pixel of the frame, where it has one direction.
    turn
        What that centre turns its coefficients by from one sample to the next, down and right, in radians.
    """

    shape: tuple[int, int]
    origin: tuple[float, float] = (0.0, 0.0)
    step: tuple[float, float] = (1.0, 1.0)
    scale: float = 1.0
    planes: int = 1
    part: int = 0
    frequency: tuple[float, float] = (0.0, 0.0)
    turn: tuple[float, float] = (0.0, 0.0)

    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the samples, in pixels of the frame."""
        rows, cols = (o + s * np.arange(n) for o, s, n in zip(self.origin, self.step, self.shape, strict=True))
        return rows, cols


class Computed(Sequence[Any]):
    """Bands that are computed when they are asked for, so that few of them are in memory.

    ``source(i)``, where it is given and not None, is what a kernel may take in place of band i: an array and arguments.
    """

    def __init__(
        self, compute: Callable[[int], Any], n: int, source: Callable[[int], tuple[Any, ...] | None] | None = None
    ) -> None:
        self._compute, self._n, self.source = compute, n, source

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self._compute(j) for j in range(*i.indices(self._n))]
        return self._compute(range(self._n)[i])


class Spatial(Protocol):
    """A plan for frames of one shape: ``synthesize(*analyze(x)) == x``, and None as residual stands for zero.

    Bands may be ``Computed``: each is then asked for once, from whatever thread, and belongs to whoever asked. A part
    that has ``add(frames, bands) -> frames`` adds what bands make to frames of any type, quicker than ``synthesize``.
    """

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid a band, finest level first."""

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Bands and residual of floating frames (T, H, W[, 3]); those with colours may be of any type."""

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Frames from bands; a band that is None holds zeros, but not every one is."""


SpatialPlan = Callable[[tuple[int, ...], np.dtype, ModuleType], Spatial]
"""Makes a spatial part from the shape of a frame, the floating type and the array module."""


@dataclass(frozen=True)
class Motion:
    """How motion is read from coefficients and written into them.

    ``read(c, c) == 0``, ``write(c, m, 0) == c`` and ``read(write(c, m, 1), c) == m``.

    Attributes
    ----------
    read
        ``read(coefs, reference) -> motion``.
    write
        ``write(coefs, motion, alpha) -> coefs``.
    amplitude
        ``amplitude(coefs)``: how strongly each coefficient carries motion.
    change
        ``change(coefs, motion, alpha)``: what writing changes, which may take the place of the coefficients.
    sigma
        Blur of the motion by amplitude before it is written, down and right, in samples.
    limit
        How far coefficients may be turned, in radians: beyond, less and less is written.
    fusible
        Whether sigma and limit say all of how motion is written, so that a compiled kernel may do it at once.
    at
        ``at(grid) -> Motion``: the same motion where it depends on the band's grid.
    """

    read: Callable[[Array, Array], Array]
    write: Callable[[Array, Array, Any], Array]
    amplitude: Callable[[Array], Array]
    change: Callable[[Array, Array, Any], Array]
    sigma: tuple[float, float] = (0.0, 0.0)
    limit: float = math.inf
    fusible: bool = True
    at: Callable[[Grid], Motion] | None = None

    def on(self, grid: Grid) -> Motion:
        """The motion on the samples of one band."""
        return self.at(grid) if self.at else self


@dataclass(frozen=True)
class Filter:
    """A filter along time (axis 0) with explicit memory; one that looks ahead is linear.

    Attributes
    ----------
    apply
        ``apply(x, memory) -> y, memory``; the memory before the first sample is None.
    delay
        Frames by which the output lags the input. The loop looks as many frames ahead.
    whole
        True where ``apply`` must be given a whole clip at once; it is linear.
    band
        What it passes, in cycles per frame. The loop continues the motion beyond the ends of the clip as is likeliest
        for this band.
    sections
        Of a recursive filter, second-order sections (n, 6) that make the same of a motion's differences between
        frames: the sum over them is cancelled against a zero of the filter, so that nothing can drift.
    factors
        Of a filter of whole clips, ``factors(n) -> (n, r), (r, n)``: two matrices whose product it is.
    """

    apply: Callable[[Array, Any], tuple[Array, Any]]
    delay: int = 0
    whole: bool = False
    band: tuple[float, float] = (0.0, 0.5)
    sections: np.ndarray | None = None
    factors: Callable[[int], tuple[np.ndarray, np.ndarray]] | None = None


@dataclass(frozen=True)
class Rule:
    """What becomes of motion along time where that is not linear, or takes more than one band.

    Attributes
    ----------
    signals
        ``signals(motions, amplitudes, grids) -> signals``, one a band. A motion is that over the frames of a window
        with `delay` frames before and after them; an amplitude, and the signal that is written, are those of the
        frames themselves. Motions and amplitudes are computed when they are asked for.
    delay
        How many frames before and after must be seen.
    band
        What it passes, in cycles per frame, as in ``Filter``.
    """

    signals: Callable[[Sequence[Array], Sequence[Array], Sequence[Grid]], Sequence[Array]]
    delay: int
    band: tuple[float, float] = (0.0, 0.5)
