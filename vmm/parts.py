"""Parts from which a magnifier is built, for users who write their own.

A method of motion magnification has three parts, which ``vmm.magnify`` joins:

| part | kind | what it does |
| --- | --- | --- |
| spatial | ``Spatial`` | decomposes frames into subbands of coefficients and a residual, and composes frames again |
| motion | ``Motion`` | reads motion from the coefficients of a subband, and puts motion into them |
| temporal | ``CausalFilter`` | filters motion along time, from the current and earlier frames |
| | ``LookAheadFilter`` | filters motion along time, linearly, from a bounded number of earlier and later frames |
| | ``WholeClipFilter`` | filters motion along time, linearly, from all frames of a clip |
| | ``NonlinearFilter`` | a temporal filter that is not linear, or that uses several subbands together |

``Grid`` describes the samples of a subband, ``LazySequence`` holds subbands that are computed on request,
``ClipPlan`` marks a spatial part that is made from a clip. ``SpatialPlan``, ``TemporalFilter``, ``LinearFilter`` and
``Coefs`` are types.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from vmm.backend.arrays import Array
from vmm.backend.autoregression import Autoregression, of_signals
from vmm.backend.reference import MAX_BLUR, product, soft_limit, weighted_blur
from vmm.backend.time_series import STOPBAND

__all__ = [
    "CausalFilter",
    "ClipPlan",
    "Coefs",
    "Grid",
    "LazySequence",
    "LinearFilter",
    "LookAheadFilter",
    "Motion",
    "NonlinearFilter",
    "Spatial",
    "SpatialPlan",
    "TemporalFilter",
    "WholeClipFilter",
]


def __dir__() -> list[str]:
    return __all__


Coefs = Literal["real", "complex", "riesz", "latent"]
"""Kinds of coefficients: real values (T, h, w); complex values (T, h, w); Riesz triples (T, 3, h, w) of a value and
the two parts of its Riesz transform; or the latent code (T, C, h, w) of a network, whose decoder is not linear."""


@dataclass(frozen=True)
class Grid:
    """Positions of the samples of one subband in the frame, and the kind of its coefficients.

    Attributes
    ----------
    shape
        Rows and columns of the subband.
    origin
        Row and column of its first sample, in pixels of the frame.
    step
        Distance between its samples down and right, in pixels of the frame.
    scale
        Size of a pixel of the pyramid level, in pixels of the frame: the largest step that loses no detail.
    planes
        Number of color planes that the subband holds.
    part
        Index of the spatial part that makes the subband, if several are stacked (``vmm.spatial.stacked``).
    frequency
        Center frequency of the subband down and right, in radians per pixel of the frame; (0, 0) if the subband has
        no single direction.
    phase_advance
        Phase by which the center frequency advances from one sample to the next, down and right, in radians.
    coefs
        Kind of the coefficients: "real", "complex", "riesz" or "latent". A motion states which kinds it takes.
    """

    shape: tuple[int, int]
    origin: tuple[float, float] = (0.0, 0.0)
    step: tuple[float, float] = (1.0, 1.0)
    scale: float = 1.0
    planes: int = 1
    part: int = 0
    frequency: tuple[float, float] = (0.0, 0.0)
    phase_advance: tuple[float, float] = (0.0, 0.0)
    coefs: Coefs = "real"

    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the samples, in pixels of the frame."""
        rows, cols = (o + s * np.arange(n) for o, s, n in zip(self.origin, self.step, self.shape, strict=True))
        return rows, cols


class LazySequence(Sequence[Any]):
    """A sequence whose items are computed each time they are requested, so that few of them are in memory.

    Parameters
    ----------
    compute
        ``compute(i)`` returns item i.
    n
        Number of items.

    Examples
    --------
    >>> from vmm.parts import LazySequence
    >>> list(LazySequence(lambda i: i**2, 4))
    [0, 1, 4, 9]
    """

    def __init__(self, compute: Callable[[int], Any], n: int) -> None:
        self._compute, self._n = compute, n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self._compute(j) for j in range(*i.indices(self._n))]
        return self._compute(range(self._n)[i])


class Spatial(Protocol):
    """A spatial transform for frames of one shape, without data: ``synthesize(*analyze(x))`` equals ``x``.

    The loop adds ``synthesize(changes, None)`` to the frames, in which None means a residual of zeros. Only if
    the coefficients are "latent", whose decoder is not linear, it calls ``synthesize(magnified, residual)``.
    """

    @property
    def grids(self) -> Sequence[Grid]:
        """One grid for each subband, the finest level first."""

    def analyze(self, frames: Array) -> tuple[Sequence[Array], Any]:
        """Subbands and residual of floating-point frames (T, H, W[, 3]).

        The subbands may be a ``LazySequence``. The loop requests each of them once, from any thread, and may
        overwrite it.
        """

    def synthesize(self, bands: Sequence[Array | None], residual: Any) -> Array:
        """Floating-point frames from subbands; None means zeros, but at least one subband is an array."""


