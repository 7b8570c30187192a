"""Eulerian linear magnification (Wu et al. 2012)."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from vmm.backend.arrays import namespace
from vmm.engine.alpha import Alpha
from vmm.engine.loop import Band, sampling_rate, several, tuned
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Filter, Spatial
from vmm.motion import intensity, weighted
from vmm.motion.weighted import monogenic
from vmm.spatial import GaussianPyramid, Laplacian, planes
from vmm.temporal import butterworth

_NU = 0.7  # how sharp the adaptive gain is, as in [2]


def magnify(
    frames: Any,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    wavelength: float | None = None,
    chroma: float = 0.1,
    adaptive: float = 0.0,
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = butterworth,
) -> Any:
    """Magnify small motion by the change of brightness in each level of a Laplacian pyramid.

    The fastest method, for very small motion of smooth things: it holds while (1 + alpha) times the motion is below
    an eighth of the wavelength, and it magnifies noise as much as motion.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), or an iterator of such chunks.
    band
        Low and high cut-off in Hz; None where `temporal` is a ready filter. A list of bands goes with a list of as many
        alphas: one band is magnified, while another is removed.
    fs
        Rate of the camera in Hz. By default that of a stream, else 1, so that the band is in cycles per frame.
    alpha
        What is added: output motion = (1 + alpha) times the input's; -1 removes the motion of the band.
        A number, one for each band, or a map (H, W).
    wavelength
        Spatial cut-off in pixels, the paper's lambda_c: levels of shorter wavelengths are magnified less. By default
        every level is magnified alike.
    chroma
        Share of alpha that the colour differences take, 0 to 1.
    adaptive
        How much less is magnified where little is to be seen, and what changes is noise: 1 is the published gain [2]_,
        0 magnifies alike everywhere.
    mask
        Where to magnify: a map (H, W) in [0, 1], or a box (top, left, height, width).
    temporal
        Design of the temporal filter, or a ready filter.

    Returns
    -------
    array or iterator
        What came, magnified.

    Raises
    ------
    ValueError
        Where band, alpha, wavelength, mask or the frames are out of range; the message says what is allowed.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.

    References
    ----------
    .. [1] Wu, Rubinstein, Shih, Guttag, Durand, Freeman: Eulerian video magnification for revealing subtle changes
       in the world. SIGGRAPH 2012, equation 14 and figure 6.
    .. [2] The adaptive gain of fractional-order adaptive motion magnification (FrAM).

    Examples
    --------
    A smooth texture vibrates at 3 Hz with an amplitude of 0.05 pixels. The causal filter settles within a second:

    >>> import vmm
    >>> from vmm.data import synthetic
    >>> scene = synthetic.texture((48, 48), blur=3)
    >>> clip = synthetic.render(scene, synthetic.sway(60, 30, 3.0, 0.05))
    >>> out = vmm.linear.magnify(clip, (2, 4), fs=30, alpha=10)
    >>> before, after = (vmm.measure.displacement(x).values[30:, 0, 1].std() for x in (clip, out))
    >>> print(f"The output motion is {after / before:.1f} times the input motion.")
    The output motion is 10.7 times the input motion.
    """
    if wavelength is not None and not wavelength > 0:
        raise ValueError(f"wavelength={wavelength!r} must be a positive number of pixels")

    def adjust(plan: Spatial, alphas: list[Any]) -> list[Any]:
        levels = [*by_level(plan, alphas[:-1]), 0.0]  # the coarsest image is not magnified
        return [levels[0], *(coarse - _halved(fine) for fine, coarse in pairwise(levels))]

    def by_level(plan: Spatial, alphas: list[Any]) -> list[Any]:
        if wavelength is None:
            return alphas
        return [value / most for value in by_wavelength([most * value for value in alphas], wavelength, plan)]

    chosen, by = tuned(temporal, band, sampling_rate(frames, fs), alpha)
    most = (max(abs(one) for one in alpha) or 1.0) if several(band) else 1.0  # type: ignore[union-attr]
    parts: dict[str, Any] = {"spatial": planes(GaussianPyramid, chroma=chroma), "motion": intensity, "adjust": adjust}
    if adaptive:
        weight = weighted(intensity, adaptive, nu=_NU, amplitude=monogenic)
        parts = {"spatial": planes(Laplacian, chroma=chroma), "motion": weight, "adjust": by_level}
    return run(frames, temporal=chosen, alpha=by, mask=mask, **parts)


def by_wavelength(alphas: list[Any], wavelength: float, plan: Spatial) -> list[Any]:
    """Alpha of each level, finest first, bounded by its wavelength (figure 6 in the paper)."""
    n = len(alphas)
    coarsest = math.hypot(*plan.grids[0].shape) / 3  # wavelength that stands for the residual
    bounds = [0.0] * n
    for i in range(1, n):  # the finest level is left out
        largest = 1 + float(abs(alphas[i]).max() if np.ndim(alphas[i]) else abs(alphas[i]))
        bounds[i] = max(2 * (largest * coarsest / 2 ** (n - i) / wavelength - 1), 0.0)
    return [namespace(alpha).clip(alpha, -bound, bound) for alpha, bound in zip(alphas, bounds, strict=True)]


def _halved(alpha: Any) -> Any:
    """Alpha of a level on the samples of the next."""
    return alpha[::2, ::2] if np.ndim(alpha) == 2 else alpha
