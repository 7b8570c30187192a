"""The ideal band-pass filter for a whole clip."""

from __future__ import annotations

import math

import numpy as np

from vmm.backend.arguments import checks_arguments
from vmm.parts import MAX_MARGIN, WholeClipFilter
from vmm.temporal.bands import band_in_cycles


@checks_arguments
def ideal(band: tuple[float, float], fs: float | None = None, *, published: bool = False) -> WholeClipFilter:
    """Ideal band-pass filter: pass the Fourier components of a clip inside the band, and reject all others.

    First the linear trend is removed, and the clip is extended at both ends by 1 / (high - low) seconds, because the
    Fourier transform would otherwise join the end of the clip to its start. An autoregression that is fitted to the
    clip predicts this extension.

    Parameters
    ----------
    band
        Passband (low, high) in Hz, within (0, fs/2); in cycles per frame if `fs` is None.
    fs
        Camera rate in Hz. If it is None, the default, frequencies are in cycles per frame.
    published
        If True, follow the code released with [1]_: the clip is taken to be periodic, and the gain in the band is one
        half. False by default.

    Returns
    -------
    WholeClipFilter
        A filter without delay. The clip is read three times, and memory holds two values of each coefficient for each
        Fourier component in the band.

    Raises
    ------
    ValueError
        If `band` is not an increasing pair within (0, fs/2). When the filter is applied: if the clip is too short to
        have a Fourier component inside the band.

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

    margin = 0 if published else math.ceil(1 / (high - low))

    def factors(n: int) -> tuple[np.ndarray, np.ndarray]:
        synthesis, analysis = _periodic(n, low, high)
        if not len(analysis):
            length = n // (1 + 2 * MAX_MARGIN) if margin else n  # without the extension, which is the longest one here
            raise ValueError(
                f"band={tuple(band)} contains no Fourier component of a clip of {length} frames: widen the band, use a "
                "longer clip, or pass temporal=vmm.temporal.butterworth"
            )
        return synthesis, analysis if published else 2 * analysis

    return WholeClipFilter(factors, (low, high), margin)


def _periodic(n: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Synthesis (n, k) and analysis (k, n) with sines and cosines strictly inside (low, high), with gain one half."""
    k = np.arange(1, (n + 1) // 2)
    k = k[(k / n > low) & (k / n < high)]
    angles = 2 * np.pi * np.outer(k, np.arange(n)) / n
    rows = np.sqrt(1 / n) * np.concatenate([np.cos(angles), np.sin(angles)])
    return rows.T, rows