SpatialPlan = Callable[[tuple[int, ...], np.dtype, ModuleType], Spatial]
"""``plan(shape, dtype, xp)`` makes a spatial part from the shape of a frame, the floating type and the array module."""


@dataclass(frozen=True)
class ClipPlan:
    """A spatial part that is made from the first frames of a clip.

    Attributes
    ----------
    make
        ``make(frames)`` returns the spatial part; the frames (T, H, W[, 3]) have the type of the clip.
    """

    make: Callable[[Array], Spatial]


@dataclass(frozen=True)
class Motion:
    """Two functions, which read motion from coefficients and put motion into them, and options.

    For any coefficients c and motion m, ``read(c, c) == 0``, ``put(c, m, 0) == c`` and ``read(put(c, m, 1), c) == m``.
    Only `read` and `put` are required.

    Attributes
    ----------
    read
        ``read(coefs, reference)`` returns the motion of the coefficients relative to the reference.
    put
        ``put(coefs, motion, alpha)`` returns coefficients whose motion is larger than that of `coefs` by alpha times
        `motion`.
    amplitude
        ``amplitude(coefs)`` returns the weight of each coefficient in averages of motion; the modulus by default.
    changed
        ``changed(coefs, motion, alpha)`` returns ``put(coefs, motion, alpha) - coefs``, for speed or precision; it may
        overwrite the coefficients. None computes the difference.
    sigma
        Standard deviation (down, right) of an amplitude-weighted blur of the motion, in pixels of each level; after
        ``on(grid)`` in samples. ``vmm.motion.smooth`` sets it.
    weight
        ``weight(coefs, amplitude)`` returns a factor for the motion; ``amplitude`` is the function above. None is 1.
        ``vmm.motion.weighted`` sets it.
    limit
        Limit in radians on alpha times the motion; larger motion fades out. ``vmm.motion.limited`` sets it.
    takes
        Kinds of coefficients that `read` and `put` accept, such as ``("complex",)``; None accepts all.
    adaptive
        Whether linear filters smooth the motion as far as it is noise. A causal filter uses running statistics.
        ``vmm.motion.smooth`` sets it.
    at
        ``at(grid)`` returns the motion for one subband, if it depends on the grid; None if it does not.
    denoiser
        Reads the motion with the evidence for it, by which linear temporal filters remove noise from it; None for no
        denoising. ``vmm.motion.level_displacement`` sets it.

    Examples
    --------
    >>> import numpy as np
    >>> from vmm.parts import Motion
    >>> change = Motion(lambda coefs, reference: coefs - reference, lambda coefs, motion, alpha: coefs + alpha * motion)
    >>> change.write(np.ones((1, 2)), np.full((1, 2), 0.5), 10.0)
    array([[6., 6.]])
    """

    read: Callable[[Array, Array], Array]
    put: Callable[[Array, Array, Any], Array]
    amplitude: Callable[[Array], Array] = abs
    changed: Callable[[Array, Array, Any], Array] | None = None
    sigma: tuple[float, float] = (0.0, 0.0)
    weight: Callable[[Array, Callable[[Array], Array]], Array] | None = None
    limit: float = math.inf
    takes: tuple[Coefs, ...] | None = None
    at: Callable[[Grid], Motion] | None = None
    denoiser: Any = None
    adaptive: bool = False

    def write(self, coefs: Array, motion: Array, alpha: Any) -> Array:
        """The coefficients with alpha times the motion, after its blur, weight and limit."""
        return self.put(coefs, *self.prepared(coefs, motion, alpha))

    def change(self, coefs: Array, motion: Array, alpha: Any) -> Array:
        """The difference that ``write`` makes; it may overwrite the coefficients."""
        motion, alpha = self.prepared(coefs, motion, alpha)
        return self.put(coefs, motion, alpha) - coefs if self.changed is None else self.changed(coefs, motion, alpha)

    def prepared(self, coefs: Array, motion: Array, alpha: Any) -> tuple[Array, Any]:
        """Arguments `motion` and `alpha` of ``put``, with the blur, the weight and the limit applied in this order.

        The order is fixed here, so that the order in which the options were set does not matter.
        """
        motion = self.denoised(coefs, motion)
        return (motion, alpha) if math.isinf(self.limit) else (soft_limit(alpha * motion, self.limit), 1.0)

    def denoised(self, coefs: Array, motion: Array) -> Array:
        """The motion after the amplitude-weighted blur and the weight."""
        if any(self.sigma):
            motion = weighted_blur(motion, self.amplitude(coefs), self.sigma)
        return motion if self.weight is None else motion * self.weight(coefs, self.amplitude)

    def on(self, grid: Grid) -> Motion:
        """The motion for the samples of one subband, with the blur in samples."""
        widths = zip(self.sigma, grid.step, grid.shape, strict=True)
        down, right = (min(s * grid.scale / step, MAX_BLUR * n) for s, step, n in widths)
        if self.at is None:
            return replace(self, sigma=(down, right))
        return self.at(grid).decorated(sigma=(down, right), weight=self.weight, limit=self.limit)

    def decorated(
        self, *, sigma: tuple[float, float] = (0.0, 0.0), weight: Any = None, limit: float = math.inf
    ) -> Motion:
        """The same motion with a blur, a weight or a limit, each of which may be set once.

        Raises
        ------
        ValueError
            If the option is set already.
        """
        if any(sigma) and any(self.sigma):
            raise ValueError(f"the motion is smoothed already, by sigma={self.sigma}: smooth it once")
        if weight is not None and self.weight is not None:
            raise ValueError("the motion is weighted already: weight it once")
        if math.isfinite(limit) and math.isfinite(self.limit):
            raise ValueError(f"the motion is limited already, to {self.limit:g} rad: limit it once")
        sigma = sigma if any(sigma) else self.sigma
        return replace(self, sigma=sigma, weight=weight or self.weight, limit=min(limit, self.limit))


