"""Eulerian colour magnification (Wu et al. 2012)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmm.engine.alpha import Alpha
from vmm.engine.loop import designed, sampling_rate
from vmm.engine.loop import magnify as run
from vmm.engine.protocols import Filter
from vmm.motion import intensity
from vmm.spatial import Gaussian, planes
from vmm.temporal import ideal


def magnify(
    frames: Any,
    band: tuple[float, float] | None,
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
        Low and high cut-off in Hz; None where `temporal` is a ready filter.
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
    >>> import numpy as np, vmm
    >>> clip = np.random.default_rng(0).integers(0, 255, (60, 32, 32, 3), dtype=np.uint8)
    >>> vmm.color.magnify(clip, (0.8, 1.2), fs=30, alpha=50, level=3).shape
    (60, 32, 32, 3)
    """
    return run(
        frames,
        spatial=planes(Gaussian, level=level, chroma=chroma),
        motion=intensity,
        temporal=designed(temporal, band, sampling_rate(frames, fs)),
        alpha=alpha,
        mask=mask,
    )
