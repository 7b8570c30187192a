"""Eulerian colour magnification (Wu et al. 2012)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.engine.loop import Band, sampling_rate, several, tuned
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Filter, Motion, Spatial, SpatialPlan
from vmm.motion import each, intensity
from vmm.spatial import Gaussian, beside, planes
from vmm.temporal import ideal


def magnify(
    frames: Any,
    band: Band,
    *,
    fs: float | None = None,
    alpha: Alpha = 50.0,
    chroma: float = 1.0,
    level: int = 4,
    mask: Any = None,
    temporal: Callable[..., Filter] | Filter = ideal,
) -> Any:
    """Magnify faint changes of colour over large areas, such as the pulse in a face.

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
        What is added: the change of colour leaves (1 + alpha) times as large; -1 removes it. A
        number or a map (H, W).
    chroma
        Share of alpha that the colour differences take, 0 to 1.
    level
        How often the frames are blurred and halved before the change is read: the change must be wider than
        2 ** level pixels, and noise falls by that factor.
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
        Where band, alpha, level, mask or the frames are out of range; the message says what is allowed.
    TypeError
        Where frames are no array, or of a type that cannot be magnified.

    References
    ----------
    .. [1] Wu, Rubinstein, Shih, Guttag, Durand, Freeman: Eulerian video magnification for revealing subtle changes
       in the world. SIGGRAPH 2012, section 2.

    Examples
    --------
    The illumination of a static scene changes by 0.2 % at 1 Hz, as skin does with the pulse:

    >>> import numpy as np, vmm
    >>> from vmm.data import synthetic
    >>> light = 1 + 0.002 * np.sin(2 * np.pi * 1.0 * np.arange(150) / 30)
    >>> scene, rest = synthetic.texture((32, 32)), np.zeros((150, 2))
    >>> clip = synthetic.render(scene, rest, light=light, dtype=np.float32)
    >>> out = vmm.color.magnify(clip, (0.5, 1.5), fs=30, alpha=50, level=3)
    >>> before, after = (x.mean(axis=(1, 2)).std() for x in (clip, out))
    >>> print(f"The output changes {after / before:.0f} times as much as the input.")
    The output changes 50 times as much as the input.
    """
    chosen, alpha = tuned(temporal, band, sampling_rate(frames, fs), alpha)
    return run(
        frames,
        spatial=planes(Gaussian, level=level, chroma=chroma),
        motion=intensity,
        temporal=chosen,
        alpha=alpha,
        mask=mask,
    )


def with_color(plan: SpatialPlan, motion: Motion, color: float, band: Band, level: int = 4) -> dict[str, Any]:
    """What the loop is given to magnify motion, and with it, where that is not 0, colour by its own alpha."""
    if not math.isfinite(color):
        raise ValueError(f"color={color!r} must be finite: it is what is added to changes of colour, such as 50")
    if color == 0:
        return {"spatial": plan, "motion": motion}
    if several(band):
        raise ValueError(f"color={color!r} goes with one band, (low, high), and not with a list of {len(band or ())}")

    def adjust(spatial: Spatial, alphas: list[Any]) -> list[Any]:
        return [color if grid.part else alpha for grid, alpha in zip(spatial.grids, alphas, strict=True)]

    both = beside(plan, planes(Gaussian, level=level))
    return {"spatial": both, "motion": each(motion, intensity), "adjust": adjust}
