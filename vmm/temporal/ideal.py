"""The ideal band-pass over a whole clip."""

from __future__ import annotations

import math

import numpy as np

from vmm.backend.time_series import predictor
from vmm.parts import WholeClipFilter
from vmm.temporal.bands import band_in_cycles

_KNOWN = 16  # samples used for a prediction, relative to the predicted ones: earlier samples have no weight


def ideal(band: tuple[float, float], fs: float | None = None, *, published: bool = False) -> WholeClipFilter:
    """Keep the Fourier components of a clip that lie inside the band, drop all others.

    The linear trend of the clip is removed and the clip is continued at both ends by the likeliest signal in the band,
    so that its end does not affect its start.

    Parameters
    ----------
    band
        Lowest and highest frequency kept, in Hz, or in cycles per frame without `fs`.
    fs
        Rate of the camera in Hz; without it frequencies are in cycles per frame.
    published
        True for the behavior of the released code of [1]_: the clip is periodic, and the gain in the band is one half.

    Returns
    -------
    WholeClipFilter
        A filter without delay that needs the whole clip: the loop reads the clip twice and holds two values of each
        coefficient for each Fourier component in the band.

    Raises
    ------
    ValueError
        If the band is not rising or lies outside (0, fs/2); when applied, where the clip is too short to hold
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

    def factors(n: int) -> tuple[np.ndarray, np.ndarray]:
        synthesis, analysis = _periodic(n, low, high) if published else _continued(n, low, high)
        if not len(analysis):
            raise ValueError(
                f"band={tuple(band)} holds no component of a clip of {n} frames: widen the band, take a longer "
                "clip, or use temporal=vmm.temporal.butterworth"
            )
        return synthesis, analysis

    return WholeClipFilter(factors, (low, high))


def _continued(n: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Synthesis (n, k) and analysis (k, n) of n samples less their trend, continued by a period of the band's width."""
    beyond = min(math.ceil(1 / (high - low)), 4 * n)
    known = min(n, _KNOWN * beyond)
    synthesis, analysis = _periodic(n + 2 * beyond, low, high)
    before, inner, after = np.split(2 * analysis, [beyond, beyond + n], axis=1)
    near, weights = predictor((low, high), known, beyond)  # of the samples before the first
    inner[:, near] += before @ weights
    inner[:, n - 1 - near] += after[:, ::-1] @ weights
    trend = np.linalg.qr(np.vander(np.arange(n), 2))[0]
    return synthesis[beyond : beyond + n], inner - (inner @ trend) @ trend.T


def _periodic(n: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Synthesis (n, k) and analysis (k, n) by the sines and cosines strictly inside (low, high); gain one half."""
    k = np.arange(1, (n + 1) // 2)
    k = k[(k / n > low) & (k / n < high)]
    angles = 2 * np.pi * np.outer(k, np.arange(n)) / n
    rows = np.sqrt(1 / n) * np.concatenate([np.cos(angles), np.sin(angles)])
    return rows.T, rows