@dataclass(frozen=True)
class CausalFilter:
    """A temporal filter whose output depends on the current and earlier frames only; memory is constant.

    Attributes
    ----------
    apply
        ``apply(x, memory)`` returns the filtered signal along axis 0 and the new state; the first state is None.
    sos
        Second-order sections (n, 6) of ``H(z) / (1 - 1/z)``, where H is the transfer function of the filter. Applied to
        the differences between frames, they give the output of the filter, because a zero of H cancels the
        integrator. None if the filter has no such form.
    """

    apply: Callable[[Array, Any], tuple[Array, Any]]
    sos: np.ndarray | None = None


@dataclass(frozen=True)
class LookAheadFilter:
    """A linear temporal filter with a group delay, which the loop compensates for, so that the result is zero-phase.

    Attributes
    ----------
    apply
        ``apply(x, memory)`` returns the filtered signal along axis 0, `delay` frames late, and the state after it.
    delay
        Group delay in frames, at least 1.
    band
        Passband (low, high) in cycles per frame, which determines how motion is predicted beyond the clip.
    stopband
        Largest gain in the stopband relative to the passband. What the filter passes below it is not computed.
    """

    apply: Callable[[Array, Any], tuple[Array, Any]]
    delay: int
    band: tuple[float, float] = (0.0, 0.5)
    stopband: float = STOPBAND


MAX_MARGIN = 4
"""Largest number of frames by which a clip is extended at each end, relative to its length."""


@dataclass(frozen=True)
class WholeClipFilter:
    """A linear temporal filter that needs all frames of a clip.

    Attributes
    ----------
    factors
        ``factors(n)`` returns a synthesis matrix (n, r) and an analysis matrix (r, n), whose product filters n frames.
    band
        Passband (low, high) in cycles per frame.
    margin
        Number of frames by which motion is extended at both ends of a clip before it is filtered, after its linear
        trend is subtracted. It is at most four times the length of the clip. 0, the default, filters it as it is.
    """

    factors: Callable[[int], tuple[np.ndarray, np.ndarray]]
    band: tuple[float, float] = (0.0, 0.5)
    margin: int = 0

    def apply(self, x: Array, memory: Any = None) -> tuple[Array, Any]:
        """The filtered signal of a whole clip along axis 0; there is no state."""
        synthesis, analysis = self.extended_factors(len(x), of_signals(x, self.band) if self.margin else None)
        return product(product(x, analysis), synthesis), None

    def extended_factors(self, n: int, model: Autoregression | None) -> tuple[np.ndarray, np.ndarray]:
        """The matrices (n, r) and (r, n) for n frames, which are extended by an autoregression unless it is None."""
        if model is None or not self.margin:
            return self.factors(n)
        beyond = min(self.margin, MAX_MARGIN * n)
        synthesis, analysis = self.factors(n + 2 * beyond)
        before, inner, after = np.split(analysis, [beyond, beyond + n], axis=1)
        weights = model.prediction(n, beyond)
        used = weights.shape[1]
        inner[:, :used] += before[:, ::-1] @ weights[:, ::-1]
        inner[:, n - used :] += after @ weights
        trend = np.linalg.qr(np.vander(np.arange(n), 2))[0]
        return synthesis[beyond : beyond + n], inner - (inner @ trend) @ trend.T


@dataclass(frozen=True)
class NonlinearFilter:
    """A temporal filter that is not linear, or that uses several subbands together.

    Attributes
    ----------
    signals
        ``signals(motions, amplitudes, grids)`` returns the filtered motion of each subband, for the frames of a window.
        A motion covers the window and `delay` frames before and after it, an amplitude the window alone. Motions and
        amplitudes are computed when they are requested.
    delay
        Number of frames needed before and after each frame.
    band
        Passband (low, high) in cycles per frame, as in ``LookAheadFilter``.
    """

    signals: Callable[[Sequence[Array], Sequence[Array], Sequence[Grid]], Sequence[Array]]
    delay: int
    band: tuple[float, float] = (0.0, 0.5)


LinearFilter: TypeAlias = CausalFilter | LookAheadFilter | WholeClipFilter
TemporalFilter: TypeAlias = LinearFilter | NonlinearFilter
