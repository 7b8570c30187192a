"""Eulerian linear magnification (Wu et al. 2012)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.backend.arrays import is_array, namespace, to_host
from vmm.backend.progress import Progress
from vmm.engine.alpha import Alpha, check_alpha
from vmm.engine.frames import Frames
from vmm.engine.loop import magnify as run
from vmm.engine.loop import sampling_rate
from vmm.engine.regions import Mask
from vmm.motion import intensity, weighted
from vmm.motion._weighted import monogenic
from vmm.parts import Grid
from vmm.spatial import GaussianPyramid, Laplacian, planes
from vmm.temporal import butterworth
from vmm.temporal.choice import Band, Design, chosen_filter, is_several

__all__ = ["magnify"]


def __dir__() -> list[str]:
    return __all__


_NU = 0.7
"""Steepness of the adaptive gain, as published."""


MOTION = 0.2
"""Motion in px for which the default cutoff is chosen by equation 14 in [1]."""


@checks_arguments
def magnify(
    frames: Frames,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 10.0,
    wavelength: float | None = None,
    chroma: float = 0.1,
    adaptive: float = 0.0,
    mask: Mask | None = None,
    temporal: Design = butterworth,
    progress: Progress = False,
) -> Frames:
    """Magnify small motion by the change of intensity in each level of a Laplacian pyramid.

    This is the fastest method, for very small motion of smooth patterns. It is accurate as long as (1 + alpha) times
    the motion is below an eighth of the wavelength of the pattern, and it magnifies noise as much as motion.

    Parameters
    ----------
    frames
        Array (T, H, W) or (T, H, W, 3), an iterator of such chunks, a list of frames, a pair (array, fs), or a dask
        array (see ``vmm.magnify``).
    band
        Passband (low, high) in Hz, within (0, fs/2); None if `temporal` is a filter. Several bands are passed as a list
        of pairs or an array (n, 2), with one alpha for each: for example, one band is magnified and another removed.
    fs
        Camera rate in Hz. By default that of the clip, if it comes from ``vmm.io.stream`` or ``vmm.io.read``; otherwise
        `band` is in cycles per frame.
    alpha
        Amplification: output motion = (1 + alpha) * input motion in the band; -1 removes the motion in the band. A
        number, a map (H, W), or one number for each of several bands. The default is 10.
    wavelength
        Spatial cutoff in px, 0 or greater, the wavelength lambda_c of [1]_: levels with shorter wavelengths are
        magnified less. The default is 1.6 (1 + alpha), for which the bound of [1]_ holds for motion of 0.2 px; larger
        motion and noise would break the finer levels. With 0, and if alpha is not positive, all levels have the same
        alpha.
    chroma
        Factor in [0, 1] by which alpha is multiplied for the chroma. The default is 0.1.
    adaptive
        Strength of the noise suppression, 0 or greater, which reduces motion where the local amplitude is small. 1 is
        the published gain [2]_, and 0, the default, turns it off.
    mask
        Map (H, W) in [0, 1] by which alpha is multiplied, or box (top, left, height, width) in px outside of which
        nothing changes. By default the whole frame is magnified.
    temporal
        Temporal filter: a design function such as ``vmm.temporal.fir``, its name, or a filter that it has made. The
        default is ``vmm.temporal.butterworth``.
    progress
        True for a progress bar, or a function ``progress(done, total)`` that is called with the number of frames done
        and in all (None if unknown), from 0 again for each pass over the clip. The default is False.

    Returns
    -------
    array or iterator
        The magnified clip, with the shape, dtype and form (array, iterator, list or pair) of `frames`.

    Raises
    ------
    ValueError
        If `band`, `alpha`, `mask`, the frames or another option are out of range. The message states the valid range.
    TypeError
        If `frames` is neither an array nor an iterator of arrays, or has an unsupported dtype.

    References
    ----------
    .. [1] Wu, Rubinstein, Shih, Guttag, Durand, Freeman: Eulerian video magnification for revealing subtle changes
       in the world. SIGGRAPH 2012, equation 14 and figure 6.
    .. [2] The adaptive gain of fractional-order adaptive motion magnification (FrAM).

    Examples
    --------
    A smooth texture vibrates at 3 Hz with an amplitude of 0.05 pixels, and has no noise, so that all levels can be
    magnified. The causal filter settles within a second:

    >>> import vmm
    >>> from vmm.data import synthetic
    >>> scene = synthetic.texture((48, 48), blur=3)
    >>> clip = synthetic.render(scene, synthetic.sway(60, 30, 3.0, 0.05))
    >>> out = vmm.linear.magnify(clip, (2, 4), fs=30, alpha=10, wavelength=0)
    >>> before, after = (vmm.measure.displacement(x).values[30:, 0, 1].std() for x in (clip, out))
    >>> print(f"The output motion is {after / before:.1f} times the input motion.")
    The output motion is 10.8 times the input motion.
    """
    if wavelength is not None and not wavelength >= 0:
        raise ValueError(f"wavelength={wavelength!r} must be 0 or a positive number of pixels")

    chosen, gain = chosen_filter(temporal, band, sampling_rate(frames, fs), alpha)
    largest = (max(map(abs, alpha)) or 1.0) if is_several(band) else 1.0  # type: ignore[arg-type]
    cutoff = _default_wavelength(alpha, gain) if wavelength is None else wavelength

    def of_levels(alphas: list[Any], grids: Sequence[Grid]) -> list[Any]:
        if cutoff == 0:
            return alphas
        return [value / largest for value in by_wavelength([largest * value for value in alphas], cutoff, grids)]

    def of_images(alphas: list[Any], grids: Sequence[Grid]) -> list[Any]:
        levels: list[Any] = [*of_levels(alphas[:-1], grids), 0.0]  # The coarsest image is not magnified.
        return [levels[0], *(coarse - _halved(fine) for fine, coarse in pairwise(levels))]

    if adaptive:
        motion = weighted(intensity, adaptive, nu=_NU, amplitude=monogenic)
        spatial, gains = planes(Laplacian, chroma=chroma), of_levels
    else:  # Levels are differences of images, so that the levels themselves are not needed.
        motion, spatial, gains = intensity, planes(GaussianPyramid, chroma=chroma), of_images
    return run(frames, spatial=spatial, motion=motion, temporal=chosen, alpha=gain, mask=mask, level_gains=gains)


def _default_wavelength(alpha: Alpha, gain: Any) -> float:
    """The cutoff in px for motion of `MOTION`; 0 if alpha is not positive."""
    check_alpha(gain)
    values: Any = to_host(alpha) if is_array(alpha) else alpha
    peak = float(np.max(values))
    return 8 * MOTION * (1 + peak) if peak > 0 else 0.0


def by_wavelength(alphas: list[Any], wavelength: float, grids: Sequence[Grid]) -> list[Any]:
    """Alpha of each level, finest first, with a bound that depends on its wavelength (figure 6 of [1])."""
    n = len(alphas)
    coarsest = math.hypot(*grids[0].shape) / 3  # wavelength of the residual in px, as in the released code
    bounds = [0.0] * n
    for i in range(1, n):  # The finest level is not magnified.
        largest = 1 + float(abs(alphas[i]).max() if np.ndim(alphas[i]) else abs(alphas[i]))
        bounds[i] = max(2 * (largest * coarsest / 2 ** (n - i) / wavelength - 1), 0.0)
    return [namespace(alpha).clip(alpha, -bound, bound) for alpha, bound in zip(alphas, bounds, strict=True)]


def _halved(alpha: Any) -> Any:
    """Alpha of a level at the samples of the next one."""
    return alpha[::2, ::2] if np.ndim(alpha) == 2 else alpha
