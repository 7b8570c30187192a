"""The ideal band-pass over a whole clip."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vmm.backend.arrays import Array, namespace
from vmm.engine.protocols import Filter
from vmm.temporal.bands import band_in_cycles
from vmm.temporal.ends import continued


def ideal(band: tuple[float, float], fs: float | None = None, *, published: bool = False) -> Filter:
    """Keep the Fourier components of a clip that lie inside the band, drop all others.

    The clip's trend is taken off and the clip continued at both ends as is likeliest for the band, so that its end does
    not act on its start.

    Parameters
    ----------
    band
        Lowest and highest frequency kept, in Hz, or in cycles per frame without `fs`.
    fs
        Rate of the camera in Hz.
    published
        As in the released code of [1]_: the clip is taken as periodic, and the gain inside the band is one half.

    Returns
    -------
    Filter
        A filter without delay that needs the whole clip at once: its memory grows with the length of the clip.

    Raises
    ------
    ValueError
        Where the band is not rising or lies outside (0, fs/2); when applied, where the clip is too short to hold
        a component inside the band.

    References
    ----------
    .. [1] Wu, Rubinstein, Shih, Guttag, Durand, Freeman: Eulerian video magnification for revealing subtle changes
       in the world. SIGGRAPH 2012.

    Examples
    --------
    >>> import numpy as np, vmm
    >>> x = np.cos(2 * np.pi * np.arange(300) / 16)
    >>> y, _ = vmm.temporal.ideal((0.05, 0.08)).apply(5 + x, None)
    >>> bool(np.allclose(y[50:250], x[50:250], atol=0.05))
    True
    """
    low, high = band_in_cycles(band, fs)

    def apply(x: Array, memory: Any) -> tuple[Array, Any]:
        analysis, synthesis = _periodic(len(x), low, high) if published else _continued(len(x), low, high)
        if not len(analysis):
            raise ValueError(
                f"band={tuple(band)} holds no component of a clip of {len(x)} frames: widen the band, take a longer "
                "clip, or use temporal=vmm.temporal.butterworth"
            )
        xp = namespace(x)
        kept = xp.asarray(analysis, dtype=x.dtype) @ x.reshape(len(x), -1)
        return (xp.asarray(synthesis, dtype=x.dtype) @ kept).reshape(x.shape), None

    return Filter(apply, whole=True, band=(low, high))


def _continued(n: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Analysis (k, n) and synthesis (n, k) of n samples less their trend, continued by a period of the band's width."""
    trend = np.linalg.qr(np.vander(np.arange(n), 2))[0]
    beyond = min(math.ceil(1 / (high - low)), 4 * n)
    inner = continued(np.eye(n) - trend @ trend.T, (low, high), beyond, beyond, seen=n)
    analysis, synthesis = _periodic(len(inner), low, high)
    return 2 * analysis @ inner, synthesis[beyond : beyond + n]


def _periodic(n: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Analysis (k, n) and synthesis (n, k) by the sines and cosines strictly inside (low, high); gain one half."""
    k = np.arange(1, (n + 1) // 2)
    k = k[(k / n > low) & (k / n < high)]
    angles = 2 * np.pi * np.outer(k, np.arange(n)) / n
    rows = np.sqrt(1 / n) * np.concatenate([np.cos(angles), np.sin(angles)])
    return rows, rows.T
